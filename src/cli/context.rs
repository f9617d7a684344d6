//! What all commands share: where the project is, how to print, and how to
//! reach the engine or open the project without one.

use super::{Format, Global};
use crate::app::AppError;
use crate::clock::SystemClock;
use crate::diagnostic::render::{Style, render};
use crate::engine::arming::Instance;
use crate::engine::command::{Reply, Request};
use crate::engine::editions::RollbackError;
use crate::engine::{Engine, EngineError};
use crate::import::Progress;
use crate::interface::control;
use crate::model::{Lang, Text, Time};
use crate::outbox::ClientError;
use crate::rulebook::Live;
use crate::rulebook::{Loaded, OpenError, load};
use crate::sandbox::SandboxError;
use crate::store::sled::SledStore;
use crate::store::{Store, StoreError};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The command line's global arguments, resolved.
pub struct Context {
    global: Global,
    /// The rule files as they were when first asked for.
    loaded: OnceLock<Result<Loaded, Text>>,
}

/// Why a command could not do its work, and the exit code that says so.
#[derive(Debug)]
pub struct Failure {
    text: Text,
    code: u8,
    is_locked: bool,
}

/// How long a command waits for an engine that holds the data folder and does
/// not answer, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

impl Failure {
    /// The command could not do its work: exit code 2.
    pub fn new(text: Text) -> Self {
        Self { text, code: 2, is_locked: false }
    }

    /// There were findings, printed already or in `text`: exit code 1.
    pub fn findings(text: Text) -> Self {
        Self { text, code: 1, is_locked: false }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let is_locked = matches!(error, StoreError::Locked { .. });
        Self { is_locked, ..Self::new(error.text()) }
    }
}

/// Errors that say the same in both languages: a system's or a library's words.
macro_rules! failure_from {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(Text::same(error.to_string()))
            }
        }
    )+};
}

failure_from!(std::io::Error, ClientError, OpenError);

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::new(error.text())
    }
}

impl From<RollbackError> for Failure {
    fn from(error: RollbackError) -> Self {
        match error {
            RollbackError::Store(error) => error.into(),
            error => Self::new(error.text()),
        }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::new(error.text())
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Self {
        Self::new(error.text())
    }
}

impl Context {
    /// A context from the arguments.
    pub fn new(global: Global) -> Self {
        Self { global, loaded: OnceLock::new() }
    }

    /// The project's folder.
    pub fn project(&self) -> PathBuf {
        self.global.project.clone()
    }

    /// How to print.
    pub fn format(&self) -> Format {
        self.global.format
    }

    /// The language of output: `--lang`, else the settings', else English.
    pub fn lang(&self) -> Lang {
        match self.global.lang {
            Some(lang) => lang.into(),
            None => self.loaded().map_or(Lang::En, |loaded| loaded.language),
        }
    }

    /// `--lang`, if it was given.
    pub fn lang_argument(&self) -> Option<Lang> {
        self.global.lang.map(Lang::from)
    }

    /// The project's time zone; UTC while its files have errors.
    pub fn zone(&self) -> jiff::tz::TimeZone {
        let zone = self.loaded().ok().and_then(|l| l.rulebook.as_ref().map(|r| r.settings.timezone.zone.clone()));
        zone.unwrap_or(jiff::tz::TimeZone::UTC)
    }

    /// A time as people write it, in the project's time zone.
    pub fn time(&self, text: &str) -> Result<Time, Failure> {
        match parse_time(text, &self.zone()) {
            Some(time) => Ok(time),
            None => Err(Failure::new(Text::new(
                format!("`{text}` is not a time; write 2026-03-01, \"2026-03-01 12:00\" or 2026-03-01T12:00:00Z"),
                format!("`{text}` — не время; пишите 2026-03-01, \"2026-03-01 12:00\" или 2026-03-01T12:00:00Z"),
            ))),
        }
    }

    /// The rule files, loaded once.
    pub fn loaded(&self) -> Result<&Loaded, Failure> {
        let loaded = self.loaded.get_or_init(|| load(&self.global.project).map_err(|error| error.text()));
        loaded.as_ref().map_err(|text| Failure::new(text.clone()))
    }

    /// The data folder.
    pub fn data(&self) -> Result<PathBuf, Failure> {
        match &self.global.data {
            Some(data) => Ok(data.clone()),
            None => Ok(self.global.project.join(&self.loaded()?.data)),
        }
    }

    /// Whether an engine answers on the data folder.
    pub fn is_engine_running(&self) -> bool {
        self.data().is_ok_and(|data| control::is_served(&data))
    }

    /// Asks the running engine; `None` if there is none.
    pub fn ask_running(&self, request: &Request) -> Result<Option<Reply>, Failure> {
        let mut bar = Bar::new(self.lang(), rows());
        match control::ask(&self.data()?, request, &mut |progress| bar.show(&progress)) {
            None => Ok(None),
            Some(Ok(Ok(reply))) => Ok(Some(reply)),
            Some(Ok(Err(text))) => Err(Failure::new(text)),
            Some(Err(error)) => Err(Failure::from(error)),
        }
    }

    /// Opens the store for an engine. A command may be using it for a moment;
    /// that is waited for.
    pub fn open_store(&self) -> Result<Arc<dyn Store>, Failure> {
        let data = self.data()?;
        let begun = Instant::now();
        loop {
            match SledStore::open(&data) {
                Err(StoreError::Locked { .. }) if begun.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                opened => return Ok(Arc::new(opened?)),
            }
        }
    }

    /// Asks the running engine, or else opens the project and asks that. An
    /// engine that is just starting or stopping holds the data folder without
    /// answering: it is waited for.
    pub fn ask(&self, request: Request) -> Result<Reply, Failure> {
        self.ask_or(&request, || {
            let engine = self.open()?;
            let mut bar = Bar::new(self.lang(), rows());
            let reply = engine.execute(request.clone(), &mut |progress| bar.show(&progress));
            engine.stop();
            reply.map_err(|error| Failure::new(error.text()))
        })
    }

    /// The same with another way to do it without an engine.
    pub fn ask_or(&self, request: &Request, closed: impl Fn() -> Result<Reply, Failure>) -> Result<Reply, Failure> {
        let patience = Instant::now();
        loop {
            if let Some(reply) = self.ask_running(request)? {
                return Ok(reply);
            }
            match closed() {
                Err(failure) if failure.is_locked && patience.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
                answered => return answered,
            }
        }
    }

    /// Refuses to go on without a data folder: a question must not make one.
    pub fn needs_data(&self) -> Result<(), Failure> {
        let data = self.data()?;
        if data.is_dir() {
            return Ok(());
        }
        let data = data.display();
        Err(Failure::new(Text::new(
            format!("there is no data folder {data} yet: import users with `vestnik import FILE`, or start the engine"),
            format!("папки данных {data} ещё нет: загрузите людей командой `vestnik import ФАЙЛ` или запустите движок"),
        )))
    }

    /// Opens the project and its store, without sending anything.
    pub fn open(&self) -> Result<Arc<Engine>, Failure> {
        let live = self.live()?;
        let data = self.data()?;
        let store: Arc<dyn Store> = Arc::new(SledStore::open(&data)?);
        let here = Instance::here(&data, live.current().settings.instance.id.as_deref());
        let engine = Engine::new(self.project(), live, store, Arc::new(SystemClock::new()))?;
        engine.install(here)?;
        Ok(Arc::new(engine))
    }

    /// The live rulebook; one with errors is printed and ends in exit code 1.
    pub fn live(&self) -> Result<Arc<Live>, Failure> {
        let loaded = self.loaded()?;
        if loaded.rulebook.is_none() {
            self.complain(&format!("{}\n", render(&loaded.diagnostics, &loaded.sources, self.lang(), self.style())));
            return Err(Failure::findings(Text::new(
                "the rule files have errors; `vestnik check` shows them all",
                "в файлах правил ошибки; все покажет `vestnik check`",
            )));
        }
        Ok(Arc::new(Live::open(&self.global.project, Arc::new(SystemClock::new()))?))
    }

    /// The style of diagnostics.
    pub fn style(&self) -> Style {
        match self.global.format {
            Format::Text => Style::Text { colour: std::io::stdout().is_terminal() },
            Format::Short => Style::Short,
            Format::Json => Style::Json,
        }
    }

    /// Prints to standard output.
    pub fn say(&self, text: &str) {
        print(text);
    }

    /// Prints JSON to standard output.
    pub fn say_json(&self, value: &serde_json::Value) {
        self.say(&format!("{value:#}\n"));
    }

    /// Prints a remark to standard error.
    pub fn note(&self, text: &Text) {
        self.complain(&format!("{}\n", text.get(self.lang())));
    }

    /// Prints to standard error.
    pub fn complain(&self, text: &str) {
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// Prints why a command failed, and gives its exit code.
    pub fn fail(&self, failure: &Failure) -> ExitCode {
        let lang = self.lang();
        let word = Text::new("error", "ошибка");
        self.complain(&format!("{}: {}\n", word.get(lang), failure.text.get(lang)));
        ExitCode::from(failure.code)
    }

    /// Sends the log to standard error: everything worth knowing for an engine,
    /// warnings for other commands.
    pub fn start_log(&self, is_engine: bool) {
        let level = if is_engine { tracing::Level::INFO } else { tracing::Level::WARN };
        let _ = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .try_init();
    }
}

/// Prints to standard output; a closed pipe ends the printing quietly.
pub fn print(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A progress bar on a terminal, nothing elsewhere.
pub struct Bar {
    bar: Option<ProgressBar>,
    lang: Lang,
    /// What is counted.
    what: Text,
}

impl Bar {
    /// A bar that is not to be seen before something is shown.
    pub fn new(lang: Lang, what: Text) -> Self {
        Self { bar: None, lang, what }
    }

    /// Shows how far it is.
    pub fn show(&mut self, progress: &Progress) {
        let what = self.what.get(self.lang);
        let bar = self.bar.get_or_insert_with(|| new_bar(progress, what));
        bar.set_position(progress.done);
        bar.set_message(crate::interface::words::grouped(progress.rows));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn rows() -> Text {
    Text::new("rows", "строк")
}

fn new_bar(progress: &Progress, rows: &str) -> ProgressBar {
    let (bar, template) = match progress.total {
        Some(total) => (ProgressBar::new(total), format!("{{bar:40}} {{percent}} % · {{msg}} {rows} · {{eta}}")),
        None => (ProgressBar::new_spinner(), format!("{{spinner}} {{msg}} {rows}")),
    };
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

fn parse_time(text: &str, zone: &jiff::tz::TimeZone) -> Option<Time> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Time(at.as_millisecond()));
    }
    let civil =
        text.parse::<jiff::civil::DateTime>().or_else(|_| text.parse::<jiff::civil::Date>().map(|d| d.at(0, 0, 0, 0)));
    Some(Time(zone.to_ambiguous_zoned(civil.ok()?).compatible().ok()?.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_projects_zone() {
        let moscow = jiff::tz::TimeZone::get("Europe/Moscow").unwrap();
        for (text, expected) in [
            ("2026-03-01T09:00:00Z", Some("2026-03-01T09:00:00Z")),
            ("2026-03-01 12:00", Some("2026-03-01T09:00:00Z")),
            ("2026-03-01", Some("2026-02-28T21:00:00Z")),
            ("2026-03-01T12:00+05:00", Some("2026-03-01T07:00:00Z")),
            ("tomorrow", None),
        ] {
            assert_eq!(parse_time(text, &moscow).map(Time::rfc3339).as_deref(), expected, "{text}");
        }
    }
}
