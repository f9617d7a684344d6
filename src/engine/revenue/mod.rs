//! What came in: today, this week, this month, day by day and in all; apart by
//! source, campaign or product.
//!
//! A payment counts on the day on which it was paid, a refund on the day on
//! which it went back, both by the project's calendar. Roubles and Stars are
//! summed apart; together they are roubles, with each Star at the price that
//! was set when it was paid. Orders that nobody paid count for nothing.

mod figures;

pub use figures::Figures;

use super::payments::Payment;
use super::{Engine, EngineError};
use crate::model::Time;
use figures::Sums;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The days that are shown if nobody says how many.
pub const DAYS: u32 = 30;
/// More are not shown.
const MOST_DAYS: u32 = 3_660;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevenueQuery {
    /// Over how many days up to today; these are shown one by one, or apart.
    pub days: u32,
    /// Apart by what, if by anything.
    pub by: Option<By>,
}

/// By what revenue is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Where the user came from.
    Source,
    /// The last mailing before the payment.
    Campaign,
    /// What was bought.
    Product,
}

/// Revenue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevenueReport {
    /// Known users.
    pub users: u64,
    /// Today.
    pub day: Figures,
    /// Since Monday.
    pub week: Figures,
    /// Since the first of the month.
    pub month: Figures,
    /// Since ever.
    pub all: Figures,
    /// The days asked for, the first one first.
    pub days: Vec<(String, Figures)>,
    /// The same days together, told apart; the most money first.
    pub groups: Vec<(Option<String>, Figures)>,
}

impl Engine {
    /// What came in.
    pub fn revenue(&self, query: &RevenueQuery) -> Result<RevenueReport, EngineError> {
        let zone = self.live.current().settings.timezone.zone.clone();
        let users = match self.crowd.loaded() {
            Some(audience) => audience.len() as u64,
            None => self.profiles.count()?,
        };
        let mut counted = Counted::new(query, date(self.clock.now(), &zone));
        Payment::for_each(&*self.store, |payment| counted.take(&payment, &zone))?;
        Ok(counted.report(users))
    }

    /// What came in from a moment on.
    pub(super) fn revenue_since(&self, from: Time) -> Result<Figures, EngineError> {
        let mut sums = Sums::default();
        Payment::for_each(&*self.store, |payment| sums.take(&payment, |at| at >= from))?;
        Ok(sums.figures())
    }
}

struct Counted {
    by: Option<By>,
    today: Date,
    /// The first of the days asked for.
    from: Date,
    day: Sums,
    week: Sums,
    month: Sums,
    all: Sums,
    days: BTreeMap<Date, Sums>,
    groups: BTreeMap<Option<String>, Sums>,
}

impl Counted {
    fn new(query: &RevenueQuery, today: Date) -> Self {
        let back = i64::from(query.days.clamp(1, MOST_DAYS)) - 1;
        let from = today.checked_sub(back.days()).unwrap_or(today);
        let days = from.series(1.day()).take_while(|day| *day <= today).map(|day| (day, Sums::default())).collect();
        let (day, week, month, all) = Default::default();
        Self { by: query.by, today, from, day, week, month, all, days, groups: BTreeMap::new() }
    }

    fn take(&mut self, payment: &Payment, zone: &TimeZone) {
        let on = |at: Time| date(at, zone);
        let (today, from) = (self.today, self.from);
        let monday = today.nth_weekday(-1, Weekday::Monday).ok().filter(|_| today.weekday() != Weekday::Monday);
        let monday = monday.unwrap_or(today);
        let first = today.first_of_month();
        self.all.take(payment, |_| true);
        self.day.take(payment, |at| on(at) == today);
        self.week.take(payment, |at| (monday..=today).contains(&on(at)));
        self.month.take(payment, |at| (first..=today).contains(&on(at)));
        let moments = payment.paid_at.into_iter().chain(payment.refunds.iter().map(|refund| refund.at));
        let mut dates: Vec<Date> = moments.map(on).collect();
        dates.sort_unstable();
        dates.dedup();
        for day in &dates {
            if let Some(sums) = self.days.get_mut(day) {
                sums.take(payment, |at| on(at) == *day);
            }
        }
        let Some(by) = self.by else { return };
        if dates.iter().any(|day| (from..=today).contains(day)) {
            let group = match by {
                By::Source => &payment.user_source,
                By::Campaign => &payment.campaign,
                By::Product => &payment.product,
            };
            self.groups.entry(group.clone()).or_default().take(payment, |at| (from..=today).contains(&on(at)));
        }
    }

    fn report(self, users: u64) -> RevenueReport {
        let mut groups: Vec<_> = self.groups.into_iter().map(|(name, sums)| (name, sums.figures())).collect();
        groups.sort_by(|(a_name, a), (b_name, b)| b.together.cmp(&a.together).then_with(|| a_name.cmp(b_name)));
        RevenueReport {
            users,
            day: self.day.figures(),
            week: self.week.figures(),
            month: self.month.figures(),
            all: self.all.figures(),
            days: self.days.into_iter().map(|(day, sums)| (day.to_string(), sums.figures())).collect(),
            groups,
        }
    }
}

fn date(at: Time, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(zone.clone()).date()
}

#[cfg(test)]
mod tests;
