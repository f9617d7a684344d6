//! Answers of the engine as charts: what became of messages day by day, how
//! segments grew, how variants compare. Plain conversions; drawing is elsewhere.

use crate::chart::{Chart, Interval, Plot, Series, Table, Tone, Unit};
use crate::engine::deliveries::{Group, OutboxReport};
use crate::engine::experiments::ExperimentAnswer;
use crate::engine::sizes::SegmentHistory;
use crate::experiment::analyze::ArmOutput;
use crate::experiment::verdict::figures;
use crate::model::{Lang, Text, Time, TimeDelta};
use jiff::tz::TimeZone;

/// So many lines can be told apart.
const LINES: usize = 7;
/// Points of a line at most, and of one over hours.
const POINTS: i64 = 31;
const HOURLY: i64 = 25;

/// What became of messages, day by day.
pub fn sends(report: &OutboxReport, lang: Lang) -> Chart {
    let of = |name: &Text, tone, value: fn(&Group) -> u64| Series {
        name: name.get(lang).to_owned(),
        tone,
        values: report.by_day.iter().map(|day| Some(value(day) as f64)).collect(),
    };
    let series =
        vec![
            of(&Text::new("delivered", "доставлено"), Tone::Good, |day| day.sent),
            of(&Text::new("failed", "не доставлено"), Tone::Bad, |day| day.failed),
            of(&Text::new("in doubt", "под вопросом"), Tone::Watch, |day| day.in_doubt),
            of(&Text::new("not sent by a gate", "не отправлено по правилам"), Tone::Quiet, |day| day.skipped),
        ];
    Chart {
        title: Text::new("Messages by day", "Сообщения по дням").get(lang).to_owned(),
        subtitle: span(&report.by_day),
        unit: Unit::Count,
        lang,
        plot: Plot::Columns(Table { labels: report.by_day.iter().map(|day| short_date(&day.name)).collect(), series }),
    }
}

fn span(days: &[Group]) -> String {
    match days {
        [] => String::new(),
        [only] => only.name.clone(),
        [first, .., last] => format!("{} – {}", first.name, last.name),
    }
}

/// `2026-11-23` as `23.11`.
fn short_date(date: &str) -> String {
    let mut parts = date.splitn(3, '-').skip(1);
    match (parts.next(), parts.next()) {
        (Some(month), Some(day)) => format!("{day}.{month}"),
        _ => date.to_owned(),
    }
}

/// How the largest segments have changed over `back` up to `now`.
pub fn segments(all: &[SegmentHistory], back: TimeDelta, now: Time, zone: &TimeZone, lang: Lang) -> Chart {
    let count = if back <= TimeDelta::days(2) { HOURLY } else { (back.0 / TimeDelta::days(1).0 + 1).min(POINTS) };
    let points: Vec<Time> = (1..=count).map(|n| now - TimeDelta(back.0 * (count - n) / (count - 1))).collect();
    let mut largest: Vec<&SegmentHistory> = all.iter().filter(|segment| segment.now.is_some()).collect();
    largest.sort_by_key(|segment| std::cmp::Reverse(segment.now.map_or(0, |size| size.count)));
    let line = |(place, segment): (usize, &&SegmentHistory)| Series {
        name: segment.title.as_ref().map_or_else(|| segment.name.clone(), |title| title.get(lang).to_owned()),
        tone: Tone::Other(place),
        values: points.iter().map(|at| size_at(segment, *at)).collect(),
    };
    let format = if back <= TimeDelta::days(2) { "%H:%M" } else { "%d.%m" };
    let written = |at: &Time| {
        let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        at.to_zoned(zone.clone()).strftime(format).to_string()
    };
    Chart {
        title: Text::new("Sizes of segments", "Размеры сегментов").get(lang).to_owned(),
        subtitle: match (points.first().map(written), points.last().map(written)) {
            (Some(first), Some(last)) => format!("{first} – {last}"),
            _ => String::new(),
        },
        unit: Unit::Count,
        lang,
        plot: Plot::Lines(Table {
            labels: points.iter().map(written).collect(),
            series: largest.iter().take(LINES).enumerate().map(line).collect(),
        }),
    }
}

/// The size that was noted last at a moment.
fn size_at(segment: &SegmentHistory, at: Time) -> Option<f64> {
    let noted = segment.before.iter().chain(&segment.sizes).chain(&segment.now).filter(|size| size.at <= at);
    noted.max_by_key(|size| size.at).map(|size| size.count as f64)
}

/// How the variants of an experiment compare with its control.
pub fn experiment(answer: &ExperimentAnswer, lang: Lang) -> Chart {
    let is_fixed = answer.judged_by.method == "fixed";
    let row = |arm: &ArmOutput| {
        let range = if is_fixed { arm.ci } else { arm.ci_sequential };
        let (tone, known) = match (range, arm.lift) {
            (Some([low, _]), Some(_)) if low > 0.0 => (Tone::Good, true),
            (Some([_, high]), Some(_)) if high < 0.0 => (Tone::Bad, true),
            (_, lift) => (Tone::Quiet, lift.is_some()),
        };
        Interval {
            name: arm.name.clone(),
            note: note(arm, known, lang),
            point: arm.lift,
            range: range.map(|[low, high]| (low, high)),
            tone,
        }
    };
    let rows = answer.decides.arms.iter().skip(1).map(row).collect();
    let control = answer.decides.arms.first().map_or("", |arm| arm.name.as_str());
    Chart {
        title: format!("{}: {}", answer.report.name, answer.decides.name),
        subtitle: Text::new(format!("lift against {control}"), format!("прирост против {control}"))
            .get(lang)
            .to_owned(),
        unit: Unit::Share,
        lang,
        plot: Plot::Intervals(rows),
    }
}

fn note(arm: &ArmOutput, is_known: bool, lang: Lang) -> String {
    match (is_known, arm.lift, arm.p_holm) {
        (true, Some(lift), Some(p)) => {
            format!("{}, p = {}", figures::change(lift).get(lang), figures::probability(p).get(lang))
        }
        (true, Some(lift), None) => figures::change(lift).get(lang).to_owned(),
        _ => Text::new("not known yet", "пока неизвестно").get(lang).to_owned(),
    }
}
