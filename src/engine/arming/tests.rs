//! Who may send after what, as rows.

use super::*;
use crate::clock::ManualClock;
use crate::rulebook::Live;
use crate::store::memory::MemoryStore;
use std::sync::Arc;

const START: Time = Time(1_770_000_000_000);

/// What happens to a data folder.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An engine starts over it on this machine, in this folder, with this name.
    Starts(&'static str, &'static str, Option<&'static str>),
    Armed,
    Disarmed,
}

use Step::{Armed, Disarmed, Starts};

const HOME: Step = Starts("m1", "/data", None);
const COPY: Step = Starts("m1", "/copy", None);

#[test]
fn who_may_send() {
    let named = |machine, folder, id| Starts(machine, folder, Some(id));
    for (steps, expected) in [
        (&[HOME][..], "armed"),
        (&[HOME, HOME], "armed"),
        (&[HOME, COPY], "clone"),
        (&[HOME, COPY, COPY], "clone"),
        (&[HOME, COPY, Armed], "armed"),
        (&[HOME, COPY, Armed, COPY], "armed"),
        // which of two is the one is said once: the other is the clone now
        (&[HOME, COPY, Armed, HOME], "clone"),
        (&[HOME, COPY, HOME], "armed"),
        (&[HOME, COPY, Disarmed], "clone"),
        (&[HOME, Disarmed], "admin"),
        (&[HOME, Disarmed, Disarmed, HOME], "admin"),
        (&[HOME, Disarmed, COPY], "clone"),
        (&[HOME, Disarmed, COPY, HOME], "admin"),
        (&[HOME, Disarmed, Armed], "armed"),
        (&[HOME, Disarmed, COPY, Armed], "armed"),
        (&[named("m1", "/data", "shop"), named("m2", "/copy", "shop")], "armed"),
        (&[named("m1", "/data", "shop"), named("m1", "/data", "test")], "clone"),
        (&[HOME, named("m1", "/data", "shop"), named("m2", "/data", "shop")], "armed"),
        (&[HOME, named("m2", "/data", "shop")], "clone"),
    ] {
        let store = Arc::new(MemoryStore::default());
        let mut engine = None;
        for step in steps {
            match step {
                Starts(machine, folder, id) => {
                    let started = engine_over(&store);
                    started.install(Instance::of(*id, machine, "host", folder)).unwrap();
                    started.settle_arming().unwrap();
                    engine = Some(started);
                }
                Armed => drop(engine.as_ref().unwrap().arm().unwrap()),
                Disarmed => drop(engine.as_ref().unwrap().disarm().unwrap()),
            }
        }
        let engine = engine.unwrap();
        let arming = engine.arming().unwrap();
        assert_eq!(word(&arming), expected, "{steps:?}");
        assert_eq!(*engine.watch_arming().borrow(), arming, "{steps:?}");
    }
}

#[test]
fn a_disarming_keeps_its_time() {
    let (home, copy) = (Instance::of(None, "m", "h", "/a"), Instance::of(None, "m", "h", "/b"));
    let later = Time(START.0 + 3_600_000);
    let (_, record) = judge(None, &home, START);
    let (first, record) = judge(Some(&record), &copy, START);
    let (second, _) = judge(Some(&record), &copy, later);
    assert_eq!(first, second);
    let Arming::Disarmed { by: DisarmedBy::Clone { was, is }, since } = first else { panic!("{first:?}") };
    assert_eq!((*was, *is, since), (home, copy, START.rfc3339()));
}

#[test]
fn looking_writes_nothing() {
    let store = Arc::new(MemoryStore::default());
    let engine = engine_over(&store);
    engine.install(Instance::of(None, "m", "h", "/a")).unwrap();
    assert_eq!(engine.arming().unwrap(), Arming::Armed);
    assert_eq!(pair(&*store).unwrap(), None);
}

#[test]
fn a_backup_does_not_say_whose_the_folder_is() {
    let pair = |key: &str, value: &str| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
    for (own, backup, expected) in [
        (None, &["Aold", "pX"][..], &["Aold", "pX"][..]),
        (None, &["pX"], &["pX"]),
        (Some("Aown"), &["Aold", "pX"], &["Aown", "pX"]),
        (Some("Aown"), &["pX"], &["Aown", "pX"]),
    ] {
        let split = |text: &&str| pair(&text[..1], &text[1..]);
        let pairs = backup.iter().map(|text| Ok::<_, StoreError>(split(text)));
        let got: Result<Vec<_>, _> = kept(own.as_ref().map(split), pairs).collect();
        assert_eq!(got.unwrap(), expected.iter().map(split).collect::<Vec<_>>());
    }
}

fn word(arming: &Arming) -> &'static str {
    match arming {
        Arming::Armed => "armed",
        Arming::Disarmed { by: DisarmedBy::Clone { .. }, .. } => "clone",
        Arming::Disarmed { by: DisarmedBy::Admin, .. } => "admin",
    }
}

fn engine_over(store: &Arc<MemoryStore>) -> Engine {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().to_owned();
    std::fs::create_dir(project.join("rules")).unwrap();
    std::fs::write(project.join("vestnik.yaml"), "language: en\n").unwrap();
    std::fs::write(project.join("rules/a.yaml"), "segments:\n  all: true\n").unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let live = Arc::new(Live::open(&project, clock.clone()).unwrap());
    Engine::new(project, live, store.clone(), clock).unwrap()
}
