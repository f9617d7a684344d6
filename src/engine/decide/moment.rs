//! When a moment is, for one user.
//!
//! A time of day is the next one on its clock; now itself counts. A date may be
//! past. `best hour` is the next full hour of the day at which the user is most
//! active.

use crate::condition::Row;
use crate::model::{Time, TimeDelta, Value};
use crate::rulebook::{ClockTime, ClockZone, Moment, Schedule, Weekdays};

/// The hour of the day, on the user's clock, at which a user is most active.
pub type Hours<'a> = dyn Fn() -> i8 + 'a;

/// The moment; nothing while what it is counted from is missing.
pub fn moment<R: Row>(moment: &Moment, row: &R, hours: &Hours<'_>) -> Option<Time> {
    match moment {
        Moment::Clock(_) | Moment::Weekday(..) => next(&moment.schedule()?, row.now() - TimeDelta(1), row),
        Moment::Date { .. } => next(&moment.schedule()?, Time(0), row),
        Moment::Expression(expression) => match expression.evaluate(row) {
            Value::Time(at) => Some(at),
            _ => None,
        },
        Moment::BestHour => {
            let at = ClockTime { hour: hours(), minute: 0, zone: ClockZone::User };
            next(&Schedule::Days { days: Weekdays::ALL, at }, row.now() - TimeDelta(1), row)
        }
    }
}

/// The first time after `after` at which a schedule fires for a user.
fn next<R: Row>(schedule: &Schedule, after: Time, row: &R) -> Option<Time> {
    let zone = match schedule.zone() {
        ClockZone::User => row.user_zone(),
        ClockZone::Project | ClockZone::Named(_) => row.zone(),
    };
    schedule.next(after, zone)
}
