//! How long a large rulebook takes to load, and how long a change of one file
//! takes until it is live.
//!
//! `cargo bench --bench rulebook` writes 1,000 files with 5,000 segments and
//! rules to a folder and prints medians, all measured in this one run:
//!
//! * *cold*: reading and checking everything as `vestnik check` does, with what
//!   reading the files and what plain YAML into an untyped value (serde_yaml)
//!   take, for comparison;
//! * *one file changed*: `Live::reload` from the look at the folder to the new
//!   rulebook in effect.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vestnik::clock::SystemClock;
use vestnik::rulebook::{Files, Live, Outcome, load_files};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const FILES: usize = 1_000;
const ROUNDS: usize = 9;

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    project(folder.path())?;
    cold(folder.path())?;
    warm(folder.path())
}

/// Three segments and two rules a file, of the lengths that people write.
fn rules(file: usize, turn: usize) -> String {
    let (low, high) = (file % 90, file % 90 + 7 + turn);
    format!(
        "segments:
  buyers_{file}: paid_count >= {low} and balance > {high}
  waiting_{file}: trial_used and (paid_count is missing or paid_count = 0) and created_at older than {high} days
  lively_{file}:
    title: {{ru: Живые {file}, en: Lively {file}}}
    if: |
      segment(buyers_{file}) and last_seen_at within {high} days
      and (language in [\"ru\", \"kk\"] or tariff = \"pro\") and not blocked
rules:
  thanks_{file}:
    when: user enters buyers_{file}
    if: balance > {low} and not (tags contains \"quiet\")
    limit: once per 30 days
    then: [{{send: hello}}]
  nudge_{file}:
    when: every monday at 18:00 user time
    for: segment(waiting_{file}) and not blocked
    then:
      - send: hello
      - tag: nudged_{file}
"
    )
}

fn project(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("rules/many"))?;
    fs::create_dir_all(folder.join("templates"))?;
    fs::write(folder.join("vestnik.yaml"), "language: ru\ntimezone: Europe/Moscow\n")?;
    fs::write(
        folder.join("rules/profile.yaml"),
        "profile:
  balance: {type: int, default: 0}
  paid_count: int
  trial_used: bool
  tariff: {type: enum, values: [free, basic, pro]}
",
    )?;
    fs::write(folder.join("templates/hello.html"), "Привет, {{ user.first_name | default(\"друг\") }}!\n")?;
    for file in 0..FILES {
        fs::write(folder.join(format!("rules/many/{file:04}.yaml")), rules(file, 0))?;
    }
    Ok(())
}

fn cold(folder: &Path) -> Result<()> {
    let (mut read, mut check, mut yaml) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let files = Files::read(folder)?;
        read.push(start.elapsed());
        let start = Instant::now();
        let loaded = load_files(&files);
        check.push(start.elapsed());
        let book = loaded.rulebook.ok_or("the rulebook has errors")?;
        assert_eq!((book.segments().len(), book.rules.len()), (3 * FILES, 2 * FILES));
        let texts: Vec<String> = (0..FILES).map(|file| rules(file, 0)).collect();
        let start = Instant::now();
        for text in &texts {
            let _: serde_yaml::Value = serde_yaml::from_str(text)?;
        }
        yaml.push(start.elapsed());
    }
    let (read, check, yaml) = (median(read), median(check), median(yaml));
    println!("{FILES} files, {} segments and rules, median of {ROUNDS} rounds:", 5 * FILES);
    println!("  reading the files                  {:>8.1} ms", millis(read));
    println!("  cold: everything parsed and checked{:>8.1} ms", millis(check));
    println!("  serde_yaml to an untyped value     {:>8.1} ms", millis(yaml));
    println!("  ratio of check to serde_yaml       {:>8.2}", check.as_secs_f64() / yaml.as_secs_f64());
    Ok(())
}

fn warm(folder: &Path) -> Result<()> {
    let live = Live::open(folder, Arc::new(SystemClock::default()))?;
    let mut times = Vec::new();
    for turn in 1..=ROUNDS {
        let file = turn * 97 % FILES;
        fs::write(folder.join(format!("rules/many/{file:04}.yaml")), rules(file, turn))?;
        let start = Instant::now();
        let report = live.reload();
        times.push(start.elapsed());
        assert!(matches!(report.outcome, Outcome::Accepted { .. }), "{:?}", report.outcome);
    }
    println!("one file of {FILES} changed, until live   {:>8.1} ms", millis(median(times)));
    Ok(())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
