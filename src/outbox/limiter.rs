//! Rate limits of the bot, of one chat and of one group.
//!
//! A limit of `n` per period holds in *every* window of that length: the n-th
//! grant back must be at least a period old. On top of that the bot's grants
//! are paced evenly, with a little slack so that a late wake-up is made good.
//! All limits are looked at before any is used, so a refused message costs
//! nothing. Time is an argument, in monotonic milliseconds.

use crate::model::{Limits, Rate, TimeDelta};
use std::collections::{HashMap, VecDeque};

/// Grants messages within [`Limits`].
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    bot: Window,
    chats: HashMap<i64, Window>,
    hold: TimeDelta,
}

/// The latest grants under one rate.
#[derive(Clone, Debug, Default)]
pub struct Window {
    grants: VecDeque<TimeDelta>,
    pace: f64,
}

/// Added to each window: what leaves here evenly may arrive a little bunched.
const GUARD: TimeDelta = TimeDelta::millis(4);

/// How far behind its even pace the bot may be and still catch up.
const SLACK: TimeDelta = TimeDelta::millis(100);

/// Chats whose last grant is older than every window are forgotten when more
/// than this many are remembered.
const REMEMBERED_CHATS: usize = 100_000;

impl Limiter {
    /// A limiter that has granted nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, bot: Window::default(), chats: HashMap::new(), hold: TimeDelta(i64::MIN) }
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Changes the limits; what was granted still counts, the pace of the bot's
    /// old rate does not.
    pub fn set_limits(&mut self, limits: Limits) {
        if limits.bot != self.limits.bot {
            self.bot.pace = 0.0;
        }
        self.limits = limits;
    }

    /// The earliest moment at which the bot may send at all; `now` or earlier
    /// means at once.
    pub fn bot_ready(&self, now: TimeDelta) -> TimeDelta {
        let rate = self.limits.bot.map_or(now, |rate| self.bot.ready(rate, now).max(self.bot.paced()));
        rate.max(self.hold)
    }

    /// The earliest moment at which `chat` may be written to, the bot's own
    /// limit aside.
    pub fn chat_ready(&self, chat: i64, now: TimeDelta) -> TimeDelta {
        match (self.limits.of_chat(chat), self.chats.get(&chat)) {
            (Some(rate), Some(window)) => window.ready(rate, now),
            (None, _) | (_, None) => now,
        }
    }

    /// Uses the limits for one message to `chat` that is sent now.
    pub fn take(&mut self, chat: i64, now: TimeDelta) {
        if let Some(rate) = self.limits.bot {
            self.bot.take(rate, now);
        }
        if let Some(rate) = self.limits.of_chat(chat) {
            self.chats.entry(chat).or_default().take(rate, now);
        }
        if self.chats.len() > REMEMBERED_CHATS {
            self.forget(now);
        }
    }

    /// Takes the bot's limit as used up just now: for a process that goes on
    /// where another one sent until a moment ago, and does not know how much.
    pub fn use_up(&mut self, now: TimeDelta) {
        if let Some(rate) = self.limits.bot {
            (0..rate.count).for_each(|_| self.bot.take(rate, now));
        }
    }

    /// Holds everything until `until`; an earlier hold is never shortened.
    pub fn hold(&mut self, until: TimeDelta) {
        self.hold = self.hold.max(until);
    }

    /// Until when everything is held, if it is.
    pub fn held(&self, now: TimeDelta) -> Option<TimeDelta> {
        (self.hold > now).then_some(self.hold)
    }

    fn forget(&mut self, now: TimeDelta) {
        let limits = self.limits;
        self.chats.retain(|chat, window| limits.of_chat(*chat).is_some_and(|rate| window.is_recent(rate, now)));
    }
}

impl Window {
    /// When the next grant under `rate` is allowed.
    pub fn ready(&self, rate: Rate, now: TimeDelta) -> TimeDelta {
        let count = rate.count.max(1) as usize;
        match self.grants.len().checked_sub(count).and_then(|i| self.grants.get(i)) {
            Some(oldest) => *oldest + rate.per + GUARD,
            None => now,
        }
    }

    /// Notes a grant.
    pub fn take(&mut self, rate: Rate, now: TimeDelta) {
        while self.grants.len() >= rate.count.max(1) as usize {
            self.grants.pop_front();
        }
        self.grants.push_back(now);
        let interval = rate.per.0 as f64 / f64::from(rate.count.max(1));
        self.pace = self.pace.max((now - SLACK).0 as f64) + interval;
    }

    fn paced(&self) -> TimeDelta {
        TimeDelta(self.pace.floor() as i64)
    }

    fn is_recent(&self, rate: Rate, now: TimeDelta) -> bool {
        self.grants.back().is_some_and(|last| *last + rate.per + GUARD > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: i64) -> TimeDelta {
        TimeDelta(n)
    }

    /// Sends as fast as the limiter allows, waking up `late(i)` ms after each
    /// allowed moment, and returns the times.
    fn greedy(limits: Limits, until: i64, late: impl Fn(i64) -> i64) -> Vec<i64> {
        let mut limiter = Limiter::new(limits);
        let (mut now, mut sent) = (ms(0), Vec::new());
        while now.0 < until {
            let ready = limiter.bot_ready(now);
            if ready > now {
                now = ready + ms(late(sent.len() as i64));
                continue;
            }
            limiter.take(sent.len() as i64, now);
            sent.push(now.0);
        }
        sent
    }

    fn busiest_second(times: &[i64]) -> usize {
        times.iter().map(|t| times.iter().filter(|u| (*t..t + 1_000).contains(u)).count()).max().unwrap_or(0)
    }

    #[test]
    fn no_second_holds_more_than_the_limit_and_hardly_any_is_wasted() {
        for count in [1, 30, 200] {
            for lateness in [0, 1, 5] {
                let limits = Limits { bot: Some(Rate::per_second(count)), ..Limits::default() };
                let sent = greedy(limits, 60_000, |i| i * 7 % (lateness + 1));
                assert!(busiest_second(&sent) <= count as usize, "{count}/s, {lateness} ms late");
                let share = sent.len() as f64 / (f64::from(count) * 60.0);
                assert!(share > 0.985, "{count}/s, {lateness} ms late: {share}");
            }
        }
    }

    #[test]
    fn grants_are_spread_over_the_second() {
        let limits = Limits { bot: Some(Rate::per_second(30)), ..Limits::default() };
        let sent = greedy(limits, 5_000, |_| 0);
        let in_100_ms = sent.iter().map(|t| sent.iter().filter(|u| (*t..t + 100).contains(u)).count()).max();
        assert!(in_100_ms <= Some(7), "{in_100_ms:?}");
    }

    #[test]
    fn chats_and_groups_have_limits_of_their_own() {
        let mut limiter = Limiter::new(Limits::TELEGRAM);
        limiter.take(5, ms(0));
        assert!(limiter.chat_ready(5, ms(500)) > ms(999));
        assert!(limiter.chat_ready(6, ms(500)) <= ms(500));
        for i in 0..20 {
            limiter.take(-9, ms(i));
        }
        assert!(limiter.chat_ready(-9, ms(30_000)) > ms(59_999));
    }

    #[test]
    fn changed_limits_count_what_was_granted_and_forget_the_old_pace() {
        let bot = |count, seconds| Limits {
            bot: Some(Rate { count, per: TimeDelta::seconds(seconds) }),
            ..Limits::default()
        };
        for (before, after, granted, ready) in [
            // lowered: the thirtieth grant back must be a second old
            (bot(60, 1), bot(30, 1), 60, 1_300..1_310),
            // raised: there is room for more in this second
            (bot(30, 1), bot(60, 1), 30, 0..990),
            // a pace of one an hour ends with its rate
            (bot(1, 3_600), bot(30, 1), 1, 0..100),
        ] {
            let mut limiter = Limiter::new(before);
            (0..granted).for_each(|i| limiter.take(i, ms(i * 10)));
            limiter.set_limits(after);
            let at = limiter.bot_ready(ms(granted * 10)).0;
            assert!(ready.contains(&at), "{before:?} to {after:?}: {at}");
        }
    }

    #[test]
    fn what_another_process_sent_is_waited_out() {
        let mut limiter = Limiter::new(Limits::TELEGRAM);
        limiter.use_up(ms(0));
        assert!(limiter.bot_ready(ms(0)) >= ms(1_000) && limiter.bot_ready(ms(0)) < ms(1_010));
        let mut free = Limiter::new(Limits::default());
        free.use_up(ms(0));
        assert_eq!(free.bot_ready(ms(0)), ms(0));
    }

    #[test]
    fn a_hold_is_never_shortened() {
        let mut limiter = Limiter::new(Limits::TELEGRAM);
        limiter.hold(ms(7_000));
        limiter.hold(ms(3_000));
        assert_eq!(limiter.bot_ready(ms(0)), ms(7_000));
        assert_eq!(limiter.held(ms(6_999)), Some(ms(7_000)));
        assert_eq!(limiter.held(ms(7_000)), None);
    }
}
