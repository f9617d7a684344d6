//! A project in a folder of its own, the binary, a running engine, and a local
//! Bot API for it.

use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use vestnik::sandbox::{DEFAULT_TOKEN, Running, Sandbox, SandboxOptions};

/// Long enough for a machine that does much else.
const LIMIT: Duration = Duration::from_secs(90);

/// How a command ended and what it printed.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// A fresh copy of the core of the sample project, in English unless said
/// otherwise.
pub struct Project {
    folder: TempDir,
}

/// A `vestnik run` in a process of its own; killed when dropped.
pub struct Engine {
    child: Child,
    log: PathBuf,
}

/// A local Bot API in this process.
pub struct Api {
    pub runtime: tokio::runtime::Runtime,
    running: Running,
}

pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestnik"));
    // a folder without a project, so that only the arguments count
    command.env_remove("TELEGRAM_TOKEN").current_dir("/");
    command
}

/// Runs the binary with these arguments and nothing else.
pub fn vestnik<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Said {
    said(binary().args(args).output().unwrap())
}

pub fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(!err.contains("panicked"), "{err}");
    Said { code: output.status.code().unwrap(), out, err }
}

/// Waits for what other processes bring about.
pub fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < LIMIT, "waited too long for: {what}");
        std::thread::yield_now();
    }
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the code and that each piece was printed, in either stream.
    pub fn expect(&self, code: i32, pieces: &[&str]) -> &Self {
        assert_eq!(self.code, code, "{self:#?}");
        for piece in pieces {
            assert!(self.out.contains(piece) || self.err.contains(piece), "`{piece}` is missing: {self:#?}");
        }
        self
    }
}

impl Project {
    pub fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        vestnik([Path::new("init"), &project.path()]).expect(0, &[]);
        project.keep_the_core();
        project
    }

    /// Leaves the fields, segments and broadcasts of the sample: nothing that
    /// answers, waits for the morning or counts messages by itself.
    fn keep_the_core(&self) {
        let core = ["profile", "segments", "broadcasts", "win_back", "vip_thanks"];
        for folder in ["rules", "templates"] {
            for entry in fs::read_dir(self.file(folder)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                if path.is_dir() {
                    fs::remove_dir_all(path).unwrap();
                } else if !core.contains(&name.split('.').next().unwrap()) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }

    /// One with these users: rows of CSV under a header.
    pub fn with_users(csv: &str) -> Self {
        let project = Self::new();
        project.import(csv);
        project
    }

    pub fn import(&self, csv: &str) {
        let file = self.beside("users.csv");
        fs::write(&file, csv).unwrap();
        self.run(&format!("import {}", file.display())).expect(0, &[]);
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// A path outside the project that goes with it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.file(name)).unwrap();
        assert!(text.contains(from), "{name} has no `{from}`");
        self.write(name, &text.replace(from, to));
    }

    /// `file:line:column` of the mark `^` in a piece of a file.
    pub fn place(&self, file: &str, marked: &str) -> String {
        let text = fs::read_to_string(self.file(file)).unwrap();
        let at = text.find(&marked.replace('^', "")).unwrap() + marked.find('^').unwrap();
        let before = &text[..at];
        let (line, start) = (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |end| end + 1));
        format!("{file}:{line}:{}", before[start..].chars().count() + 1)
    }

    /// Runs a command line, split at spaces, on this project.
    pub fn run(&self, line: &str) -> Said {
        said(self.command(line).output().unwrap())
    }

    pub fn command(&self, line: &str) -> Command {
        let mut command = binary();
        command.args(line.split_whitespace()).arg("--project").arg(self.path());
        command
    }

    /// Runs each line, and asserts its code and what it prints.
    pub fn expect(&self, rows: &[(&str, i32, &[&str])]) {
        for (line, code, pieces) in rows {
            println!("$ vestnik {line}");
            self.run(line).expect(*code, pieces);
        }
    }

    /// The size of a segment; none if there is no such segment.
    pub fn count(&self, segment: &str) -> Option<u64> {
        let all = self.run("segments --format json").json();
        all.as_array().unwrap().iter().find(|row| row["name"] == segment)?["count"].as_u64()
    }

    /// Points the project at a Bot API, with chat 1 as an admin and no limits.
    pub fn connect(&self, api_url: &str) {
        self.edit("vestnik.yaml", "https://api.telegram.org", api_url);
        self.edit("vestnik.yaml", "admins: {}", "admins: {1: owner}");
        self.edit("vestnik.yaml", "bot: 30 per second", "bot: off");
        self.edit("vestnik.yaml", "chat: 1 per second", "chat: off");
    }
}

impl Engine {
    /// Starts and waits until commands can reach it.
    pub fn start(project: &Project) -> Self {
        Self::start_with(project, "")
    }

    pub fn start_with(project: &Project, arguments: &str) -> Self {
        let mut engine = Self::spawn(project, arguments);
        wait("the engine to start", || {
            assert_eq!(engine.child.try_wait().unwrap(), None, "{}", engine.log());
            engine.log().contains("the engine is running")
        });
        engine
    }

    pub fn spawn(project: &Project, arguments: &str) -> Self {
        let log = project.beside("engine.log");
        let child = project
            .command(&format!("run {arguments}"))
            .env("TELEGRAM_TOKEN", DEFAULT_TOKEN)
            .env("PROVIDER", "381764678:TEST:1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// SIGTERM; the exit code.
    pub fn stop(mut self) -> i32 {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.child.id())).status().unwrap();
        assert!(sent.success());
        let code = self.wait();
        assert!(!self.log().contains("panicked"), "{}", self.log());
        code
    }

    /// Waits for its end; the exit code.
    pub fn wait(&mut self) -> i32 {
        let mut status = None;
        wait("the engine to end", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code().unwrap_or_else(|| panic!("ended by a signal: {}", self.log()))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Api {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let running = runtime.block_on(Sandbox::start(SandboxOptions::default())).unwrap();
        Self { runtime, running }
    }

    pub fn url(&self) -> String {
        self.running.url()
    }

    pub fn sandbox(&self) -> &Sandbox {
        self.running.sandbox()
    }
}
