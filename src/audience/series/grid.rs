//! Where windows can begin: the full hours or the midnights of a zone, as
//! [`Window::start`] knows them. Between two of them nothing ever begins, so
//! what happened there can be kept together.

use crate::condition::Window;
use crate::model::{Time, TimeDelta};
use jiff::tz::TimeZone;

/// How finely windows of a kind begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Grain {
    /// At full hours.
    Hour,
    /// At midnight.
    Day,
}

/// All beginnings in a stretch of time.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    grain: Grain,
    zone: TimeZone,
    /// Ascending.
    starts: Vec<Time>,
    until: Time,
}

impl Grain {
    /// How windows of this length begin.
    pub(super) fn of(length: TimeDelta) -> Self {
        if length <= Window::HOURLY { Self::Hour } else { Self::Day }
    }

    /// Some window that begins like this.
    fn length(self) -> TimeDelta {
        match self {
            Self::Hour => Window::HOURLY,
            Self::Day => Window::HOURLY + TimeDelta(1),
        }
    }

    /// No hour or day is so short that looking so often misses it: the clock
    /// of a zone differs from Greenwich by whole quarters of an hour.
    fn step(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::minutes(15),
            Self::Day => TimeDelta::hours(6),
        }
    }

    /// How far ahead a grid is made.
    fn ahead(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::days(2),
            Self::Day => TimeDelta::days(30),
        }
    }

    /// How long what is behind every window is still kept: where a zone sets
    /// its clock back over midnight, the start of a window goes back as well.
    pub(super) fn slack(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::hours(3),
            Self::Day => TimeDelta::days(2),
        }
    }
}

impl Grid {
    /// A grid that covers nothing yet.
    pub(super) fn new(grain: Grain, zone: TimeZone) -> Self {
        Self { grain, zone, starts: Vec::new(), until: Time(i64::MIN) }
    }

    /// Makes sure that everything in `from..=now` has its beginning.
    pub(super) fn cover(&mut self, from: Time, now: Time) {
        if self.starts.first().is_some_and(|first| *first <= from) && now < self.until {
            return;
        }
        self.until = now + self.grain.ahead();
        let mut at = Time(from.0.div_euclid(self.grain.step().0) * self.grain.step().0);
        self.starts.clear();
        while at < self.until {
            self.starts.extend(self.start_of(at));
            at = at + self.grain.step();
        }
        self.starts.sort_unstable();
        self.starts.dedup();
    }

    /// The last beginning that is not after `at`; nothing outside what is
    /// covered.
    pub(super) fn floor(&self, at: Time) -> Option<Time> {
        let place = self.starts.partition_point(|start| *start <= at);
        if at < self.until { self.starts.get(place.checked_sub(1)?).copied() } else { None }
    }

    fn start_of(&self, at: Time) -> Option<Time> {
        let length = self.grain.length();
        Window::Last(length).start(at + length, &self.zone)
    }

    /// Bytes in memory.
    pub(super) fn memory(&self) -> usize {
        self.starts.capacity() * size_of::<Time>()
    }
}
