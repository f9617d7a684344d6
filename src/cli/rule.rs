//! `vestnik rule …`: rules, drips and tasks with their figures, switched off and
//! on without editing a file; and what went round in a circle, decided again.

use super::Format;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::engine::automation::{Unit, Way};
use crate::engine::cascades::{CascadeList, CascadeReport, Replayed};
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
    /// What was not done because rules triggered one another without end: for whom, when, which rules
    Cascades,
    /// Decide some of that again under the rules of now; what comes to an end is done and leaves the list
    Replay(ReplayArgs),
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

/// The arguments of `replay`.
#[derive(clap::Args)]
pub struct ReplayArgs {
    /// Numbers, as `rule cascades` shows them
    #[arg(value_name = "NUMBER", required_unless_present = "all", conflicts_with = "all")]
    numbers: Vec<u64>,
    /// All of them
    #[arg(long)]
    all: bool,
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
        (Format::Json, Reply::Cascades(list)) => context.say_json(&json!(list)),
        (Format::Json, Reply::Replayed(done)) => {
            context.say_json(&json!(done));
            return Ok(outcome(&done));
        }
        (Format::Text | Format::Short, Reply::Cascades(list)) => say_cascades(context, &list),
        (Format::Text | Format::Short, Reply::Replayed(done)) => {
            say_replayed(context, &done);
            return Ok(outcome(&done));
        }
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
        Command::Cascades => Request::Cascades,
        Command::Replay(ReplayArgs { all: true, .. }) => Request::Replay { numbers: None },
        Command::Replay(ReplayArgs { numbers, .. }) => Request::Replay { numbers: Some(numbers) },
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

fn say_cascades(context: &Context, list: &CascadeList) {
    if list.cascades.is_empty() {
        context
            .note(&Text::new("nothing: all that rules began came to an end", "ничего: все правила доходили до конца"));
    } else {
        context.say(&cascades(&list.cascades, context.lang()));
    }
    if list.dropped > 0 {
        let n = grouped(list.dropped);
        context.note(&Text::new(
            format!("older ones that are not kept: {n}"),
            format!("более старых, не сохранённых: {n}"),
        ));
    }
}

fn cascades(all: &[CascadeReport], lang: Lang) -> String {
    let head = [
        (Text::new("number", "номер"), Align::Right),
        (Text::new("user", "кто"), Align::Right),
        (Text::new("from", "с чего началось"), Align::Left),
        (Text::new("when", "когда"), Align::Left),
        (Text::new("times", "раз"), Align::Right),
        (Text::new("rules in the loop", "правила в круге"), Align::Left),
    ];
    let columns: Vec<_> = head.iter().map(|(text, align)| (text.get(lang), *align)).collect();
    let row = |one: &CascadeReport| {
        let (number, user, times) = (one.number.to_string(), one.user.to_string(), one.times.to_string());
        vec![number, user, one.from.get(lang).to_owned(), one.at.clone(), times, one.rules.join(", ")]
    };
    table(&columns, &all.iter().map(row).collect::<Vec<_>>())
}

fn say_replayed(context: &Context, done: &Replayed) {
    let n = grouped(done.done.len() as u64);
    let text = Text::new(format!("done now: {n}\n"), format!("исполнено теперь: {n}\n"));
    context.say(text.get(context.lang()));
    if !done.still.is_empty() {
        context.note(&Text::new("still without an end, and not done:", "всё ещё без конца, не исполнено:"));
        context.complain(&cascades(&done.still, context.lang()));
    }
}

/// What still has no end is a finding.
fn outcome(done: &Replayed) -> ExitCode {
    if done.still.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
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
