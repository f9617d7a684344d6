//! Moments as rows, and an engine that is restarted around them.

use super::*;
use crate::clock::ManualClock;
use crate::engine::arming::Instance;
use crate::engine::broadcast::{Opens, Steer};
use crate::engine::gates::Gates;
use crate::model::{Clock, Patch, UserId, Value};
use crate::outbox::{Armed, Client, Outbox, OutboxOptions};
use crate::rulebook::Live;
use crate::store::memory::MemoryStore;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::sync::Arc;
use tempfile::TempDir;

fn moscow() -> TimeZone {
    TimeZone::get("Europe/Moscow").unwrap()
}

/// A moment in UTC with `Z`, else in Moscow in 2026: `03-01 10:00`.
fn t(text: &str) -> Time {
    let at = match text.strip_suffix('Z') {
        Some(_) => text.parse::<jiff::Timestamp>().unwrap(),
        None => format!("2026-{text}").parse::<DateTime>().unwrap().to_zoned(moscow()).unwrap().timestamp(),
    };
    Time(at.as_millisecond())
}

fn shown(time: Time) -> String {
    jiff::Timestamp::from_millisecond(time.0).unwrap().to_zoned(moscow()).strftime("%m-%d %H:%M").to_string()
}

/// A project with one broadcast of these keys.
fn project(keys: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
    };
    write("vestnik.yaml", "timezone: Europe/Moscow\nadmins: {7: operator, 8: viewer}\n");
    write("templates/hello.en.html", "hello\n");
    write("rules/a.yaml", &format!("broadcasts:\n  hello:\n    to: true\n    send: hello\n{keys}"));
    folder
}

fn plan(keys: &str) -> Plan {
    let folder = project(keys);
    let live = Live::open(folder.path(), Arc::new(ManualClock::new(Time(0)))).unwrap();
    Plan::of(live.current().broadcast("hello").unwrap()).unwrap()
}

#[test]
fn what_is_due() {
    let (date, user) = ("    at: 2026-03-01 10:00\n", "    at: 2026-03-01 10:00 user time\n");
    let (daily, monthly) = ("    repeat: every day at 10:00\n", "    repeat: on day 1 at 10:00\n");
    let both = "    at: 2026-03-01 10:00\n    repeat: every day at 18:00\n";
    let six = Some(TimeDelta::hours(6));
    for (keys, seen, decided, now, within, expected) in [
        (date, "02-01 00:00", "02-01 00:00", "02-28 10:00", six, "next 03-01 10:00"),
        (date, "02-01 00:00", "02-01 00:00", "03-01 10:00", six, "start 03-01 10:00"),
        (date, "02-01 00:00", "03-01 10:00", "03-01 10:01", six, "never"),
        (date, "02-01 00:00", "02-01 00:00", "03-01 15:59", six, "start 03-01 10:00"),
        (date, "02-01 00:00", "02-01 00:00", "03-01 16:01", six, "missed 03-01 10:00"),
        (date, "02-01 00:00", "02-01 00:00", "04-01 10:00", None, "start 03-01 10:00"),
        (date, "02-01 00:00", "02-01 00:00", "03-01 10:01", Some(TimeDelta::seconds(1)), "start 03-01 10:00"),
        // it was over when it was first seen
        (date, "03-01 10:00", "03-01 10:00", "03-01 10:01", None, "never"),
        (monthly, "02-10 00:00", "02-10 00:00", "02-20 00:00", six, "next 03-01 10:00"),
        // of those that went by, the last, and once
        (daily, "03-01 12:00", "03-01 12:00", "03-05 11:00", six, "start 03-05 10:00"),
        (daily, "03-01 12:00", "03-01 12:00", "03-05 09:00", six, "missed 03-04 10:00"),
        (daily, "03-01 12:00", "03-05 10:00", "03-05 11:00", six, "next 03-06 10:00"),
        (both, "02-01 00:00", "02-01 00:00", "02-15 00:00", six, "next 03-01 10:00"),
        (both, "02-01 00:00", "03-01 10:00", "03-01 12:00", six, "next 03-01 18:00"),
        (both, "03-02 00:00", "03-02 00:00", "03-02 12:00", six, "next 03-02 18:00"),
        ("    at: 10:00\n", "03-01 12:00", "03-01 12:00", "03-01 12:00", six, "next 03-02 10:00"),
        ("    at: monday 10:00\n", "03-01 12:00", "03-01 12:00", "03-01 12:00", six, "next 03-02 10:00"),
        ("    at: 2026-03-01 10:00 Asia/Tokyo\n", "02-01 00:00", "02-01 00:00", "02-28 00:00", six, "next 03-01 04:00"),
        // the first zone is 14 hours ahead of Greenwich
        (user, "02-01 00:00", "02-01 00:00", "02-28 22:59", six, "next 02-28 23:00"),
        (user, "02-01 00:00", "02-01 00:00", "02-28 23:00", six, "start 02-28 23:00"),
        (user, "02-01 00:00", "02-01 00:00", "03-02 06:59", six, "start 02-28 23:00"),
        (user, "02-01 00:00", "02-01 00:00", "03-02 07:01", six, "missed 02-28 23:00"),
        // it has begun where the day begins, and not here
        (user, "03-01 09:00", "03-01 09:00", "03-01 09:01", six, "start 03-01 09:00"),
        (user, "03-02 10:00", "03-02 10:00", "03-02 10:01", None, "never"),
        (
            "    repeat: every day at 10:00 user time\n",
            "03-01 12:00",
            "03-01 12:00",
            "03-01 12:00",
            six,
            "next 03-01 23:00",
        ),
    ] {
        let known = Known { seen: t(seen), decided: t(decided) };
        let said = match plan(keys).due(known, t(now), &moscow(), within) {
            Decision::Nothing { next: None } => "never".to_owned(),
            Decision::Nothing { next: Some(next) } => format!("next {}", shown(next)),
            Decision::Start { moment } => format!("start {}", shown(moment)),
            Decision::Missed { moment } => format!("missed {}", shown(moment)),
        };
        assert_eq!(said, expected, "{keys} seen {seen}, decided {decided}, at {now}, within {within:?}");
    }
}

#[test]
fn each_in_their_own_zone() {
    let date = "    at: 2026-03-01 10:00 user time\n";
    let (first, early) = ("2026-02-28T20:00:00Z", "2026-02-01T00:00:00Z");
    let (six, two) = (Some(TimeDelta::hours(6)), Some(TimeDelta::hours(2)));
    for (keys, moment, zone, now, within, expected) in [
        (date, first, "Europe/Berlin", first, six, "2026-03-01T09:00:00Z"),
        (date, first, "Pacific/Kiritimati", first, six, "now"),
        (date, first, "Pacific/Pago_Pago", first, six, "2026-03-01T21:00:00Z"),
        (date, first, "Asia/Kathmandu", first, six, "2026-03-01T04:15:00Z"),
        // late: made up, or not
        (date, first, "Europe/Berlin", "2026-03-01T12:00:00Z", six, "now"),
        (date, first, "Europe/Berlin", "2026-03-01T12:00:00Z", two, "missed"),
        (date, first, "Europe/Berlin", "2026-03-01T12:00:00Z", None, "now"),
        // over for some when it was first seen
        (date, "2026-03-01T06:00:00.001Z", "Asia/Tokyo", "2026-03-01T06:00:00.001Z", six, "now"),
        (date, "2026-03-01T06:00:00.001Z", "Asia/Tokyo", "2026-03-01T06:00:00.001Z", two, "missed"),
        (date, "2026-03-01T06:00:00.001Z", "Europe/Berlin", "2026-03-01T06:00:00.001Z", two, "2026-03-01T09:00:00Z"),
        // a time of day that is over means tomorrow
        ("    at: 10:00 user time\n", first, "Europe/Berlin", first, six, "2026-03-01T09:00:00Z"),
        ("    at: 10:00 user time\n", first, "Pacific/Pago_Pago", first, six, "2026-02-28T21:00:00Z"),
        (
            "    at: 10:00 user time\n",
            "2026-03-01T09:30:00Z",
            "Europe/Berlin",
            "2026-03-01T09:30:00Z",
            six,
            "2026-03-02T09:00:00Z",
        ),
        // the clocks go forward at 02:00, and back at 03:00
        ("    at: 2026-03-29 02:30 user time\n", early, "Europe/Berlin", early, six, "2026-03-29T01:00:00Z"),
        ("    at: 2026-10-25 02:30 user time\n", early, "Europe/Berlin", early, six, "2026-10-25T00:30:00Z"),
        (
            "    repeat: every monday at 10:00 user time\n",
            "2026-03-01T20:00:00Z",
            "Pacific/Pago_Pago",
            "2026-03-01T20:00:00Z",
            six,
            "2026-03-02T21:00:00Z",
        ),
        (
            "    repeat: every monday at 10:00\n",
            "2026-03-02T07:00:00Z",
            "Pacific/Pago_Pago",
            "2026-03-02T07:00:00Z",
            six,
            "now",
        ),
    ] {
        let plan = plan(keys);
        let known = Known { seen: t(early), decided: t(early) };
        let said = match plan.opens(known, t(moment), &moscow(), within).user_due(&TimeZone::get(zone).unwrap(), t(now))
        {
            Opens::Now => "now".to_owned(),
            Opens::At(at) => at.rfc3339(),
            Opens::Missed => "missed".to_owned(),
        };
        assert_eq!(said, expected, "{keys} {zone} at {now} within {within:?}");
    }
}

/// A project, its store, and a clock that stands still.
struct World {
    folder: TempDir,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new(keys: &str, now: &str) -> Self {
        let clock = Arc::new(ManualClock::new(t(now)));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { folder: project(keys), store: Arc::new(MemoryStore::default()), clock, runtime }
    }

    /// An engine whose outbox holds everything back.
    fn engine(&self) -> Engine {
        let live = Arc::new(Live::open(self.folder.path(), self.clock.clone()).unwrap());
        let engine = Engine::new(self.folder.path().to_owned(), live.clone(), self.store.clone(), self.clock.clone());
        let engine = engine.unwrap();
        engine.install(Instance::of(None, "m", "h", "/data")).unwrap();
        engine.settle_arming().unwrap();
        let known = (1..=3).map(|id| (UserId(id), Patch::default().with("first_name", Value::text("A")))).collect();
        engine.writer.commit(Transaction { patches: known, ..Transaction::default() }).unwrap();
        engine.audience().unwrap();
        engine.know_past().unwrap();
        let (outbox, _) = Outbox::start(OutboxOptions {
            store: self.store.clone(),
            writer: engine.writer.clone(),
            client: Client::new("http://127.0.0.1:9", "1:test").unwrap(),
            runtime: self.runtime.handle().clone(),
            clock: self.clock.clone(),
            prepare: Box::new(Gates::new(&engine, tokio::sync::mpsc::unbounded_channel().0)),
            limits: live.current().settings.limits,
            armed: Armed::No,
        })
        .unwrap();
        engine.go_live(outbox).unwrap();
        engine
    }

    fn at(&self, now: &str) {
        self.clock.advance(t(now) - self.clock.now());
    }

    /// Lets an engine look at the calendar at a moment; then it stops.
    fn look(&self, now: &str) -> String {
        self.at(now);
        let engine = self.engine();
        engine.run_calendar().unwrap();
        engine.run_calendar().unwrap();
        let told = told(&engine);
        engine.stop();
        told
    }
}

/// The number of the latest run, its recipients, and what became of the last
/// occurrence.
fn told(engine: &Engine) -> String {
    let status = engine.broadcast_status(Some("hello")).unwrap().remove(0);
    let run = status.run.map_or("none".to_owned(), |run| format!("run {} of {}", run.occurrence, run.recipients));
    let calendar = status.calendar.unwrap();
    let pending = calendar.pending.map_or(String::new(), |pending| format!(", {} asked for", pending.recipients));
    let last = calendar.last.map_or(String::new(), |last| format!(", {last:?}"));
    let next = calendar.next.map_or(String::new(), |next| format!(", next {}", shown(t(&next))));
    format!("{run}{pending}{last}{next}")
}

fn finish(world: &World) {
    let engine = world.engine();
    engine.steer_broadcast("hello", Steer::Cancel).unwrap();
    engine.stop();
}

#[test]
fn a_date_starts_once_over_restarts() {
    let world = World::new("    at: 2026-03-01 10:00\n", "02-28 10:00");
    assert_eq!(world.look("02-28 10:00"), "none, next 03-01 10:00");
    assert_eq!(world.look("03-01 09:59"), "none, next 03-01 10:00");
    for now in ["03-01 10:00", "03-01 10:01", "03-02 10:00"] {
        assert_eq!(world.look(now), "run 1 of 3, Started", "{now}");
    }
    finish(&world);
    assert_eq!(world.look("03-02 10:01"), "run 1 of 3, Started");
    // another date is another plan
    let rules = world.folder.path().join("rules/a.yaml");
    let text = std::fs::read_to_string(&rules).unwrap().replace("03-01", "03-03");
    std::fs::write(&rules, text).unwrap();
    assert_eq!(world.look("03-02 10:02"), "run 1 of 3, Started, next 03-03 10:00");
    assert_eq!(world.look("03-03 10:00"), "run 2 of 3, Started");
}

#[test]
fn what_is_missed_and_what_was_over() {
    let policy = "    expires: 2 hours\n";
    for (keys, first, later, expected) in [
        ("    at: 2026-03-01 10:00\n", "03-01 10:01", "03-01 10:02", "none, Passed"),
        ("    at: 2026-03-01 10:00\n", "02-28 10:00", "03-01 11:00", "run 1 of 3, Started"),
        ("    at: 2026-03-01 10:00\n", "02-28 10:00", "03-01 12:01", "none, Missed"),
        ("    repeat: every day at 10:00\n", "02-01 10:00", "02-20 12:30", "none, Missed, next 02-21 10:00"),
        ("    repeat: every day at 10:00\n", "02-01 10:00", "02-20 11:30", "run 1 of 3, Started, next 02-21 10:00"),
    ] {
        let world = World::new(&format!("{keys}{policy}"), first);
        world.look(first);
        assert_eq!(world.look(later), expected, "{keys} {first} {later}");
    }
}

#[test]
fn a_repeat_has_runs_of_its_own_and_none_beside_another() {
    let world = World::new("    repeat: every day at 10:00\n", "03-01 00:00");
    world.look("03-01 00:00");
    assert_eq!(world.look("03-01 10:00"), "run 1 of 3, Started, next 03-02 10:00");
    assert_eq!(world.look("03-02 10:00"), "run 1 of 3, Overlapped, next 03-03 10:00");
    finish(&world);
    assert_eq!(world.look("03-02 10:01"), "run 1 of 3, Overlapped, next 03-03 10:00");
    assert_eq!(world.look("03-03 10:00"), "run 2 of 3, Started, next 03-04 10:00");
}

#[test]
fn nothing_starts_while_disarmed() {
    let world = World::new("    at: 2026-03-01 10:00\n    expires: 2 hours\n", "02-28 10:00");
    world.look("02-28 10:00");
    let engine = world.engine();
    engine.disarm().unwrap();
    engine.stop();
    assert_eq!(world.look("03-01 10:00"), "none, next 03-01 10:00");
    let engine = world.engine();
    engine.arm().unwrap();
    engine.stop();
    assert_eq!(world.look("03-01 11:00"), "run 1 of 3, Started");
}

#[test]
fn what_was_being_started_is_started_once() {
    for (has_run, expected) in [(true, "run 1 of 3, Started"), (false, "run 1 of 3, Started")] {
        let world = World::new("    at: 2026-03-01 10:00\n", "02-28 10:00");
        world.look("02-28 10:00");
        world.at("03-01 10:00");
        let engine = world.engine();
        let mut record = Record::read(&*world.store, "hello").unwrap().unwrap();
        record.starting = Some(Starting { moment: t("03-01 10:00"), after: 0, by: By::Plan });
        engine.write_record("hello", &record).unwrap();
        if has_run {
            engine.start_broadcast("hello", Again::Refuse).unwrap();
            engine.steer_broadcast("hello", Steer::Cancel).unwrap();
        }
        engine.stop();
        assert_eq!(world.look("03-01 10:01"), expected, "{has_run}");
    }
}

#[test]
fn an_admin_is_asked_first() {
    let keys = "    at: 2026-03-01 10:00\n    expires: 2 hours\n    ask_first: true\n";
    let asked = "none, 3 asked for";
    let ask = || {
        let world = World::new(keys, "02-28 10:00");
        world.look("02-28 10:00");
        for now in ["03-01 10:00", "03-01 10:30"] {
            assert_eq!(world.look(now), asked);
        }
        world
    };
    for (answer, now, expected, again) in [
        (Answer::Approve, "03-01 11:00", "run 1 of 3, Started", Outcome::Started),
        (Answer::Refuse, "03-01 11:00", "none, Refused", Outcome::Refused),
        (Answer::Approve, "03-01 12:01", "none, Unanswered", Outcome::Unanswered),
    ] {
        let world = ask();
        world.at(now);
        let engine = world.engine();
        let id = Record::read(&*world.store, "hello").unwrap().unwrap().pending.unwrap().id;
        let first = engine.answer_approval(Approval::Id(&id), answer);
        assert_eq!(first.is_ok(), again != Outcome::Unanswered, "{first:?}");
        assert_eq!(told(&engine), expected);
        let error = engine.answer_approval(Approval::Id(&id), Answer::Approve).unwrap_err();
        let decided = ApprovalError::Decided { name: "hello".into(), outcome: again };
        assert!(matches!(&error, BroadcastError::Approval(said) if *said == decided), "{error:?}");
        for stale in [Approval::Id("000000000000"), Approval::Named("hello")] {
            let error = engine.answer_approval(stale, Answer::Approve).unwrap_err();
            assert!(matches!(error, BroadcastError::Approval(ApprovalError::Stale)), "{error:?}");
        }
        engine.stop();
        assert_eq!(world.look(now), expected);
    }
}

#[test]
fn a_start_by_hand_asks_too_and_the_admins_hear_of_it_once() {
    let world = World::new("    ask_first: true\n", "03-01 10:00");
    let engine = world.engine();
    for _ in 0..2 {
        let status = engine.start_by_hand("hello", Again::Refuse).unwrap();
        assert_eq!(status.calendar.unwrap().pending.unwrap().recipients, 3);
        engine.run_calendar().unwrap();
    }
    // one operator, one question; a viewer has none
    assert_eq!(engine.outbox().unwrap().status().unwrap().replies_queued, 1);
    engine.answer_approval(Approval::Named("hello"), Answer::Approve).unwrap();
    assert_eq!(told(&engine), "run 1 of 3, Started");
    assert!(matches!(engine.start_by_hand("hello", Again::Refuse), Err(BroadcastError::UnderWay { .. })));
    engine.stop();
}
