//! Telegram's rate limits, and the counters that show how a client kept to
//! them. Works on milliseconds that it is given; reads no clock.
//!
//! The model: one bucket for the bot, one per private chat (both refill
//! evenly), and for a group at most so many in any minute. A refusal names a
//! `retry_after` and is enforced: until it is over everything in its scope is
//! refused as well, and counted as a violation.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};

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
    /// A request that arrives so soon (ms) after a refusal was on its way
    /// already and is no violation.
    pub grace_ms: i64,
}

/// What a sandbox has counted since its start or the last reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Requests to bot methods.
    pub requests: u64,
    /// Messages accepted.
    pub accepted: u64,
    /// Answers 429.
    pub too_many: u64,
    /// Requests sent although a `retry_after` was running.
    pub violations: u64,
    /// Requests that were on their way when the `retry_after` was answered.
    pub overtaken: u64,
    /// The most messages accepted in any window of one second.
    pub max_per_second: u32,
    /// The same within one chat.
    pub max_per_second_in_chat: u32,
    /// The most requests being worked on at the same moment.
    pub max_in_flight: u32,
    /// Faults that were played.
    pub faults: u64,
    /// Refusals by error code.
    pub refused: BTreeMap<u16, u64>,
}

/// Enforces the rates and counts.
#[derive(Debug)]
pub(crate) struct Gate {
    rates: Option<Rates>,
    overall: i64,
    chats: HashMap<i64, i64>,
    groups: HashMap<i64, VecDeque<i64>>,
    pause: Option<Pause>,
    chat_pauses: HashMap<i64, Pause>,
    window: Window,
    pub(crate) counters: Counters,
    sweep_at: usize,
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

/// What was accepted in the last second: the exact sliding maximum.
#[derive(Debug, Default)]
struct Window {
    recent: VecDeque<(i64, i64)>,
    in_chat: HashMap<i64, u32>,
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
    /// burst of 3; in a group 20 a minute.
    pub const fn telegram() -> Self {
        Self { per_second: 30, burst: 30, chat_per_second: 1, chat_burst: 3, group_per_minute: 20, grace_ms: 100 }
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

    /// Takes room for `n` messages to a chat, or starts a `retry_after`.
    pub(crate) fn take(&mut self, chat: i64, n: u32, now: i64) -> Result<(), RetryAfter> {
        let Some(rates) = self.rates else { return Ok(()) };
        let micros = now * 1_000;
        let overall = Bucket::new(rates.per_second, rates.burst);
        let private = if chat > 0 { Bucket::new(rates.chat_per_second, rates.chat_burst) } else { None };
        let chat_full_at = self.chats.get(&chat).copied().unwrap_or(i64::MIN);
        if let Some(wait) = private.and_then(|bucket| bucket.wait(chat_full_at, micros, n)) {
            return Err(self.impose(Some(chat), seconds_up(wait), now));
        }
        if let Some(wait) = self.group_wait(rates, chat, n, now) {
            return Err(self.impose(Some(chat), seconds_up(wait * 1_000), now));
        }
        if let Some(wait) = overall.and_then(|bucket| bucket.wait(self.overall, micros, n)) {
            return Err(self.impose(None, seconds_up(wait), now));
        }
        if let Some(bucket) = overall {
            self.overall = bucket.take(self.overall, micros, n);
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

impl Window {
    /// Adds one and answers how many the second that ends now holds, in all
    /// and in this chat.
    fn push(&mut self, now: i64, chat: i64) -> (u32, u32) {
        while let Some(&(at, old)) = self.recent.front() {
            if at > now - 1_000 {
                break;
            }
            self.recent.pop_front();
            if let Some(count) = self.in_chat.get_mut(&old) {
                *count -= 1;
                if *count == 0 {
                    self.in_chat.remove(&old);
                }
            }
        }
        self.recent.push_back((now, chat));
        let in_chat = self.in_chat.entry(chat).or_default();
        *in_chat += 1;
        (u32::try_from(self.recent.len()).unwrap_or(u32::MAX), *in_chat)
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
        let mut gate = Gate::new(limits);
        let answers = sends
            .iter()
            .map(|&(now, chat)| {
                let result = gate.check_pause(Some(chat), now).and_then(|()| gate.take(chat, 1, now));
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
