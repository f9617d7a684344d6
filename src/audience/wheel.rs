//! When each user is to be judged again because time has passed: the minute by
//! which the next answer will have flipped.
//!
//! A user has one entry that counts; an entry that a nearer one has replaced
//! stays where it is until its minute comes, and is dropped then.

use crate::model::Time;
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;
/// No entry.
const NEVER: u32 = u32::MAX;

/// The minutes of all rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Wheel {
    /// By row.
    due: Vec<u32>,
    rows: BTreeMap<u32, Vec<u32>>,
}

impl Wheel {
    pub fn grow(&mut self, rows: usize) {
        self.due.resize(rows.max(self.due.len()), NEVER);
    }

    /// Has the row judged at the first full minute at or after `moment`, unless
    /// it is judged earlier anyway.
    pub fn judge_by(&mut self, row: u32, moment: Time) {
        let minute = u32::try_from(moment.0.div_euclid(MINUTE) + i64::from(moment.0.rem_euclid(MINUTE) > 0));
        // A minute before 1970 is long past; one in thousands of years never comes.
        let minute = minute.unwrap_or(if moment.0 < 0 { 0 } else { NEVER });
        let Some(due) = self.due.get_mut(row as usize).filter(|due| minute < **due) else { return };
        *due = minute;
        self.rows.entry(minute).or_default().push(row);
    }

    /// Takes out the rows that are due, in no order.
    pub fn take(&mut self, now: Time) -> Vec<u32> {
        let mut taken = Vec::new();
        let now = u32::try_from(now.0.div_euclid(MINUTE)).unwrap_or(0);
        while let Some(entry) = self.rows.first_entry()
            && *entry.key() <= now
        {
            let (minute, rows) = entry.remove_entry();
            for row in rows {
                if let Some(due) = self.due.get_mut(row as usize).filter(|due| **due == minute) {
                    *due = NEVER;
                    taken.push(row);
                }
            }
        }
        taken
    }

    /// The first minute at which a row may be due.
    pub fn first(&self) -> Option<Time> {
        self.rows.keys().next().map(|minute| Time(i64::from(*minute) * MINUTE))
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let entries: usize = self.rows.values().map(|rows| rows.capacity() * 4 + 40).sum();
        self.due.capacity() * 4 + entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_taken_once_at_the_nearest_minute() {
        let mut wheel = Wheel::default();
        wheel.grow(4);
        for (row, moment) in [(0, 60_001), (1, 180_000), (0, 600_000), (1, 120_000), (2, -5), (3, i64::MAX)] {
            wheel.judge_by(row, Time(moment));
        }
        for (now, expected) in [(59_999, &[2][..]), (119_999, &[]), (120_000, &[0, 1]), (10_000_000, &[])] {
            assert_eq!(wheel.take(Time(now)), expected, "{now}");
        }
    }
}
