//! The parts of a demonstration: its folder, users, Bot API and engine.

use crate::app::{App, AppOptions};
use crate::cli::context::Failure;
use crate::cli::{import as import_words, init, segments};
use crate::clock::SystemClock;
use crate::diagnostic::render::{Style, render};
use crate::engine::Engine;
use crate::import::generate::{MAP, SAMPLE_NOW, SAMPLE_SEED, fill};
use crate::import::{ImportOptions, ImportReport, import};
use crate::model::{Clock, Lang, Profile, Text, builtin};
use crate::outbox::Client;
use crate::rulebook::{Live, Outcome, ReloadReport};
use crate::sandbox::{ChatState, DEFAULT_TOKEN, Limits, NewChat, Running, Sandbox, SandboxOptions};
use crate::store::sled::SledStore;
use crate::store::{Journal, Profiles, Store, Writer};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a demonstration lives; made anew each time.
const FOLDER: &str = "vestnik-demo";
/// Says that the folder is a demonstration's and may be removed.
const MARKER: &str = ".vestnik-demo";
/// The sample's users, as an old bot's database.
const USERS: &[u8] = include_bytes!("../../../tests/data/users.db");
/// The chat of the project's owner in the local Bot API.
const OWNER: i64 = 1;

/// A demonstration that is running.
pub struct Stage {
    pub app: App,
    pub sandbox: Sandbox,
    running: Running,
    folder: PathBuf,
}

impl Stage {
    /// Builds everything and tells of each step.
    pub async fn build(users: Option<u64>, lang: Lang, say: &dyn Fn(Text)) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::starting_at(SAMPLE_NOW));
        say(Text::new(
            "Vestnik demo. Its clock starts at 2026-03-01 12:00 in Moscow.",
            "Демонстрация Vestnik. Её часы начинают с 2026-03-01 12:00 по Москве.",
        ));
        let folder = fresh_folder(Path::new(FOLDER), lang)?;
        say(Text::new(format!("project   {FOLDER}/"), format!("проект    {FOLDER}/")));
        let live = Arc::new(Live::open(&folder, clock.clone())?);
        let data = folder.join(&live.current().settings.data);
        let store: Arc<dyn Store> = Arc::new(SledStore::open(&data)?);
        let report = take_users(&folder, users, &live, &store)?;
        let told = [Lang::En, Lang::Ru].map(|lang| import_words::render(&report, lang));
        say(Text::new(format!("users     {}", told[0].trim_end()), format!("люди      {}", told[1].trim_end())));
        let running = start_sandbox(clock.clone(), &live, &store).await?;
        let url = running.url();
        say(Text::new(
            format!("bot API   {url}/ (open it to see the chats)"),
            format!("Bot API   {url}/ (откройте, чтобы увидеть чаты)"),
        ));
        let app = App::start(AppOptions {
            project: folder.clone(),
            data,
            live,
            store,
            clock,
            client: Client::new(&url, DEFAULT_TOKEN)?,
            on_reload: Box::new(move |engine, report| show_reload(engine, report, lang)),
        })?;
        let sandbox = running.sandbox().clone();
        Ok(Self { app, sandbox, running, folder })
    }

    /// What a person may do now.
    pub fn invitation(&self) -> Text {
        let (url, folder) = (self.running.url(), self.folder.display());
        Text::new(
            format!(
                "\nedit {folder}/rules/segments.yaml and watch: this engine takes the change over at once\n\
                 see what a user sees: {url}/\n\
                 be the admin: {url}/chat/{OWNER} answers /status and /reload\n\
                 in another terminal: vestnik --project {folder} broadcast start vip_thanks\n\
                 Ctrl-C ends the demo"
            ),
            format!(
                "\nправьте {folder}/rules/segments.yaml и смотрите: движок сразу подхватит изменения\n\
                 что видит пользователь: {url}/\n\
                 за администратора: {url}/chat/{OWNER} отвечает на /status и /reload\n\
                 в другом терминале: vestnik --project {folder} broadcast start vip_thanks\n\
                 Ctrl-C — завершить"
            ),
        )
    }

    /// Goes on until `shutdown` is over.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), Failure> {
        let Self { app, running, .. } = self;
        app.run(shutdown).await?;
        running.stop();
        Ok(())
    }

    /// Stops everything.
    pub async fn close(self) {
        self.app.stop().await;
        self.running.stop();
    }
}

/// The sample project in an empty folder of its own.
fn fresh_folder(folder: &Path, lang: Lang) -> Result<PathBuf, Failure> {
    if folder.exists() && !folder.join(MARKER).exists() {
        return Err(Failure::new(Text::new(
            format!("{FOLDER}/ is here already and is not a demo's: move it away first"),
            format!("папка {FOLDER}/ уже есть, и она не от демонстрации: сначала уберите её"),
        )));
    }
    if is_running(folder) {
        return Err(Failure::new(Text::new(
            format!("a demo is running in {FOLDER}/: end it first, or start this one in another folder"),
            format!("в {FOLDER}/ уже идёт демонстрация: завершите её или запустите эту в другой папке"),
        )));
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    init::write(folder, lang)?;
    std::fs::write(folder.join(MARKER), "made anew by every `vestnik demo`\n")?;
    let settings = folder.join("vestnik.yaml");
    let text = std::fs::read_to_string(&settings)?;
    std::fs::write(&settings, text.replace("admins: {}", &format!("admins: {{{OWNER}: owner}}")))?;
    // a demonstration at night is one too
    let policy = folder.join("rules/policy.yaml");
    let text = std::fs::read_to_string(&policy)?;
    let awake = text.lines().filter(|line| !line.trim_start().starts_with("quiet_hours:"));
    std::fs::write(&policy, awake.map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(folder.to_owned())
}

/// Whether the store of an earlier demonstration is still open.
fn is_running(folder: &Path) -> bool {
    let lock = std::fs::File::open(folder.join("data/lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

fn take_users(folder: &Path, users: Option<u64>, live: &Live, store: &Arc<dyn Store>) -> Result<ImportReport, Failure> {
    let writer = Writer::spawn(&Journal::open(store.clone())?)?;
    let schema = live.current().schema.clone();
    let report = match users {
        Some(n) => fill(n, SAMPLE_SEED, SAMPLE_NOW, &schema, &writer, &mut |_| {}),
        None => {
            let path = folder.join("users.db");
            std::fs::write(&path, USERS)?;
            let map = MAP.map(|(column, field)| (column.to_owned(), field.to_owned())).to_vec();
            import(&ImportOptions { path, map, ..ImportOptions::default() }, &schema, &writer, &mut |_| {})
        }
    };
    writer.close();
    report.map_err(|error| Failure::new(error.text()))
}

/// A Bot API that knows all users; about one in twenty cannot be reached.
async fn start_sandbox(clock: Arc<dyn Clock>, live: &Live, store: &Arc<dyn Store>) -> Result<Running, Failure> {
    let options = SandboxOptions { limits: Limits::Telegram, clock, ..SandboxOptions::default() };
    let running = Sandbox::start(options).await?;
    let mut chats = vec![NewChat::user(OWNER, "Admin", ChatState::Active)];
    Profiles::new(&Journal::open(store.clone())?).for_each(&live.current().schema, |profile| {
        chats.push(chat(profile));
        ControlFlow::Continue(())
    })?;
    running.sandbox().add_chats(chats);
    Ok(running)
}

fn chat(profile: &Profile) -> NewChat {
    let id = profile.user().0;
    let state = match id.unsigned_abs() % 67 {
        0 | 1 => ChatState::Blocked,
        2 => ChatState::Deactivated,
        _ => ChatState::Active,
    };
    NewChat::user(id, profile.text(builtin::FIRST_NAME).unwrap_or("?"), state)
}

fn show_reload(engine: &Engine, report: &ReloadReport, lang: Lang) {
    let shown = match &report.outcome {
        Outcome::Unchanged => {
            let mended = Text::new(
                "the mistakes are gone; in force is still rulebook",
                "ошибок больше нет; действует прежняя редакция",
            );
            format!("\n{} {}\n", mended.get(lang), engine.live.current().version)
        }
        Outcome::Accepted { version, .. } => match engine.segment_counts(None) {
            Ok(counts) => {
                let head =
                    Text::new(format!("rulebook {version} is in force:"), format!("действует редакция {version}:"));
                format!("\n{}\n{}", head.get(lang), segments::render(&counts, lang))
            }
            Err(error) => error.to_string(),
        },
        Outcome::Refused => {
            let stays = Text::new("the last good rulebook stays in force", "действует последняя верная редакция");
            let findings = render(&report.diagnostics, &report.sources, lang, Style::Text { colour: false });
            format!("\n{findings}{}\n", stays.get(lang))
        }
        Outcome::Unreadable { reason } => reason.clone(),
    };
    crate::cli::context::print(&shown);
}
