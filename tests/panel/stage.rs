//! A project, its engine over a clock that stands still, and a chat in which an
//! admin presses and writes; what is seen is written down.

use std::fmt::Write;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use vestnik::app::{App, AppOptions};
use vestnik::clock::ManualClock;
use vestnik::engine::Engine;
use vestnik::model::{Patch, Time, UserId, Value};
use vestnik::outbox::Client;
use vestnik::rulebook::Live;
use vestnik::sandbox::{ChatState, DEFAULT_TOKEN, NewChat, Received, Running, Sandbox, SandboxOptions};
use vestnik::store::Transaction;
use vestnik::store::memory::MemoryStore;

/// Long enough for a machine that does much else.
const LIMIT: Duration = Duration::from_secs(60);

const SETTINGS: &str = "timezone: Europe/Moscow\n\
    language: en\n\
    admins: {1: owner, 2: operator, 3: author, 4: viewer}\n\
    limits: {bot: off, chat: off}\n";

const RULES: &str = "profile:
  balance: {type: int}
  subscription_until: {type: time}
segments:
  vip: {title: {en: Regulars <3, ru: Постоянные <3}, if: balance > 10}
rules:
  thanks: {title: {en: Thank you, ru: Спасибо}, when: event payment, then: [{send: hello}]}
  expires_soon: {when: 3 days before subscription_until, then: [{send: {template: hello, transactional: true}}]}
  greet: {when: user returns, then: [{send: {experiment: greeting, control: hello, short: short}}]}
drips:
  onboarding: {when: event payment, steps: [first: {send: hello}]}
tasks:
  weekly: {when: every monday at 10:00, then: [{report: {period: 7 days, to: admins}}]}
experiments:
  greeting: {variants: {control: 50, short: 50}, goal: event payment within 3 days}
broadcasts:
  offer: {to: segment(vip), send: hello}
  asked: {to: segment(vip), send: short, ask_first: true}
";

/// The project's folder, its engine, and the chats.
pub struct Stage {
    folder: TempDir,
    running: Running,
    app: Option<App>,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    client: Client,
    pub runtime: tokio::runtime::Runtime,
}

/// A chat, the message of the panel in it, and all that was seen.
pub struct Talk<'a> {
    stage: &'a Stage,
    chat: i64,
    message: i32,
    pub seen: String,
}

impl Stage {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("vestnik.yaml", SETTINGS),
            ("rules/a.yaml", RULES),
            ("templates/hello.en.html", "Hello, {{ user.first_name | default(\"friend\") }}!\n"),
            ("templates/short.en.html", "Hi!\n"),
        ] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir(folder.path().join("data")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let running = runtime.block_on(Sandbox::start(SandboxOptions::default())).unwrap();
        let noon = "2026-03-02T09:00:00Z".parse::<jiff::Timestamp>().unwrap();
        let clock = Arc::new(ManualClock::new(Time(noon.as_millisecond())));
        let client = Client::new(&running.url(), DEFAULT_TOKEN).unwrap();
        let mut stage = Self { folder, running, app: None, store: Arc::default(), clock, client, runtime };
        stage.start();
        let people = [("Owner", 1), ("Operator", 2), ("Author", 3), ("Viewer", 4), ("Stranger", 5)];
        let person = |(name, id): (&str, i64)| NewChat::user(id, name, ChatState::Active);
        stage.sandbox().add_chats(people.map(person));
        stage.set(
            41,
            &[
                ("first_name", Value::text("Ann <b>&")),
                ("username", Value::text("Ann_41")),
                ("balance", Value::Int(30)),
            ],
        );
        stage.set(42, &[("first_name", Value::text("Боб")), ("balance", Value::Int(11))]);
        stage.set(43, &[("first_name", Value::text("Cy")), ("balance", Value::Int(0))]);
        stage
    }

    fn start(&mut self) {
        let project = self.folder.path();
        let options = AppOptions {
            project: project.to_owned(),
            data: project.join("data"),
            live: Arc::new(
                Live::open(project, self.clock.clone())
                    .unwrap_or_else(|error| panic!("{}", format!("{error:?}").chars().take(600).collect::<String>())),
            ),
            store: self.store.clone(),
            clock: self.clock.clone(),
            client: self.client.clone(),
            on_reload: Box::new(|_, _| {}),
        };
        self.app = Some(self.runtime.block_on(async { App::start(options).unwrap() }));
    }

    /// Stops the engine and starts another over the same store.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            self.runtime.block_on(app.stop());
        }
    }

    pub fn engine(&self) -> &Engine {
        &self.app.as_ref().unwrap().engine
    }

    pub fn sandbox(&self) -> &Sandbox {
        self.running.sandbox()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub fn rules(&self) -> &'static str {
        RULES
    }

    fn set(&self, id: i64, fields: &[(&str, Value)]) {
        let patch = fields.iter().fold(Patch::default(), |patch, (name, value)| patch.with(*name, value.clone()));
        let patches = vec![(UserId(id), patch)];
        self.engine().writer.commit(Transaction { patches, ..Transaction::default() }).unwrap();
    }

    /// The conversation of a person whose Telegram speaks this language.
    pub fn talk(&self, chat: i64, language: &str) -> Talk<'_> {
        let name = ["Nobody", "Owner", "Operator", "Author", "Viewer", "Stranger"][usize::try_from(chat).unwrap_or(0)];
        let new = NewChat { language_code: Some(language.into()), ..NewChat::user(chat, name, ChatState::Active) };
        self.sandbox().add_chats([new]);
        Talk { stage: self, chat, message: 0, seen: String::new() }
    }

    /// Has the bot show a button of this data, as an earlier version of it may
    /// have; the message.
    pub fn forge(&self, chat: i64, data: &str) -> i32 {
        let body = serde_json::json!({
            "chat_id": chat, "text": "x",
            "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": data}]]},
        });
        let sent = self.runtime.block_on(self.client.ask("sendMessage", &body, Duration::from_secs(10))).unwrap();
        i32::try_from(sent["message_id"].as_i64().unwrap()).unwrap()
    }

    /// Presses and waits for the answer: its text.
    pub fn press(&self, chat: i64, message: i32, data: &str) -> String {
        let query = self.sandbox().press(chat, message, data).unwrap();
        wait("an answer to the press", || self.sandbox().press_answer(&query).is_some());
        self.sandbox().press_answer(&query).unwrap()
    }

    /// Has the bot find an update that the sandbox cannot bring about, as if an
    /// earlier process had left it.
    pub fn slip_in(&mut self, mut update: serde_json::Value) {
        update["update_id"] = 1.into();
        let raw = update.to_string().into_bytes();
        self.runtime.block_on(self.engine().store_updates(&[(1, raw)])).unwrap();
        self.restart();
        self.settle();
    }

    /// Waits until the bot has handled everything that it was told.
    pub fn settle(&self) {
        wait("the updates", || {
            let mut waiting = self.sandbox().pending_updates();
            self.engine().each_pending_update(|_, _| waiting += 1).unwrap();
            waiting == 0
        });
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Talk<'_> {
    /// Writes, and waits for the answer.
    pub fn says(&mut self, text: &str) -> &mut Self {
        let before = self.stage.sandbox().received(self.chat).iter().filter(|one| !one.buttons.is_empty()).count();
        self.stage.sandbox().user_says(self.chat, text).unwrap();
        let screens = || self.stage.sandbox().received(self.chat).iter().filter(|one| !one.buttons.is_empty()).count();
        wait("an answer", || screens() > before);
        let with_buttons = |one: &Received| !one.buttons.is_empty();
        let last = self.stage.sandbox().received(self.chat).into_iter().rfind(with_buttons).unwrap();
        self.message = last.message_id;
        let _ = writeln!(self.seen, "=== {text}\n{}", drawn(&last));
        self
    }

    /// Presses the button that has this label, and waits for what comes of it.
    pub fn presses(&mut self, label: &str) -> &mut Self {
        let now = self.screen();
        let found = now.buttons.concat().into_iter().find(|(text, _)| text == label);
        let (_, data) = found.unwrap_or_else(|| panic!("no button `{label}`:\n{}", drawn(&now)));
        let notice = self.stage.press(self.chat, self.message, &data);
        let notice = if notice.is_empty() { notice } else { format!("({notice})\n") };
        let _ = writeln!(self.seen, "=== [{label}]\n{notice}{}", drawn(&self.screen()));
        self
    }

    /// The same for a screen that was seen before.
    pub fn returns(&mut self, label: &str) -> &mut Self {
        let seen = self.seen.len();
        self.presses(label);
        self.seen.truncate(seen);
        self
    }

    /// The panel's message as it is.
    pub fn screen(&self) -> Received {
        let all = self.stage.sandbox().received(self.chat);
        all.into_iter().find(|one| one.message_id == self.message).unwrap()
    }
}

/// A message as people see it: text, then rows of buttons.
fn drawn(message: &Received) -> String {
    let rows = message.buttons.iter().map(|row| row.iter().map(|(label, _)| format!("[{label}]")).collect::<Vec<_>>());
    let rows: Vec<String> = rows.map(|row| row.join(" ")).collect();
    format!("{}\n\n{}\n", message.text.trim_end(), rows.join("\n"))
}

/// Waits for what other threads bring about.
pub fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < LIMIT, "waited too long for: {what}");
        std::thread::yield_now();
    }
}
