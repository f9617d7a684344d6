//! `vestnik segments --history`: how the sizes of segments have changed.

use super::Format;
use super::chart;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::engine::command::{Reply, Request};
use crate::engine::sizes::{DAILY, SegmentHistory, Size};
use crate::interface::charts;
use crate::interface::words::grouped;
use crate::model::{Lang, Text, Time, TimeDelta};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Characters of a sparkline.
const WIDTH: i64 = 24;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Nothing was noted.
const GAP: char = '·';

/// Asks and prints.
pub fn run(context: &Context, period: &str, chart: &chart::Args) -> Result<ExitCode, Failure> {
    let back = length(period)?;
    if let Reply::SegmentHistory(all) = context.ask(Request::SegmentHistory { back })? {
        let now = all.iter().filter_map(|segment| Some(segment.now?.at)).max().unwrap_or(Time(0));
        chart.write(context, || charts::segments(&all, back, now, &context.zone(), context.lang()))?;
        match context.format() {
            Format::Json => context.say_json(&all.iter().map(as_json).collect()),
            Format::Text | Format::Short => {
                context.say(&render(&all, period, back, context.lang()));
                if let Some(note) = beginning(&all, back) {
                    context.note(&note);
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A length of time such as `12h`, `7d` or `4w`.
fn length(text: &str) -> Result<TimeDelta, Failure> {
    let unit = [("h", TimeDelta::hours(1)), ("d", TimeDelta::days(1)), ("w", TimeDelta::days(7))];
    let read = unit.iter().find_map(|(unit, length)| {
        let n: i64 = text.strip_suffix(unit)?.parse().ok()?;
        n.checked_mul(length.0).map(TimeDelta)
    });
    read.filter(|back| (TimeDelta::hours(1)..=DAILY).contains(back)).ok_or_else(|| {
        Failure::new(Text::new(
            format!("`{text}` is no length of time up to 400 days; write 12h, 7d or 4w"),
            format!("`{text}` — не срок до 400 дней; пишите 12h, 7d или 4w"),
        ))
    })
}

fn render(all: &[SegmentHistory], period: &str, back: TimeDelta, lang: Lang) -> String {
    let ago = Text::new(format!("{period} ago"), format!("{period} назад"));
    let head = [
        (Text::new("segment", "сегмент"), Align::Left),
        (Text::new("title", "название"), Align::Left),
        (Text::new("now", "сейчас"), Align::Right),
        (ago, Align::Right),
        (Text::new("change", "изменение"), Align::Right),
        (Text::new("course", "ход"), Align::Left),
    ];
    let columns: Vec<_> = head.iter().map(|(text, align)| (text.get(lang), *align)).collect();
    let row = |one: &SegmentHistory| {
        let gone = Text::new("(gone)", "(удалён)");
        let title =
            if one.now.is_none() { Some(gone.get(lang)) } else { one.title.as_ref().map(|text| text.get(lang)) };
        let count = |size: Option<Size>| size.map_or_else(|| "—".to_owned(), |size| grouped(size.count));
        let change = change(one).map_or_else(String::new, |change| shown(change, one.before));
        let course = course(one, back);
        vec![one.name.clone(), title.unwrap_or_default().to_owned(), count(one.now), count(one.before), change, course]
    };
    table(&columns, &all.iter().map(row).collect::<Vec<_>>())
}

fn change(one: &SegmentHistory) -> Option<i64> {
    let (now, before) = (one.now?.count, one.before?.count);
    Some(now.cast_signed().saturating_sub(before.cast_signed()))
}

/// `+28 (+1.6 %)`
fn shown(change: i64, before: Option<Size>) -> String {
    let sign = if change < 0 { "−" } else { "+" };
    let size = grouped(change.unsigned_abs());
    match before.filter(|before| before.count > 0 && change != 0) {
        Some(before) => {
            let share = change.unsigned_abs() as f64 * 100.0 / before.count as f64;
            format!("{sign}{size} ({sign}{share:.1} %)")
        }
        None if change == 0 => "0".to_owned(),
        None => format!("{sign}{size}"),
    }
}

/// A bar for each part of the time: the last size that was noted in it.
fn course(one: &SegmentHistory, back: TimeDelta) -> String {
    let sizes: Vec<Size> = one.sizes.iter().copied().chain(one.now).collect();
    let Some(end) = sizes.last().map(|size| size.at) else { return String::new() };
    let mut parts = [None; WIDTH as usize];
    for size in &sizes {
        let ago = (end - size.at).0.saturating_mul(WIDTH) / back.0.max(1);
        if let Some(part) = usize::try_from(WIDTH - 1 - ago).ok().and_then(|at| parts.get_mut(at)) {
            *part = Some(size.count);
        }
    }
    let known = || parts.iter().flatten().copied();
    let (low, high) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
    let bar = |count: u64| match high - low {
        0 => BARS[3],
        range => BARS[((count - low) as f64 * 7.0 / range as f64).round() as usize],
    };
    parts.iter().map(|part| part.map_or(GAP, bar)).collect()
}

/// A remark where less is known than was asked for.
fn beginning(all: &[SegmentHistory], back: TimeDelta) -> Option<Text> {
    let first = all.iter().filter_map(|one| one.before).map(|size| size.at).min();
    let since = all.iter().filter_map(|one| one.now).map(|size| size.at).max()? - back;
    match first {
        None => Some(Text::new(
            "no sizes have been noted yet: a running engine notes them every hour",
            "размеры ещё не записаны: работающий движок записывает их каждый час",
        )),
        Some(first) if first > since => {
            let at = first.rfc3339();
            Some(Text::new(format!("sizes are known since {at}"), format!("размеры известны с {at}")))
        }
        Some(_) => None,
    }
}

fn as_json(one: &SegmentHistory) -> Value {
    let size = |size: Size| json!({ "at": moment(size.at), "count": size.count, "unknown": size.unknown });
    json!({
        "name": one.name, "now": one.now.map(size), "before": one.before.map(size), "change": change(one),
        "sizes": one.sizes.iter().copied().map(size).collect::<Vec<_>>(),
    })
}

fn moment(at: Time) -> String {
    at.rfc3339()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_767_614_400_000;

    fn history(counts: &[(i64, u64)], now: u64) -> SegmentHistory {
        let size = |hours: i64, count| Size { at: Time(NOW) - TimeDelta::hours(hours), count, unknown: 0 };
        let sizes: Vec<Size> = counts.iter().map(|(ago, count)| size(*ago, *count)).collect();
        SegmentHistory {
            name: "vip".into(),
            title: None,
            now: Some(size(0, now)),
            before: sizes.first().copied(),
            sizes,
        }
    }

    #[test]
    fn courses_are_drawn() {
        for (counts, now, expected) in [
            (&[][..], 5, "·······················▄"),
            (&[(23, 0), (12, 50)], 100, "▁··········▅···········█"),
            (&[(6, 7), (3, 7)], 7, "·················▄··▄··▄"),
            (&[(500, 9), (3, 1)], 2, "····················▁··█"),
        ] {
            assert_eq!(course(&history(counts, now), TimeDelta::days(1)), expected);
        }
    }

    #[test]
    fn changes_are_told() {
        for (before, now, expected) in [
            (1_700, 1_728, "+28 (+1.6 %)"),
            (200, 100, "−100 (−50.0 %)"),
            (0, 5_000, "+5 000"),
            (5, 5, "0"),
            (0, 0, "0"),
        ] {
            let one = history(&[(24, before)], now);
            assert_eq!(shown(change(&one).unwrap_or_default(), one.before), expected);
        }
    }

    #[test]
    fn lengths_are_read() {
        for (text, expected) in [
            ("12h", Some(TimeDelta::hours(12))),
            ("7d", Some(TimeDelta::days(7))),
            ("57w", Some(TimeDelta::days(399))),
            ("0d", None),
            ("401d", None),
            ("-1d", None),
            ("week", None),
            ("9223372036854775807w", None),
        ] {
            assert_eq!(length(text).ok(), expected, "{text}");
        }
    }
}
