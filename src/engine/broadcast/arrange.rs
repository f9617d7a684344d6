//! The order of a run's rows: the canary first, then wave after wave.

use crate::model::{Share, Time, TimeDelta, UserId};
use crate::outbox::{Canary as WatchedRows, Ledger, LedgerId, Wave};
use crate::rulebook::Canary;
use std::hash::{DefaultHasher, Hash, Hasher};

/// When a recipient's row opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Opens {
    /// At once.
    Now,
    /// At a moment of its own.
    At(Time),
    /// Never: its moment is too long ago.
    Missed,
}

impl Opens {
    /// The same so much later.
    pub(super) fn later(self, by: TimeDelta, now: Time) -> Self {
        match self {
            Self::Now => Self::At(now + by),
            Self::At(at) => Self::At(at + by),
            Self::Missed => Self::Missed,
        }
    }
}

/// One recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    pub user: UserId,
    pub opens: Opens,
}

/// The rows in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arranged {
    /// The recipient of each row.
    pub users: Vec<i64>,
    /// From this row on the moment has passed.
    pub missed_from: usize,
}

/// Puts the rows in order and says in the head which open when. Who is in the
/// canary is drawn by hashing the ledger and the user, so that it is the same
/// whoever asks, and others in the next run.
pub(super) fn arrange(recipients: Vec<Recipient>, ledger: &mut Ledger, canary: Option<Canary>) -> Arranged {
    let is_first = |user| canary.is_some_and(|canary| is_drawn(ledger.id, user, canary.share));
    let key = |r: &Recipient| (r.opens == Opens::Missed, !is_first(r.user), r.opens, r.user);
    let mut keyed: Vec<_> = recipients.iter().map(key).collect();
    keyed.sort_unstable();
    let parts = usize::from(ledger.parts.max(1));
    let row = |recipients: usize| u32::try_from(recipients * parts).unwrap_or(u32::MAX);
    let watched = keyed.partition_point(|(missed, rest, ..)| !missed && !rest);
    let missed = keyed.partition_point(|(missed, ..)| !missed);
    ledger.rows = row(keyed.len());
    ledger.canary =
        canary.map(|canary| WatchedRows { rows: row(watched), hold: canary.hold, done: None }).filter(|c| c.rows > 0);
    ledger.waves = Vec::new();
    let mut before = Opens::Now;
    for (place, (_, _, opens, _)) in keyed.iter().enumerate().take(missed) {
        if *opens != before {
            let at = if let Opens::At(at) = opens { Some(*at) } else { None };
            ledger.waves.push(Wave { from: row(place), opens: at });
            before = *opens;
        }
    }
    let users = keyed.iter().flat_map(|(.., user)| std::iter::repeat_n(user.0, parts)).collect();
    Arranged { users, missed_from: missed * parts }
}

fn is_drawn(ledger: LedgerId, user: UserId, share: Share) -> bool {
    let mut hasher = DefaultHasher::new();
    (ledger, user).hash(&mut hasher);
    hasher.finish() % 10_000 < u64::from(share.of_ten_thousand())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Cause, Lane};

    fn ledger(parts: u8) -> Ledger {
        Ledger { parts, ..Ledger::new(LedgerId(7), Cause::Reply, Lane::Broadcast, Time(0), 0) }
    }

    fn at(ms: i64) -> Opens {
        Opens::At(Time(ms))
    }

    fn of(list: &[(i64, Opens)]) -> Vec<Recipient> {
        list.iter().map(|(user, opens)| Recipient { user: UserId(*user), opens: *opens }).collect()
    }

    #[test]
    fn rows_stand_wave_after_wave_and_what_was_missed_last() {
        let mut head = ledger(1);
        let list = [(1, at(20)), (2, at(10)), (3, Opens::Missed), (4, at(10)), (5, Opens::Now)];
        let arranged = arrange(of(&list), &mut head, None);
        assert_eq!(arranged, Arranged { users: vec![5, 2, 4, 1, 3], missed_from: 4 });
        let waves: Vec<_> = head.waves.iter().map(|wave| (wave.from, wave.opens)).collect();
        assert_eq!((head.rows, waves), (5, vec![(1, Some(Time(10))), (3, Some(Time(20)))]));
    }

    #[test]
    fn parts_stand_side_by_side() {
        let mut head = ledger(2);
        let arranged = arrange(of(&[(2, Opens::Now), (1, at(5)), (3, Opens::Missed)]), &mut head, None);
        assert_eq!(arranged, Arranged { users: vec![2, 2, 1, 1, 3, 3], missed_from: 4 });
        assert_eq!((head.rows, head.waves), (6, vec![Wave { from: 2, opens: Some(Time(5)) }]));
    }

    #[test]
    fn the_canary_is_about_its_share_and_comes_first() {
        let mut head = ledger(1);
        let everybody: Vec<_> = (1..=10_000).map(|user| (user, Opens::Now)).collect();
        let canary = Canary { share: Share::percent(5), hold: TimeDelta::minutes(30) };
        let arranged = arrange(of(&everybody), &mut head, Some(canary));
        let rows = head.canary.unwrap().rows as usize;
        assert!((400..600).contains(&rows), "{rows}");
        assert!(arranged.users[..rows].is_sorted() && arranged.users[rows..].is_sorted());
        assert_eq!(arranged, arrange(of(&everybody), &mut head, Some(canary)));
        let mut next = Ledger { id: LedgerId(8), ..ledger(1) };
        assert_ne!(arranged, arrange(of(&everybody), &mut next, Some(canary)));
    }
}
