//! How much disk the store takes while it is filled and emptied.
//!
//! `cargo bench --bench store` fills the store with 200,000 records of 250
//! bytes and empties it again, ten times over, and tidies up after each half as
//! a running engine does every hour. It prints what is on disk beside what is
//! live, with tidying and without, and how long the longest commit took while
//! the store was rewritten meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use vestnik::store::sled::SledStore;
use vestnik::store::{Batch, Store};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const RECORDS: u32 = 200_000;
const SIZE: usize = 250;
const CYCLES: u8 = 10;
const BATCH: usize = 2_000;

fn main() -> Outcome<()> {
    println!("{RECORDS} records of {SIZE} bytes, {CYCLES} cycles; MB");
    println!("{:<10}{:>7}{:>14}{:>14}{:>14}", "", "cycle", "live, full", "disk, full", "disk, empty");
    for tidies in [true, false] {
        let folder = tempfile::tempdir()?;
        let store = SledStore::open(folder.path().join("data"))?;
        for cycle in 1..=CYCLES {
            write(&store, Some(cycle))?;
            if tidies {
                store.tidy()?;
            }
            let full = store.waste()?;
            write(&store, None)?;
            if tidies {
                store.tidy()?;
            }
            let name = if tidies { "tidied" } else { "left" };
            let empty = store.disk_size();
            println!("{name:<10}{cycle:>7}{:>14.1}{:>14.1}{:>14.1}", mb(full.live), mb(full.disk), mb(empty));
        }
    }
    during_a_rewrite()
}

/// Commits go on while the store is rewritten: the longest of them with a
/// rewrite and without.
fn during_a_rewrite() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let store = SledStore::open(folder.path().join("data"))?;
    write(&store, Some(1))?;
    let longest = |over: &AtomicBool| -> Outcome<(Duration, u32)> {
        let (mut longest, mut commits) = (Duration::ZERO, 0);
        while !over.load(Ordering::Relaxed) {
            let mut batch = Batch::new();
            batch.put(key(commits), vec![7; SIZE]);
            let begun = Instant::now();
            store.commit(&batch)?;
            longest = longest.max(begun.elapsed());
            commits += 1;
        }
        Ok((longest, commits))
    };
    let over = AtomicBool::new(false);
    let begun = Instant::now();
    let rewritten = std::thread::scope(|scope| -> Outcome<(Duration, u32)> {
        let rewrite = scope.spawn(|| {
            let done = store.rewrite();
            over.store(true, Ordering::Relaxed);
            done
        });
        let measured = longest(&over)?;
        rewrite.join().map_err(|_| "the rewrite ended by a bug")??;
        Ok(measured)
    })?;
    let took = begun.elapsed();
    let over = AtomicBool::new(false);
    let alone = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(took);
            over.store(true, Ordering::Relaxed);
        });
        longest(&over)
    })?;
    println!(
        "\nrewrite {:.2} s; longest commit and commits meanwhile: {rewritten:?}; without: {alone:?}",
        took.as_secs_f64()
    );
    Ok(())
}

/// Fills the store, or empties it.
fn write(store: &SledStore, fill: Option<u8>) -> Outcome<()> {
    let numbers: Vec<u32> = (0..RECORDS).collect();
    for part in numbers.chunks(BATCH) {
        let mut batch = Batch::new();
        for n in part {
            match fill {
                Some(byte) => batch.put(key(*n), vec![byte; SIZE]),
                None => batch.delete(key(*n)),
            }
        }
        store.commit(&batch)?;
    }
    Ok(())
}

/// Keys in no order.
fn key(n: u32) -> [u8; 4] {
    n.wrapping_mul(2_654_435_761).to_be_bytes()
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
