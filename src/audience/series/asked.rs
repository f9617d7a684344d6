//! What a fact asks: about which events, over which window, answered in which
//! form.

use super::bucket::Amount;
use super::source::amount;
use super::values::{Keep, Values};
use super::{Happened, Kept, Kind};
use crate::condition::{Fact, Window};
use crate::model::{Events, PropertyId, Time, TimeDelta, Type};
use jiff::tz::TimeZone;

/// What a fact is about, its window if it has one, and its empty column.
pub(super) fn shape(fact: &Fact, events: &Events) -> Option<(Kind, Option<PropertyId>, Option<TimeDelta>, Values)> {
    let length = |window: Window| match window {
        Window::Ever => None,
        Window::Last(length) => Some(length),
    };
    match *fact {
        Fact::Count { event, window } => Some((Kind::Event(event), None, length(window), Values::counts())),
        Fact::Sum { event, property, window } => {
            let ty: &Type = &events.event(event).at(property).ty;
            Some((Kind::Event(event), Some(property), length(window), Values::sums(ty)))
        }
        Fact::First(event) => Some((Kind::Event(event), None, None, Values::times(Keep::First))),
        Fact::Last(event) => Some((Kind::Event(event), None, None, Values::times(Keep::Last))),
        Fact::Received { template, window } => Some((Kind::Received(template), None, length(window), Values::counts())),
        Fact::Clicked { template, window } => Some((Kind::Clicked(template), None, length(window), Values::counts())),
        Fact::InDrip(_) | Fact::FinishedDrip(_) | Fact::Variant(_) => None,
    }
}

/// The first moment in a fact's window.
pub(super) fn start_of(fact: &Fact, now: Time, zone: &TimeZone) -> Time {
    match fact {
        Fact::Count { window, .. }
        | Fact::Sum { window, .. }
        | Fact::Received { window, .. }
        | Fact::Clicked { window, .. } => window.start(now, zone).unwrap_or(Time(i64::MIN)),
        Fact::First(_) | Fact::Last(_) | Fact::InDrip(_) | Fact::FinishedDrip(_) | Fact::Variant(_) => Time(i64::MIN),
    }
}

/// Takes an event into a lifetime answer; says whether that changed it.
pub(super) fn total(kept: &mut Kept, row: u32, event: &Happened<'_>) -> bool {
    match kept.fact {
        Fact::Count { .. } | Fact::Received { .. } | Fact::Clicked { .. } => kept.values.add(row, Amount::Whole(1)),
        Fact::Sum { property, .. } => {
            amount(event.properties, Some(property)).is_some_and(|amount| kept.values.add(row, amount))
        }
        Fact::First(_) | Fact::Last(_) => kept.values.meet(row, event.at),
        Fact::InDrip(_) | Fact::FinishedDrip(_) | Fact::Variant(_) => false,
    }
}
