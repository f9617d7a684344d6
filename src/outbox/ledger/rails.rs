//! Guard rails: when a ledger pauses by itself because of what became of its
//! first rows.

use super::{Counts, Ledger, PausedBy};
use crate::model::Share;
use crate::outbox::row::FailureKind;
use serde::{Deserialize, Serialize};

/// What a ledger is watched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rails {
    /// The share of recipients who block the bot, in hundredths of a percent.
    pub blocked: Option<u16>,
    /// The share of messages that fail for another reason than that nobody can
    /// be reached.
    pub failed: Option<u16>,
    /// What had happened when a person last resumed the ledger; only what came
    /// after it counts.
    pub from: Tried,
}

/// What became of the rows that were tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Sent, refused or in doubt.
    pub all: u32,
    /// Of people who had blocked the bot, or who did so within a day of the
    /// message.
    pub blocked: u32,
    /// Refused for another reason, or every attempt used up.
    pub failed: u32,
    /// Of these, refused for their content.
    pub content: u32,
}

/// Before so many were tried a share says nothing; a whole canary is enough.
pub const FEWEST: u32 = 50;

/// A ledger is paused after so many refusals of its content, if they are a
/// tenth of what was tried.
const CONTENT_ERRORS: u32 = 5;
const CONTENT_SHARE: u32 = 10;

impl Tried {
    /// What was tried so far; `blocked_after` users blocked the bot later on.
    pub fn of(counts: &Counts, blocked_after: u32) -> Self {
        let of = |kind| counts.failed.get(&kind).copied().unwrap_or(0);
        let unreachable = of(FailureKind::Blocked) + of(FailureKind::Deactivated) + of(FailureKind::NeedsStart);
        let failed = counts.failed_total();
        Self {
            all: counts.sent + failed + counts.in_doubt,
            blocked: of(FailureKind::Blocked) + blocked_after,
            failed: failed - unreachable,
            content: of(FailureKind::Content),
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            all: self.all.saturating_sub(before.all),
            blocked: self.blocked.saturating_sub(before.blocked),
            failed: self.failed.saturating_sub(before.failed),
            content: self.content.saturating_sub(before.content),
        }
    }
}

impl Rails {
    /// Rails from shares of the whole.
    pub fn new(blocked: Option<Share>, failed: Option<Share>) -> Self {
        let raw = |share: Option<Share>| share.map(Share::of_ten_thousand);
        Self { blocked: raw(blocked), failed: raw(failed), from: Tried::default() }
    }

    /// Why a ledger should pause now, if it should. `canary` says that what was
    /// tried is its whole canary, however small.
    pub fn judge(&self, tried: Tried, canary: bool) -> Option<PausedBy> {
        let tried = tried.since(self.from);
        if tried.content >= CONTENT_ERRORS && tried.content.saturating_mul(CONTENT_SHARE) >= tried.all {
            return Some(PausedBy::ContentErrors);
        }
        let enough = canary || tried.all >= FEWEST;
        let over = |count: u32, limit: Option<u16>| {
            limit.is_some_and(|limit| {
                enough && count > 0 && u64::from(count) * 10_000 >= u64::from(limit) * u64::from(tried.all)
            })
        };
        if over(tried.blocked, self.blocked) {
            return Some(PausedBy::Blocks);
        }
        over(tried.failed, self.failed).then_some(PausedBy::Failures)
    }
}

impl Ledger {
    /// Notes that a person lets it go on: what happened so far counts no more.
    pub fn forgive(&mut self, counts: &Counts) {
        self.rails.from = Tried::of(counts, self.blocked_after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(all: u32, blocked: u32, failed: u32, content: u32) -> Tried {
        Tried { all, blocked, failed, content }
    }

    #[test]
    fn shares_count_once_enough_was_tried() {
        let rails = Rails::new(Some(Share::percent(2)), Some(Share::percent(5)));
        for (tried, canary, expected) in [
            (tried(49, 40, 0, 0), false, None),
            (tried(50, 1, 0, 0), false, Some(PausedBy::Blocks)),
            (tried(51, 1, 0, 0), false, None),
            (tried(100, 2, 0, 0), false, Some(PausedBy::Blocks)),
            (tried(100, 1, 4, 0), false, None),
            (tried(100, 1, 5, 0), false, Some(PausedBy::Failures)),
            // a canary is judged when all of it was tried
            (tried(10, 10, 0, 0), true, Some(PausedBy::Blocks)),
            (tried(10, 0, 0, 0), true, None),
            (tried(1_000, 0, 0, 0), false, None),
        ] {
            assert_eq!(rails.judge(tried, canary), expected, "{tried:?} {canary}");
        }
        assert_eq!(Rails::default().judge(tried(1_000, 1_000, 0, 0), true), None);
    }

    #[test]
    fn refused_content_pauses_whatever_was_asked_for() {
        for (tried, expected) in [
            (tried(4, 0, 4, 4), None),
            (tried(5, 0, 5, 5), Some(PausedBy::ContentErrors)),
            (tried(50, 0, 5, 5), Some(PausedBy::ContentErrors)),
            (tried(51, 0, 5, 5), None),
        ] {
            assert_eq!(Rails::default().judge(tried, false), expected, "{tried:?}");
        }
    }

    #[test]
    fn what_was_forgiven_counts_no_more() {
        let from = tried(100, 10, 0, 0);
        let rails = Rails { from, ..Rails::new(Some(Share::percent(2)), None) };
        for (tried, expected) in [
            (from, None),
            (tried(149, 20, 0, 0), None),
            (tried(150, 10, 0, 0), None),
            (tried(150, 11, 0, 0), Some(PausedBy::Blocks)),
        ] {
            assert_eq!(rails.judge(tried, false), expected, "{tried:?}");
        }
    }
}
