//! Random traffic in virtual time. Every window is looked at by brute force,
//! and a server of a few lines says what a 429 was really about.

use super::{Limiter, Pass, Scope, busiest, ms};
use crate::model::{Limits, Rate, TimeDelta};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;

/// One stretch of traffic.
#[derive(Clone, Debug)]
enum Op {
    /// So many messages want to leave at once; of a hundred of them so many go
    /// to a few hot chats, and so many are urgent or paid.
    Burst { messages: u32, hot: u32, urgent: u32, paid: u32 },
    /// Nothing new comes for so long.
    Pass(i64),
    /// A 429 of the bot.
    TooMany(i64),
    /// A 429 of a hot chat.
    ChatTooMany(i64),
    /// The process ends, and another goes on so much later.
    Restart(i64),
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }

    /// How late a wake-up is: a few milliseconds, and now and then much more.
    fn late(&mut self, usual: u64) -> i64 {
        let late = self.below(usual + 1) + if self.below(200) == 0 { self.below(60) } else { 0 };
        late.cast_signed()
    }
}

/// A message that left.
#[derive(Clone, Copy, Debug)]
struct Sent {
    at: i64,
    chat: i64,
    pass: Pass,
}

/// An outbox of a few lines.
struct Traffic {
    limits: Limits,
    limiter: Limiter,
    dice: Dice,
    late: u64,
    now: i64,
    next_chat: i64,
    waiting: Vec<(Pass, i64)>,
    sent: Vec<Sent>,
    /// There is always something of this kind to do.
    endless: Option<Pass>,
}

/// An endless supply shows so many at a time.
const SHOWN: usize = 24;

impl Traffic {
    fn new(limits: Limits, late: u64, seed: u64) -> Self {
        Self {
            limits,
            limiter: Limiter::new(limits),
            dice: Dice(seed),
            late,
            now: 0,
            next_chat: 100,
            waiting: Vec::new(),
            sent: Vec::new(),
            endless: None,
        }
    }

    fn carry_out(&mut self, op: &Op) {
        match *op {
            Op::Burst { messages, hot, urgent, paid } => {
                for _ in self.waiting.len()..messages as usize {
                    let pass = match self.dice.below(100) {
                        n if n < u64::from(urgent) => Pass::Urgent,
                        n if n < u64::from(urgent + paid) => Pass::Paid,
                        _ => Pass::Bulk,
                    };
                    let chat = self.chat(hot);
                    self.waiting.push((pass, chat));
                }
            }
            Op::Pass(span) => self.run(self.now + span),
            Op::TooMany(seconds) => self.limiter.hold(ms(self.now) + TimeDelta::seconds(seconds)),
            Op::ChatTooMany(seconds) => {
                let chat = self.chat(100);
                self.limiter.hold_chat(chat, ms(self.now) + TimeDelta::seconds(seconds));
            }
            Op::Restart(gap) => {
                let (hold, chats) = (self.limiter.held(ms(self.now)), self.limiter.held_chats(ms(self.now)));
                let mut next = Limiter::new(self.limits);
                hold.into_iter().for_each(|until| next.hold(until));
                chats.for_each(|(chat, until)| next.hold_chat(chat, until));
                self.now += gap;
                next.use_up(ms(self.now));
                self.limiter = next;
            }
        }
    }

    fn chat(&mut self, hot: u32) -> i64 {
        if self.dice.below(100) < u64::from(hot) {
            let chat = 1 + self.dice.below(6).cast_signed();
            return if chat > 3 { -chat } else { chat };
        }
        self.next_chat += 1;
        self.next_chat
    }

    /// Lets out what may go until `end`, waking up late.
    fn run(&mut self, end: i64) {
        while self.now < end {
            self.supply();
            while self.grant() > 0 {
                self.supply();
            }
            let next = self.next_moment().map_or(end, |at| at.0);
            let late = self.dice.late(self.late);
            self.now = end.min(next.max(self.now + 1) + late);
        }
    }

    /// For chats that are free and for hot ones.
    fn supply(&mut self) {
        while let Some(pass) = self.endless.filter(|_| self.waiting.len() < SHOWN) {
            let chat = self.chat(if self.waiting.len() < SHOWN / 3 { 30 } else { 0 });
            self.waiting.push((pass, chat));
        }
    }

    fn next_moment(&self) -> Option<TimeDelta> {
        let now = ms(self.now);
        let of_pass = |pass: Pass| {
            let chats = self.waiting.iter().filter(|waiting| waiting.0 == pass);
            let free = chats.map(|(_, chat)| self.limiter.chat_ready(*chat, now)).min();
            free.map(|chat| chat.max(self.limiter.bot_ready(pass, now)))
        };
        [Pass::Urgent, Pass::Bulk, Pass::Paid].into_iter().filter_map(of_pass).min()
    }

    fn grant(&mut self) -> usize {
        let before = self.sent.len();
        let (limiter, now) = (&mut self.limiter, ms(self.now));
        let mut waiting = Vec::new();
        for (pass, chat) in std::mem::take(&mut self.waiting) {
            match limiter.bot_ready(pass, now) <= now && limiter.chat_ready(chat, now) <= now {
                true => {
                    limiter.take(pass, chat, now);
                    self.sent.push(Sent { at: now.0, chat, pass });
                }
                false => waiting.push((pass, chat)),
            }
        }
        self.waiting = waiting;
        self.sent.len() - before
    }

    fn check(&self) {
        let times = |which: &dyn Fn(&Sent) -> bool| -> Vec<i64> {
            self.sent.iter().filter(|sent| which(sent)).map(|sent| sent.at).collect()
        };
        let within = |rate: Option<Rate>, times: &[i64], what: &str| {
            if let Some(rate) = rate {
                let most = busiest(times, rate.per.0);
                assert!(most <= rate.count as usize, "{what}: {most} in {rate:?}");
            }
        };
        within(self.limits.bot, &times(&|sent| sent.pass != Pass::Paid), "the bot");
        let mut chats: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        self.sent.iter().for_each(|sent| chats.entry(sent.chat).or_default().push(sent.at));
        chats.iter().for_each(|(chat, times)| within(self.limits.of_chat(*chat), times, &format!("chat {chat}")));
        if let Some(rate) = self.limits.paid {
            self.check_paid(rate);
        }
    }

    /// No window that holds a paid message holds more than the limit of those.
    fn check_paid(&self, rate: Rate) {
        for (i, first) in self.sent.iter().enumerate() {
            let window = self.sent.iter().skip(i).take_while(|sent| sent.at < first.at + rate.per.0);
            let beyond = window.clone().take(rate.count as usize + 1).count() > rate.count as usize;
            let paid = window.take(rate.count as usize + 1).any(|sent| sent.pass == Pass::Paid);
            assert!(!(beyond && paid), "paid: more than {rate:?} at {}", first.at);
        }
    }
}

fn rate(count: std::ops::RangeInclusive<u32>, seconds: std::ops::RangeInclusive<i64>) -> BoxedStrategy<Option<Rate>> {
    let rate = (count, seconds).prop_map(|(count, seconds)| Some(Rate { count, per: TimeDelta::seconds(seconds) }));
    prop_oneof![9 => rate, 1 => Just(None)].boxed()
}

fn limits() -> impl Strategy<Value = Limits> {
    let bot = prop_oneof![
        rate(1..=1_000, 1..=1),
        rate(1..=60, 1..=30),
        Just(Some(Rate::per_second(30))),
        Just(Some(Rate::per_second(1_000))),
    ];
    (bot, rate(1..=5, 1..=5), rate(1..=20, 5..=60), rate(20..=1_000, 1..=2))
        .prop_map(|(bot, chat, group, paid)| Limits { bot, chat, group, paid })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (1..200u32, 0..60u32, 0..30u32, 0..40u32)
            .prop_map(|(messages, hot, urgent, paid)| Op::Burst { messages, hot, urgent, paid }),
        8 => prop_oneof![1..300i64, 300..5_000i64].prop_map(Op::Pass),
        1 => (0..8i64).prop_map(Op::TooMany),
        1 => (0..90i64).prop_map(Op::ChatTooMany),
        1 => (0..2_000i64).prop_map(Op::Restart),
    ]
}

fn holds<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let tried = TestRunner::new_with_rng(config, rng).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn no_window_holds_more_than_any_limit() {
    let strategy = (limits(), 0..8u64, any::<u64>(), proptest::collection::vec(op(), 1..60));
    holds(80, strategy, |(limits, late, seed, ops)| {
        let mut traffic = Traffic::new(limits, late, seed);
        ops.iter().for_each(|op| traffic.carry_out(op));
        traffic.run(traffic.now + 20_000);
        traffic.check();
    });
}

#[test]
fn at_least_99_percent_of_the_limit_are_used() {
    let bot = prop_oneof![
        2 => Just((Pass::Bulk, Rate::per_second(30))),
        1 => Just((Pass::Bulk, Rate::per_second(1_000))),
        1 => Just((Pass::Paid, Rate::per_second(1_000))),
        3 => (1..400u32).prop_map(|count| (Pass::Bulk, Rate::per_second(count))),
        1 => (1..60u32, 2..60i64)
            .prop_map(|(count, seconds)| (Pass::Bulk, Rate { count, per: TimeDelta::seconds(seconds) })),
    ];
    // what was before: traffic, a pause, a restart
    let before = proptest::collection::vec(
        prop_oneof![
            (1..100u32).prop_map(|messages| Op::Burst { messages, hot: 30, urgent: 20, paid: 0 }),
            (1..3_000i64).prop_map(Op::Pass),
            (0..2_000i64).prop_map(Op::Restart),
        ],
        0..8,
    );
    holds(25, (bot, 0..7u64, any::<u64>(), before), |((pass, rate), late, seed, before)| {
        let limits = match pass {
            Pass::Urgent | Pass::Bulk => Limits { bot: Some(rate), ..Limits::TELEGRAM },
            Pass::Paid => Limits { paid: Some(rate), ..Limits::TELEGRAM },
        };
        let mut traffic = Traffic::new(limits, late, seed);
        before.iter().for_each(|op| traffic.carry_out(op));
        // what was left waits no more, and a whole period is over
        traffic.waiting.clear();
        traffic.run(traffic.now + rate.per.0.max(1_000) + 10);
        let (start, periods) = (traffic.now, 60_000_i64.div_euclid(rate.per.0).max(60));
        traffic.endless = Some(pass);
        traffic.run(start + periods * rate.per.0);
        let sent = traffic.sent.iter().filter(|sent| sent.at >= start).count() as f64;
        let share = (sent + 1.0) / (f64::from(rate.count) * periods as f64);
        assert!(share >= 0.99, "{pass:?} {rate:?}: {share}");
        traffic.check();
    });
}

/// What Telegram really refuses.
#[derive(Clone, Copy, Debug)]
enum Storm {
    Bot { until: i64 },
    Chat { chat: i64, until: i64 },
}

#[test]
fn a_storm_costs_one_request_at_most_beyond_the_first() {
    let storm = (any::<bool>(), 1..20i64, 100..6_000i64, 0..100u32, 1..40u32);
    let strategy = (proptest::collection::vec(storm, 1..12), any::<u64>());
    holds(100, strategy, |(storms, seed)| {
        let mut traffic = Traffic::new(Limits::TELEGRAM, 2, seed);
        for (of_bot, seconds, gap, hot, messages) in storms {
            traffic.carry_out(&Op::Burst { messages, hot, urgent: 20, paid: 0 });
            traffic.run(traffic.now + gap);
            let until = traffic.now + seconds * 1_000;
            let storm = if of_bot { Storm::Bot { until } } else { Storm::Chat { chat: traffic.chat(100), until } };
            traffic.carry_out(&Op::Burst { messages, hot, urgent: 20, paid: 0 });
            let refused = weather(&mut traffic, storm, until + 2_000);
            assert!(refused <= 2, "{storm:?}: {refused} refused");
        }
    });
}

/// Sends against a server with a storm until `end`, each answered at once;
/// gives how many requests it refused.
fn weather(traffic: &mut Traffic, storm: Storm, end: i64) -> usize {
    let mut refused = 0;
    while traffic.now < end {
        let before = traffic.sent.len();
        // one message at a time, or the second would leave before its answer
        let now = ms(traffic.now);
        let ready = |(pass, chat): &(Pass, i64)| {
            traffic.limiter.bot_ready(*pass, now).max(traffic.limiter.chat_ready(*chat, now)) <= now
        };
        if let Some(next) = traffic.waiting.iter().position(ready) {
            let (pass, chat) = traffic.waiting.remove(next);
            traffic.limiter.take(pass, chat, now);
            traffic.sent.push(Sent { at: now.0, chat, pass });
            let until = match storm {
                Storm::Bot { until } => until,
                Storm::Chat { chat: theirs, until } if theirs == chat => until,
                Storm::Chat { .. } => 0,
            };
            if until > now.0 {
                refused += 1;
                let seconds = (until - now.0).div_euclid(1_000) + 1;
                let scope = traffic.limiter.too_many(chat, TimeDelta::seconds(seconds), now);
                assert!(scope == Scope::Bot || traffic.limiter.chat_ready(chat, now).0 >= until);
                traffic.waiting.push((pass, chat));
            } else {
                traffic.limiter.delivered(chat);
            }
        }
        if traffic.sent.len() == before {
            traffic.now = traffic.next_moment().map_or(end, |at| at.0.max(traffic.now + 1)).min(end);
        }
    }
    refused
}
