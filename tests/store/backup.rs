//! Backups: taken while the store is written, refused if anything is wrong,
//! and restored whole or not at all.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use vestnik::model::{Lang, Patch, Time, UserId, Value};
use vestnik::store::backup::{About, Reader, backup, backup_keeping, verify};
use vestnik::store::memory::MemoryStore;
use vestnik::store::sled::{SledStore, restore};
use vestnik::store::{Batch, Folding, Journal, Pair, Store, StoreError, Transaction, Whole, Writer};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    (folder, path)
}

fn about() -> About {
    About { version: "1.2.3".into(), created: Time(1_770_000_000_000) }
}

fn all(store: &dyn Store) -> Map {
    store.scan(&[], &[]).map(Result::unwrap).collect()
}

fn read(path: &Path) -> Map {
    Reader::open(path).unwrap().map(Result::unwrap).collect()
}

fn filled(store: &dyn Store, pairs: &[(&str, &str)]) {
    let mut batch = Batch::new();
    pairs.iter().for_each(|(key, value)| batch.put(*key, *value));
    store.commit(&batch).unwrap();
}

fn load(store: &dyn Store, path: &Path) -> Result<(), StoreError> {
    let mut reader = Reader::open(path)?;
    let bytes = reader.bytes();
    store.whole().stage(&mut reader, bytes)
}

#[test]
fn what_is_backed_up_comes_back_on_every_store() {
    let (_keep, path) = folder();
    let file = path.join("copy");
    let stores: [Box<dyn Store>; 2] =
        [Box::new(MemoryStore::new()), Box::new(SledStore::open(path.join("data")).unwrap())];
    for store in stores {
        filled(&*store, &[("F", "names"), ("p1", "a user"), ("p2", ""), ("z", "last")]);
        let summary = backup(&*store, &file, &about()).unwrap();
        assert_eq!((summary.records, summary.users, &summary.about), (4, 2, &about()));
        assert_eq!((summary.bytes, &summary.path), (fs::metadata(&file).unwrap().len(), &file));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(verify(&file), Ok(summary));
        let before = all(&*store);
        assert_eq!(read(&file), before);

        filled(&*store, &[("p1", "changed"), ("p3", "new")]);
        let now = all(&*store);
        load(&*store, &file).unwrap();
        assert_eq!(all(&*store), now, "seen before it was put in force");
        store.whole().adopt().unwrap();
        assert_eq!(all(&*store), before);
        filled(&*store, &[("after", "1")]);
        store.whole().adopt().unwrap();
        assert_eq!(all(&*store).len(), 5, "put in force twice");
    }
    assert_eq!(all(&SledStore::open(path.join("data")).unwrap()).len(), 5);
    assert_eq!(fs::read_dir(path.join("data")).unwrap().count(), 3);
}

#[test]
fn an_empty_store_and_large_values() {
    let (_keep, path) = folder();
    let store = MemoryStore::new();
    assert_eq!(backup(&store, &path.join("empty"), &about()).unwrap().records, 0);
    filled(&store, &[("large", &"x".repeat(3 << 20)), ("", "no key")]);
    backup(&store, &path.join("large"), &about()).unwrap();
    assert_eq!(read(&path.join("large")), all(&store));
}

/// A store on which something is committed at every read of a piece: at its
/// beginning, and when so many pairs of it were read.
struct Busy {
    inner: MemoryStore,
    batches: Mutex<Vec<(usize, Batch)>>,
}

impl Store for Busy {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        let mut at = 0;
        let pairs = self.inner.scan(prefix, from);
        Box::new(pairs.inspect(move |_| {
            at += 1;
            let due = self.batches.lock().unwrap().pop_if(|(after, _)| *after <= at);
            due.into_iter().for_each(|(_, batch)| self.inner.commit(&batch).unwrap());
        }))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.inner.commit(batch)
    }

    fn disk_size(&self) -> u64 {
        0
    }

    fn tidy(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn whole(&self) -> &dyn Whole {
        self.inner.whole()
    }
}

const KEYS: u32 = 9_000;

fn batch() -> impl Strategy<Value = (usize, Batch)> {
    let op = (0..KEYS, prop::option::weighted(0.7, 0..1_000_000u32));
    let batch = prop::collection::vec(op, 1..200).prop_map(|ops| Batch {
        ops: ops.into_iter().map(|(k, v)| (k.to_be_bytes().to_vec(), v.map(|v| v.to_string().into_bytes()))).collect(),
    });
    (0..5_000usize, batch)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_backup_under_commits_is_the_store_after_one_of_them(
        batches in prop::collection::vec(batch(), 0..12),
        kept in prop::sample::select(vec![0usize, 5_000, usize::MAX]),
    ) {
        let (_keep, path) = folder();
        let mut first = Batch::new();
        (0..KEYS).step_by(2).for_each(|n| first.put(n.to_be_bytes(), "first"));
        let inner = MemoryStore::new();
        inner.commit(&first).unwrap();
        let busy = Busy { inner, batches: Mutex::new(batches) };
        let summary = backup_keeping(&busy, &path.join("copy"), &about(), kept).unwrap();
        let expected = all(&busy.inner);
        prop_assert_eq!(summary.records, expected.len() as u64);
        prop_assert!(read(&path.join("copy")) == expected);
        prop_assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    }
}

/// Batch `n` puts its number everywhere it goes, so that the state after it is
/// known; with the first 700 of them there is enough for several pieces.
fn numbered(n: u64) -> Batch {
    let mut batch = Batch::new();
    for key in 0..8 {
        batch.put(format!("{key} head"), n.to_string());
        batch.put(format!("{key} {:05}", n % 700), format!("{n:01000}"));
        batch.delete(format!("{key} {:05}", (n + 350) % 700));
    }
    batch
}

fn after(n: u64) -> Map {
    let mut map = Map::new();
    for (key, value) in (1..=n).flat_map(|n| numbered(n).ops) {
        match value {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        };
    }
    map
}

fn number_of(map: &Map) -> u64 {
    map.get(&b"0 head"[..]).map_or(0, |n| String::from_utf8(n.clone()).unwrap().parse().unwrap())
}

/// Commits go on in a thread while `work` is done some times over.
fn under_commits(store: &SledStore, times: u32, work: impl Fn(u64)) -> u64 {
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let mut first = Batch::new();
        first.ops = (1..=700).flat_map(|n| numbered(n).ops).collect();
        store.commit(&first).unwrap();
        scope.spawn(|| {
            for n in 701.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                store.commit(&numbered(n)).unwrap();
                done.store(n, Ordering::SeqCst);
            }
        });
        for _ in 0..times {
            work(done.load(Ordering::SeqCst));
        }
        stop.store(true, Ordering::SeqCst);
    });
    done.load(Ordering::SeqCst)
}

#[test]
fn backups_of_a_busy_folder_are_states_after_a_commit() {
    let (_keep, path) = folder();
    let store = SledStore::open(path.join("data")).unwrap();
    let file = path.join("copy");
    under_commits(&store, 10, |done| {
        backup_keeping(&store, &file, &about(), 2_000).unwrap();
        let found = read(&file);
        let n = number_of(&found);
        assert!(n >= done, "{done} were committed, the backup has {n}");
        assert!(found == after(n), "not the state after batch {n}");
    });
}

#[test]
fn rewrites_of_a_busy_folder_lose_nothing() {
    let (_keep, path) = folder();
    let store = SledStore::open(path.join("data")).unwrap();
    let last = under_commits(&store, 10, |_| store.rewrite().unwrap());
    assert!(all(&store) == after(last));
    drop(store);
    assert!(all(&SledStore::open(path.join("data")).unwrap()) == after(last));
}

#[test]
fn every_cut_and_every_changed_bit_is_refused() {
    let (_keep, path) = folder();
    let (file, wrong) = (path.join("copy"), path.join("wrong"));
    let store = SledStore::open(path.join("data")).unwrap();
    filled(&store, &[("p1", "a user"), ("p2", "another"), ("z", "last")]);
    backup(&store, &file, &about()).unwrap();
    let good = fs::read(&file).unwrap();
    let mut variants: Vec<Vec<u8>> = (0..good.len()).map(|end| good[..end].to_vec()).collect();
    variants.push([&good[..], b"x"].concat());
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        variants.push(bytes);
    }
    for (n, bytes) in variants.iter().enumerate() {
        fs::write(&wrong, bytes).unwrap();
        assert!(matches!(verify(&wrong), Err(StoreError::Unusable { .. })), "variant {n}: {:?}", verify(&wrong));
    }
    for bytes in variants.iter().step_by(97) {
        fs::write(&wrong, bytes).unwrap();
        assert!(load(&store, &wrong).is_err());
        store.whole().adopt().unwrap();
        assert_eq!(all(&store).len(), 3);
    }
}

#[test]
fn what_is_wrong_is_said() {
    let (_keep, path) = folder();
    let good = path.join("good");
    backup(&MemoryStore::new(), &good, &about()).unwrap();
    let good = fs::read(good).unwrap();
    let mut newer = good.clone();
    newer[18] = 7;
    let mut changed = good.clone();
    changed[25] ^= 1;
    let rows: [(&str, &[u8], &str, &str); 4] = [
        ("photo.jpg", b"\xff\xd8 a photo", "is not a backup of vestnik", "не резервная копия"),
        ("newer", &newer, "has format 7, this vestnik knows formats up to 1", "формат 7"),
        ("cut", &good[..40], "cut off after 40 bytes", "обрывается после 40 байт"),
        ("changed", &changed, "it is damaged", "повреждена"),
    ];
    for (name, bytes, en, ru) in rows {
        let file = path.join(name);
        fs::write(&file, bytes).unwrap();
        let text = verify(&file).unwrap_err().text();
        assert!(text.get(Lang::En).contains(en) && text.get(Lang::Ru).contains(ru), "{text:?}");
        assert!(text.get(Lang::En).contains(name) && text.get(Lang::Ru).contains(name), "{text:?}");
    }
    let absent = verify(&path.join("absent")).unwrap_err().text();
    assert!(absent.en.contains("absent: No such file") && absent.ru.contains("не удаётся"), "{absent:?}");
}

#[test]
fn other_files_are_not_overwritten_and_drafts_go() {
    let (_keep, path) = folder();
    let (file, store) = (path.join("notes.txt"), MemoryStore::new());
    fs::write(&file, "not to be lost").unwrap();
    assert!(backup(&store, &file, &about()).unwrap_err().to_string().contains("is not a backup"));
    assert!(backup(&store, &path, &about()).unwrap_err().to_string().contains("it is a folder"));
    assert!(backup(&store, &path.join("no/where"), &about()).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "not to be lost");
    let good = path.join("good");
    backup(&store, &good, &about()).unwrap();
    filled(&store, &[("p", "1")]);
    fs::write(path.join("good.part0"), "left by a crash").unwrap();
    backup(&store, &good, &about()).unwrap();
    assert_eq!(read(&good).len(), 1);
    assert_eq!(fs::read_dir(&path).unwrap().count(), 2);
}

#[test]
fn a_folder_that_cannot_be_opened_is_restored() {
    let (_keep, path) = folder();
    let (file, source) = (path.join("copy"), MemoryStore::new());
    filled(&source, &[("p1", "a user"), ("z", "last")]);
    backup(&source, &file, &about()).unwrap();
    for (name, current, fits) in [
        ("fresh", None, true),
        ("damaged", Some("?"), true),
        ("lost", Some("format 1\nstore-9\n"), true),
        ("newer", Some("format 9\nstore-1\n"), false),
    ] {
        let data = path.join(name);
        if let Some(current) = current {
            fs::create_dir(&data).unwrap();
            fs::create_dir(data.join("store-3")).unwrap();
            fs::write(data.join("current"), current).unwrap();
        }
        let restored = restore(&data, &mut Reader::open(&file).unwrap(), 1_000);
        assert_eq!(restored.is_ok(), fits, "{name}: {restored:?}");
        if fits {
            assert_eq!(all(&SledStore::open(&data).unwrap()), all(&source), "{name}");
        }
    }
    let held = SledStore::open(path.join("fresh")).unwrap();
    let refused = restore(&path.join("fresh"), &mut Reader::open(&file).unwrap(), 1_000);
    assert!(matches!(refused, Err(StoreError::Locked { .. })));
    drop(held);
}

/// A store that is replaced while a piece of it is read.
#[test]
fn a_backup_of_two_stores_is_none() {
    let (_keep, path) = folder();
    let store = SledStore::open(path.join("data")).unwrap();
    filled(&store, &[("a", "1")]);
    backup(&store, &path.join("good"), &about()).unwrap();
    load(&store, &path.join("good")).unwrap();
    let adopting = Replaced { inner: store };
    let error = backup(&adopting, &path.join("mixed"), &about()).unwrap_err().to_string();
    assert!(error.contains("another backup was put in force meanwhile"), "{error}");
    assert!(!path.join("mixed").exists());
}

struct Replaced {
    inner: SledStore,
}

impl Store for Replaced {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        self.inner.adopt().unwrap();
        self.inner.scan(prefix, from)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.inner.commit(batch)
    }

    fn disk_size(&self) -> u64 {
        0
    }

    fn tidy(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn whole(&self) -> &dyn Whole {
        self.inner.whole()
    }
}

/// Changes stand in the log before they are in the profiles.
#[test]
fn users_in_the_log_alone_are_counted() {
    let (_keep, path) = folder();
    let store = Arc::new(MemoryStore::new());
    let journal = Journal::open(store.clone()).unwrap();
    let folding = Folding { short: 0, worth: 0, ..Folding::default() };
    let writer = Writer::spawn_with(&journal, folding, Box::new(())).unwrap();
    let set =
        |user: i64| writer.commit(Transaction::patch(UserId(user), Patch::new().with("x", Value::Int(1)))).unwrap();
    (1..=700).for_each(|user| assert_eq!(set(user).accepted, 0));
    writer.close();
    let summary = backup(&*store, &path.join("copy"), &about()).unwrap();
    assert_eq!(summary.users, 700);
}
