//! `vestnik rollback [VERSION]`: the rulebooks that were in force, and how to
//! have one of them back, with a running engine or without one.

use super::Format;
use super::context::{Context, Failure};
use super::table::{Align, table};
use crate::diagnostic::Severity;
use crate::diagnostic::render::render;
use crate::engine::command::{ReloadAnswer, Reply, Request};
use crate::engine::editions::{EditionReport, RolledBack, Wanted, editions, roll_back};
use crate::interface::words::reload_summary;
use crate::model::Text;
use crate::rulebook::load;
use crate::store::sled::SledStore;
use serde_json::json;
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The version, or how it begins; without one all are listed
    version: Option<String>,
    /// Put vestnik.yaml back too
    #[arg(long, requires = "version")]
    settings: bool,
    /// Lose edits that were never in force
    #[arg(long, requires = "version")]
    force: bool,
}

/// Lists the versions, or puts one back.
pub fn run(context: &Context, args: Args) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    match args.version {
        None => list(context),
        Some(version) => put_back(context, Wanted { version, settings: args.settings, force: args.force }),
    }
}

fn list(context: &Context) -> Result<ExitCode, Failure> {
    let closed = || Ok(Reply::Editions(editions(&SledStore::open(&context.data()?)?)?));
    if let Reply::Editions(all) = context.ask_or(&Request::Editions, closed)? {
        match context.format() {
            Format::Json => context.say_json(&json!(all)),
            Format::Text | Format::Short if all.is_empty() => context.note(&Text::new(
                "no rulebook was in force yet: they are kept when an engine takes them over",
                "ни одна редакция ещё не действовала: они сохраняются, когда их принимает движок",
            )),
            Format::Text | Format::Short => context.say(&shown(&all, context)),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(all: &[EditionReport], context: &Context) -> String {
    let lang = context.lang();
    let word = |en: &str, ru: &str| Text::new(en, ru).get(lang).to_owned();
    let row = |one: &EditionReport| {
        let differs = if one.current { word("(in force)", "(действует)") } else { one.differs.join(", ") };
        vec![one.version.clone(), one.accepted.clone(), differs]
    };
    let rows: Vec<_> = all.iter().map(row).collect();
    let headings = [word("version", "редакция"), word("accepted", "принята"), word("differs in", "отличается в")];
    let columns: Vec<_> = headings.iter().map(|heading| (heading.as_str(), Align::Left)).collect();
    table(&columns, &rows)
}

fn put_back(context: &Context, wanted: Wanted) -> Result<ExitCode, Failure> {
    let request = Request::RollBack { wanted: wanted.clone(), lang: context.lang() };
    if let Some(Reply::RolledBack(answer)) = context.ask_running(&request)? {
        let (done, answer) = *answer;
        return Ok(said(context, &done, &answer));
    }
    let done = roll_back(&*context.open_store()?, &context.project(), &wanted)?;
    checked(context, &done)
}

/// What a running engine has made of it.
fn said(context: &Context, done: &RolledBack, answer: &ReloadAnswer) -> ExitCode {
    if context.format() == Format::Json {
        context.say_json(&json!({
            "version": done.version,
            "written": done.written,
            "removed": done.removed,
            "accepted": answer.accepted,
            "in_force": answer.version,
            "diagnostics": answer.diagnostics,
        }));
    } else {
        context.say(&files(done, context));
        context.say(&answer.findings);
        // the engine may have seen the files before it was asked to
        let in_force = &answer.version;
        let summary = match answer.accepted {
            true => Text::new(format!("rulebook {in_force} is in force"), format!("действует редакция {in_force}")),
            false => reload_summary(answer),
        };
        context.say(&format!("{}\n", summary.get(context.lang())));
    }
    if answer.accepted { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// What the check says of it where no engine runs.
fn checked(context: &Context, done: &RolledBack) -> Result<ExitCode, Failure> {
    let loaded = load(&context.project()).map_err(|error| Failure::new(error.text()))?;
    let findings = render(&loaded.diagnostics, &loaded.sources, context.lang(), context.style());
    let errors = loaded.diagnostics.count(Severity::Error);
    if context.format() == Format::Json {
        let diagnostics: serde_json::Value = serde_json::from_str(&findings).unwrap_or_default();
        context.say_json(&json!({
            "version": done.version,
            "written": done.written,
            "removed": done.removed,
            "accepted": errors == 0,
            "in_force": null,
            "diagnostics": diagnostics,
        }));
    } else {
        context.say(&files(done, context));
        context.say(&findings);
        let gap = if findings.is_empty() || findings.ends_with('\n') { "" } else { "\n" };
        let summary = match errors {
            0 => Text::new("checked, without errors; no engine is running", "проверено, ошибок нет; движок не запущен"),
            n => Text::new(format!("checked, errors: {n}"), format!("проверено, ошибок: {n}")),
        };
        context.say(&format!("{gap}{}\n", summary.get(context.lang())));
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The files, a line each.
fn files(done: &RolledBack, context: &Context) -> String {
    let lang = context.lang();
    if done.written.is_empty() && done.removed.is_empty() {
        let version = &done.version;
        let text = Text::new(
            format!("the files are those of {version} already"),
            format!("файлы и так такие, как в редакции {version}"),
        );
        return format!("{}\n", text.get(lang));
    }
    let (written, removed) = (Text::new("written", "записан"), Text::new("removed", "удалён"));
    let line = |word: &Text, path: &String| format!("{}: {path}\n", word.get(lang));
    let written = done.written.iter().map(|path| line(&written, path));
    written.chain(done.removed.iter().map(|path| line(&removed, path))).collect()
}
