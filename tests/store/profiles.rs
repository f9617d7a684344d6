//! Stored profiles under a schema that changes.

use std::ops::ControlFlow;
use std::sync::Arc;
use vestnik::model::{Field, Patch, Schema, Type, UserId, Value, builtin};
use vestnik::store::memory::MemoryStore;
use vestnik::store::{Journal, Profiles, Scan, Store, Transaction, Writer};

fn schema(own: &[(&str, Type)]) -> Schema {
    let mut schema = Schema::builtin();
    for (name, ty) in own {
        let field = Field {
            name: (*name).into(),
            ty: ty.clone(),
            default: Value::Missing,
            title: None,
            builtin: false,
            read_only: false,
        };
        schema.add(field).unwrap();
    }
    schema
}

fn stored(patches: &[(i64, Patch)]) -> (Arc<dyn Store>, Writer) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let writer = Writer::spawn(&Journal::open(store.clone()).unwrap()).unwrap();
    for (user, patch) in patches {
        writer.commit(Transaction::patch(UserId(*user), patch.clone())).unwrap();
    }
    (store, writer)
}

fn value(store: &Arc<dyn Store>, user: i64, schema: &Schema, field: &str) -> Value {
    let profile = Profiles::new(&Journal::open(store.clone()).unwrap()).get(UserId(user), schema).unwrap().unwrap();
    profile.get(schema.find(field).unwrap()).clone()
}

#[test]
fn values_come_back_under_any_order_of_declaration() {
    let patch = Patch::new().with("balance", Value::Int(5)).with("tariff", Value::text("pro"));
    let (store, _writer) = stored(&[(7, patch)]);
    for fields in
        [[("balance", Type::Int), ("tariff", Type::String)], [("tariff", Type::String), ("balance", Type::Int)]]
    {
        let schema = schema(&fields);
        assert_eq!(value(&store, 7, &schema, "balance"), Value::Int(5));
        assert_eq!(value(&store, 7, &schema, "tariff"), Value::text("pro"));
        assert_eq!(value(&store, 7, &schema, "id"), Value::Int(7));
    }
}

#[test]
fn undeclared_fields_are_kept_for_the_day_they_are_declared_again() {
    let (store, writer) = stored(&[(7, Patch::new().with("balance", Value::Int(5)))]);
    let without = schema(&[]);
    assert!(Profiles::new(&Journal::open(store.clone()).unwrap()).get(UserId(7), &without).unwrap().is_some());
    writer.commit(Transaction::patch(UserId(7), Patch::new().with("language", Value::text("ru")))).unwrap();
    assert_eq!(value(&store, 7, &schema(&[("balance", Type::Int)]), "balance"), Value::Int(5));
}

#[test]
fn a_value_of_another_type_reads_as_missing_and_is_counted() {
    let (store, _writer) = stored(&[
        (1, Patch::new().with("balance", Value::text("five"))),
        (2, Patch::new().with("balance", Value::Int(2))),
    ]);
    let schema = schema(&[("balance", Type::Int)]);
    assert_eq!(value(&store, 1, &schema, "balance"), Value::Missing);
    let scan = Profiles::new(&Journal::open(store).unwrap()).for_each(&schema, |_| ControlFlow::Continue(())).unwrap();
    let balance = schema.find("balance").unwrap();
    assert_eq!(scan, Scan { profiles: 2, misfits: [(balance, 1)].into() });
}

#[test]
fn clearing_a_field_gives_its_default_back() {
    let (store, writer) = stored(&[(7, Patch::new().with("opted_out", Value::Bool(true)))]);
    let schema = schema(&[]);
    assert_eq!(value(&store, 7, &schema, "opted_out"), Value::Bool(true));
    writer.commit(Transaction::patch(UserId(7), Patch::new().with("opted_out", Value::Missing))).unwrap();
    assert_eq!(value(&store, 7, &schema, "opted_out"), Value::Bool(false));
}

#[test]
fn blocked_follows_reach_and_is_never_stored() {
    let (store, _writer) =
        stored(&[(7, Patch::new().with("reach", Value::text("blocked")).with("blocked", Value::Bool(false)))]);
    assert_eq!(value(&store, 7, &schema(&[]), "blocked"), Value::Bool(true));
}

#[test]
fn a_pass_goes_by_id_and_may_break_off() {
    let ids = [5, -3, 1_000_000_000_000, 0];
    let (store, _writer) = stored(&ids.map(|id| (id, Patch::new().with("language", Value::text("ru")))));
    let profiles = Profiles::new(&Journal::open(store).unwrap());
    let schema = schema(&[]);
    let mut seen = Vec::new();
    profiles
        .for_each(&schema, |profile| {
            assert_eq!(profile.text(builtin::LANGUAGE), Some("ru"));
            seen.push(profile.user().0);
            if profile.user().0 < 5 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .unwrap();
    assert_eq!(seen, [-3, 0, 5]);
    assert_eq!(profiles.count(), Ok(4));
}

#[test]
fn a_reader_learns_fields_that_came_after_it() {
    let journal = Journal::open(Arc::new(MemoryStore::new())).unwrap();
    let (writer, profiles) = (Writer::spawn(&journal).unwrap(), Profiles::new(&journal));
    writer.commit(Transaction::patch(UserId(1), Patch::new().with("language", Value::text("ru")))).unwrap();
    let schema = schema(&[("balance", Type::Int)]);
    profiles.get(UserId(1), &schema).unwrap();
    writer.commit(Transaction::patch(UserId(1), Patch::new().with("balance", Value::Int(9)))).unwrap();
    let profile = profiles.get(UserId(1), &schema).unwrap().unwrap();
    assert_eq!(profile.get(schema.find("balance").unwrap()), &Value::Int(9));
}
