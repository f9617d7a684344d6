//! `vestnik backup FILE` and `vestnik restore FILE`: everything to one file and
//! back, with a running engine or without one.

use super::Format;
use super::context::{Context, Failure};
use crate::clock::SystemClock;
use crate::engine::command::{Reply, Request};
use crate::engine::restore::{Restored, back_up, inspect};
use crate::interface::words::{grouped, size};
use crate::model::{Clock, Lang, Text, Time};
use crate::store::backup::Summary;
use crate::store::sled::SledStore;
use crate::store::{Journal, Profiles};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The arguments of `backup`.
#[derive(clap::Args)]
pub struct BackupArgs {
    /// Where it goes; a backup that is there is replaced
    file: PathBuf,
}

/// The arguments of `restore`.
#[derive(clap::Args)]
pub struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Writes a backup and says what is in it.
pub fn backup(context: &Context, args: &BackupArgs) -> Result<ExitCode, Failure> {
    context.needs_data()?;
    let path = std::path::absolute(&args.file)?;
    let closed = || {
        let store = SledStore::open(context.data()?)?;
        Ok(Reply::BackedUp(Box::new(back_up(&store, &path, SystemClock::new().now())?)))
    };
    if let Reply::BackedUp(summary) = context.ask_or(&Request::Backup { path: path.clone() }, closed)? {
        match context.format() {
            Format::Json => context.say_json(&as_json(&summary)),
            Format::Text | Format::Short => {
                context.say(&figures(&summary, context));
                context.note(&Text::new("it was read again and is whole", "копия прочитана заново, она цела"));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup in force, after a question.
pub fn restore(context: &Context, args: &RestoreArgs) -> Result<ExitCode, Failure> {
    let path = std::path::absolute(&args.file)?;
    let data = context.data()?;
    let found = inspect(&path)?.restored;
    if !args.yes && !confirmed(context, &found, &data)? {
        return Err(Failure::findings(Text::new("nothing was changed", "ничего не изменено")));
    }
    let closed = || Ok(Reply::Restored(Box::new(inspect(&path)?.restore_to(&data)?)));
    if let Reply::Restored(restored) = context.ask_or(&Request::Restore { path: path.clone() }, closed)? {
        match context.format() {
            Format::Json => context.say_json(&restored_json(&restored)),
            Format::Text | Format::Short => context.say(&came_back(&restored, context.lang())),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows what would happen and asks. Only a terminal can answer.
fn confirmed(context: &Context, found: &Restored, data: &Path) -> Result<bool, Failure> {
    let users = match users_now(context, data) {
        Some(users) => Text::same(grouped(users)),
        None => Text::new("unknown, it cannot be read", "неизвестно, её не прочитать"),
    };
    let shown = data.display();
    context.complain(&figures(&found.backup, context));
    context.note(&Text::new(
        format!("it replaces everything in {shown} (users there now: {})", users.en),
        format!("она заменит всё в {shown} (людей там сейчас: {})", users.ru),
    ));
    if !found.paused.is_empty() {
        context.note(&paused(found));
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(Text::new(
            "nobody is here to ask: say `--yes` to replace everything",
            "спросить некого: чтобы заменить всё, добавьте `--yes`",
        )));
    }
    let question = Text::new("type `yes` to go on: ", "чтобы продолжить, наберите `да`: ");
    context.complain(question.get(context.lang()));
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(["yes", "да"].contains(&answer.trim().to_lowercase().as_str()))
}

/// How many users there are now; none if that cannot be told.
fn users_now(context: &Context, data: &Path) -> Option<u64> {
    if let Ok(Some(Reply::Status(status))) = context.ask_running(&Request::Status) {
        return Some(status.users);
    }
    if !data.exists() {
        return Some(0);
    }
    let journal = Journal::open(Arc::new(SledStore::open(data).ok()?)).ok()?;
    Profiles::new(&journal).count().ok()
}

fn figures(summary: &Summary, context: &Context) -> String {
    let zone = context.zone();
    let at = jiff::Timestamp::from_millisecond(summary.about.created.0).map(|at| at.to_zoned(zone));
    let at = at.map_or_else(|_| summary.about.created.rfc3339(), |at| at.strftime("%Y-%m-%d %H:%M").to_string());
    let (path, version) = (summary.path.display(), &summary.about.version);
    let (users, records, size) = (grouped(summary.users), grouped(summary.records), size(summary.bytes));
    let text = Text::new(
        format!(
            "backup   {path}\ntaken    {at} by vestnik {version}\nusers    {users}\nrecords  {records}\nsize     {}\n",
            size.en
        ),
        format!(
            "копия    {path}\nснята    {at}, vestnik {version}\nлюдей    {users}\nзаписей  {records}\nразмер   {}\n",
            size.ru
        ),
    );
    text.get(context.lang()).to_owned()
}

fn came_back(restored: &Restored, lang: Lang) -> String {
    let (users, records) = (grouped(restored.backup.users), grouped(restored.backup.records));
    let mut lines = vec![Text::new(
        format!("users that came back: {users} (records: {records})"),
        format!("людей возвращено: {users} (записей: {records})"),
    )];
    if !restored.paused.is_empty() {
        lines.push(paused(restored));
    }
    if restored.replies > 0 {
        let n = restored.replies;
        lines.push(Text::new(
            format!("old replies that will not go out: {n}"),
            format!("старых ответов, которые не уйдут: {n}"),
        ));
    }
    lines.iter().map(|text| format!("{}\n", text.get(lang))).collect()
}

fn paused(restored: &Restored) -> Text {
    let names = restored.paused.join(", ");
    Text::new(
        format!(
            "broadcasts that were under way then and stay paused: {names} (some may have gone out since; `vestnik broadcast resume NAME` goes on, `cancel` ends it)"
        ),
        format!(
            "рассылки, которые тогда шли и остаются на паузе: {names} (часть могла уйти с тех пор; продолжить: `vestnik broadcast resume ИМЯ`, завершить: `cancel`)"
        ),
    )
}

fn as_json(summary: &Summary) -> Value {
    let created: Time = summary.about.created;
    json!({
        "file": summary.path, "created": created.rfc3339(), "version": summary.about.version,
        "users": summary.users, "records": summary.records, "bytes": summary.bytes,
    })
}

fn restored_json(restored: &Restored) -> Value {
    let mut json = as_json(&restored.backup);
    json["paused"] = json!(restored.paused);
    json["replies_left_behind"] = json!(restored.replies);
    json
}
