//! One conversation: the sample project with an engine over a store in memory
//! and a sandbox, what people do in it, and what they see.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vestnik::app::{App, AppOptions};
use vestnik::clock::ManualClock;
use vestnik::model::Time;
use vestnik::outbox::Client;
use vestnik::rulebook::{Live, sample};
use vestnik::sandbox::{ChatState, DEFAULT_TOKEN, NewChat, Received, Running, Sandbox, SandboxOptions};
use vestnik::store::memory::MemoryStore;

/// 2026-03-02, noon in Moscow.
const NOON: &str = "2026-03-02T09:00:00Z";
const LIMIT: Duration = Duration::from_secs(60);
/// Characters of a text that a transcript shows.
const SHOWN: usize = 60;

/// What somebody does, and how many messages come of it, to whom.
pub enum Act<'a> {
    Says {
        who: i64,
        text: &'a str,
        answers: &'a [(i64, usize)],
    },
    /// Presses the last button with these data.
    Presses {
        who: i64,
        data: &'a str,
        answers: &'a [(i64, usize)],
    },
    /// Pays the last invoice.
    Pays {
        who: i64,
        answers: &'a [(i64, usize)],
    },
}

pub struct Talk {
    _folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    running: Running,
    app: Option<App>,
    names: HashMap<i64, String>,
    /// How many messages of each chat are in the transcript.
    seen: HashMap<i64, usize>,
    transcript: String,
}

impl Talk {
    /// The sample project, and people whose Telegram speaks a language.
    pub fn new(language: &str, people: &[(i64, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in sample::FILES {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, unlimited(text)).unwrap();
        }
        fs::create_dir(folder.path().join("data")).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let running = runtime.block_on(Sandbox::start(SandboxOptions::default())).unwrap();
        let chat = |(id, name): &(i64, &str)| NewChat {
            language_code: Some(language.to_owned()),
            ..NewChat::user(*id, *name, ChatState::NeverStarted)
        };
        running.sandbox().add_chats(people.iter().map(chat));
        let app = runtime.block_on(async { start(folder.path(), &running) });
        let names = people.iter().map(|(id, name)| (*id, (*name).to_owned())).collect();
        let (seen, transcript) = (HashMap::new(), String::new());
        Self { _folder: folder, runtime, running, app: Some(app), names, seen, transcript }
    }

    /// Holds the conversation; says how it differs from the transcript in the
    /// file of this name, if it does.
    pub fn hold(mut self, name: &str, language: &str, acts: &[Act<'_>]) -> Option<String> {
        for act in acts {
            let (who, answers) = match act {
                Act::Says { who, text, answers } => {
                    self.note(*who, &shortened(text));
                    self.sandbox().user_says(*who, text).unwrap();
                    (*who, *answers)
                }
                Act::Presses { who, data, answers } => {
                    self.press(*who, data);
                    (*who, *answers)
                }
                Act::Pays { who, answers } => {
                    self.note(*who, "(pays)");
                    let messages = self.sandbox().received(*who);
                    let invoice = messages.iter().rfind(|message| message.method == "sendInvoice").unwrap();
                    self.sandbox().pay(*who, invoice.message_id).unwrap();
                    (*who, *answers)
                }
            };
            for (chat, count) in answers {
                self.answered(*chat, *count, *chat == who);
            }
        }
        self.nothing_else();
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/routes/transcripts/{name}.{language}.txt"));
        super::expect::differs(&path, &self.transcript)
    }

    /// The commands that people of a language are shown, once there are any.
    pub fn commands(&self, language: &str) -> Vec<String> {
        let client = Client::new(&self.running.url(), DEFAULT_TOKEN).unwrap();
        let (asked, begun) = (serde_json::json!({ "language_code": language }), Instant::now());
        loop {
            let told = self.runtime.block_on(client.ask("getMyCommands", &asked, LIMIT)).unwrap();
            let each = told.as_array().unwrap().iter();
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let words: Vec<String> =
                each.map(|one| format!("{}={}", text(&one["command"]), text(&one["description"]))).collect();
            if !words.is_empty() {
                return words;
            }
            assert!(begun.elapsed() < LIMIT, "no commands for {language}");
        }
    }

    fn sandbox(&self) -> &Sandbox {
        self.running.sandbox()
    }

    fn note(&mut self, who: i64, what: &str) {
        let alone = self.names.len() == 1;
        let name = if alone { String::new() } else { format!("{}: ", self.names[&who]) };
        writeln!(self.transcript, "> {name}{what}\n").unwrap();
    }

    fn press(&mut self, who: i64, data: &str) {
        let messages = self.sandbox().received(who);
        let label = |message: &Received| {
            let mut buttons = message.buttons.iter().flatten();
            buttons.find(|(_, action)| action == data).map(|(label, _)| label.clone())
        };
        let found = messages.iter().rev().find_map(|message| Some((message.message_id, label(message)?)));
        let (message, label) = found.unwrap_or_else(|| panic!("no button {data}\n{}", self.transcript));
        self.note(who, &format!("[{label}]"));
        self.sandbox().press(who, message, data).unwrap();
    }

    /// Waits for messages to a chat and notes them.
    fn answered(&mut self, chat: i64, count: usize, is_own: bool) {
        let seen = self.seen.get(&chat).copied().unwrap_or(0);
        let begun = Instant::now();
        while self.sandbox().received(chat).len() < seen + count {
            assert!(begun.elapsed() < LIMIT, "no answer in chat {chat}\n{}", self.transcript);
            std::thread::yield_now();
        }
        for message in self.sandbox().received(chat).iter().skip(seen).take(count) {
            if !is_own {
                writeln!(self.transcript, "(to {})", self.names[&chat]).unwrap();
            }
            self.transcript.push_str(&shown(message));
        }
        self.seen.insert(chat, seen + count);
    }

    /// What was said last is handled, and nobody got more than was expected.
    fn nothing_else(&mut self) {
        let app = self.app.take().unwrap();
        let begun = Instant::now();
        let is_handled = || {
            let mut left = self.sandbox().pending_updates();
            app.engine.each_pending_update(|_, _| left += 1).unwrap();
            left == 0
        };
        while !is_handled() {
            assert!(begun.elapsed() < LIMIT, "updates are not handled\n{}", self.transcript);
            std::thread::yield_now();
        }
        assert_eq!(app.engine.unreadable_updates().unwrap(), 0);
        self.runtime.block_on(app.stop());
        for chat in self.names.keys() {
            let seen = self.seen.get(chat).copied().unwrap_or(0);
            assert_eq!(self.sandbox().received(*chat).len(), seen, "chat {chat}\n{}", self.transcript);
        }
    }
}

fn start(project: &Path, running: &Running) -> App {
    let noon = NOON.parse::<jiff::Timestamp>().unwrap();
    let clock = Arc::new(ManualClock::new(Time(noon.as_millisecond())));
    let live = Live::open(project, clock.clone()).unwrap_or_else(|error| panic!("{error:?}"));
    App::start(AppOptions {
        project: project.to_owned(),
        data: project.join("data"),
        live: Arc::new(live),
        store: Arc::new(MemoryStore::default()),
        clock,
        client: Client::new(&running.url(), DEFAULT_TOKEN).unwrap(),
        on_reload: Box::new(|_, _| {}),
    })
    .unwrap()
}

/// The settings without limits: the clock stands still.
fn unlimited(text: &str) -> String {
    text.replace("bot: 30 per second", "bot: off").replace("chat: 1 per second", "chat: off")
}

/// A long text by its beginning and length, and no character that hides.
fn shortened(text: &str) -> String {
    let plain: String = text.chars().take(SHOWN).flat_map(visible).collect();
    let length = text.chars().count();
    if length > SHOWN { format!("{plain}… ({length} characters)") } else { plain }
}

fn visible(c: char) -> Vec<char> {
    let hides = c != '\n' && (c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'));
    if hides { c.escape_unicode().collect() } else { vec![c] }
}

/// A message with its buttons.
fn shown(message: &Received) -> String {
    let text: String = message.text.chars().flat_map(visible).collect();
    let mut out = String::new();
    text.lines().for_each(|line| writeln!(out, "{}", format!("    {line}").trim_end()).unwrap());
    for row in &message.buttons {
        let label = |(label, action): &(String, String)| match action.starts_with("http") {
            true => format!("[{label} → {action}]"),
            false => format!("[{label}]"),
        };
        writeln!(out, "    {}", row.iter().map(label).collect::<Vec<_>>().join(" ")).unwrap();
    }
    out.push('\n');
    out
}
