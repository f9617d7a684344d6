//! How fast an audience is filled, told of patches and moved by time, and what
//! it weighs.
//!
//! `cargo bench --bench filling` puts a million made-up users into a store on
//! disk (the sample project with its nine segments) and prints, all measured in
//! this one run:
//!
//! * *filling*: seconds to read the store alone, with the columns, and with
//!   every segment judged; beside it, a pass that makes a profile of each user;
//! * *patches*: how many a second, each moving `balance`, `paid_count` or
//!   `last_payment_at` of some user, with all segments current after each;
//!   beside it, a profile patched in memory and its nine segments judged anew;
//! * *time*: seconds to let each of the minutes of a day pass;
//! * *memory*: bytes a user, by part.
//!
//! Medians of several rounds, in which the sides take turns. `USERS` and
//! `ROUNDS` in the environment set how many.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;
use vestnik::audience::Audience;
use vestnik::import::generate::fill;
use vestnik::model::{Patch, Profile, Time, Value};
use vestnik::rulebook::{Files, Rulebook, load_files, sample};
use vestnik::store::sled::SledStore;
use vestnik::store::{Journal, Profiles, Writer};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const USERS: u64 = 1_000_000;
const ROUNDS: usize = 5;
const PATCHES: usize = 200_000;
const MINUTES: i64 = 1_440;
const SEED: u64 = 7;
/// 5 January 2026, noon in UTC.
const NOW: Time = Time(1_767_614_400_000);
const MINUTE: i64 = 60_000;

fn how_many() -> usize {
    std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS)
}

fn main() -> Outcome<()> {
    let users = std::env::var("USERS").ok().and_then(|n| n.parse().ok()).unwrap_or(USERS);
    let loaded = load_files(&Files::from_list(sample::FILES.iter().copied()));
    let rulebook = loaded.rulebook.ok_or("the sample does not load")?;
    let folder = tempfile::tempdir()?;
    let journal = Journal::open(Arc::new(SledStore::open(folder.path())?))?;
    let writer = Writer::spawn(&journal)?;
    fill(users, SEED, NOW, &rulebook.schema, &writer, &mut |_| {})?;
    writer.close();
    let profiles = Profiles::new(&Journal::open(journal.store().clone())?);
    println!("{users} users, {} segments, medians of {} rounds", rulebook.segments().len(), how_many());
    println!("on disk: {} MiB\n", journal.store().disk_size() >> 20);
    let audience = filling(&rulebook, &profiles)?;
    patches(&rulebook, &profiles, &audience)?;
    time(&audience);
    memory(&audience);
    Ok(())
}

fn filling(rulebook: &Arc<Rulebook>, profiles: &Profiles) -> Outcome<Audience> {
    let bare = Arc::new(without_segments()?);
    let mut rounds: [Vec<f64>; 4] = Default::default();
    for _ in 0..how_many() {
        let mut values = 0u64;
        rounds[0].push(seconds(|| {
            profiles.for_each_value(&rulebook.schema, |met| {
                black_box(&met);
                values += 1;
            })
        })?);
        rounds[1].push(seconds(|| Audience::load(&bare, profiles, NOW))?);
        rounds[2].push(seconds(|| Audience::load(rulebook, profiles, NOW))?);
        rounds[3].push(seconds(|| {
            profiles.for_each(&rulebook.schema, |profile| {
                black_box(profile);
                ControlFlow::Continue(())
            })
        })?);
    }
    println!("filling, s");
    let sides = ["reading alone", "and columns", "and segments", "a profile of each user, for comparison"];
    for (side, rounds) in sides.iter().zip(rounds) {
        println!("  {side:<40} {:>8.2}", median(rounds));
    }
    Ok(Audience::load(rulebook, profiles, NOW)?)
}

/// The sample's fields alone.
fn without_segments() -> Outcome<Rulebook> {
    let files =
        sample::FILES.iter().copied().filter(|(path, _)| path.ends_with("profile.yaml") || *path == "vestnik.yaml");
    let rulebook = load_files(&Files::from_list(files)).rulebook.ok_or("the fields do not load")?;
    Ok(Arc::into_inner(rulebook).ok_or("the rulebook is shared")?)
}

fn patches(rulebook: &Arc<Rulebook>, profiles: &Profiles, audience: &Audience) -> Outcome<()> {
    let mut all: Vec<Profile> = Vec::new();
    profiles.for_each(&rulebook.schema, |profile| {
        all.push(profile.clone());
        ControlFlow::Continue(())
    })?;
    let mut rounds: [Vec<f64>; 2] = Default::default();
    for round in 0..how_many() {
        let patches: Vec<(usize, Patch)> = (0..PATCHES).map(|n| patch(n + round * PATCHES, all.len())).collect();
        let (mut moved, mut members) = (0, 0);
        rounds[0].push(seconds(|| -> Outcome<()> {
            for (at, patch) in &patches {
                let changes = audience.apply(all[*at].user(), patch, NOW);
                moved += changes.entered.len() + changes.left.len();
            }
            Ok(())
        })?);
        rounds[1].push(seconds(|| -> Outcome<()> {
            for (at, patch) in &patches {
                let profile = &mut all[*at];
                for (name, value) in &patch.sets {
                    let id = rulebook.schema.find(name).ok_or("no such field")?;
                    profile.set(&rulebook.schema, id, value.clone());
                }
                let view = rulebook.view(profile, NOW);
                members += rulebook.segments().iter().filter(|segment| view.segment(segment.id).is_true()).count();
            }
            Ok(())
        })?);
        black_box((moved, members));
    }
    let [ours, anew] = rounds.map(|rounds| PATCHES as f64 / median(rounds));
    println!(
        "\npatches a second\n  live segments, who moved is told {ours:>16.0}\n  nine segments judged anew {anew:>23.0}\n  ratio {:>43.2}",
        ours / anew
    );
    Ok(())
}

fn patch(n: usize, users: usize) -> (usize, Patch) {
    let x = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
    let value = (x >> 8) as i64 % 40 - 20;
    let patch = match n % 3 {
        0 => Patch::new().with("balance", Value::Int(value)),
        1 => Patch::new().with("paid_count", Value::Int(value.abs())),
        _ => Patch::new().with("last_payment_at", Value::Time(Time(NOW.0 - value.abs() * 86_400_000))),
    };
    (x as usize % users, patch)
}

fn time(audience: &Audience) {
    let mut each: Vec<f64> = Vec::new();
    let mut moved = 0;
    for minute in 1..=MINUTES {
        let begun = Instant::now();
        moved += audience.advance(Time(NOW.0 + minute * MINUTE)).len();
        each.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    each.sort_by(f64::total_cmp);
    let (median, last) = (each[each.len() / 2], each.last().copied().unwrap_or_default());
    println!("\na day in minutes, ms: median {median:.3}, longest {last:.3}; {moved} users moved");
}

fn memory(audience: &Audience) {
    let memory = audience.memory();
    let users = memory.users.max(1) as f64;
    println!("\nmemory, bytes a user: {:.1}", memory.per_user());
    let parts = [("people", memory.people), ("segments", memory.segments), ("timers", memory.timers)];
    for (part, bytes) in parts {
        println!("  {part:<40} {:>8.1}", bytes as f64 / users);
    }
    for (field, bytes) in memory.fields.iter().filter(|(_, bytes)| *bytes > 0) {
        println!("  {field:<40} {:>8.1}", *bytes as f64 / users);
    }
}

fn seconds<T, E: Into<Box<dyn std::error::Error>>>(work: impl FnOnce() -> Result<T, E>) -> Outcome<f64> {
    let begun = Instant::now();
    let done = work().map_err(Into::into)?;
    let taken = begun.elapsed().as_secs_f64();
    drop(done);
    Ok(taken)
}

fn median(mut rounds: Vec<f64>) -> f64 {
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}
