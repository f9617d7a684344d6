//! `vestnik broadcast …`: start, watch and steer broadcasts.

use super::Format;
use super::context::{Context, Failure};
use super::table::{Align, grouped, length, table};
use crate::engine::broadcast::{Again, BroadcastStatus, RunReport, RunState, Steer};
use crate::engine::command::{Reply, Request};
use crate::model::{Lang, Text};
use std::fmt::Write;
use std::process::ExitCode;

/// The sub-commands.
#[derive(clap::Subcommand)]
pub enum Command {
    /// All broadcasts and how their latest runs stand
    List,
    /// Take a snapshot of the audience and start sending
    Start {
        /// The broadcast's name in the rule files
        name: String,
        /// Send it once more although it was sent before
        #[arg(long)]
        again: bool,
    },
    /// Progress, rate, time left and counts by outcome
    Status {
        /// The broadcast's name; all of them if left out
        name: Option<String>,
    },
    /// Hold what has not gone out
    Pause {
        /// The broadcast's name
        name: String,
    },
    /// Go on
    Resume {
        /// The broadcast's name
        name: String,
    },
    /// Never send what has not gone out
    Cancel {
        /// The broadcast's name
        name: String,
    },
}

/// Asks and prints.
pub fn run(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    let list = matches!(command, Command::List);
    let reply = context.ask(request(command))?;
    let lang = context.lang();
    match (context.format(), reply) {
        (Format::Json, Reply::Broadcasts(all)) => context.say_json(&serde_json::json!(all)),
        (Format::Json, Reply::Run(one)) => context.say_json(&serde_json::json!(one)),
        (_, Reply::Broadcasts(all)) if list => context.say(&render_list(&all, lang)),
        (_, Reply::Broadcasts(all)) => all.iter().for_each(|one| context.say(&render(one, lang))),
        (_, Reply::Run(one)) => {
            context.say(&render(&one, lang));
            if !context.is_engine_running() && one.run.as_ref().is_some_and(|run| run.state == RunState::Running) {
                context.note(&Text::new(
                    "no engine is running: it goes out with `vestnik run`",
                    "движок не запущен: рассылка пойдёт после `vestnik run`",
                ));
            }
        }
        _ => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn request(command: Command) -> Request {
    let steer = |name, steer| Request::Steer { name, steer };
    match command {
        Command::List => Request::Broadcasts { name: None },
        Command::Status { name } => Request::Broadcasts { name },
        Command::Start { name, again: false } => Request::Start { name, again: Again::Refuse },
        Command::Start { name, again: true } => Request::Start { name, again: Again::Allow },
        Command::Pause { name } => steer(name, Steer::Pause),
        Command::Resume { name } => steer(name, Steer::Resume),
        Command::Cancel { name } => steer(name, Steer::Cancel),
    }
}

/// A broadcast's latest run in figures.
pub fn render(status: &BroadcastStatus, lang: Lang) -> String {
    let Some(run) = &status.run else {
        let text = Text::new("not started yet", "ещё не запускалась");
        return format!("{}: {}\n", status.name, text.get(lang));
    };
    let mut out = format!("{}\n", headline(&status.name, run, lang));
    if run.paused_by_errors {
        let text = Text::new(
            "paused by itself: Telegram refused the content of the first messages; mend the template, then resume",
            "остановлена сама: Telegram не принял содержание первых сообщений; исправьте шаблон и продолжите",
        );
        let _ = writeln!(out, "  {}", text.get(lang));
    }
    if !status.defined {
        let text = Text::new(
            "it is gone from the rule files: what has not gone out waits until it is back",
            "её больше нет в правилах: неотправленное ждёт, пока она не вернётся",
        );
        let _ = writeln!(out, "  {}", text.get(lang));
    }
    let mut rows = vec![(Text::new("recipients", "получателей"), run.total)];
    rows.push((Text::new("sent", "отправлено"), run.sent));
    rows.extend(run.skipped.iter().map(|(reason, n)| (skip_words(reason), *n)));
    rows.extend(run.failed.iter().map(|(kind, n)| (failure_words(kind), *n)));
    rows.push((Text::new("in doubt (never sent twice)", "под вопросом (второй раз не шлём)"), run.in_doubt));
    rows.push((Text::new("cancelled", "отменено"), run.cancelled));
    rows.push((Text::new("under way", "в пути"), run.under_way));
    rows.push((Text::new("waiting", "ждут"), run.queued));
    rows.push((Text::new("of these to be tried again", "из них на повтор"), run.retrying));
    let shown = rows.iter().enumerate().filter(|(i, (_, n))| *i < 2 || *n > 0);
    let lines: Vec<_> = shown.map(|(_, (text, n))| (text.get(lang), grouped(u64::from(*n)))).collect();
    let width = lines.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
    for (text, n) in lines {
        let _ = writeln!(out, "  {text:<width$}  {n:>7}");
    }
    out
}

/// One line: the name, the state, the share that is done, rate and time left.
pub fn headline(name: &str, run: &RunReport, lang: Lang) -> String {
    let share = if run.total == 0 { 100.0 } else { f64::from(run.done()) * 100.0 / f64::from(run.total) };
    let mut line = format!("{name} · {} · {share:.0} %", run.state.text().get(lang));
    if let Some(rate) = run.rate {
        let _ = write!(line, " · {rate:.1} {}", Text::new("a second", "в секунду").get(lang));
    }
    if let Some(eta) = run.eta_seconds {
        let _ = write!(line, " · {} {}", Text::new("left:", "осталось:").get(lang), length(eta));
    }
    line
}

fn render_list(all: &[BroadcastStatus], lang: Lang) -> String {
    let head = [Text::new("broadcast", "рассылка"), Text::new("state", "состояние"), Text::new("run", "запуск"),
        Text::new("recipients", "получателей"), Text::new("sent", "отправлено")];
    let aligns = [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right];
    let columns: Vec<_> = head.iter().map(|text| text.get(lang)).zip(aligns).collect();
    let row = |status: &BroadcastStatus| match &status.run {
        None => vec![status.name.clone(), "—".into(), "—".into(), "—".into(), "—".into()],
        Some(run) => vec![
            status.name.clone(),
            run.state.text().get(lang).into(),
            run.occurrence.to_string(),
            grouped(run.total.into()),
            grouped(run.sent.into()),
        ],
    };
    table(&columns, &all.iter().map(row).collect::<Vec<_>>())
}

fn skip_words(reason: &str) -> Text {
    match reason {
        "expired" => Text::new("skipped: too late", "пропущено: истёк срок"),
        "blocked" => Text::new("skipped: blocked the bot before", "пропущено: заблокировали бота раньше"),
        "deactivated" => Text::new("skipped: account gone", "пропущено: аккаунт удалён"),
        "needs_start" => Text::new("skipped: never started the bot", "пропущено: не запускали бота"),
        "opted_out" => Text::new("skipped: opted out", "пропущено: отписались"),
        "render_error" => Text::new("skipped: the text cannot be rendered", "пропущено: текст не собрать"),
        other => Text::new(format!("skipped: {other}"), format!("пропущено: {other}")),
    }
}

fn failure_words(kind: &str) -> Text {
    match kind {
        "blocked" => Text::new("refused: blocked the bot", "отказ: заблокировали бота"),
        "deactivated" => Text::new("refused: account gone", "отказ: аккаунт удалён"),
        "needs_start" => Text::new("refused: never started the bot", "отказ: не запускали бота"),
        "content_error" => Text::new("refused: content", "отказ: содержание"),
        "chat_refused" => Text::new("refused: chat", "отказ: чат"),
        "attempts_used_up" => Text::new("failed after all attempts", "не удалось после всех попыток"),
        other => Text::new(format!("refused: {other}"), format!("отказ: {other}")),
    }
}
