//! Experiments over a rehearsal: who gets what, who gets a ghost, and who counts
//! as exposed.

use crate::engine::rehearsal::{Moment, Rehearsal};
use crate::experiment::assignment::{Dealer, HeldOut};
use crate::model::event::VARIANT;
use crate::model::{Event, Patch, Time, TimeDelta, Trace, UserId, Value};
use crate::outbox::SkipReason;
use crate::rulebook::{Rulebook, load};
use crate::store::Transaction;
use crate::store::history::Span;
use crate::store::memory::MemoryStore;
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;

const USERS: i64 = 60;
const BEGIN: Time = Time(1_767_600_000_000);
const PROJECT: &str = "\
profile:
  vip: {type: bool, default: false}
events:
  open: {}
experiments:
  welcome:
    to: vip
    variants: {control: {weight: 50, send: none}, short: 50}
    goal: event open within 3 days
";

struct World {
    _folder: TempDir,
    rulebook: Arc<Rulebook>,
    rehearsal: Rehearsal,
    events: u64,
}

impl World {
    /// So many users, of whom those with an even id are VIPs.
    fn new(rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("vestnik.yaml", "timezone: UTC\n");
        write("rules/project.yaml", PROJECT);
        write("rules/rules.yaml", rules);
        for name in ["hi", "bye", "receipt"] {
            write(&format!("templates/{name}.en.html"), "hello\n");
        }
        let loaded = load(folder.path()).unwrap();
        let rulebook = loaded.rulebook.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
        let store = Arc::new(MemoryStore::new());
        let rehearsal = Rehearsal::new(folder.path(), &rulebook, store, BEGIN, None).unwrap();
        let mut world = Self { _folder: folder, rulebook, rehearsal, events: 0 };
        world.rehearsal.follow_calendar();
        for user in 1..=USERS {
            let patch = Patch::default().with("vip", Value::Bool(user % 2 == 0));
            world.rehearsal.prepare(Transaction::patch(UserId(user), patch)).unwrap();
        }
        world
    }

    /// Something happens to everybody.
    fn all(&mut self, name: &str) -> Moment {
        self.events += 1;
        let event = |user: i64| Event {
            id: self.events.to_string().into(),
            user: UserId(user),
            name: name.into(),
            at: self.rehearsal.now(),
            properties: Vec::new(),
        };
        let events = (1..=USERS).map(event).collect();
        self.rehearsal.happen(events).unwrap();
        self.rehearsal.settle().unwrap()
    }

    fn pass(&mut self, length: TimeDelta) -> Moment {
        let mut all = Moment::default();
        let end = self.rehearsal.now() + length;
        self.rehearsal.pass_to(end, |_, moment| all.add(moment)).unwrap();
        all
    }

    /// Who was exposed to what of an experiment.
    fn exposed(&self, experiment: &str) -> BTreeMap<i64, String> {
        let mut all = BTreeMap::new();
        for user in 1..=USERS {
            let history = self.rehearsal.engine.profiles.history();
            let events = history.of_user(UserId(user), Span { from: None, until: None, limit: 1_000 }).unwrap();
            for event in events.iter().filter(|event| event.trace() == Some(Trace::Exposed(experiment))) {
                let variant = match event.property(VARIANT) {
                    Some(Value::String(variant)) => variant.to_string(),
                    other => panic!("{other:?}"),
                };
                assert_eq!(all.insert(user, variant), None, "{user} is exposed twice");
            }
        }
        all
    }

    /// The variants of those VIPs to whom the hash deals one.
    fn dealt(&self) -> BTreeMap<i64, String> {
        let dealer = &Dealer::all(&self.rulebook)[0];
        let name = |at: usize| self.rulebook.experiments[0].variants[at].name.clone();
        (1..=USERS)
            .filter(|user| user % 2 == 0)
            .filter_map(|user| Some((user, name(dealer.variant(UserId(user))?))))
            .collect()
    }

    fn of(&self, variant: &str) -> Vec<i64> {
        self.dealt().into_iter().filter(|(_, dealt)| dealt == variant).map(|(user, _)| user).collect()
    }
}

fn sent(moment: &Moment) -> Vec<(i64, &str)> {
    let mut all: Vec<_> =
        moment.sent.iter().map(|sent| (sent.user.0, sent.template.as_deref().unwrap_or("-"))).collect();
    all.sort_unstable();
    all
}

fn held(moment: &Moment, why: SkipReason) -> Vec<i64> {
    let mut all: Vec<_> =
        moment.unsent.iter().filter(|unsent| unsent.reason == why).map(|unsent| unsent.user.0).collect();
    all.sort_unstable();
    all
}

#[test]
fn everybody_who_takes_part_is_exposed_once_ghosts_too() {
    let mut world = World::new(
        "rules:\n  r: {when: event open, then: [{send: {experiment: welcome, control: none, short: hi}}]}\n",
    );
    let moment = world.all("open");
    assert_eq!(sent(&moment), world.of("short").into_iter().map(|user| (user, "hi")).collect::<Vec<_>>());
    assert_eq!(held(&moment, SkipReason::Control), world.of("control"));
    assert_eq!(world.exposed("welcome"), world.dealt());
    let again = world.all("open");
    assert_eq!(again.sent.len(), moment.sent.len());
    assert_eq!(world.exposed("welcome"), world.dealt());
}

#[test]
fn a_rule_that_asks_for_the_variant_exposes_those_whom_another_would_reach() {
    let mut world = World::new(
        "rules:\n  r: {when: event open, if: 'variant(welcome) = \"short\" and id < 40', then: [{send: hi}, {tag: x}]}\n",
    );
    let moment = world.all("open");
    let below = |list: Vec<i64>| list.into_iter().filter(|user| *user < 40).collect::<Vec<_>>();
    assert_eq!(sent(&moment), below(world.of("short")).into_iter().map(|user| (user, "hi")).collect::<Vec<_>>());
    assert_eq!(held(&moment, SkipReason::Control), below(world.of("control")));
    let expected: BTreeMap<_, _> = world.dealt().into_iter().filter(|(user, _)| *user < 40).collect();
    assert_eq!(world.exposed("welcome"), expected);
    // a ghost is needed once, and does nothing but be counted
    assert_eq!(held(&world.all("open"), SkipReason::Control), Vec::<i64>::new());
    let tags = world.rehearsal.engine.audience().unwrap().profile(UserId(world.of("control")[0])).unwrap();
    assert_eq!(tags.get(crate::model::builtin::TAGS), &Value::List([].into()));
}

#[test]
fn a_split_exposes_its_ways_alike() {
    let mut world = World::new(
        "drips:\n  d:\n    when: event open\n    steps:\n      - split: {experiment: welcome, control: [], short: [{wait: 1 hour}, {hi: {send: hi}}]}\n      - wait: 1 day\n      - end: {send: bye}\n",
    );
    let moment = world.all("open");
    assert_eq!((sent(&moment), held(&moment, SkipReason::Control)), (Vec::new(), world.of("control")));
    let later = world.pass(TimeDelta::hours(2));
    assert_eq!(sent(&later), world.of("short").into_iter().map(|user| (user, "hi")).collect::<Vec<_>>());
    assert_eq!(world.exposed("welcome"), world.dealt());
    assert_eq!(world.pass(TimeDelta::days(2)).sent.len(), USERS as usize, "all go on to the end");
}

#[test]
fn a_broadcast_shows_each_variant_to_its_users() {
    let mut world = World::new(
        "broadcasts:\n  b:\n    to: true\n    send: {experiment: welcome, control: bye, short: hi}\n    at: 2026-01-06 10:00\n",
    );
    let moment = world.pass(TimeDelta::days(2));
    let short = world.of("short");
    let expected: Vec<_> = (1..=USERS).map(|user| (user, if short.contains(&user) { "hi" } else { "bye" })).collect();
    assert_eq!(sent(&moment), expected);
    assert_eq!(world.exposed("welcome"), world.dealt());
}

#[test]
fn the_holdout_gets_nothing_but_what_it_has_to() {
    let mut world = World::new(
        "holdout: {percent: 15, name: q1}\nrules:\n  r: {when: event open, then: [{send: hi}, {send: {template: receipt, transactional: true}}]}\n",
    );
    let moment = world.all("open");
    let held_out = HeldOut::of(world.rulebook.holdout.as_ref().unwrap());
    let out: Vec<i64> = (1..=USERS).filter(|user| held_out.holds(UserId(*user))).collect();
    assert!(!out.is_empty());
    assert_eq!(held(&moment, SkipReason::Holdout), out);
    let mut expected: Vec<_> = (1..=USERS).map(|user| (user, "receipt")).collect();
    expected.extend((1..=USERS).filter(|user| !out.contains(user)).map(|user| (user, "hi")));
    expected.sort_unstable();
    assert_eq!(sent(&moment), expected);
    let exposed = world.exposed("holdout:q1");
    assert_eq!(exposed.len(), USERS as usize);
    assert!(exposed.iter().all(|(user, variant)| (variant == "holdout") == out.contains(user)));
    world.all("open");
    assert_eq!(world.exposed("holdout:q1"), exposed);
}

#[test]
fn who_was_shown_a_variant_keeps_it() {
    let mut world =
        World::new("rules:\n  r: {when: event open, then: [{send: {experiment: welcome, control: bye, short: hi}}]}\n");
    world.all("open");
    let vip = world.of("short")[0];
    world.rehearsal.prepare(Transaction::patch(UserId(vip), Patch::default().with("vip", Value::Bool(false)))).unwrap();
    assert!(sent(&world.all("open")).contains(&(vip, "hi")), "although the user fits no more");
}
