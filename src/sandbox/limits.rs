//! Telegram's rate limits, and the counters that show how a client kept to
//! them. Works on milliseconds that it is given; reads no clock.
//!
//! The model: one bucket for the bot, one per private chat (both refill
//! evenly), and for a group at most so many in any minute. A refusal names a
//! `retry_after` and is enforced: until it is over everything in its scope is
//! refused as well, and counted as a violation. A paid broadcast has a bucket
//! of its own. The server's front refuses who has too many requests unanswered;
//! that is a `retry_after` to keep to, and not enforced afterwards.

use crate::sandbox::active::Load;
use crate::sandbox::counters::{Counters, Window};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};

/// Which limits to enforce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limits {
    /// None: as fast as the machine goes.
    #[default]
    Off,
    /// Those that Telegram documents: see [`Rates::telegram`].
    Telegram,
    /// Chosen by hand.
    Custom(Rates),
}

/// The numbers behind the limits; a rate of 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Messages per second of the whole bot.
    pub per_second: u32,
    /// How many of them may come at once after a pause.
    pub burst: u32,
    /// Messages per second in one private chat.
    pub chat_per_second: u32,
    /// How many of them may come at once.
    pub chat_burst: u32,
    /// Messages in any minute in one group or channel.
    pub group_per_minute: u32,
    /// Messages per second, and at once, of a paid broadcast.
    pub paid_per_second: u32,
    /// Requests of the bot that may be unanswered at the same moment.
    pub active: u32,
    /// Messages to one chat among them.
    pub chat_active: u32,
    /// Uploads among them.
    pub uploads: u32,
    /// How long (ms) the front thinks before it refuses more than that.
    pub front_delay_ms: u64,
    /// A request that arrives so soon (ms) after a refusal was on its way
    /// already and is no violation.
    pub grace_ms: i64,
}

/// Enforces the rates and counts.
#[derive(Debug)]
pub(crate) struct Gate {
    rates: Option<Rates>,
    overall: i64,
    paid: i64,
    chats: HashMap<i64, i64>,
    groups: HashMap<i64, VecDeque<i64>>,
    pause: Option<Pause>,
    chat_pauses: HashMap<i64, Pause>,
    window: Window,
    pub(crate) counters: Counters,
    sweep_at: usize,
}

/// Which limit of the whole bot a message is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// That of everybody.
    Free,
    /// That of a paid broadcast.
    Paid,
}

/// Seconds to wait, as the answer says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryAfter(pub(crate) u32);

/// A `retry_after` that is running, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Pause {
    from: i64,
    until: i64,
}

/// A bucket that refills evenly, kept as the time at which it is full again
/// (microseconds).
#[derive(Clone, Copy)]
struct Bucket {
    interval: i64,
    burst: i64,
}

impl Rates {
    /// 30 a second with a burst of 30; in a private chat 1 a second with a
    /// burst of 3; in a group 20 a minute; 1,000 a second if paid; 1,000
    /// requests unanswered, 310 of one chat, 100 uploads.
    pub const fn telegram() -> Self {
        Self {
            per_second: 30,
            burst: 30,
            chat_per_second: 1,
            chat_burst: 3,
            group_per_minute: 20,
            paid_per_second: 1_000,
            active: 1_000,
            chat_active: 310,
            uploads: 100,
            front_delay_ms: 3_000,
            grace_ms: 100,
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self::telegram()
    }
}

impl Limits {
    fn rates(self) -> Option<Rates> {
        match self {
            Limits::Off => None,
            Limits::Telegram => Some(Rates::telegram()),
            Limits::Custom(rates) => Some(rates),
        }
    }
}

impl Gate {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            rates: limits.rates(),
            overall: i64::MIN,
            paid: i64::MIN,
            chats: HashMap::new(),
            groups: HashMap::new(),
            pause: None,
            chat_pauses: HashMap::new(),
            window: Window::default(),
            counters: Counters::default(),
            sweep_at: 1 << 14,
        }
    }

    /// Other limits from now on; running pauses and counters stay.
    pub(crate) fn set(&mut self, limits: Limits) {
        self.rates = limits.rates();
        self.overall = i64::MIN;
        self.paid = i64::MIN;
        self.chats.clear();
        self.groups.clear();
    }

    /// Ends every running `retry_after`.
    pub(crate) fn lift_pauses(&mut self) {
        self.pause = None;
        self.chat_pauses.clear();
    }

    /// Starts a `retry_after`, for one chat or for the whole bot.
    pub(crate) fn impose(&mut self, chat: Option<i64>, seconds: u32, now: i64) -> RetryAfter {
        let pause = Pause { from: now, until: now + i64::from(seconds) * 1_000 };
        match chat {
            Some(chat) => {
                self.chat_pauses.insert(chat, pause);
            }
            None => self.pause = Some(pause),
        }
        RetryAfter(seconds)
    }

    /// Refuses a delivery that comes while a `retry_after` is running.
    pub(crate) fn check_pause(&mut self, chat: Option<i64>, now: i64) -> Result<(), RetryAfter> {
        let running = [self.pause, chat.and_then(|chat| self.chat_pauses.get(&chat).copied())];
        let longest = running.into_iter().flatten().filter(|pause| now < pause.until).max_by_key(|pause| pause.until);
        let Some(pause) = longest else { return Ok(()) };
        let grace = self.rates.unwrap_or_default().grace_ms;
        if now - pause.from < grace {
            self.counters.overtaken += 1;
        } else {
            self.counters.violations += 1;
        }
        Err(RetryAfter(seconds_up((pause.until - now) * 1_000)))
    }

    /// How long (ms) the front makes a request wait before it refuses it for
    /// being one too many.
    pub(crate) fn overload(&self, load: Load) -> Option<u64> {
        let rates = self.rates?;
        let over = |now: u32, limit: u32| limit > 0 && now > limit;
        let is_over =
            over(load.all, rates.active) || over(load.in_chat, rates.chat_active) || over(load.uploads, rates.uploads);
        is_over.then_some(rates.front_delay_ms)
    }

    /// Messages a second that cost nothing.
    pub(crate) fn free_per_second(&self) -> u32 {
        let rate = self.rates.unwrap_or_default().per_second;
        if rate == 0 { Rates::telegram().per_second } else { rate }
    }

    /// Takes room for `n` messages to a chat, or starts a `retry_after`.
    pub(crate) fn take(&mut self, chat: i64, n: u32, pace: Pace, now: i64) -> Result<(), RetryAfter> {
        let Some(rates) = self.rates else { return Ok(()) };
        let micros = now * 1_000;
        let free = Bucket::new(rates.per_second, rates.burst);
        let paid = Bucket::new(rates.paid_per_second, rates.paid_per_second);
        let private = if chat > 0 { Bucket::new(rates.chat_per_second, rates.chat_burst) } else { None };
        let chat_full_at = self.chats.get(&chat).copied().unwrap_or(i64::MIN);
        if let Some(wait) = private.and_then(|bucket| bucket.wait(chat_full_at, micros, n)) {
            return Err(self.impose(Some(chat), seconds_up(wait), now));
        }
        if let Some(wait) = self.group_wait(rates, chat, n, now) {
            return Err(self.impose(Some(chat), seconds_up(wait * 1_000), now));
        }
        let free_wait = free.and_then(|bucket| bucket.wait(self.overall, micros, n));
        let overall_wait = match pace {
            Pace::Free => free_wait,
            Pace::Paid => paid.and_then(|bucket| bucket.wait(self.paid, micros, n)),
        };
        if let Some(wait) = overall_wait {
            return Err(self.impose(None, seconds_up(wait), now));
        }
        // What is paid for uses the free room as well, as long as there is some.
        if let (Some(bucket), None) = (free, free_wait) {
            self.overall = bucket.take(self.overall, micros, n);
        }
        if let (Some(bucket), Pace::Paid) = (paid, pace) {
            self.paid = bucket.take(self.paid, micros, n);
        }
        if let Some(bucket) = private {
            self.chats.insert(chat, bucket.take(chat_full_at, micros, n));
            self.sweep(now);
        } else if chat < 0 {
            self.groups.entry(chat).or_default().extend((0..n).map(|_| now));
        }
        Ok(())
    }

    /// Counts an accepted message.
    pub(crate) fn accepted(&mut self, chat: i64, now: i64) {
        self.counters.accepted += 1;
        let (all, in_chat) = self.window.push(now, chat);
        self.counters.max_per_second = self.counters.max_per_second.max(all);
        self.counters.max_per_second_in_chat = self.counters.max_per_second_in_chat.max(in_chat);
    }

    /// Counts a refusal.
    pub(crate) fn refused(&mut self, code: u16) {
        *self.counters.refused.entry(code).or_default() += 1;
        if code == 429 {
            self.counters.too_many += 1;
        }
    }

    /// Milliseconds until a group has room for `n` more.
    fn group_wait(&mut self, rates: Rates, chat: i64, n: u32, now: i64) -> Option<i64> {
        if chat > 0 || rates.group_per_minute == 0 {
            return None;
        }
        let times = self.groups.entry(chat).or_default();
        while times.front().is_some_and(|at| *at <= now - 60_000) {
            times.pop_front();
        }
        let over = (times.len() + n as usize).checked_sub(rates.group_per_minute as usize)?;
        let frees = over.checked_sub(1)?;
        Some(times.get(frees).or(times.back()).map_or(60_000, |at| at + 60_000 - now))
    }

    /// Forgets chats whose bucket is full again, now and then.
    fn sweep(&mut self, now: i64) {
        if self.chats.len() < self.sweep_at {
            return;
        }
        self.chats.retain(|_, full_at| *full_at > now * 1_000);
        self.chat_pauses.retain(|_, pause| pause.until > now);
        self.sweep_at = (self.chats.len() * 2).max(1 << 14);
    }
}

impl Bucket {
    fn new(per_second: u32, burst: u32) -> Option<Self> {
        let rate = i64::from(per_second);
        (rate > 0).then(|| Self { interval: 1_000_000 / rate, burst: i64::from(burst.max(1)) })
    }

    /// How long `n` must wait; a request larger than the burst needs a full
    /// bucket.
    fn wait(self, full_at: i64, now: i64, n: u32) -> Option<i64> {
        let n = i64::from(n).min(self.burst);
        let at = full_at.max(now) + (n - self.burst) * self.interval;
        (at > now).then(|| at - now)
    }

    fn take(self, full_at: i64, now: i64, n: u32) -> i64 {
        full_at.max(now) + i64::from(n) * self.interval
    }
}

/// Whole seconds, rounded up and at least one.
fn seconds_up(micros: i64) -> u32 {
    u32::try_from((micros + 999_999) / 1_000_000).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TG: Limits = Limits::Telegram;

    /// Feeds (ms, chat) and answers with the refusals.
    fn play(limits: Limits, sends: &[(i64, i64)]) -> (Vec<Option<u32>>, Counters) {
        play_at(Pace::Free, limits, sends)
    }

    fn play_at(pace: Pace, limits: Limits, sends: &[(i64, i64)]) -> (Vec<Option<u32>>, Counters) {
        let mut gate = Gate::new(limits);
        let answers = sends
            .iter()
            .map(|&(now, chat)| {
                let result = gate.check_pause(Some(chat), now).and_then(|()| gate.take(chat, 1, pace, now));
                match result {
                    Ok(()) => {
                        gate.accepted(chat, now);
                        None
                    }
                    Err(RetryAfter(seconds)) => Some(seconds),
                }
            })
            .collect();
        (answers, gate.counters)
    }

    #[test]
    fn one_private_chat_has_a_burst_of_three_then_one_a_second() {
        let (answers, counters) = play(TG, &[(0, 1), (0, 1), (0, 1), (0, 1), (50, 1), (500, 1), (1000, 1), (1001, 1)]);
        assert_eq!(answers, [None, None, None, Some(1), Some(1), Some(1), None, Some(1)]);
        assert_eq!((counters.overtaken, counters.violations), (1, 1));
        assert_eq!((counters.accepted, counters.max_per_second_in_chat), (4, 3));
    }

    #[test]
    fn the_whole_bot_has_thirty() {
        let sends: Vec<_> = (1..=31).map(|chat| (0, chat)).chain([(1000, 40)]).collect();
        let (answers, counters) = play(TG, &sends);
        assert_eq!(answers.iter().position(Option::is_some), Some(30));
        assert_eq!(answers.get(31), Some(&None));
        assert_eq!(counters.max_per_second, 30);
    }

    #[test]
    fn an_even_thirty_a_second_is_never_refused() {
        let sends: Vec<_> = (0..300).map(|n| (n * 1000 / 30, n + 1)).collect();
        let (answers, counters) = play(TG, &sends);
        assert!(answers.iter().all(Option::is_none));
        assert!((30..=31).contains(&counters.max_per_second), "{}", counters.max_per_second);
    }

    #[test]
    fn what_is_paid_for_has_a_thousand() {
        let sends: Vec<_> = (1..=1_001).map(|chat| (0, chat)).collect();
        let (answers, _) = play_at(Pace::Paid, TG, &sends);
        assert_eq!(answers.iter().position(Option::is_some), Some(1_000));
        let even: Vec<_> = (0..3_000).map(|n| (n, n + 1)).collect();
        let (answers, counters) = play_at(Pace::Paid, TG, &even);
        assert!(answers.iter().all(Option::is_none));
        assert_eq!(counters.max_per_second, 1_000);
    }

    #[test]
    fn the_front_refuses_one_too_many() {
        let rows = [
            (TG, (1_000, 310, 100), None),
            (TG, (1_001, 1, 0), Some(3_000)),
            (TG, (311, 311, 0), Some(3_000)),
            (TG, (101, 1, 101), Some(3_000)),
            (Limits::Off, (9_999, 9_999, 9_999), None),
            (Limits::Custom(Rates { active: 5, front_delay_ms: 1, ..Rates::telegram() }), (6, 1, 0), Some(1)),
        ];
        for (limits, (all, in_chat, uploads), expected) in rows {
            assert_eq!(
                Gate::new(limits).overload(Load { all, in_chat, uploads }),
                expected,
                "{all} {in_chat} {uploads}"
            );
        }
    }

    #[test]
    fn a_group_has_twenty_a_minute_and_names_the_wait() {
        let sends: Vec<_> = (0..21).map(|n| (n * 1000, -5)).chain([(60_000, -5)]).collect();
        let (answers, _) = play(TG, &sends);
        assert_eq!(answers.get(19), Some(&None));
        assert_eq!(answers.get(20), Some(&Some(40)));
        assert_eq!(answers.get(21), Some(&None));
    }

    #[test]
    fn without_limits_all_is_counted_and_nothing_refused() {
        let sends: Vec<_> = (0..100).map(|n| (n * 100, 1)).collect();
        let (answers, counters) = play(Limits::Off, &sends);
        assert!(answers.iter().all(Option::is_none));
        assert_eq!((counters.max_per_second, counters.max_per_second_in_chat), (10, 10));
    }
}
