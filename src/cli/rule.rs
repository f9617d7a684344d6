//! `vestnik rule …`: rules, drips and tasks with their figures, switched off and
//! on without editing a file.

use super::Format;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::engine::automation::{Unit, Way};
use crate::engine::command::{Reply, Request};
use crate::engine::switches::{RuleReport, Switched, Switching};
use crate::interface::words::{grouped, unit};
use crate::model::{Lang, Text};
use serde_json::json;
use std::process::ExitCode;

/// The sub-commands.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Every rule, drip and task: on or off, how often it acted and failed, where it stands
    List,
    /// Switch rules and tasks off, and have nobody enter drips, until they are switched on
    Off(Named),
    /// Switch them on again; what passed meanwhile is not made up
    On(Named),
}

/// The arguments of `on` and `off`.
#[derive(clap::Args)]
pub struct Named {
    /// Names of rules, drips and tasks
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// What they are, where several things have one name
    #[arg(long, value_enum)]
    kind: Option<Kind>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Kind {
    Rule,
    Drip,
    Task,
}

/// Asks and prints.
pub fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    let lang = context.lang();
    match (context.format(), context.ask(request(command))?) {
        (Format::Json, Reply::Rules(all)) => context.say_json(&json!(all)),
        (Format::Json, Reply::Switched(done)) => context.say_json(&json!(done)),
        (Format::Text | Format::Short, Reply::Rules(all)) if all.is_empty() => context
            .note(&Text::new("the rulebook has no rules, drips or tasks", "в проекте нет правил, цепочек и задач")),
        (Format::Text | Format::Short, Reply::Rules(all)) => context.say(&list(&all, lang)),
        (Format::Text | Format::Short, Reply::Switched(done)) => say_switched(context, &done),
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn request(command: Command) -> Request {
    let switch =
        |Named { names, kind }: Named, way| Request::Switch(Switching { names, kind: kind.map(Unit::from), way });
    match command {
        Command::List => Request::Rules,
        Command::Off(named) => switch(named, Way::Off),
        Command::On(named) => switch(named, Way::On),
    }
}

fn list(all: &[RuleReport], lang: Lang) -> String {
    let head = [
        (Text::new("kind", "вид"), Align::Left),
        (Text::new("name", "имя"), Align::Left),
        (Text::new("state", "состояние"), Align::Left),
        (Text::new("fired", "сработало"), Align::Right),
        (Text::new("last", "последний раз"), Align::Left),
        (Text::new("failed", "с ошибкой"), Align::Right),
        (Text::new("place", "место"), Align::Left),
    ];
    let columns: Vec<_> = head.iter().map(|(text, align)| (text.get(lang), *align)).collect();
    let dash = || "—".to_owned();
    let row = |rule: &RuleReport| {
        vec![
            unit(rule.kind).get(lang).to_owned(),
            rule.name.clone(),
            state(rule).get(lang).to_owned(),
            rule.fired.map_or_else(dash, grouped),
            rule.last.clone().unwrap_or_else(dash),
            grouped(rule.failed),
            rule.place.clone().unwrap_or_else(dash),
        ]
    };
    table(&columns, &all.iter().map(row).collect::<Vec<_>>())
}

fn state(rule: &RuleReport) -> Text {
    let mut text = match &rule.off_since {
        None => Text::new("on", "включено"),
        Some(since) => Text::new(format!("off since {since}"), format!("выключено с {since}")),
    };
    if !rule.defined {
        text.en.push_str(", not in the rulebook");
        text.ru.push_str(", в правилах нет");
    }
    text
}

fn say_switched(context: &Context, done: &Switched) {
    let lang = context.lang();
    for rule in &done.rules {
        let state = state(rule);
        context.say(&format!("{} {}: {}\n", unit(rule.kind).get(lang), rule.name, state.get(lang)));
    }
    if done.unchanged > 0 {
        let n = done.unchanged;
        context.note(&Text::new(format!("stood so already: {n}"), format!("уже было так: {n}")));
    }
}

impl From<Kind> for Unit {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Rule => Self::Rule,
            Kind::Drip => Self::Drip,
            Kind::Task => Self::Task,
        }
    }
}
