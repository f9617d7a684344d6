//! SIGKILL at any moment: a broadcast to 20,000 users is killed again and
//! again while it goes out, and the sandbox's own record says what arrived.
//!
//! The moments are counts of messages that the sandbox has taken, drawn from a
//! fixed seed, so that the process dies in the midst of its work and not in a
//! pause between.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use vestnik::import::generate::{SAMPLE_NOW, fill};
use vestnik::outbox::{Ledger, LedgerStatus, State, rows};
use vestnik::sandbox::{DEFAULT_TOKEN, Running, Sandbox, SandboxOptions};
use vestnik::store::sled::SledStore;
use vestnik::store::{Journal, Store, Writer};

const USERS: u64 = 20_000;
const KILLS: u64 = 22;
const VESTNIK: &str = env!("CARGO_BIN_EXE_vestnik");

#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_sent_twice() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let running = runtime.block_on(Sandbox::start(SandboxOptions::default())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    project(folder.path(), &running);
    let started = vestnik(folder.path(), &["broadcast", "start", "everybody"]).output().unwrap();
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));

    let mut seed = 2_026;
    for kill in 1..=KILLS {
        let mut child = vestnik(folder.path(), &["run"]).spawn().unwrap();
        let at = running.sandbox().accepted() + 1 + random(&mut seed) % (USERS / KILLS);
        runtime.block_on(accepted_or_dead(&running, at, &mut child, kill));
        child.kill().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(9), "kill {kill}: the process had ended by itself");
    }
    let mut last = vestnik(folder.path(), &["run"]).spawn().unwrap();
    super::support::wait(|| status(folder.path()).contains("\"state\": \"finished\""));
    Command::new("kill").args(["-TERM", &last.id().to_string()]).status().unwrap();
    assert!(last.wait().unwrap().success());
    judge(folder.path(), running.sandbox());
}

/// A project that writes to everybody, without limits, and its users.
fn project(folder: &Path, running: &Running) {
    let settings = format!(
        "language: en\ntelegram: {{api_url: {}}}\nlimits: {{bot: off, chat: off, group: off}}\n",
        running.url()
    );
    for (path, text) in [
        ("vestnik.yaml", settings.as_str()),
        ("rules/all.yaml", "segments: {all: true}\nbroadcasts: {everybody: {to: segment(all), send: hello}}\n"),
        ("templates/hello.txt", "hello {{ user.id }}\n"),
    ] {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.join("data")).unwrap());
    let writer = Writer::spawn(&Journal::open(store).unwrap()).unwrap();
    let schema = vestnik::rulebook::load(folder).unwrap().rulebook.unwrap().schema.clone();
    let report = fill(USERS, 7, SAMPLE_NOW, &schema, &writer, &mut |_| {}).unwrap();
    assert_eq!(report.stored, USERS);
    writer.close();
}

fn vestnik(project: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(VESTNIK);
    command.args(arguments).arg("--project").arg(project).env("TELEGRAM_TOKEN", DEFAULT_TOKEN);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

async fn accepted_or_dead(running: &Running, at: u64, child: &mut Child, kill: u64) {
    let taken = tokio::time::timeout(super::support::LIMIT, running.sandbox().wait_accepted(at)).await;
    let ended = child.try_wait().unwrap();
    assert!(taken.is_ok(), "kill {kill}: message {at} never came; the process: {ended:?}");
}

fn status(project: &Path) -> String {
    let output = vestnik(project, &["broadcast", "status", "everybody", "--format", "json"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn judge(project: &Path, sandbox: &Sandbox) {
    let store = SledStore::open(project.join("data")).unwrap();
    let ledger = Ledger::read_all(&store).unwrap().pop().unwrap();
    assert_eq!((ledger.rows, ledger.status), (20_000, LedgerStatus::Finished));
    let received = sandbox.counts();
    let (mut sent, mut in_doubt) = (0, 0);
    rows(&store, &ledger, |_, user, state| {
        let got = received.get(&user.0).copied().unwrap_or(0);
        match state {
            State::Sent { .. } => {
                sent += 1;
                assert_eq!(got, 1, "user {user} is marked sent");
            }
            State::InDoubt { .. } => {
                in_doubt += 1;
                assert!(got <= 1, "user {user} is in doubt and got {got}");
            }
            other => panic!("user {user} is {other:?} and got {got}"),
        }
    })
    .unwrap();
    assert_eq!(sent + in_doubt, 20_000);
    assert!(in_doubt <= 300 * KILLS, "{in_doubt} in doubt after {KILLS} kills");
    assert_eq!(sandbox.duplicates().len(), 0);
}

/// Marsaglia's xorshift.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
