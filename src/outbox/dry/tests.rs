//! What rules and drips post becomes rows, once each, and these go out in
//! their order, as the gates say.

use super::*;
use crate::model::{Sending, Value};
use crate::outbox::ledger::{LedgerId, LedgerStatus, PausedBy};
use crate::outbox::prepare::{Ask, Prepared};
use crate::outbox::row::Failure;
use crate::outbox::{FailureKind, Posted, Posting, last_posting, stage_postings};
use crate::store::Batch;
use crate::store::memory::MemoryStore;
use std::collections::BTreeMap;

/// A morning.
const START: Time = Time(1_700_000_000_000 - 1_700_000_000_000 % 86_400_000 + 9 * 3_600_000);
const HOUR: i64 = 3_600_000;

fn at(ms: i64) -> Time {
    START + TimeDelta(ms)
}

/// Says the values that a row has. Users 900 to 909 have opted out, 910 to 919
/// have their quiet hour first.
struct Echo;

impl Prepare for Echo {
    fn prepare(&mut self, ask: &Ask<'_>) -> Prepared {
        match ask.user.0 {
            900..910 => return Prepared::Skip(SkipReason::OptedOut),
            910..920 if ask.now < at(HOUR) => {
                return Prepared::Defer { until: at(HOUR), why: SkipReason::QuietHours };
            }
            _ => {}
        }
        let vars = ask.particulars.map(|particulars| particulars.vars.clone()).unwrap_or_default();
        let vars: Vec<_> = vars.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        Prepared::Send(Box::new(Message { text: vars.join(" "), ..Message::default() }))
    }
}

struct Bench {
    store: Arc<MemoryStore>,
    dry: Dry,
    number: u64,
}

impl Bench {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        Self { dry: open(&store, 0), store, number: 0 }
    }

    /// As the engine's writer does, and takes it up.
    fn post(&mut self, ms: i64, posted: impl IntoIterator<Item = Posted>) -> &mut Self {
        self.stage(posted);
        self.dry.take_up(at(ms)).unwrap();
        self
    }

    fn stage(&mut self, posted: impl IntoIterator<Item = Posted>) {
        let mut batch = Batch::new();
        self.number += 1;
        stage_postings(&mut batch, self.number, &posted.into_iter().collect::<Vec<_>>()).unwrap();
        self.store.commit(&batch).unwrap();
    }

    fn turn(&mut self, ms: i64, at_most: usize) -> (Vec<Sent>, Transaction) {
        let (sent, transaction) = self.dry.turn(at(ms), at_most).unwrap();
        self.store.commit(&transaction.batch).unwrap();
        (sent, transaction)
    }

    fn users(&mut self, ms: i64) -> Vec<i64> {
        self.turn(ms, 1_000).0.iter().map(|sent| sent.user.0).collect()
    }

    /// The names of the events that all that is ready tells.
    fn events(&mut self, ms: i64) -> Vec<String> {
        self.turn(ms, 1_000).1.events.iter().map(|event| format!("{} {}", event.name, event.user)).collect()
    }

    fn reopen(&mut self, ms: i64) {
        self.dry = open(&self.store, ms);
        self.dry.take_up(at(ms)).unwrap();
    }

    fn heads(&self) -> Vec<(u32, LedgerStatus)> {
        self.dry.ledgers().map(|(ledger, _)| (ledger.rows, ledger.status)).collect()
    }
}

fn open(store: &Arc<MemoryStore>, ms: i64) -> Dry {
    Dry::open(store.clone(), Box::new(Echo), TimeZone::UTC, at(ms)).unwrap()
}

/// A message of the rule `offer`, with the template `hello`.
fn posting(user: i64, ms: i64) -> Posting {
    let sending = Sending {
        template: "hello".into(),
        topic: None,
        not_before: None,
        priority: 0,
        expires: None,
        transactional: false,
        vars: Vec::new(),
    };
    Posting {
        cause: Cause::Rule { name: "offer".into() },
        rulebook: "v1".into(),
        sending,
        parts: 1,
        user: UserId(user),
        at: at(ms),
        refused: None,
        answers: false,
    }
}

fn message(posting: Posting) -> Posted {
    Posted::Message(Box::new(posting))
}

fn all(users: impl IntoIterator<Item = i64>, ms: i64) -> Vec<Posted> {
    users.into_iter().map(|user| message(posting(user, ms))).collect()
}

#[test]
fn every_posting_goes_out_once_wherever_the_process_dies() {
    let mut bench = Bench::new();
    for first in [0, 150, 300] {
        bench.stage(all(first + 1..=first + 150, 0));
    }
    let mut received: BTreeMap<i64, u32> = BTreeMap::new();
    for round in 0..40 {
        bench.reopen(round);
        // some of it is durable, then it dies with what is not
        let durable = round % 3;
        for _ in 0..durable {
            bench.turn(round, 40).0.iter().for_each(|sent| *received.entry(sent.user.0).or_default() += 1);
        }
        let _ = bench.dry.turn(at(round), 70).unwrap();
        if round == 7 {
            bench.stage(all(451..=500, round));
        }
    }
    assert_eq!((received.len(), received.values().max()), (500, Some(&1)));
    assert_eq!(last_posting(&*bench.store).unwrap(), 0);
    bench.reopen(50);
    assert_eq!(bench.heads(), [(500, LedgerStatus::Running)]);
    let counts: Vec<_> = bench.dry.ledgers().map(|(_, counts)| (counts.sent, counts.in_doubt)).collect();
    assert_eq!(counts, [(500, 0)]);
}

#[test]
fn the_most_urgent_go_first_then_the_oldest() {
    let mut bench = Bench::new();
    let with = |user, transactional, priority| {
        let mut posting = posting(user, 0);
        (posting.sending.transactional, posting.sending.priority) = (transactional, priority);
        message(posting)
    };
    bench.post(
        0,
        [
            with(1, false, 0),
            with(2, false, 0),
            with(3, false, 5),
            with(4, true, 0),
            Posted::Note { chat: -7, message: Message { text: "note".into(), ..Message::default() } },
            with(5, false, 0),
        ],
    );
    let sent = bench.turn(0, 9).0;
    assert_eq!(sent.iter().map(|sent| sent.user.0).collect::<Vec<_>>(), [-7, 4, 3, 1, 2, 5]);
    assert_eq!((sent[0].message.text.as_str(), &sent[0].cause), ("note", &Cause::Reply));
    assert_eq!(sent.iter().map(|sent| sent.id).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    // of the note nothing is left
    assert_eq!(bench.heads().len(), 3);
    let doubt: Vec<_> = bench.dry.ledgers().map(|(ledger, _)| (ledger.lane, ledger.in_doubt)).collect();
    use crate::outbox::InDoubtPolicy::{Resend, Skip};
    assert_eq!(doubt, [(Lane::Rule, Skip), (Lane::Rule, Skip), (Lane::Transactional, Resend)]);
}

#[test]
fn a_user_gets_messages_in_the_order_in_which_they_were_decided() {
    let with = |user, template: &str, later| {
        let mut posting = posting(user, 0);
        posting.sending.template = template.into();
        posting.sending.not_before = later;
        message(posting)
    };
    for reopens in [false, true] {
        let mut bench = Bench::new();
        // the ledgers are made in this order, and their rows decided in another
        bench.post(0, [with(50, "c", None), with(51, "b", None), with(52, "a", None)]);
        let of_three = |user| ["a", "b", "c", "a"].map(|template| with(user, template, None));
        bench.post(0, [1, 2, 3, 1].into_iter().flat_map(of_three));
        bench.turn(0, 0);
        if reopens {
            bench.reopen(1);
        }
        let mut got: BTreeMap<i64, String> = BTreeMap::new();
        let mut turns = 0;
        while bench.dry.next_ready(at(1)) == Some(at(1)) {
            turns += 1;
            let sent = bench.turn(1, 1).0;
            sent.iter()
                .for_each(|sent| got.entry(sent.user.0).or_default().push_str(sent.template.as_deref().unwrap()));
        }
        let got: Vec<_> = got.into_values().collect();
        assert_eq!(got, ["abcaabca", "abca", "abca", "c", "b", "a"]);
        assert_eq!(turns, 19);
    }
}

#[test]
fn rows_keep_their_own_values_and_their_own_end() {
    let mut bench = Bench::new();
    let with = |user, n, minutes: Option<i64>, later: i64| {
        let mut posting = posting(user, 0);
        posting.sending.vars = vec![("n".into(), Value::Int(n))];
        posting.sending.expires = minutes.map(TimeDelta::minutes);
        posting.sending.not_before = (later > 0).then(|| at(later * 60_000));
        message(posting)
    };
    bench.post(0, [with(1, 7, None, 0), with(2, 8, Some(10), 0), with(3, 9, Some(10), 5), with(4, 10, None, 30)]);
    bench.turn(0, 0);
    bench.reopen(1);
    let said = |bench: &mut Bench, minutes: i64| {
        let sent = bench.turn(minutes * 60_000, 9).0;
        sent.iter().map(|sent| format!("{} {}", sent.user, sent.message.text)).collect::<Vec<_>>()
    };
    assert_eq!(bench.dry.next_ready(at(1)), Some(at(1)));
    assert_eq!(bench.turn(2, 1).0[0].message.text, "n=Int(7)");
    // ten minutes from when it might go
    assert_eq!(said(&mut bench, 14), ["3 n=Int(9)"]);
    let skipped: Vec<_> = bench.dry.skipped().iter().map(|unsent| (unsent.user.0, unsent.reason)).collect();
    assert_eq!(skipped, [(2, SkipReason::Expired)]);
    assert_eq!(bench.dry.next_ready(at(15 * 60_000)), Some(at(30 * 60_000)));
    assert_eq!((said(&mut bench, 29), said(&mut bench, 30)), (vec![], vec!["4 n=Int(10)".to_owned()]));
    assert_eq!(bench.dry.next_ready(at(HOUR)), None);
}

#[test]
fn a_ledger_takes_rows_until_its_day_is_over() {
    let mut bench = Bench::new();
    bench.post(0, all([1, 2], 0));
    assert_eq!(bench.users(0), [1, 2]);
    bench.reopen(HOUR);
    bench.post(HOUR, all([3], HOUR));
    assert_eq!((bench.users(HOUR), bench.heads()), (vec![3], vec![(3, LedgerStatus::Running)]));
    // another template, another rulebook, another step: apart
    let mut others: Vec<Posting> = (4..=6).map(|user| posting(user, HOUR)).collect();
    others[0].sending.template = "bye".into();
    others[1].rulebook = "v2".into();
    others[2].cause = Cause::Drip { name: "onboarding".into(), step: "hello".into() };
    bench.post(HOUR, others.into_iter().map(message));
    assert_eq!((bench.users(HOUR), bench.heads().len()), (vec![4, 5, 6], 4));
    // the last minute of the day, and the first of the next one
    bench.post(15 * HOUR - 1, all([7, 910], 0));
    assert_eq!(bench.users(15 * HOUR - 1), [7, 910]);
    bench.post(15 * HOUR, all([8], 0));
    let closed = [(5, LedgerStatus::Finished)].into_iter().chain([(1, LedgerStatus::Finished); 3]);
    let expected: Vec<_> = closed.chain([(1, LedgerStatus::Running)]).collect();
    assert_eq!(bench.heads(), expected);
    bench.users(15 * HOUR);
    bench.reopen(16 * HOUR);
    assert_eq!(bench.heads(), expected);
    assert_eq!(bench.dry.queue.ledger(LedgerId(1)).unwrap().finished, Some(at(15 * HOUR)));
}

#[test]
fn a_full_ledger_is_followed_by_another() {
    let mut bench = Bench::new();
    for first in 0..11 {
        bench.post(0, all(first * 10_000 + 1..=(first + 1) * 10_000, 0));
        bench.turn(0, 0);
    }
    assert_eq!(bench.heads(), [(100_000, LedgerStatus::Running), (10_000, LedgerStatus::Running)]);
    let rows: Vec<_> = bench.dry.ledgers().map(|(ledger, counts)| (ledger.open_until, counts.queued)).collect();
    assert_eq!(rows, [(None, 100_000), (Some(at(15 * HOUR)), 10_000)]);
    assert!(bench.dry.queue.ledger(LedgerId(1)).unwrap().chunks() == 500);
}

#[test]
fn a_message_of_two_parts_is_two_rows() {
    let mut bench = Bench::new();
    let two = |user, answers| message(Posting { parts: 2, answers, ..posting(user, 0) });
    bench.post(0, [two(1, true), two(900, true), two(910, true), two(2, false)]);
    let sent: Vec<_> = bench.turn(0, 100).0.iter().map(|sent| (sent.user.0, sent.part)).collect();
    assert_eq!(sent, [(1, 0), (1, 1), (2, 0), (2, 1)]);
    bench.reopen(HOUR);
    assert_eq!((bench.users(HOUR), bench.users(HOUR + 50)), (vec![910, 910], vec![]));
    assert_eq!(bench.heads(), [(8, LedgerStatus::Running)]);
}

#[test]
fn who_waits_for_a_message_hears_that_it_will_not_come() {
    let mut bench = Bench::new();
    let asked = |user| message(Posting { answers: true, ..posting(user, 0) });
    let refused = |user, answers| message(Posting { answers, refused: Some(SkipReason::Missed), ..posting(user, 0) });
    let two = message(Posting { answers: true, parts: 2, ..posting(901, 0) });
    bench.post(
        0,
        [asked(1), asked(900), message(posting(902, 0)), refused(2, true), refused(3, false), two, asked(910)],
    );
    let mut told = bench.events(0);
    told.extend(bench.events(HOUR));
    assert_eq!(
        told,
        [
            "undelivered:hello 2",
            "received:hello 1",
            "undelivered:hello 901",
            "undelivered:hello 900",
            "received:hello 910"
        ]
    );
    let skipped: Vec<_> = bench.dry.skipped().iter().map(|unsent| (unsent.user.0, unsent.reason)).collect();
    use SkipReason::{Missed, OptedOut};
    assert_eq!(skipped, [(2, Missed), (3, Missed), (901, OptedOut), (900, OptedOut), (902, OptedOut)]);
}

#[test]
fn a_refusal_and_a_death_under_way_are_told_too() {
    let mut bench = Bench::new();
    bench.post(0, [1, 2].map(|user| message(Posting { answers: true, ..posting(user, 0) })));
    let queue = &mut bench.dry.queue;
    for failed in [true, false] {
        let candidate = queue.next(Lane::Rule, at(0), TimeDelta(0), &|_| None).unwrap().unwrap();
        queue.lease(&candidate, TimeDelta(0)).unwrap();
        if failed {
            let failure = Failure::new(FailureKind::Content, "no");
            queue.settle(candidate.row, State::Failed { at: TimeDelta(1), failure }, at(1)).unwrap();
        }
    }
    assert_eq!(bench.events(1), ["undelivered:hello 1"]);
    bench.reopen(2);
    assert_eq!(bench.events(2), ["undelivered:hello 2"]);
}

#[test]
fn what_pauses_by_itself_goes_on_with_the_next_rulebook() {
    for (by, goes_on) in [(PausedBy::ContentErrors, true), (PausedBy::Admin, false)] {
        let mut bench = Bench::new();
        bench.post(0, all([1], 0));
        assert!(bench.dry.queue.set_status(LedgerId(1), LedgerStatus::Paused(by), at(0)));
        bench.post(1, all([2], 1));
        assert_eq!(bench.users(1), [0i64; 0]);
        bench.dry.wake();
        assert_eq!(bench.users(2), if goes_on { vec![1, 2] } else { vec![] });
    }
}

#[test]
fn a_cancelled_ledger_takes_no_more() {
    let mut bench = Bench::new();
    bench.post(0, all([1], 0));
    assert!(bench.dry.queue.set_status(LedgerId(1), LedgerStatus::Cancelled, at(0)));
    bench.post(1, all([2], 1));
    assert_eq!(bench.users(1), [2]);
    assert_eq!(bench.heads(), [(1, LedgerStatus::Cancelled), (1, LedgerStatus::Running)]);
}

#[test]
fn a_waiting_message_of_a_rule_outranks_a_broadcast() {
    let mut bench = Bench::new();
    let urgent = |user| {
        let mut posting = posting(user, 0);
        posting.sending.priority = 5;
        message(posting)
    };
    bench.post(0, [urgent(910), message(posting(910, 0)), message(posting(1, 0))]);
    bench.turn(0, 1);
    let queue = &mut bench.dry.queue;
    let mut outranked = Vec::new();
    while let Some(candidate) = queue.next(Lane::Rule, at(0), TimeDelta(0), &|_| None).unwrap() {
        outranked.push((candidate.user, queue.outranked(&candidate).unwrap()));
    }
    assert_eq!(outranked, [(910, true), (1, false)]);
}

#[test]
fn what_waits_counts_from_when_it_came() {
    let mut bench = Bench::new();
    let lag = |bench: &Bench, ms| {
        let depths = bench.dry.queue.depths(at(ms));
        depths.iter().find(|depth| depth.lane == Lane::Rule).and_then(|depth| depth.lag).map(|lag| lag.0)
    };
    bench.post(0, all([1, 2], 0));
    assert_eq!(lag(&bench, 10), Some(10));
    bench.users(10);
    assert_eq!(lag(&bench, HOUR), None);
    bench.post(HOUR, all([3], HOUR)).post(HOUR + 5, all([4], HOUR));
    assert_eq!(lag(&bench, HOUR + 10), Some(10));
    bench.turn(HOUR + 10, 1);
    assert_eq!(lag(&bench, HOUR + 10), Some(5));
}
