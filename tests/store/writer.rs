//! The one writer: groups, order, errors, stopping.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use vestnik::model::{Field, Patch, Schema, Type, UserId, Value};
use vestnik::store::memory::MemoryStore;
use vestnik::store::{Batch, Journal, Pair, Profiles, Receipt, Store, StoreError, Transaction, Whole, Writer};

/// A store in memory that counts commits, can refuse them, and can be held up.
#[derive(Default)]
struct Watched {
    inner: MemoryStore,
    commits: AtomicUsize,
    refuses: AtomicBool,
    gate: Mutex<()>,
}

impl Store for Watched {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(key)
    }

    fn scan<'a>(&'a self, prefix: &[u8], from: &[u8]) -> Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a> {
        self.inner.scan(prefix, from)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let _open = self.gate.lock().unwrap();
        if self.refuses.load(Ordering::SeqCst) {
            return Err(StoreError::Full { path: "data".into(), free: 0 });
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
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

fn watched() -> (Arc<Watched>, Writer) {
    let store = Arc::new(Watched::default());
    (store.clone(), Writer::spawn(&Journal::open(store).unwrap()).unwrap())
}

fn put(key: &str, value: &str) -> Transaction {
    let mut batch = Batch::new();
    batch.put(key, value);
    Transaction::batch(batch)
}

fn set(user: i64, field: &str, value: i64) -> Transaction {
    Transaction::patch(UserId(user), Patch::new().with(field, Value::Int(value)))
}

fn read(store: &Arc<Watched>, user: i64, fields: &[&str]) -> Option<Vec<Value>> {
    let mut schema = Schema::builtin();
    for name in fields {
        let (name, ty) = (Arc::from(*name), Type::Int);
        schema.add(Field { name, ty, default: Value::Missing, title: None, builtin: false, read_only: false }).unwrap();
    }
    let profile = Profiles::new(&Journal::open(store.clone()).unwrap()).get(UserId(user), &schema).unwrap()?;
    Some(fields.iter().map(|name| profile.get(schema.find(name).unwrap()).clone()).collect())
}

#[test]
fn waiting_transactions_share_a_commit_and_see_each_other() {
    let (store, writer) = watched();
    let (send, acks) = mpsc::channel();
    let held = store.gate.lock().unwrap();
    for n in 0..100 {
        let send = send.clone();
        let field = ["a", "b"][n % 2];
        writer.submit(set(1, field, i64::try_from(n).unwrap()), move |outcome| send.send((n, outcome)).unwrap());
    }
    drop(held);
    let order: Vec<_> = acks.iter().take(100).collect();
    assert_eq!(order, (0..100).map(|n| (n, Ok(Receipt::default()))).collect::<Vec<_>>());
    assert_eq!(read(&store, 1, &["a", "b"]), Some(vec![Value::Int(98), Value::Int(99)]));
    let commits = store.commits.load(Ordering::SeqCst);
    assert!(commits <= 3, "{commits} commits");
}

#[test]
fn records_and_patches_of_a_transaction_go_together() {
    let (store, writer) = watched();
    let mut both = put("job", "1");
    both.patches = set(1, "a", 5).patches;
    writer.commit(both).unwrap();
    assert_eq!(store.commits.load(Ordering::SeqCst), 1);
    assert_eq!(store.get(b"job"), Ok(Some(b"1".to_vec())));
    assert_eq!(read(&store, 1, &["a"]), Some(vec![Value::Int(5)]));
}

#[test]
fn nothing_to_change_writes_nothing() {
    let (store, writer) = watched();
    writer.commit(Transaction::default()).unwrap();
    assert_eq!(store.commits.load(Ordering::SeqCst), 0);
}

#[test]
fn a_patch_that_says_nothing_new_writes_nothing() {
    let (store, writer) = watched();
    for (patch, commits) in [
        (Patch::new(), 1),
        (Patch::new(), 1),
        (Patch::new().with("a", Value::Int(1)), 2),
        (Patch::new().with("a", Value::Int(1)), 2),
        (Patch::new().with("a", Value::Missing), 3),
        (Patch::new().with("a", Value::Missing), 3),
    ] {
        writer.commit(Transaction::patch(UserId(1), patch)).unwrap();
        assert_eq!(store.commits.load(Ordering::SeqCst), commits);
    }
}

#[test]
fn everybody_in_a_refused_group_hears_of_it_and_may_try_again() {
    let (store, writer) = watched();
    store.refuses.store(true, Ordering::SeqCst);
    let full = StoreError::Full { path: "data".into(), free: 0 };
    assert_eq!(writer.commit(set(1, "a", 1)), Err(full.clone()));
    assert_eq!(writer.commit(set(1, "b", 2)), Err(full));
    store.refuses.store(false, Ordering::SeqCst);
    writer.commit(set(1, "b", 2)).unwrap();
    writer.commit(set(1, "a", 1)).unwrap();
    assert_eq!(read(&store, 1, &["a", "b"]), Some(vec![Value::Int(1), Value::Int(2)]));
}

#[test]
fn a_damaged_profile_fails_its_own_transaction_only() {
    let (store, writer) = watched();
    let mut damage = Batch::new();
    damage.put(vestnik::store::profile_key(UserId(1)), [9, 9]);
    store.commit(&damage).unwrap();
    let mut both = set(2, "a", 1);
    both.patches.extend(set(1, "a", 1).patches);
    assert!(matches!(writer.commit(both), Err(StoreError::Damaged { what }) if what.contains("user 1")));
    assert_eq!(read(&store, 2, &["a"]), None);
    writer.commit(set(3, "a", 1)).unwrap();
    assert_eq!(read(&store, 3, &["a"]), Some(vec![Value::Int(1)]));
}

#[test]
fn numbers_of_fields_outlive_the_writer() {
    let (store, writer) = watched();
    writer.commit(set(1, "a", 1)).unwrap();
    writer.close();
    let writer = Writer::spawn(&Journal::open(store.clone()).unwrap()).unwrap();
    writer.commit(set(1, "b", 2)).unwrap();
    assert_eq!(read(&store, 1, &["b", "a"]), Some(vec![Value::Int(2), Value::Int(1)]));
}

#[test]
fn closing_finishes_what_is_queued_and_refuses_what_comes_later() {
    let (store, writer) = watched();
    let held = store.gate.lock().unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    for n in 0..10 {
        let done = done.clone();
        writer.submit(set(n, "a", n), move |outcome| {
            outcome.unwrap();
            done.fetch_add(1, Ordering::SeqCst);
        });
    }
    drop(held);
    writer.close();
    assert_eq!(done.load(Ordering::SeqCst), 10);
    assert_eq!(writer.commit(put("late", "1")), Err(StoreError::Closed));
}

#[test]
fn the_last_handle_may_go_with_an_acknowledgement() {
    let (store, writer) = watched();
    let (send, ended) = mpsc::channel();
    let last = writer.clone();
    let held = store.gate.lock().unwrap();
    writer.submit(put("a", "1"), move |outcome| {
        drop(last);
        send.send(outcome).unwrap();
    });
    drop(writer);
    drop(held);
    assert_eq!(ended.recv(), Ok(Ok(Receipt::default())));
}

#[tokio::test]
async fn async_callers_wait_without_blocking() {
    let (store, writer) = watched();
    writer.commit_async(set(1, "a", 5)).await.unwrap();
    assert_eq!(read(&store, 1, &["a"]), Some(vec![Value::Int(5)]));
    writer.close();
    assert_eq!(writer.commit_async(set(1, "a", 6)).await, Err(StoreError::Closed));
}

#[test]
fn whoever_waits_hears_of_it_when_the_thread_dies_of_a_bug() {
    let (store, writer) = watched();
    let poisoned = store.clone();
    let bug = std::thread::spawn(move || {
        let _gate = poisoned.gate.lock().unwrap();
        panic!("a bug");
    });
    assert!(bug.join().is_err());
    let (send, heard) = mpsc::channel();
    writer.submit(put("a", "1"), move |outcome| send.send(outcome).unwrap());
    assert_eq!(heard.recv(), Ok(Err(StoreError::Closed)));
    assert_eq!(writer.commit(put("b", "2")), Err(StoreError::Closed));
}
