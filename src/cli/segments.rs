//! `vestnik segments`: every segment with its size.

use super::Format;
use super::chart;
use super::context::{Context, Failure};
use super::sizes;
use super::table::{Align, table};
use crate::engine::SegmentCount;
use crate::engine::command::{Reply, Request};
use crate::interface::words::grouped;
use crate::model::{Lang, Text};
use serde_json::json;
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Judge as of this time, for instance 2026-03-01 or "2026-03-01 12:00"
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// How the sizes have changed over a time such as 12h, 7d or 4w (7d if none is named), as far as an engine ran
    #[arg(long, value_name = "PERIOD", num_args = 0..=1, default_missing_value = "7d", conflicts_with = "now")]
    history: Option<String>,
    #[command(flatten)]
    chart: chart::Args,
}

/// Counts and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    if let Some(period) = &args.history {
        return sizes::run(context, period, &args.chart);
    }
    if args.chart.is_asked_for() {
        return Err(Failure::new(Text::new(
            "a chart shows how sizes have changed: add `--history 30d`",
            "график показывает, как размеры менялись: добавьте `--history 30d`",
        )));
    }
    let now = args.now.as_deref().map(|text| context.time(text)).transpose()?;
    let reply = context.ask(Request::Segments { now })?;
    if let Reply::Segments(counts) = reply {
        match context.format() {
            Format::Text | Format::Short => {
                context.say(&render(&counts, context.lang()));
                if counts.iter().all(|segment| segment.count + segment.unknown == 0) {
                    context.note(&Text::new(
                        "nobody is in any segment; if there are no users yet: `vestnik import FILE`",
                        "ни в одном сегменте никого нет; если людей ещё нет: `vestnik import ФАЙЛ`",
                    ));
                }
            }
            Format::Json => context.say_json(&as_json(&counts)),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The table of segments.
pub fn render(counts: &[SegmentCount], lang: Lang) -> String {
    let head = Text::new(
        ["segment", "title", "users", "unknown"].join("\t"),
        ["сегмент", "название", "людей", "неизвестно"].join("\t"),
    );
    let names: Vec<_> = head.get(lang).split('\t').collect();
    let columns: Vec<_> = names.iter().copied().zip([Align::Left, Align::Left, Align::Right, Align::Right]).collect();
    let row = |count: &SegmentCount| {
        let title = count.title.as_ref().map_or("", |title| title.get(lang)).to_owned();
        let unknown = if count.unknown == 0 { "·".to_owned() } else { grouped(count.unknown) };
        vec![count.name.clone(), title, grouped(count.count), unknown]
    };
    table(&columns, &counts.iter().map(row).collect::<Vec<_>>())
}

fn as_json(counts: &[SegmentCount]) -> serde_json::Value {
    counts.iter().map(|c| json!({"name": c.name, "count": c.count, "unknown": c.unknown})).collect()
}
