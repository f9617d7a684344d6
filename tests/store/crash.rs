//! Killed processes: a child commits numbered batches and says which are
//! acknowledged; the parent kills it and looks at what is on disk.
//!
//! Each batch puts its number under several keys, so that half a batch shows.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use vestnik::store::sled::SledStore;
use vestnik::store::{Batch, Store};

const KILLS: u64 = 20;
const KEYS: u32 = 8;
const FOLDER: &str = "VESTNIK_CRASH_TEST_FOLDER";

/// The child's part; without the variable this is not a test of its own.
#[test]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = SledStore::open(&folder).unwrap();
    let mut out = std::io::stdout();
    for n in last_batch(&store) + 1.. {
        store.commit(&numbered(n)).unwrap();
        writeln!(out, "acknowledged {n}").unwrap();
        out.flush().unwrap();
        if n % 50 == 0 {
            store.rewrite().unwrap();
        }
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

/// Runs the child, kills it after `acknowledgements`, and returns the last
/// batch that it reported.
fn run_and_kill(folder: &Path, acknowledgements: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture"])
        .env(FOLDER, folder)
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

#[test]
fn nothing_acknowledged_is_lost_and_no_batch_is_halved() {
    let keep = tempfile::tempdir().unwrap();
    let folder = keep.path().join("data");
    let mut seed = 0x5eed_u64;
    for kill in 0..KILLS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let acknowledged = run_and_kill(&folder, 1 + (seed >> 33) % 60);
        let found = last_batch(&SledStore::open(&folder).unwrap());
        assert!(found >= acknowledged, "kill {kill}: batch {acknowledged} was acknowledged, {found} is the last");
    }
}
