//! What a plan says is what the engine then does.

use super::*;
use crate::clock::ManualClock;
use crate::engine::Engine;
use crate::model::{Clock, Event, Patch, UserId, Value};
use crate::rulebook::{Live, load_files};
use crate::store::Transaction;
use crate::store::memory::MemoryStore;
use std::path::Path;

const BEFORE: &str = "\
profile: {paid: int, kind: {type: enum, values: [free, pro]}}
events: {press: {}}
segments: {vip: paid >= 4, few: paid < 2}
rules:
  greet: {when: user enters vip, backfill: true, then: [{tag: old}]}
  quiet: {when: user enters vip, then: [{tag: quiet}]}
  gone: {when: user leaves few, then: [{tag: gone}]}
drips:
  d: {when: event press, steps: [{one: {tag: x}}, {wait: 1 day}, {two: {tag: y}}, {wait: 2 days}, {three: {tag: z}}]}
  e: {when: event press, steps: [{first: {tag: q}}, {wait: 9 days}]}
";

/// The step at which some wait is dropped, a drip goes, a threshold changes.
fn after() -> String {
    let dropped = BEFORE.replace("{two: {tag: y}}, {wait: 2 days}, ", "").replace("paid >= 4", "paid >= 2");
    let kept = dropped.lines().filter(|line| !line.starts_with("  e:"));
    kept.collect::<Vec<_>>().join("\n").replace("[free, pro]", "[free]").replace("paid < 2", "paid < 1") + "\n"
}

fn side(rules: &str) -> Side {
    let files = Files::from_list([("vestnik.yaml", "language: en\n"), ("rules/a.yaml", rules)]);
    let loaded = load_files(&files);
    Side { rulebook: loaded.rulebook.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)), files }
}

/// The engine with these rules, until it has done all that is due.
fn with_engine(
    folder: &Path,
    rules: &str,
    store: &Arc<dyn Store>,
    clock: &Arc<ManualClock>,
    act: impl FnOnce(&Engine),
) {
    std::fs::create_dir_all(folder.join("rules")).unwrap();
    std::fs::write(folder.join("vestnik.yaml"), "language: en\n").unwrap();
    std::fs::write(folder.join("rules/a.yaml"), rules).unwrap();
    let live = Arc::new(Live::open(folder, clock.clone()).unwrap());
    let engine = Engine::new(folder.to_owned(), live, store.clone(), clock.clone()).unwrap();
    engine.act();
    engine.audience().unwrap();
    engine.follow_clock().unwrap();
    act(&engine);
    engine.stop();
}

fn press(engine: &Engine, clock: &ManualClock, users: std::ops::RangeInclusive<i64>) {
    let event = |user: i64| Event {
        id: format!("{user}").as_str().into(),
        user: UserId(user),
        name: "press".into(),
        at: clock.now(),
        properties: Vec::new(),
    };
    engine.writer.commit(Transaction::events(users.map(event).collect())).unwrap();
}

fn drip(drip: &str, step: &str, people: usize, fate: Fate) -> DripPlan {
    DripPlan { drip: drip.into(), step: step.into(), people, fate }
}

#[test]
fn what_a_plan_says_is_what_a_reload_does() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::new(Time(1_772_000_000_000)));
    with_engine(folder.path(), BEFORE, &store, &clock, |engine| {
        for user in 1..=6 {
            let kind = Value::text(if user > 4 { "pro" } else { "free" });
            let patch = Patch::default().with("paid", Value::Int(user)).with("kind", kind);
            engine.writer.commit(Transaction::patch(UserId(user), patch)).unwrap();
        }
        engine.follow_clock().unwrap();
        press(engine, &clock, 1..=4);
        clock.advance(TimeDelta::days(1) + TimeDelta::hours(1));
        engine.follow_clock().unwrap();
        press(engine, &clock, 5..=6);
    });
    let now = clock.now();
    let (old, new) = (side(BEFORE), side(&after()));
    let report = plan(&store, &old, &new, now).unwrap();
    let moves = [
        drip("d", "one", 2, Fate::Stay),
        drip("d", "two", 4, Fate::GoOnAt("three".into())),
        drip("e", "first", 6, Fate::Parked),
    ];
    assert_eq!(report.drips, moves);
    let few = report.segments.iter().find(|segment| segment.name == "few").unwrap();
    let vip = report.segments.iter().find(|segment| segment.name == "vip").unwrap();
    assert_eq!((few.before, few.after, &few.leaving), (1, 0, &(1, vec![1])));
    assert_eq!((vip.before, vip.after, &vip.entering), (3, 5, &(2, vec![2, 3])));
    let backfill = report.rules.iter().find(|rule| rule.by == Cause::Backfill).unwrap();
    assert_eq!((backfill.name.as_str(), backfill.users), ("greet", 5));
    let passed = |by: &str, segment: &str, users, backfill_helps| PassedOver {
        by: by.into(),
        segment: segment.into(),
        users,
        because: Because::Edit,
        backfill_helps,
    };
    assert_eq!(report.passed_over, [passed("rule quiet", "vip", 2, true), passed("rule gone", "few", 1, false)]);
    assert_eq!(report.misfits, [MisfitPlan { field: "kind".into(), before: 0, after: 2 }]);

    // compared with files that nobody was ever under, people move just the same
    let elsewhere = side(&BEFORE.replace("{one: {tag: x}}", "{zero: {tag: x}}"));
    assert_eq!(plan(&store, &elsewhere, &new, now).unwrap().drips, moves);

    let hits = |rule: &str| Automation::load(&*store).unwrap().hits(rule).count;
    let before = ["greet", "quiet", "gone"].map(hits);
    with_engine(folder.path(), &after(), &store, &clock, |engine| {
        let audience = engine.audience().unwrap();
        let members = |name: &str| audience.members(new.rulebook.segment(name).unwrap().id).len();
        assert_eq!((members("vip"), members("few")), (vip.after, few.after));
    });
    let acted = ["greet", "quiet", "gone"].map(hits);
    assert_eq!([acted[0] - before[0], acted[1] - before[1], acted[2] - before[2]], [backfill.users as u64, 0, 0]);
    // whoever was moved or parked is so now, and a plan of the same files finds nothing to do
    let again = plan(&store, &new, &new, now).unwrap();
    let there =
        [drip("d", "one", 2, Fate::Stay), drip("d", "three", 4, Fate::Stay), drip("e", "first", 6, Fate::StillParked)];
    assert!(again.is_empty(), "{again:?}");
    assert_eq!((again.drips, again.rules.len()), (there.into(), 0));
    // and who is parked comes back with the drip
    let back = plan(&store, &new, &side(BEFORE), now).unwrap();
    assert!(back.drips.contains(&drip("e", "first", 6, Fate::Return("first".into()))), "{:?}", back.drips);
}

#[test]
fn edits_are_told_by_name_and_key() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let files = |rules: &str, script: &str, template: &str| {
        let list = [
            ("vestnik.yaml", "language: en\n"),
            ("rules/a.yaml", rules),
            ("rules/s.rhai", script),
            ("templates/hi.en.html", template),
        ];
        let files = Files::from_list(list);
        let loaded = load_files(&files);
        Side { rulebook: loaded.rulebook.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)), files }
    };
    let rules = "\
policy: {caps: [3 per day, 9 per week]}
topics: {news: {title: News}}
lifecycle: [{rich: paid > 3}, {poor: else}]
profile: {paid: int}
events: {press: {}}
rules:
  r: {when: event press, if: paid > 1, then: [{send: hi}, {run: s.rhai}]}
drips:
  d: {when: event press, steps: [{one: {send: hi}}, {wait: 1 day}, {two: {tag: x}}]}
";
    let (script, template) = ("log(\"a\");\n", "hello\n");
    let old = files(rules, script, template);
    let change = |from: &str, to: &str| rules.replace(from, to);
    for (new, expected) in [
        (files(&format!("# note\n{rules}"), script, template), ""),
        (
            files(
                &change(
                    "if: paid > 1, then: [{send: hi}, {run: s.rhai}]",
                    "then: [{send: hi}, {run: s.rhai}], if: paid > 1",
                ),
                script,
                template,
            ),
            "",
        ),
        (files(&change("3 per day", "5 per day"), script, template), "policy caps. 3 per day>5 per day"),
        (files(&change("title: News", "title: All"), script, template), "topics news.title News>All"),
        (files(&change("paid > 3", "paid > 4"), script, template), "lifecycle rich. paid > 3>paid > 4"),
        (files(&change("paid > 1", "paid > 2"), script, template), "rules r.if paid > 1>paid > 2"),
        (files(&change(", {two: {tag: x}}", ""), script, template), "drips d.steps {two: {tag: x}}>-"),
        (files(rules, "log(\"b\");\n", template), "scripts s.rhai. ->- by rule r"),
        (files(rules, script, "bye\n"), "templates hi.en ->- by drip d, rule r"),
    ] {
        let report = plan(&store, &old, &new, Time(0)).unwrap();
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        let told = report.definitions.iter().flat_map(|(section, names)| {
            names.changes.iter().map(move |change| {
                let by =
                    names.used_by.get(&change.name).map_or_else(String::new, |by| format!(" by {}", by.join(", ")));
                format!("{section} {}.{} {}>{}{by}", change.name, change.key, shown(&change.was), shown(&change.is))
            })
        });
        assert_eq!(told.collect::<Vec<_>>().join("; "), expected);
        assert_eq!(report.is_empty() && report.same_meaning == report.files, expected.is_empty());
    }
}
