//! Which chats cannot be written to, by share: the fate of a chat is a
//! function of its id and a seed, so that a test can work out beforehand who
//! will refuse. Keeps nothing and draws nothing.

use crate::sandbox::chats::ChatState;
use crate::sandbox::phrase::read_share;
use serde::{Deserialize, Serialize};

/// The shares of chats in a state other than active; the rest is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shares {
    /// People who have blocked the bot, groups that have removed it.
    #[serde(deserialize_with = "read_share")]
    pub blocked: f64,
    /// Accounts that were deleted.
    #[serde(deserialize_with = "read_share")]
    pub deactivated: f64,
    /// People who have never written to the bot.
    #[serde(deserialize_with = "read_share")]
    pub never_started: f64,
    /// Chats that have another id now: see [`migrated_id`].
    #[serde(deserialize_with = "read_share")]
    pub migrated: f64,
}

impl Shares {
    /// The state of a chat that would be active otherwise.
    pub fn state(&self, seed: u64, chat: i64) -> ChatState {
        let mut place = place(seed, chat);
        for (share, state) in [
            (self.blocked, ChatState::Blocked),
            (self.deactivated, ChatState::Deactivated),
            (self.never_started, ChatState::NeverStarted),
            (self.migrated, ChatState::Migrated(migrated_id(chat))),
        ] {
            if place < share {
                return state;
            }
            place -= share;
        }
        ChatState::Active
    }

    /// All shares together.
    pub(crate) fn sum(&self) -> f64 {
        self.blocked + self.deactivated + self.never_started + self.migrated
    }
}

/// The id that a chat has after its migration: that of a supergroup, also for
/// a person, which no real Telegram would do.
pub fn migrated_id(chat: i64) -> i64 {
    let base = if chat < 0 { 1_000_000_000_000 } else { 1_100_000_000_000 };
    -(base + chat.saturating_abs().min(90_000_000_000_000))
}

/// Where a chat stands between 0 and 1: evenly, and otherwise for each seed.
fn place(seed: u64, chat: i64) -> f64 {
    let mut z = chat.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seed.wrapping_mul(0xd1b5_4a32_d192_ed03);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_met_and_depend_on_the_seed() {
        let shares = Shares { blocked: 0.03, deactivated: 0.01, never_started: 0.02, migrated: 0.005 };
        let states = |seed| (1..=100_000).map(|chat| shares.state(seed, chat)).collect::<Vec<_>>();
        let first = states(1);
        let count = |wanted: fn(&ChatState) -> bool| first.iter().filter(|state| wanted(state)).count();
        let rows = [
            (count(|state| *state == ChatState::Blocked), 3_000),
            (count(|state| *state == ChatState::Deactivated), 1_000),
            (count(|state| *state == ChatState::NeverStarted), 2_000),
            (count(|state| matches!(state, ChatState::Migrated(_))), 500),
        ];
        for (found, expected) in rows {
            assert!(found.abs_diff(expected) < expected / 8, "{found} instead of about {expected}");
        }
        assert_eq!(first, states(1));
        assert_ne!(first, states(2));
        assert_eq!(Shares::default().state(1, 1), ChatState::Active);
    }

    #[test]
    fn a_new_id_is_that_of_a_supergroup() {
        assert_eq!((migrated_id(-5), migrated_id(5)), (-1_000_000_000_005, -1_100_000_000_005));
        assert!(migrated_id(i64::MIN) < 0);
    }
}
