//! Who is due when, for triggers such as `3 days before subscription_until`.
//!
//! Nothing of this is stored: the times stand in the profiles, and how far they
//! were followed in [`Progress`](super::Progress). What was due before a field
//! was set never fires.

use crate::model::{FieldId, Time, TimeDelta, UserId, Value};
use std::collections::BTreeSet;

/// The users of one trigger by the moment at which it fires.
#[derive(Debug)]
pub struct Due {
    /// The field that it is counted from.
    pub field: FieldId,
    /// How long after it.
    pub after: TimeDelta,
    users: BTreeSet<(Time, UserId)>,
}

impl Due {
    /// Those of these times that are not followed yet: later than `until`, or at
    /// that very moment for a user above `and`.
    pub fn new(
        (field, after): (FieldId, TimeDelta),
        times: Vec<(UserId, Time)>,
        until: Time,
        and: Option<UserId>,
    ) -> Self {
        let moments = times.into_iter().map(|(user, at)| (at + after, user));
        let is_open =
            |(due, user): &(Time, UserId)| *due > until || *due == until && and.is_some_and(|and| *user > and);
        Self { field, after, users: moments.filter(is_open).collect() }
    }

    /// The field has another value.
    pub fn change(&mut self, user: UserId, old: &Value, new: &Value, now: Time) {
        if let Value::Time(old) = old {
            self.users.remove(&(*old + self.after, user));
        }
        if let Value::Time(new) = new {
            let due = *new + self.after;
            if due > now {
                self.users.insert((due, user));
            }
        }
    }

    /// The first, if it is due.
    pub fn first(&self, now: Time) -> Option<(Time, UserId)> {
        self.users.first().copied().filter(|(due, _)| *due <= now)
    }

    /// Takes out the first.
    pub fn pop(&mut self) {
        self.users.pop_first();
    }

    /// When the next is due.
    pub fn next(&self) -> Option<Time> {
        self.users.first().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_due_before_a_field_was_set_never_fires() {
        let field = crate::model::FieldId(9);
        let mut due =
            Due::new((field, TimeDelta(-10)), vec![(UserId(1), Time(30)), (UserId(2), Time(15))], Time(5), None);
        assert_eq!(due.first(Time(100)), Some((Time(20), UserId(1))));
        due.change(UserId(1), &Value::Time(Time(30)), &Value::Time(Time(50)), Time(7));
        due.change(UserId(3), &Value::Missing, &Value::Time(Time(17)), Time(7));
        assert_eq!((due.first(Time(39)), due.first(Time(40))), (None, Some((Time(40), UserId(1)))));
        due.change(UserId(1), &Value::Time(Time(50)), &Value::Missing, Time(8));
        assert_eq!(due.next(), None);
    }

    #[test]
    fn what_was_followed_in_part_goes_on_behind_the_last_user() {
        let field = crate::model::FieldId(9);
        let times = [1, 2, 3].map(|user| (UserId(user), Time(5))).to_vec();
        let due = Due::new((field, TimeDelta(0)), times, Time(5), Some(UserId(2)));
        assert_eq!(due.first(Time(5)), Some((Time(5), UserId(3))));
    }
}
