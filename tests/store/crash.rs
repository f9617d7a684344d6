//! Killed processes: a child commits numbered batches and says which are
//! acknowledged; the parent kills it and looks at what is on disk.
//!
//! Each batch puts its number under several keys, so that half a batch shows.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use vestnik::model::Time;
use vestnik::store::backup::{About, Reader, backup};
use vestnik::store::memory::MemoryStore;
use vestnik::store::sled::{SledStore, restore};
use vestnik::store::{Batch, Store};

const KILLS: u64 = 20;
const KEYS: u32 = 8;
const FOLDER: &str = "VESTNIK_CRASH_TEST_FOLDER";
const REWRITES: &str = "VESTNIK_CRASH_TEST_REWRITES";
const RESTORED: &str = "VESTNIK_CRASH_TEST_RESTORED";

/// The child's part; without the variable this is not a test of its own.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = SledStore::open(&folder).unwrap();
    let mut out = std::io::stdout();
    let rewrites = std::env::var(REWRITES).is_ok();
    std::thread::scope(|scope| {
        if rewrites {
            scope.spawn(|| while store.rewrite().is_ok() {});
        }
        for n in last_batch(&store) + 1.. {
            store.commit(&numbered(n)).unwrap();
            writeln!(out, "acknowledged {n}").unwrap();
            out.flush().unwrap();
        }
    });
}

/// The child that restores one backup after the other.
#[test]
fn restoring_child() {
    let Ok(folder) = std::env::var(RESTORED) else { return };
    let folder = Path::new(&folder);
    for n in 1.. {
        let mut backup = Reader::open(&folder.join(["one", "two"][n % 2])).unwrap();
        restore(&folder.join("data"), &mut backup, 1_000).unwrap();
        writeln!(std::io::stdout(), "acknowledged {n}").unwrap();
    }
}

/// Keys spread over pages; old ones are deleted, so that pages merge too.
fn numbered(n: u64) -> Batch {
    let mut batch = Batch::new();
    for key in 0..KEYS {
        batch.put(format!("head {key}"), n.to_be_bytes());
        batch.put(format!("{key} {n:08}"), n.to_be_bytes().repeat(40));
        batch.delete(format!("{key} {:08}", n.saturating_sub(30)));
    }
    batch
}

fn last_batch(store: &SledStore) -> u64 {
    let head = |key: u32| {
        let value = store.get(format!("head {key}").as_bytes()).unwrap();
        value.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()))
    };
    let heads: Vec<u64> = (0..KEYS).map(head).collect();
    assert!(heads.iter().all(|n| *n == heads[0]), "half a batch: {heads:?}");
    for key in 0..KEYS {
        let kept: Vec<_> = store.scan(format!("{key} ").as_bytes(), &[]).map(|pair| pair.unwrap().0).collect();
        let oldest = (heads[0] + 1).saturating_sub(30).max(1);
        let expected: Vec<_> = (oldest..=heads[0]).map(|n| format!("{key} {n:08}").into_bytes()).collect();
        assert_eq!(kept, expected, "key {key} after batch {}", heads[0]);
    }
    heads[0]
}

/// Runs the child `test`, kills it after `acknowledgements`, and returns the
/// last one that it reported.
fn run_and_kill(test: &str, variables: &[(&str, &Path)], acknowledgements: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    let mut seen = 0;
    for line in lines.map_while(Result::ok) {
        // the harness may put its own words before the first one
        let Some((_, n)) = line.rsplit_once("acknowledged ") else { continue };
        acknowledged = n.parse().unwrap();
        seen += 1;
        if seen == acknowledgements {
            child.kill().unwrap();
        }
    }
    assert!(!child.wait().unwrap().success(), "the child ended by itself");
    acknowledged
}

/// A number below `end` that differs from call to call.
fn drawn(seed: &mut u64, end: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % end
}

#[test]
fn nothing_acknowledged_is_lost_and_no_batch_is_halved() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("data");
    let mut seed = 0x5eed_u64;
    for kill in 0..KILLS {
        // every other time the store is rewritten again and again meanwhile
        let variables = [(FOLDER, &*folder), (REWRITES, Path::new("1"))];
        let variables = if kill % 2 == 0 { &variables[..] } else { &variables[..1] };
        let acknowledged = run_and_kill("crash::child", variables, 1 + drawn(&mut seed, 60));
        let found = last_batch(&SledStore::open(&folder).unwrap());
        assert!(found >= acknowledged, "kill {kill}: batch {acknowledged} was acknowledged, {found} is the last");
    }
}

#[test]
fn a_killed_restore_leaves_the_one_or_the_other() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path();
    for (name, n) in [("one", 200), ("two", 300)] {
        let store = MemoryStore::new();
        (1..=n).for_each(|n| store.commit(&numbered(n)).unwrap());
        backup(&store, &folder.join(name), &About { version: "1".into(), created: Time(0) }).unwrap();
    }
    let mut seed = 0x5eed_u64;
    for kill in 0..KILLS / 2 {
        let done = run_and_kill("crash::restoring_child", &[(RESTORED, folder)], 1 + drawn(&mut seed, 4));
        let found = last_batch(&SledStore::open(folder.join("data")).unwrap());
        assert!(found == 200 || found == 300, "kill {kill} after {done}: {found}");
    }
}
