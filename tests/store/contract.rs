//! What every store must do, run on each of them.

use vestnik::store::memory::MemoryStore;
use vestnik::store::sled::SledStore;
use vestnik::store::{Batch, Pair, Store};

fn on_every_store(check: impl Fn(&dyn Store)) {
    check(&MemoryStore::new());
    let folder = tempfile::tempdir().unwrap();
    check(&SledStore::open(folder.path().join("data")).unwrap());
}

fn put(pairs: &[(&str, &str)]) -> Batch {
    let mut batch = Batch::new();
    pairs.iter().for_each(|(key, value)| batch.put(*key, *value));
    batch
}

fn scan(store: &dyn Store, prefix: &str, from: &str) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let pairs: Result<Vec<Pair>, _> = store.scan(prefix.as_bytes(), from.as_bytes()).collect();
    pairs.unwrap().into_iter().map(|(k, v)| (text(k), text(v))).collect()
}

#[test]
fn what_is_committed_is_read() {
    on_every_store(|store| {
        assert_eq!(store.get(b"a"), Ok(None));
        store.commit(&put(&[("a", "1"), ("b", "")])).unwrap();
        assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
        assert_eq!(store.get(b"b"), Ok(Some(Vec::new())));
        assert_eq!(store.get(b"ab"), Ok(None));
    });
}

#[test]
fn the_last_operation_on_a_key_wins() {
    on_every_store(|store| {
        let mut batch = put(&[("a", "1"), ("a", "2"), ("b", "1")]);
        batch.delete("b");
        batch.delete("never there");
        batch.delete("c");
        batch.put("c", "3");
        store.commit(&batch).unwrap();
        assert_eq!(scan(store, "", ""), [("a".into(), "2".into()), ("c".into(), "3".into())]);
    });
}

#[test]
fn a_scan_keeps_to_prefix_start_and_order() {
    on_every_store(|store| {
        store.commit(&put(&[("b2", "4"), ("a", "1"), ("b1", "3"), ("b", "2"), ("c", "5")])).unwrap();
        for (prefix, from, expected) in [
            ("", "", "12345"),
            ("b", "", "234"),
            ("b", "a", "234"),
            ("b", "b1", "34"),
            ("b", "b11", "4"),
            ("b", "c", ""),
            ("", "b1", "345"),
            ("x", "", ""),
        ] {
            let found: String = scan(store, prefix, from).into_iter().map(|(_, value)| value).collect();
            assert_eq!(found, expected, "prefix {prefix}, from {from}");
        }
    });
}

#[test]
fn a_scan_ends_at_the_highest_byte() {
    on_every_store(|store| {
        let mut batch = Batch::new();
        batch.put([0xff, 0xff], "1");
        batch.put([0xff, 0xff, 0xff], "2");
        batch.put([0xfe], "0");
        store.commit(&batch).unwrap();
        assert_eq!(store.scan(&[0xff], &[]).count(), 2);
    });
}

#[test]
fn large_values_come_back() {
    on_every_store(|store| {
        let value = vec![7; 3 << 20];
        let mut batch = Batch::new();
        batch.put("large", value.clone());
        store.commit(&batch).unwrap();
        store.commit(&put(&[("small", "1")])).unwrap();
        assert_eq!(store.get(b"large"), Ok(Some(value)));
    });
}

#[test]
fn an_empty_batch_is_no_trouble() {
    on_every_store(|store| {
        store.commit(&Batch::new()).unwrap();
        assert_eq!(scan(store, "", ""), []);
    });
}
