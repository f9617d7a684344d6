//! The data folder: what survives, what is refused, what is cleaned up.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use vestnik::store::sled::SledStore;
use vestnik::store::{Batch, Disk, Store, StoreError, SystemDisk};

fn batch(key: &str, value: &str) -> Batch {
    let mut batch = Batch::new();
    batch.put(key, value);
    batch
}

fn data() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    (folder, path)
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn data_outlive_the_process_that_wrote_them() {
    let (_keep, path) = data();
    SledStore::open(&path).unwrap().commit(&batch("a", "1")).unwrap();
    assert_eq!(SledStore::open(&path).unwrap().get(b"a"), Ok(Some(b"1".to_vec())));
}

#[test]
fn the_folder_is_closed_to_others() {
    let (_keep, path) = data();
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let _store = SledStore::open(&path).unwrap();
    for folder in [path.clone(), path.join("store-1")] {
        assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn one_process_has_the_folder() {
    let (_keep, path) = data();
    let store = SledStore::open(&path).unwrap();
    assert_eq!(SledStore::open(&path).err(), Some(StoreError::Locked { path: path.clone() }));
    drop(store);
    SledStore::open(&path).unwrap();
}

#[test]
fn strange_folders_are_refused_with_a_reason() {
    for (current, expected) in [
        ("format 2\nstore-1\n", "format 2, this vestnik knows formats up to 1"),
        ("format 1\nstore-9\n", "damaged"),
        ("format 1\n/etc\n", "damaged"),
        ("format one\nstore-1\n", "damaged"),
        ("", "damaged"),
    ] {
        let (_keep, path) = data();
        drop(SledStore::open(&path).unwrap());
        fs::write(path.join("current"), current).unwrap();
        let error = SledStore::open(&path).err().unwrap().to_string();
        assert!(error.contains(expected), "{current:?} gave: {error}");
    }
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    let (_keep, path) = data();
    fs::write(&path, "").unwrap();
    assert!(matches!(SledStore::open(&path), Err(StoreError::Io { .. })));
}

#[test]
fn what_a_crash_left_over_is_removed() {
    let (_keep, path) = data();
    SledStore::open(&path).unwrap().commit(&batch("a", "1")).unwrap();
    fs::create_dir(path.join("store-2")).unwrap();
    fs::write(path.join("store-2/db"), "half a copy").unwrap();
    fs::write(path.join("store-1/snap.00000000000000AA.generating"), "half a snapshot").unwrap();
    let store = SledStore::open(&path).unwrap();
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
    assert_eq!(names(&path), ["current", "lock", "store-1"]);
    assert!(!path.join("store-1/snap.00000000000000AA.generating").exists());
}

/// A crash between the folder's creation and the file `current`.
#[test]
fn a_store_that_was_never_in_force_is_begun_again() {
    let (_keep, path) = data();
    fs::create_dir_all(path.join("store-1")).unwrap();
    fs::write(path.join("store-1/db"), "torn").unwrap();
    SledStore::open(&path).unwrap().commit(&batch("a", "1")).unwrap();
}

/// A disk that can be filled and broken, and that looks into the file at the
/// moment of each sync.
struct TestDisk {
    db: PathBuf,
    free: AtomicU64,
    fails: AtomicBool,
    expected: Mutex<Vec<u8>>,
    found: AtomicU64,
}

impl Disk for TestDisk {
    fn free(&self, _: &Path) -> io::Result<u64> {
        Ok(self.free.load(Ordering::SeqCst))
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let expected = self.expected.lock().unwrap();
        let written = fs::read(&self.db)?;
        self.found.fetch_add(u64::from(written.windows(expected.len()).any(|w| w == *expected)), Ordering::SeqCst);
        if self.fails.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk went away"));
        }
        SystemDisk.sync(file)
    }
}

fn on_test_disk() -> (TempDir, SledStore, Arc<TestDisk>) {
    let (keep, path) = data();
    let disk = Arc::new(TestDisk {
        db: path.join("store-1/db"),
        free: AtomicU64::new(u64::MAX),
        fails: AtomicBool::new(false),
        expected: Mutex::new(b"a value that nobody wrote".to_vec()),
        found: AtomicU64::new(0),
    });
    let store = SledStore::open_on(&path, disk.clone()).unwrap();
    (keep, store, disk)
}

#[test]
fn every_commit_is_flushed_then_synced_then_acknowledged() {
    let (_keep, store, disk) = on_test_disk();
    for n in 0..20 {
        let value = format!("value number {n} of this test");
        *disk.expected.lock().unwrap() = value.clone().into_bytes();
        store.commit(&batch("key", &value)).unwrap();
        assert_eq!(disk.found.load(Ordering::SeqCst), n + 1, "sled had not written commit {n} when it was synced");
    }
}

#[test]
fn a_failed_sync_is_no_acknowledgement_and_ends_writing() {
    let (_keep, store, disk) = on_test_disk();
    store.commit(&batch("a", "1")).unwrap();
    disk.fails.store(true, Ordering::SeqCst);
    assert!(store.commit(&batch("b", "2")).unwrap_err().to_string().contains("the disk went away"));
    disk.fails.store(false, Ordering::SeqCst);
    assert!(store.commit(&batch("c", "3")).unwrap_err().to_string().contains("restart"));
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
}

#[test]
fn a_full_disk_refuses_the_batch_untouched_and_work_goes_on_after() {
    let (_keep, store, disk) = on_test_disk();
    store.commit(&batch("a", "1")).unwrap();
    disk.free.store(20 << 20, Ordering::SeqCst);
    assert!(matches!(store.commit(&batch("a", "2")), Err(StoreError::Full { free, .. }) if free == 20 << 20));
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
    assert!(matches!(store.rewrite(), Err(StoreError::Full { .. })));
    disk.free.store(1 << 40, Ordering::SeqCst);
    store.commit(&batch("a", "2")).unwrap();
    assert_eq!(store.get(b"a"), Ok(Some(b"2".to_vec())));
}

#[test]
fn a_large_batch_needs_more_room_than_a_small_one() {
    let (_keep, store, disk) = on_test_disk();
    disk.free.store(40 << 20, Ordering::SeqCst);
    store.commit(&batch("a", "1")).unwrap();
    assert!(matches!(store.commit(&batch("a", &"x".repeat(4 << 20))), Err(StoreError::Full { .. })));
}

#[test]
fn a_rewrite_keeps_every_record_and_readers() {
    let (_keep, path) = data();
    let store = SledStore::open(&path).unwrap();
    let mut all = Batch::new();
    (0..5_000u32).for_each(|n| all.put(n.to_be_bytes(), n.to_string()));
    store.commit(&all).unwrap();
    let mut reading = store.scan(&[], &[]);
    let first = reading.next();
    store.rewrite().unwrap();
    store.commit(&batch("z", "after")).unwrap();
    assert_eq!(first.into_iter().chain(reading).filter(|pair| pair.is_ok()).count(), 5_000);
    drop(store);
    let store = SledStore::open(&path).unwrap();
    assert_eq!(store.scan(&[], &[]).count(), 5_001);
    assert_eq!(names(&path), ["current", "lock", "store-2"]);
}

/// Ten cycles of writing and deleting everything; a store that is tidied
/// stays near what a fresh one takes, and is not rewritten in vain.
#[test]
fn churn_does_not_pile_up() {
    let (_keep, path) = data();
    let key = |cycle: u32, n: u32| (cycle * 5_000 + n).to_be_bytes();
    for cycle in 1..=10 {
        let store = SledStore::open(&path).unwrap();
        for part in 0..10 {
            let mut batch = Batch::new();
            for n in part * 500..(part + 1) * 500 {
                batch.put(key(cycle, n), n.to_be_bytes().repeat(500));
                batch.delete(key(cycle - 1, n));
            }
            store.commit(&batch).unwrap();
        }
    }
    let store = SledStore::open(&path).unwrap();
    let waste = store.waste().unwrap();
    assert_eq!(waste.live, 5_000 * (4 + 2_000));
    assert!(waste.disk <= 3 * waste.live, "{waste:?}");
    store.rewrite().unwrap();
    assert_eq!(store.tidy(), Ok(false));
    assert!(store.waste().unwrap().disk <= 2 * waste.live, "{:?}", store.waste());
}

/// Cycles of filling and emptying while somebody tidies up now and then, as
/// a running engine does: what is live takes no more than twice its bytes.
#[test]
fn filling_and_emptying_gives_the_space_back() {
    const RECORDS: u32 = 50_000;
    let (_keep, path) = data();
    let store = SledStore::open(&path).unwrap();
    let mut seen = Vec::new();
    for cycle in 0..4u32 {
        for part in 0..RECORDS / 2_000 {
            let mut batch = Batch::new();
            for n in (part * 2_000..).take(2_000) {
                batch.put((n.wrapping_mul(2_654_435_761)).to_be_bytes(), vec![cycle as u8; 250]);
            }
            store.commit(&batch).unwrap();
        }
        store.tidy().unwrap();
        let full = store.waste().unwrap();
        assert_eq!(full.records, u64::from(RECORDS));
        for part in 0..RECORDS / 2_000 {
            let mut batch = Batch::new();
            (part * 2_000..).take(2_000).for_each(|n| batch.delete((n.wrapping_mul(2_654_435_761)).to_be_bytes()));
            store.commit(&batch).unwrap();
        }
        store.tidy().unwrap();
        seen.push((full.disk, full.live, store.disk_size()));
    }
    for (full, live, empty) in &seen {
        assert!(*full <= 2 * live && *empty <= 16 << 20, "disk full, live, disk empty: {seen:?}");
    }
}
