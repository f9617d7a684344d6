//! The history of events against a plain list of them: pushes, seals, merges,
//! retention, erasures and crashes between any two steps.

use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use vestnik::model::{Event, Time, TimeDelta, UserId, Value};
use vestnik::store::history::{Asked, Span, Step, Work};
use vestnik::store::memory::MemoryStore;
use vestnik::store::sled::SledStore;
use vestnik::store::{Batch, History, Store};

/// A history with the log that it would stand behind, and what it must hold.
struct Project {
    store: Arc<dyn Store>,
    history: Arc<History>,
    log: Vec<Event>,
    model: Vec<Event>,
    /// Events before this may be gone.
    expired: Time,
}

fn event(user: i64, id: u32, name: &str, at: i64, length: usize) -> Event {
    let properties = vec![
        ("rub".into(), Value::Money(i64::from(id) * 100)),
        ("text".into(), Value::text("x".repeat(length))),
        ("ratio".into(), Value::Float(0.5)),
    ];
    Event { id: format!("e{id}").into(), user: UserId(user), name: name.into(), at: Time(at), properties }
}

fn commit(store: &dyn Store, work: &mut Work) -> Step {
    let mut batch = Batch::new();
    let step = work.step(&mut batch).unwrap();
    let first = batch.clone();
    let (mut again, mut bytes) = (Batch::new(), 0);
    assert_eq!(work.step(&mut again), Ok(step), "a step that was not committed comes again");
    assert_eq!(again, first);
    for (key, value) in &batch.ops {
        bytes += value.as_ref().map_or(0, Vec::len);
        assert!(value.as_ref().is_none_or(|value| value.len() < 4_096), "{key:?}");
    }
    assert!(bytes < 160 << 10 && batch.ops.len() < 500, "a step of {bytes} bytes, {} records", batch.ops.len());
    store.commit(&batch).unwrap();
    work.committed();
    step
}

impl Project {
    fn new(store: Arc<dyn Store>) -> Self {
        let history = History::open(store.clone(), []).unwrap();
        Self { store, history, log: Vec::new(), model: Vec::new(), expired: Time(i64::MIN) }
    }

    fn reopen(&mut self) {
        self.history = History::open(self.store.clone(), self.log.iter().cloned()).unwrap();
    }

    fn push(&mut self, event: Event) {
        if self.history.contains(event.user, &event.id).unwrap() {
            return;
        }
        let same = |known: &Event| known.user == event.user && known.id == event.id;
        if let Some(lost) = self.model.iter().position(same) {
            assert!(self.model.remove(lost).at < self.expired, "an event was forgotten");
        }
        self.log.push(event.clone());
        self.model.push(event.clone());
        self.history.push(&event).unwrap();
    }

    /// Carries out so many steps; the process dies if that is not the end.
    fn run(&mut self, work: Option<Work>, steps: usize) -> bool {
        let Some(mut work) = work else { return true };
        for _ in 0..steps {
            if commit(&*self.store, &mut work) == Step::Last {
                return true;
            }
        }
        drop(work);
        false
    }

    fn seal(&mut self, steps: usize) -> bool {
        let logged = self.log.len();
        let work = self.history.begin_seal().unwrap();
        assert!(self.history.begin_seal().unwrap().is_none(), "there is one work at a time");
        let done = self.run(work, steps);
        if done {
            self.log.drain(..logged);
        }
        done
    }

    fn merge(&mut self, steps: usize) -> bool {
        let work = self.history.begin_merge().unwrap();
        self.run(work, steps)
    }

    fn sweep(&mut self) {
        let work = self.history.begin_sweep();
        self.run(work, usize::MAX);
    }

    fn expire(&mut self, before: Time, steps: usize) {
        self.expired = self.expired.max(before);
        let work = self.history.begin_expiry(before).unwrap();
        self.run(work, steps);
    }

    fn erase(&mut self, user: i64) {
        self.model.retain(|event| event.user != UserId(user));
        self.log.retain(|event| event.user != UserId(user));
        let work = self.history.begin_erasure(UserId(user));
        self.run(work, usize::MAX);
    }

    fn check(&self) {
        let users: BTreeSet<_> = self.model.iter().map(|event| event.user).collect();
        let mut kept = 0;
        for user in users {
            let own = self.model.iter().filter(|event| event.user == user);
            let certain = own.clone().filter(|event| event.at >= self.expired);
            let found = self.history.of_user(user, Span::ALL).unwrap();
            kept += found.len();
            assert!(found.is_sorted_by_key(|event| std::cmp::Reverse(event.at)));
            found.iter().for_each(|event| assert!(self.model.contains(event), "{event:?}"));
            certain.for_each(|event| assert!(found.contains(event), "{event:?} is lost"));
            for event in own {
                assert_eq!(self.history.contains(user, &event.id).unwrap(), found.contains(event), "{event:?}");
            }
            assert!(!self.history.contains(user, "never").unwrap());
            let ids: BTreeSet<_> = found.iter().map(|event| &event.id).collect();
            assert_eq!(ids.len(), found.len(), "an event is there twice");
            self.check_span(user, &found);
        }
        self.check_pass(kept);
    }

    fn check_span(&self, user: UserId, all: &[Event]) {
        let Some(middle) = all.get(all.len() / 2).map(|event| event.at) else { return };
        let found = |span| self.history.of_user(user, span).unwrap();
        let times = |events: &[Event]| events.iter().map(|event| event.at).collect::<Vec<_>>();
        let (newer, older): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|event| event.at >= middle);
        assert_eq!(times(&found(Span { from: Some(middle), ..Span::ALL })), times(&newer));
        assert_eq!(times(&found(Span { until: Some(middle - TimeDelta(1)), ..Span::ALL })), times(&older));
        assert_eq!(times(&found(Span { limit: 2, ..Span::ALL })), times(&all[..all.len().min(2)]));
    }

    /// The pass over everything sees what the users' histories have.
    fn check_pass(&self, kept: usize) {
        let kinds = ["message", "payment"]
            .map(|name| Asked { event: name.into(), properties: vec!["none".into(), "rub".into(), "ratio".into()] });
        let mut seen = 0;
        let look = |past: vestnik::store::history::Past<'_>| {
            let event = self.model.iter().find(|event| {
                event.user == past.user && event.at == past.at && event.properties[0].1 == past.values[1]
            });
            let event = event.unwrap();
            assert_eq!((&*event.name, &past.values[0]), (&*kinds[past.kind].event, &Value::Missing));
            assert_eq!(past.values[2], Value::Float(0.5));
            seen += 1;
        };
        self.history.for_each(&kinds, None, look).unwrap();
        assert_eq!(seen, kept);
        let Some(newest) = self.model.iter().map(|event| event.at).max() else { return };
        let mut newest_seen = 0;
        let count = |past: vestnik::store::history::Past<'_>| newest_seen += usize::from(past.at == newest);
        self.history.for_each(&kinds[..1], Some(newest), count).unwrap();
        let expected = self.model.iter().filter(|event| event.at == newest && &*event.name == "message").count();
        assert!(newest_seen == expected || newest < self.expired);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Push { first: u32, count: u32, at: i64, length: usize },
    Seal(usize),
    Merge(usize),
    Expire { before: i64, steps: usize },
    Erase(i64),
    Sweep,
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let steps = || prop_oneof![3 => Just(usize::MAX), 1 => 0..4usize];
    prop_oneof![
        8 => (0..400u32, 1..60u32, 0..40i64, prop_oneof![Just(3usize), Just(900), Just(2_500)])
            .prop_map(|(first, count, day, length)| Op::Push { first, count, at: day * 86_400_000, length }),
        4 => steps().prop_map(Op::Seal),
        1 => steps().prop_map(Op::Merge),
        1 => (0..30i64, steps()).prop_map(|(day, steps)| Op::Expire { before: day * 86_400_000, steps }),
        1 => (0..7i64).prop_map(Op::Erase),
        1 => Just(Op::Sweep),
        1 => Just(Op::Reopen),
    ]
}

fn carry_out(project: &mut Project, op: Op) {
    match op {
        Op::Push { first, count, at, length } => {
            for id in first..first + count {
                let name = if id % 3 == 0 { "payment" } else { "message" };
                // ids repeat with another time: the first one counts
                project.push(event(i64::from(id % 7), id, name, at + i64::from(id % 5) * 3_600_000, length));
            }
        }
        Op::Seal(steps) => drop(project.seal(steps)),
        Op::Merge(steps) => drop(project.merge(steps)),
        Op::Expire { before, steps } => project.expire(Time(before), steps),
        Op::Erase(user) => project.erase(user),
        Op::Sweep => project.sweep(),
        Op::Reopen => project.reopen(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_a_list_of_events(ops in proptest::collection::vec(op(), 1..40)) {
        let mut project = Project::new(Arc::new(MemoryStore::new()));
        for op in ops {
            carry_out(&mut project, op);
        }
        project.check();
        project.reopen();
        project.check();
        project.sweep();
        project.check();
    }
}

#[test]
fn works_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut project = Project::new(Arc::new(SledStore::open(&path).unwrap()));
    for round in 0..10u32 {
        let (first, at) = (round * 30, i64::from(round) * 86_400_000);
        carry_out(&mut project, Op::Push { first, count: 40, at, length: 100 });
        project.seal(usize::MAX);
    }
    project.merge(usize::MAX);
    project.sweep();
    project.check();
    let Project { store, history, log, model, expired } = project;
    drop((store, history));
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&path).unwrap());
    let history = History::open(store.clone(), log.iter().cloned()).unwrap();
    let mut project = Project { store, history, log, model, expired };
    project.check();
    project.erase(3);
    project.expire(Time(8 * 86_400_000), usize::MAX);
    project.check();
}

/// Records of runs, heads and blocks apart.
fn records(store: &dyn Store) -> (usize, usize) {
    (store.scan(b"Y", &[]).count(), store.scan(b"y", &[]).count())
}

#[test]
fn a_crash_within_a_seal_leaves_no_run_and_is_swept_up() {
    for steps in 0..6 {
        let mut project = Project::new(Arc::new(MemoryStore::new()));
        carry_out(&mut project, Op::Push { first: 0, count: 200, at: 0, length: 900 });
        let done = project.seal(steps);
        assert_eq!(done, steps >= 3, "{steps}");
        project.reopen();
        assert_eq!(project.history.extent().runs, usize::from(done));
        project.sweep();
        let (heads, blocks) = records(&*project.store);
        assert_eq!((heads > 0, blocks > 0), (done, done), "{steps}");
        project.check();
        project.seal(usize::MAX);
        project.check();
    }
}

#[test]
fn a_crash_within_a_merge_keeps_the_old_runs() {
    for steps in 0..6 {
        let mut project = Project::new(Arc::new(MemoryStore::new()));
        for round in 0..8 {
            carry_out(&mut project, Op::Push { first: round * 30, count: 30, at: 0, length: 900 });
            project.seal(usize::MAX);
        }
        let done = project.merge(steps);
        project.reopen();
        assert_eq!(project.history.extent().runs, if done { 1 } else { 8 }, "{steps}");
        let before = records(&*project.store);
        project.sweep();
        assert_eq!(records(&*project.store) == before, steps == 0, "{steps}");
        project.check();
    }
}

#[test]
fn retention_drops_whole_runs_and_rewrites_those_that_are_mostly_old() {
    let day = |n: i64| Time(n * 86_400_000);
    for (before, left, runs) in [(0, 90, 3), (2, 90, 3), (11, 60, 2), (12, 60, 2), (22, 45, 2), (32, 0, 0)] {
        let mut project = Project::new(Arc::new(MemoryStore::new()));
        for (first, at) in [(0, 10), (30, 20), (60, 30)] {
            carry_out(&mut project, Op::Push { first, count: 30, at: at * 86_400_000, length: 10 });
            project.seal(usize::MAX);
        }
        // the second run is of two times, so that it is rewritten
        if before == 22 {
            let mut mixed = Project::new(Arc::new(MemoryStore::new()));
            carry_out(&mut mixed, Op::Push { first: 30, count: 30, at: 20 * 86_400_000, length: 10 });
            carry_out(&mut mixed, Op::Push { first: 60, count: 15, at: 30 * 86_400_000, length: 10 });
            mixed.seal(usize::MAX);
            carry_out(&mut mixed, Op::Push { first: 75, count: 30, at: 30 * 86_400_000, length: 10 });
            mixed.seal(usize::MAX);
            project = mixed;
        }
        project.expire(day(before), usize::MAX);
        let extent = project.history.extent();
        assert_eq!((extent.events, extent.runs), (left, runs), "before day {before}");
        project.check();
        project.sweep();
        project.reopen();
        project.check();
        assert_eq!(project.history.extent().events, left);
    }
}

#[test]
fn an_erased_user_leaves_no_byte_behind() {
    let mut project = Project::new(Arc::new(MemoryStore::new()));
    for (id, user) in [(1, 5), (2, 77), (3, 99)] {
        (0..60).for_each(|n| project.push(event(user, id * 100 + n, "message", i64::from(n), 700)));
    }
    project.seal(usize::MAX);
    (0..5).for_each(|n| project.push(event(77, 1_000 + n, "message", 5, 700)));
    project.erase(77);
    project.check();
    assert_eq!(project.history.of_user(UserId(77), Span::ALL), Ok(Vec::new()));
    let ids: Vec<String> = (0..60).map(|n| format!("e{}", 200 + n)).collect();
    for pair in project.store.scan(b"y", &[]) {
        let (key, block) = pair.unwrap();
        assert!(!key.ends_with(&[77, 0, 0, 0, 0]) && key[12] != 77, "{key:?}");
        let text = String::from_utf8_lossy(&block);
        assert!(ids.iter().all(|id| !text.contains(id.as_str())));
    }
    project.seal(usize::MAX);
    project.check();
}

#[test]
fn a_tail_is_sealed_when_it_is_large_or_old() {
    let history = History::open(Arc::new(MemoryStore::new()), []).unwrap();
    let now = Time(1_000);
    let later = |days| now + TimeDelta::days(days);
    assert!(!history.is_due(now) && !history.is_due(later(30)));
    history.push(&event(1, 1, "message", 0, 1)).unwrap();
    assert!(!history.is_due(now) && !history.is_due(later(6)));
    assert!(history.is_due(later(7)));
    (0..4_096).for_each(|n| history.push(&event(1, n + 10, "message", 0, 17_000)).unwrap());
    assert!(history.is_due(now));
    let work = history.begin_seal().unwrap();
    assert!(!history.is_due(now), "it is under way");
    drop(work);
    assert!(history.is_due(now), "it was given up");
}
