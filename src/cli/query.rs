//! `vestnik query 'CONDITION'`: a condition asked of the store.

use super::Format;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::engine::command::{Reply, Request};
use crate::engine::profile::{Judged, PartProfile, QueryProfile};
use crate::engine::query::{Count, Found, Person, Query, Want};
use crate::interface::words::grouped;
use crate::model::{Lang, Text, Time, Value};
use jiff::tz::TimeZone;
use serde_json::json;
use std::io::Read;
use std::process::ExitCode;

/// More bytes than this are no condition; the rest of the input is not read.
const LONGEST: u64 = 1 << 16;

/// The arguments.
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("want").args(["count", "ids", "sample", "profile"])))]
pub struct Args {
    /// The condition, in quotes; `-` reads it from standard input
    condition: String,
    /// How many users it holds for (this is what is printed without any of the others)
    #[arg(long)]
    count: bool,
    /// Their ids, one a line, ascending
    #[arg(long)]
    ids: bool,
    /// N of them with the fields that the condition reads, always the same ones
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "10",
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    sample: Option<u16>,
    /// How many, and where the time goes: each part of the condition on its own
    #[arg(long)]
    profile: bool,
    /// Judge as of this time, for instance 2026-03-01 or "2026-03-01 12:00"
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
}

/// Asks and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let query = Query {
        condition: condition(&args.condition)?,
        now: args.now.as_deref().map(|text| context.time(text)).transpose()?,
        want: want(args),
        lang: context.lang(),
        style: context.style(),
    };
    context.needs_data()?;
    let Reply::Queried(answer) = context.ask(Request::Query(Box::new(query)))? else { return Ok(ExitCode::SUCCESS) };
    let Some(found) = answer.found else {
        context.say(&answer.findings);
        return Ok(ExitCode::from(1));
    };
    context.complain(&answer.findings);
    if users_of(&found) == Some(0) && context.format() != Format::Json {
        context
            .note(&Text::new("there are no users yet: `vestnik import FILE`", "людей ещё нет: `vestnik import ФАЙЛ`"));
    }
    match context.format() {
        Format::Json => context.say_json(&as_json(&found)),
        Format::Text | Format::Short => context.say(&as_text(&found, context)),
    }
    Ok(ExitCode::SUCCESS)
}

/// How many users there are, as far as the answer tells.
fn users_of(found: &Found) -> Option<u64> {
    match found {
        Found::Count(count) => Some(count.users),
        Found::Profile(profile) => Some(profile.users),
        Found::Ids(_) | Found::Sample(_) => None,
    }
}

/// The condition from the argument or from standard input.
fn condition(argument: &str) -> Result<String, Failure> {
    let mut text = argument.to_owned();
    if argument == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().take(LONGEST).read_to_end(&mut bytes)?;
        text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
    }
    if text.trim().is_empty() {
        return Err(Failure::new(Text::new(
            "the condition is empty; for everybody write `true`",
            "условие пустое; для всех напишите `true`",
        )));
    }
    Ok(text)
}

fn want(args: &Args) -> Want {
    match (args.ids, args.sample, args.profile) {
        (true, ..) => Want::Ids,
        (false, Some(size), _) => Want::Sample(usize::from(size)),
        (false, None, true) => Want::Profile,
        (false, None, false) => Want::Count,
    }
}

fn as_text(found: &Found, context: &Context) -> String {
    match found {
        Found::Count(count) => counted(count).get(context.lang()).to_owned(),
        Found::Ids(ids) => ids.iter().map(|id| format!("{id}\n")).collect(),
        Found::Sample(people) => sample(people, &context.zone(), context.lang()),
        Found::Profile(profile) => profiled(profile, context.lang()),
    }
}

fn counted(count: &Count) -> Text {
    let share = if count.users == 0 { 0.0 } else { count.count as f64 / count.users as f64 * 100.0 };
    let (holds, unknown, users) = (grouped(count.count), grouped(count.unknown), grouped(count.users));
    let time = count.elapsed_us as f64 / 1_000.0;
    Text::new(
        format!("users    {holds}  ({share:.1} % of {users})\nunknown  {unknown}\ntime     {time:.1} ms\n"),
        format!("людей       {holds}  ({share:.1} % из {users})\nнеизвестно  {unknown}\nвремя       {time:.1} мс\n"),
    )
}

/// The parts as a tree, each under what it stands in.
fn profiled(profile: &QueryProfile, lang: Lang) -> String {
    let (reading, audience) = (ms(profile.read_us), ms(profile.audience_us));
    let head = Text::new(
        format!(
            "users                  {}\nreading the condition  {reading} ms\ngetting users ready    {audience} ms\n\n",
            grouped(profile.users)
        ),
        format!(
            "людей                  {}\nчтение условия         {reading} мс\nподготовка данных      {audience} мс\n\n",
            grouped(profile.users)
        ),
    );
    let names = [
        Text::new("part, each judged on its own", "часть, каждая проверена отдельно"),
        Text::new("true", "верно"),
        Text::new("unknown", "неизвестно"),
        Text::new("ms", "мс"),
        Text::new("judged", "как"),
    ];
    let aligns = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Left];
    let columns: Vec<_> = names.iter().map(|name| name.get(lang)).zip(aligns).collect();
    let row = |part: &PartProfile| {
        let text = format!("{}{}", "  ".repeat(part.depth), part.text);
        let way = way(part.way).get(lang).to_owned();
        vec![text, grouped(part.count), grouped(part.unknown), ms(part.elapsed_us), way]
    };
    let rows: Vec<_> = profile.parts.iter().map(row).collect();
    format!("{}{}", head.get(lang), table(&columns, &rows))
}

fn ms(micros: u64) -> String {
    format!("{:.3}", micros as f64 / 1_000.0)
}

fn way(way: Judged) -> Text {
    match way {
        Judged::Once => Text::new("once", "один раз"),
        Judged::ByColumn => Text::new("by column", "по столбцам"),
        Judged::ByValue => Text::new("once per distinct value", "раз на каждое значение"),
        Judged::RowByRow => Text::new("row by row", "по одному человеку"),
    }
}

fn sample(people: &[Person], zone: &TimeZone, lang: Lang) -> String {
    let Some(first) = people.first() else {
        return Text::new("nobody\n", "никого\n").get(lang).to_owned();
    };
    let (name, username) = (Text::new("name", "имя"), Text::new("username", "имя в Telegram"));
    let mut columns = vec![("id", Align::Right), (name.get(lang), Align::Left), (username.get(lang), Align::Left)];
    columns.extend(first.fields.iter().map(|(name, value)| (name.as_str(), align(value))));
    let row = |person: &Person| {
        let named = [&person.name, &person.username].map(|name| name.clone().unwrap_or_else(|| "—".to_owned()));
        let fields = person.fields.iter().map(|(_, value)| shown(value, zone));
        std::iter::once(person.id.to_string()).chain(named).chain(fields).collect()
    };
    table(&columns, &people.iter().map(row).collect::<Vec<_>>())
}

fn align(value: &Value) -> Align {
    match value {
        Value::Int(_) | Value::Float(_) | Value::Money(_) => Align::Right,
        Value::Missing | Value::Bool(_) | Value::String(_) | Value::Time(_) | Value::Duration(_) | Value::List(_) => {
            Align::Left
        }
    }
}

/// A value for people; times in the project's zone.
fn shown(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::Missing => "—".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Money(value) => money(*value),
        Value::String(text) => text.to_string(),
        Value::Time(at) => local(*at, zone),
        Value::Duration(length) => format!("{} ms", length.0),
        Value::List(texts) => texts.join(", "),
    }
}

fn money(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let whole = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", whole / 100, whole % 100)
}

fn local(at: Time, zone: &TimeZone) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_zoned(zone.clone()));
    moment.map_or_else(|_| at.rfc3339(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

fn as_json(found: &Found) -> serde_json::Value {
    match found {
        Found::Count(count) => {
            json!({ "count": count.count, "unknown": count.unknown, "elapsed_us": count.elapsed_us })
        }
        Found::Ids(ids) => json!({ "ids": ids }),
        Found::Profile(profile) => json!(profile),
        Found::Sample(people) => json!({ "users": people.iter().map(person).collect::<Vec<_>>() }),
    }
}

fn person(person: &Person) -> serde_json::Value {
    let fields: serde_json::Map<_, _> =
        person.fields.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
    json!({ "id": person.id, "name": person.name, "username": person.username, "fields": fields })
}

/// A value for programs: money as text, so that it stays exact, times in UTC.
fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Missing => serde_json::Value::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::Money(value) => json!(money(*value)),
        Value::String(text) => json!(text),
        Value::Time(at) => json!(at.rfc3339()),
        Value::Duration(length) => json!(length.0),
        Value::List(texts) => json!(texts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_for_people() {
        let moscow = TimeZone::get("Europe/Moscow").unwrap();
        for (value, expected) in [
            (Value::Missing, "—"),
            (Value::Bool(true), "true"),
            (Value::Int(-5), "-5"),
            (Value::Float(2.5), "2.5"),
            (Value::Money(99_950), "999.50"),
            (Value::Money(-5), "-0.05"),
            (Value::text("pro"), "pro"),
            (Value::Time(Time(1_772_355_600_000)), "2026-03-01 12:00"),
            (Value::List(["a".into(), "b".into()].into()), "a, b"),
        ] {
            assert_eq!(shown(&value, &moscow), expected);
        }
    }
}
