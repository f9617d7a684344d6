//! `vestnik segments`: every segment with its size.

use super::Format;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::engine::SegmentCount;
use crate::engine::command::{Reply, Request};
use crate::interface::words::grouped;
use crate::model::{Lang, Text};
use serde_json::json;
use std::process::ExitCode;

/// Counts and prints.
pub fn run(context: &Context) -> Result<ExitCode, Failure> {
    let now = context.now()?;
    let reply = context.ask(Request::Segments { now })?;
    if let Reply::Segments(counts) = reply {
        match context.format() {
            Format::Text | Format::Short => context.say(&render(&counts, context.lang())),
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
