//! The wiring of a running engine: each part is built once, in this order, and
//! stopped in the opposite one.
//!
//! 1. the engine over the rulebook in force and the store (opened by the caller),
//!    which finds out whether it may send at all;
//! 2. the outbox, which recovers what an earlier process left;
//! 3. the control socket, through which commands reach the engine;
//! 4. the watch over the project's files;
//! 5. the HTTP server, if something needs it;
//! 6. the bot, which receives updates.
//!
//! A part that dies ends the process: nothing runs on half alive. When a backup
//! is put in force all parts but the store are stopped and built anew.

use crate::engine::arming::{Arming, Instance};
use crate::engine::errands::Errands;
use crate::engine::gates::Gates;
use crate::engine::payments::Refunds;
use crate::engine::restore::Changeover;
use crate::engine::{Engine, EngineError};
use crate::interface::bot::webhook::{self, Door};
use crate::interface::{bot, control, http, words};
use crate::model::{Clock, Text};
use crate::outbox::{Client, Notice, Outbox, OutboxOptions, Recovery};
use crate::rulebook::{Live, Mode, ReloadReport, Role, WatchGuard};
use crate::store::{Store, StoreError};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// How often sizes are noted and the store is looked at for wasted space.
const HOUSEKEEPING: Duration = Duration::from_secs(3_600);
/// How often the clock is looked at: what waits for a moment is so late at most.
const CLOCKWORK: Duration = Duration::from_secs(1);
/// Looks at the clock between two in which old things are forgotten and the
/// calendar of broadcasts is looked at.
const FORGETTING: u64 = 20;

/// What hears of reloads.
pub type OnReload = Box<dyn Fn(&Engine, &ReloadReport) + Send>;

/// What a running engine is made of.
pub struct AppOptions {
    /// The project's folder.
    pub project: PathBuf,
    /// The data folder, where the control socket goes.
    pub data: PathBuf,
    /// The rulebook in force.
    pub live: Arc<Live>,
    /// The opened store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The client of the Bot API.
    pub client: Client,
    /// Hears of every reload that a changed file brought.
    pub on_reload: OnReload,
}

/// A running engine.
pub struct App {
    /// The engine.
    pub engine: Arc<Engine>,
    /// What was found of an earlier process.
    pub recovery: Recovery,
    /// Whether it may send.
    pub arming: Arming,
    bot: JoinHandle<Result<(), EngineError>>,
    http: JoinHandle<std::io::Result<()>>,
    keeper: JoinHandle<()>,
    clockwork: JoinHandle<()>,
    errands: JoinHandle<()>,
    herald: JoinHandle<()>,
    stop: watch::Sender<bool>,
    changeovers: UnboundedReceiver<Changeover>,
    base: Base,
    _watch: WatchGuard,
    _control: control::Control,
}

/// What stays while everything else is stopped and built anew.
#[derive(Clone)]
struct Base {
    project: PathBuf,
    data: PathBuf,
    live: Arc<Live>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    client: Client,
    on_reload: Arc<Mutex<OnReload>>,
}

/// Why a running engine went on no further.
enum Ended {
    /// It was told to stop.
    Told,
    /// A backup is to be put in force.
    For(Changeover),
}

/// Why an engine did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The engine or one of its parts.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The control socket.
    #[error("the control socket in the data folder cannot be made: {0}")]
    Control(std::io::Error),
    /// The watch over the files.
    #[error("the project's files cannot be watched: {0}")]
    Watch(std::io::Error),
    /// The bot ended by a bug.
    #[error("the bot ended unexpectedly: {0}")]
    Bot(String),
    /// The HTTP server's address.
    #[error(transparent)]
    Listen(#[from] http::ListenError),
    /// The secret of the webhook.
    #[error("{}", .0.en)]
    Secret(Text),
    /// The HTTP server ended by itself.
    #[error("the HTTP server ended unexpectedly: {0}")]
    Http(String),
    /// The outbox's thread ended by itself.
    #[error("the outbox ended unexpectedly")]
    Outbox,
}

impl AppError {
    /// The error in both languages.
    pub fn text(&self) -> Text {
        let ru = match self {
            Self::Engine(error) => return error.text(),
            Self::Control(error) => format!("не удаётся создать управляющий сокет в папке данных: {error}"),
            Self::Watch(error) => format!("не удаётся следить за файлами проекта: {error}"),
            Self::Bot(reason) => format!("бот неожиданно остановился: {reason}"),
            Self::Listen(error) => return error.text(),
            Self::Secret(text) => return text.clone(),
            Self::Http(reason) => format!("сервер HTTP неожиданно остановился: {reason}"),
            Self::Outbox => "очередь отправки неожиданно остановилась".to_owned(),
        };
        Text::new(self.to_string(), ru)
    }
}

impl App {
    /// Builds and starts everything. To be called inside a runtime.
    pub fn start(options: AppOptions) -> Result<Self, AppError> {
        let AppOptions { project, data, live, store, clock, client, on_reload } = options;
        let client = client.with_files_of(&project).with_provider(provider_token(&live));
        let on_reload = Arc::new(Mutex::new(on_reload));
        Self::build(Base { project, data, live, store, clock, client, on_reload })
    }

    fn build(base: Base) -> Result<Self, AppError> {
        let Base { project, data, live, store, clock, client, on_reload } = base.clone();
        let engine = Arc::new(Engine::new(project, live.clone(), store.clone(), clock.clone())?);
        engine.install(Instance::here(&data, live.current().settings.instance.id.as_deref()))?;
        let arming = engine.settle_arming()?;
        engine.act();
        // Everybody is read before anything is sent or answered.
        engine.audience()?;
        engine.know_past()?;
        let (noticed, notices) = unbounded_channel();
        let gates = Gates::new(&engine, noticed);
        let (outbox, recovery) = Outbox::start(OutboxOptions {
            store,
            writer: engine.writer.clone(),
            client: client.clone(),
            runtime: tokio::runtime::Handle::current(),
            clock,
            prepare: Box::new(gates),
            limits: live.current().settings.limits,
            zone: live.current().settings.timezone.zone.clone(),
            armed: arming.lets_out(),
        })
        .map_err(EngineError::from)?;
        engine.go_live(outbox)?;
        engine.keep_edition()?;
        let (asked, changeovers) = unbounded_channel();
        engine.restart_through(asked)?;
        let control = control::serve(&data, engine.clone()).map_err(AppError::Control)?;
        let watch = watch_files(&live, engine.clone(), on_reload)?;
        let (stop, stopped) = watch::channel(false);
        let door = open_door(&engine)?;
        let http = serve_http(&engine, http::Parts { door: door.clone() }, stopped.clone())?;
        let bot = tokio::spawn(bot::run(engine.clone(), client.clone(), door, stopped));
        let keeper = tokio::spawn(keep_house(engine.clone()));
        let clockwork = tokio::spawn(pass_time(engine.clone()));
        let errands = Errands::new(engine.clone(), data, Box::new(|name| std::env::var(name).ok()))?;
        let refunds = Refunds::new(engine.clone(), client.clone());
        let errands = tokio::spawn(run_errands(Arc::new(errands), refunds));
        let herald = tokio::spawn(tell_admins(engine.clone(), notices));
        Ok(Self {
            engine,
            recovery,
            arming,
            bot,
            http,
            keeper,
            clockwork,
            errands,
            herald,
            stop,
            changeovers,
            base,
            _watch: watch,
            _control: control,
        })
    }

    /// Runs until `shutdown` is over or a part dies, then stops everything.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), AppError> {
        let mut shutdown = pin!(shutdown);
        loop {
            let ended = tokio::select! {
                () = &mut shutdown => Ok(Ended::Told),
                ended = &mut self.bot => bot_ended(ended).map(|()| Ended::Told),
                ended = &mut self.http => Err(AppError::Http(http_ended(ended))),
                () = outbox_ended(&self.engine) => Err(AppError::Outbox),
                Some(changeover) = self.changeovers.recv() => Ok(Ended::For(changeover)),
            };
            let base = self.base.clone();
            self.stop().await;
            match ended? {
                Ended::Told => return Ok(()),
                Ended::For(changeover) => self = changed_over(base, changeover).await?,
            }
        }
    }

    /// Stops everything: nothing new is leased, what is under way is awaited
    /// and written.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        self.keeper.abort();
        self.clockwork.abort();
        self.errands.abort();
        self.herald.abort();
        if !self.http.is_finished() {
            let _ = self.http.await;
        }
        if !self.bot.is_finished() {
            let _ = self.bot.await;
        }
        let engine = self.engine;
        let _ = tokio::task::spawn_blocking(move || engine.stop()).await;
    }
}

/// What the payment provider knows the bot by, if the settings name a variable
/// that holds it.
fn provider_token(live: &Live) -> Option<String> {
    let name = live.current().settings.payments.provider_token_env.clone()?;
    let token = std::env::var(&name).ok().filter(|token| !token.is_empty());
    if token.is_none() {
        tracing::warn!(
            variable = name,
            "the token of the payment provider is not set: invoices in roubles are refused"
        );
    }
    token
}

/// Puts what was staged in force and builds everything over it; if that fails,
/// over what was in force before.
async fn changed_over(base: Base, changeover: Changeover) -> Result<App, AppError> {
    let store = base.store.clone();
    let adopted = match tokio::task::spawn_blocking(move || store.whole().adopt()).await {
        Ok(adopted) => adopted.map_err(|error| error.text()),
        Err(error) => Err(Text::same(error.to_string())),
    };
    match App::build(base) {
        Ok(app) => {
            tracing::info!(restored = adopted.is_ok(), "the engine is running again");
            changeover.tell(adopted);
            Ok(app)
        }
        Err(error) => {
            changeover.tell(Err(error.text()));
            Err(error)
        }
    }
}

/// Where Telegram brings updates, if it does.
fn open_door(engine: &Engine) -> Result<Option<Door>, AppError> {
    let settings = engine.live.current().settings.telegram.clone();
    match settings.mode {
        Mode::Polling => return Ok(None),
        Mode::Webhook => {}
    }
    let secret = match settings.secret_env {
        Some(name) => std::env::var(&name).ok().filter(|secret| webhook::is_secret(secret)).ok_or_else(|| {
            AppError::Secret(Text::new(
                format!("the environment variable {name} holds no secret: 1–256 letters, digits, `_` and `-`"),
                format!("в переменной окружения {name} нет секрета: 1–256 латинских букв, цифр, `_` и `-`"),
            ))
        })?,
        None => webhook::secret(engine).map_err(|error| AppError::Secret(Text::same(error.to_string())))?,
    };
    Ok(Some(Door::new(&secret)))
}

/// The HTTP server, if there is anything to serve.
fn serve_http(
    engine: &Engine,
    parts: http::Parts,
    stop: watch::Receiver<bool>,
) -> Result<JoinHandle<std::io::Result<()>>, AppError> {
    if parts.is_empty() {
        return Ok(tokio::spawn(idle(stop)));
    }
    let listener = http::listen(engine.live.current().settings.http.listen)?;
    Ok(tokio::spawn(http::serve(listener, parts, stop)))
}

async fn idle(mut stop: watch::Receiver<bool>) -> std::io::Result<()> {
    drop(stop.wait_for(|stop| *stop).await);
    Ok(())
}

fn watch_files(live: &Arc<Live>, engine: Arc<Engine>, on_reload: Arc<Mutex<OnReload>>) -> Result<WatchGuard, AppError> {
    let changed = move |report: &ReloadReport| {
        engine.take_over();
        let on_reload = on_reload.lock().unwrap_or_else(PoisonError::into_inner);
        on_reload(&engine, report);
    };
    live.watch(changed).map_err(AppError::Watch)
}

/// Tells the engine that time passes.
async fn pass_time(engine: Arc<Engine>) {
    let mut tick = tokio::time::interval(CLOCKWORK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for look in 0u64.. {
        tick.tick().await;
        if let Err(error) = engine.pass_time().await {
            tracing::warn!(%error, "what depends on time waits: the store cannot be written");
        }
        if !look.is_multiple_of(FORGETTING) {
            continue;
        }
        if let Err(error) = engine.forget().await {
            tracing::warn!(%error, "what is too old could not be forgotten; tried again");
        }
        let engine = engine.clone();
        match tokio::task::spawn_blocking(move || engine.run_calendar()).await {
            Ok(Ok(()) | Err(EngineError::Store(StoreError::Closed))) => {}
            Ok(Err(error)) => tracing::warn!(%error, "broadcasts that start by themselves wait; tried again"),
            Err(error) => tracing::error!(%error, "the calendar ended by a bug; tried again"),
        }
    }
}

/// Does what rules and tasks have asked for. Webhooks and the rest do not wait for
/// each other, and the clock waits for neither.
async fn run_errands(errands: Arc<Errands>, mut refunds: Refunds) {
    let ticking = || {
        let mut tick = tokio::time::interval(CLOCKWORK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tick
    };
    let chores = async {
        let mut tick = ticking();
        loop {
            tick.tick().await;
            said("what tasks ask for", errands.run_chores().await);
        }
    };
    let webhooks = async {
        let mut tick = ticking();
        loop {
            tick.tick().await;
            said("webhooks", errands.run_webhooks().await);
        }
    };
    let refunds = async {
        let mut tick = ticking();
        loop {
            tick.tick().await;
            said("refunds", refunds.run().await);
        }
    };
    tokio::join!(chores, webhooks, refunds);
}

fn said(what: &str, done: Result<(), EngineError>) {
    match done {
        Ok(()) | Err(EngineError::Store(StoreError::Closed)) => {}
        Err(error) => tracing::warn!(%error, what, "put off: the store cannot be used"),
    }
}

/// Tells the admins what the outbox noticed.
async fn tell_admins(engine: Arc<Engine>, mut notices: UnboundedReceiver<Notice>) {
    while let Some(notice) = notices.recv().await {
        let text = words::notice(&notice);
        tracing::info!("{}", text.en);
        // who wants to know how it went looks at the figures
        if let Notice::Ended { .. } = notice {
            continue;
        }
        if let Err(error) = engine.tell_admins(Role::Operator, &text).await {
            tracing::warn!(%error, "the admins were not told");
        }
    }
}

/// Notes the sizes of segments and gives wasted space of the store back, now
/// and then.
async fn keep_house(engine: Arc<Engine>) {
    let mut tick = tokio::time::interval(HOUSEKEEPING);
    for round in 0u64.. {
        tick.tick().await;
        let engine = engine.clone();
        let work = move || {
            match engine.note_segment_sizes() {
                Ok(()) | Err(EngineError::Store(StoreError::Closed)) => {}
                Err(error) => tracing::warn!(%error, "the sizes of segments could not be noted; tried again later"),
            }
            said("marks of updates that a webhook brought", engine.forget_delivered());
            // the store was tidied when it was opened
            if round == 0 { Ok(false) } else { engine.store.tidy() }
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(true)) => tracing::info!("the store was rewritten to give space back"),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the store could not give space back; tried again later"),
            Err(error) => tracing::error!(%error, "housekeeping ended by a bug"),
        }
    }
}

fn bot_ended(ended: Result<Result<(), EngineError>, tokio::task::JoinError>) -> Result<(), AppError> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.into()),
        Err(error) => Err(AppError::Bot(error.to_string())),
    }
}

fn http_ended(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> String {
    match ended {
        Ok(Ok(())) => "it stopped by itself".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    }
}

async fn outbox_ended(engine: &Engine) {
    match engine.outbox() {
        Some(outbox) => outbox.ended().await,
        None => std::future::pending().await,
    }
}
