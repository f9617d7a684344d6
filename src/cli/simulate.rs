//! `vestnik simulate`: what the days to come would bring with the rule files as
//! they are now, over a copy of the store in memory. Nothing is sent and the
//! store is not written to.

mod say;

use super::Format;
use super::context::{Bar, Context, Failure};
use crate::clock::SystemClock;
use crate::diagnostic::render::render;
use crate::engine::command::{Reply, Request};
use crate::engine::simulation::{Plan, simulate};
use crate::import::{Known, read_events};
use crate::model::{Clock, Event, Text, Time, TimeDelta};
use crate::rulebook::{Rulebook, duration};
use crate::store::Store;
use crate::store::backup::Reader;
use crate::store::memory::MemoryStore;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// How much time passes
    #[arg(long = "for", value_name = "LENGTH", default_value = "14 days", value_parser = length)]
    length: TimeDelta,
    /// Play again what happened in so much time before, for instance "30 days"; `none` lets time alone pass
    #[arg(long, value_name = "LENGTH", default_value = "none", value_parser = window)]
    replay: Window,
    /// Events that happen meanwhile, at times to come: a file as `vestnik import` takes it, an object on each line
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Begin at this time, for instance 2026-03-01 or "2026-03-01 12:00" [default: now]
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
}

/// What is played again.
#[derive(Clone, Copy)]
enum Window {
    None,
    Last(TimeDelta),
}

/// The longest simulation, and the longest window that is played again.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// Simulates and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let loaded = context.loaded()?;
    let Some(rulebook) = &loaded.rulebook else {
        context.complain(&render(&loaded.diagnostics, &loaded.sources, context.lang(), context.style()));
        return Err(Failure::findings(Text::new(
            "the rule files have errors; `vestnik check` shows them all",
            "в файлах правил ошибки; все покажет `vestnik check`",
        )));
    };
    context.needs_data()?;
    let begin = match &args.now {
        Some(text) => context.time(text)?,
        None => SystemClock::new().now(),
    };
    let replay = match args.replay {
        Window::None => None,
        Window::Last(length) => Some(length),
    };
    let store = Arc::new(copy(context)?);
    let script = match &args.script {
        Some(path) => scripted(path, rulebook, begin + args.length)?,
        None => Vec::new(),
    };
    let plan = Plan { begin, length: args.length, replay, script };
    let mut bar = Bar::new(context.lang(), Text::new("messages", "сообщений"));
    let figures = simulate(&context.project(), rulebook, store, plan, &mut |progress| bar.show(&progress))?;
    drop(bar);
    match context.format() {
        Format::Json => context.say_json(&say::as_json(&figures)),
        Format::Text | Format::Short => context.say(&say::as_text(&figures, context.lang())),
    }
    Ok(ExitCode::SUCCESS)
}

/// The events of a file, up to the end of the simulation.
fn scripted(path: &Path, rulebook: &Rulebook, end: Time) -> Result<Vec<Event>, Failure> {
    let known = Known { events: &rulebook.catalogue.events, now: end, oldest: None, user: &|_| Ok(true) };
    read_events(path, &known).map_err(|error| Failure::new(error.text()))?.map_err(|(line, reason)| {
        let (path, reason) = (path.display(), reason.text());
        Failure::findings(Text::new(format!("{path}:{line}: {}", reason.en), format!("{path}:{line}: {}", reason.ru)))
    })
}

/// The store as it is now, in memory. A running engine writes a copy for us.
pub(super) fn copy(context: &Context) -> Result<MemoryStore, Failure> {
    let draft = Draft(std::path::absolute(context.data()?)?.join(format!(".copy-{}", std::process::id())));
    match context.ask_running(&Request::Backup { path: draft.0.clone() })? {
        Some(Reply::BackedUp(_)) => Ok(MemoryStore::of(&mut Reader::open(&draft.0)?)?),
        Some(_) => {
            Err(Failure::new(Text::new("the engine answered something else", "движок ответил не на тот вопрос")))
        }
        None => {
            let store: Arc<dyn Store> = context.open_store()?;
            Ok(MemoryStore::of(&mut *store.scan(&[], &[]))?)
        }
    }
}

/// A file that is gone when it was read.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let file: &Path = &self.0;
        let _ = std::fs::remove_file(file);
    }
}

fn length(text: &str) -> Result<TimeDelta, String> {
    match duration(text) {
        Some(length) if length <= LONGEST => Ok(length),
        Some(_) => Err("at most 366 days".to_owned()),
        None => Err("write a length of time such as `14 days` or `36 hours`".to_owned()),
    }
}

fn window(text: &str) -> Result<Window, String> {
    if text == "none" {
        return Ok(Window::None);
    }
    length(text).map(Window::Last)
}
