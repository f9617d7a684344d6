//! Rows worked out by hand, in Moscow, where a day begins at 21:00 UTC.

use super::*;
use crate::engine::payments::{ROUBLES, Refund, STARS, Source, Status};
use crate::model::UserId;

/// An instant of January 2026, by the clock of Moscow.
fn t(day: i8, clock: &str) -> Time {
    let (hour, minute) = clock.split_once(':').unwrap();
    let local = jiff::civil::date(2026, 1, day).at(hour.parse().unwrap(), minute.parse().unwrap(), 0, 0);
    Time(local.to_zoned(moscow()).unwrap().timestamp().as_millisecond())
}

fn moscow() -> TimeZone {
    TimeZone::get("Europe/Moscow").unwrap()
}

/// A payment: user, kopecks, when, whether it is the user's first.
fn rub(user: i64, amount: i64, at: Time, first: bool) -> Payment {
    Payment {
        id: 1,
        user: UserId(user),
        source: Source::YooKassa,
        product: Some("month".into()),
        currency: ROUBLES.into(),
        amount,
        rub_per_star: None,
        payload: String::new(),
        telegram_charge: None,
        provider_charge: None,
        status: Status::Succeeded,
        created_at: at,
        paid_at: Some(at),
        refunds: Vec::new(),
        first,
        user_source: Some("ads".into()),
        campaign: Some("broadcast spring".into()),
        discount_percent: 0,
        rulebook: String::new(),
    }
}

fn stars(user: i64, amount: i64, rate: Option<i64>, at: Time, first: bool) -> Payment {
    let (source, currency) = (Source::Stars, STARS.to_owned());
    let (user_source, campaign, product) = (None, None, Some("year".into()));
    Payment { source, currency, rub_per_star: rate, user_source, campaign, product, ..rub(user, amount, at, first) }
}

fn back(payment: Payment, amount: i64, at: Time) -> Payment {
    let status = if amount == payment.amount { Status::Refunded } else { Status::PartiallyRefunded };
    Payment { status, refunds: vec![Refund { at, amount, id: None }], ..payment }
}

/// Today is Wednesday, the 14th; the week began on the 12th.
fn payments() -> Vec<Payment> {
    vec![
        rub(1, 30_000, t(2, "10:00"), true),
        // 23:30 on the 11th in Moscow is before this week
        stars(2, 100, Some(150), t(11, "23:30"), true),
        // paid last week, half of it went back today
        back(rub(3, 20_000, t(9, "12:00"), true), 10_000, t(14, "09:00")),
        // 00:10 on the 12th in Moscow is the 11th in UTC
        rub(1, 30_000, t(12, "00:10"), false),
        back(stars(2, 200, Some(200), t(13, "18:00"), false), 200, t(14, "11:00")),
        // nobody had said what a Star is worth
        stars(4, 50, None, t(14, "10:00"), true),
        rub(3, 5_000, t(14, "12:00"), false),
        Payment { status: Status::Pending, paid_at: None, ..rub(5, 99_900, t(14, "12:30"), false) },
        Payment { status: Status::Canceled, paid_at: None, ..rub(6, 99_900, t(14, "12:40"), false) },
    ]
}

fn report(days: u32, by: Option<By>) -> RevenueReport {
    let mut counted = Counted::new(&RevenueQuery { days, by }, date(t(14, "15:00"), &moscow()));
    payments().iter().for_each(|payment| counted.take(payment, &moscow()));
    counted.report(40)
}

#[test]
fn periods_are_those_of_the_calendar_and_refunds_count_when_they_are_made() {
    let RevenueReport { day, week, month, all, .. } = report(1, None);
    let expected_day = Figures {
        payments: 2,
        first: 1,
        renewals: 1,
        payers: 2,
        rub: 5_000 - 10_000,
        stars: 50 - 200,
        rub_refunded: 10_000,
        stars_refunded: 200,
        together: 5_000 - 10_000 - 200 * 200,
        unpriced_stars: 50,
        average: Some(5_000),
    };
    assert_eq!(day, expected_day);
    let expected_week = Figures {
        payments: 4,
        first: 1,
        renewals: 3,
        payers: 4,
        rub: 30_000 + 5_000 - 10_000,
        stars: 200 + 50 - 200,
        rub_refunded: 10_000,
        stars_refunded: 200,
        together: 30_000 + 200 * 200 + 5_000 - 10_000 - 200 * 200,
        unpriced_stars: 50,
        average: Some((30_000 + 40_000 + 5_000) / 3),
    };
    assert_eq!(week, expected_week);
    let expected_month = Figures {
        payments: 7,
        first: 4,
        renewals: 3,
        payers: 4,
        rub: 30_000 + 20_000 + 30_000 + 5_000 - 10_000,
        stars: 100 + 200 + 50 - 200,
        rub_refunded: 10_000,
        stars_refunded: 200,
        together: 75_000 + 100 * 150,
        unpriced_stars: 50,
        average: Some((30_000 + 15_000 + 20_000 + 30_000 + 40_000 + 5_000) / 6),
    };
    assert_eq!((&month, &all), (&expected_month, &expected_month));
}

#[test]
fn days_follow_one_another_and_add_up() {
    let report = report(4, None);
    let days: Vec<_> = report.days.iter().map(|(day, f)| (day.as_str(), f.payments, f.rub, f.stars)).collect();
    let expected = [
        ("2026-01-11", 1, 0, 100),
        ("2026-01-12", 1, 30_000, 0),
        ("2026-01-13", 1, 0, 200),
        ("2026-01-14", 2, -5_000, -150),
    ];
    assert_eq!(days, expected);
}

#[test]
fn money_is_told_apart() {
    let groups = |by| -> Vec<_> {
        report(6, Some(by)).groups.into_iter().map(|(name, f)| (name, f.payments, f.rub, f.together)).collect()
    };
    let ads = || Some("ads".to_owned());
    // the 9th is the first of six days: 20,000, then 30,000 and 5,000, less 10,000
    let expected = vec![(ads(), 3, 45_000, 45_000), (None, 3, 0, 100 * 150)];
    assert_eq!(groups(By::Source), expected);
    assert_eq!(groups(By::Campaign)[0].0.as_deref(), Some("broadcast spring"));
    let products: Vec<_> = groups(By::Product).into_iter().map(|(name, ..)| name.unwrap()).collect();
    assert_eq!(products, ["month", "year"]);
}

#[test]
fn on_mondays_the_week_is_a_day_long() {
    let monday = date(t(12, "15:00"), &moscow());
    let mut counted = Counted::new(&RevenueQuery { days: 1, by: None }, monday);
    payments().iter().for_each(|payment| counted.take(payment, &moscow()));
    let report = counted.report(0);
    assert_eq!((report.week.payments, report.week.rub), (report.day.payments, report.day.rub));
    assert_eq!((report.day.payments, report.day.rub), (1, 30_000));
}
