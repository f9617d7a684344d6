//! Rate limits of the bot, of one chat and of one group.
//!
//! A limit of `n` per period holds in *every* window of that length. On top of
//! that the bot's grants are paced evenly, with a little slack so that a late
//! wake-up is made good. All limits are looked at before any is used, so a
//! refused message costs nothing. Time is an argument, in monotonic
//! milliseconds.
//!
//! * `window`: the latest grants under one rate.
//! * `chats`: the same for single chats, and their holds.
//! * `scope`, `refusals`: whom a 429 is about.
//! * `adaptive`: the rate drops after a 429 of the bot and recovers.
//! * `paid`: Stars for going faster than is free.
//!
//! Three kinds of messages ([`Pass`]) share the bot's limit. Bulk may use all of
//! it: as it is paced, a slot comes free soon after somebody asked something,
//! and the answer takes it, ahead of the pace by one. Nothing is kept unused for
//! answers. Paid messages have a limit of their own.

mod adaptive;
mod chats;
mod paid;
mod refusals;
mod scope;
#[cfg(test)]
mod tests;
mod window;

pub use paid::{Paid, Price, Spent};
pub use scope::{Evidence, Scope, scope};
pub use window::Window;

use crate::model::{Limits, Rate, TimeDelta};
use adaptive::Adaptive;
use chats::Chats;
use refusals::Refusals;
use window::GUARD;

/// Grants messages within [`Limits`].
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    /// Messages that are not paid.
    free: Window,
    /// All messages.
    all: Window,
    /// The last paid one.
    paid_at: Option<TimeDelta>,
    chats: Chats,
    hold: TimeDelta,
    adaptive: Adaptive,
    refusals: Refusals,
}

/// As what a message passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Somebody waits for it.
    Urgent,
    /// One of many.
    Bulk,
    /// One of many, faster than is free.
    Paid,
}

/// Messages in one second of the whole bot that are never paid.
pub const FREE: u32 = 30;

/// Added to what a 429 says.
pub const WAIT_MARGIN: TimeDelta = TimeDelta::millis(100);

/// A chat was written to lately if the message before was so long ago.
const LATELY: TimeDelta = TimeDelta::seconds(3);

/// The rate does not drop below this many messages a second.
const FLOOR: f64 = 1.0;

impl Limiter {
    /// A limiter that has granted nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            free: Window::default(),
            all: Window::default(),
            paid_at: None,
            chats: Chats::default(),
            hold: TimeDelta(i64::MIN),
            adaptive: Adaptive::default(),
            refusals: Refusals::default(),
        }
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Changes the limits; what was granted still counts, the pace of the bot's
    /// old rate does not.
    pub fn set_limits(&mut self, limits: Limits) {
        if limits.bot != self.limits.bot {
            self.free.forget_pace();
        }
        if limits.paid != self.limits.paid {
            self.all.forget_pace();
        }
        self.limits = limits;
    }

    /// The earliest moment at which the bot may send such a message at all;
    /// `now` or earlier means at once.
    pub fn bot_ready(&self, pass: Pass, now: TimeDelta) -> TimeDelta {
        let ready = match pass {
            Pass::Urgent => self.free_ready(1, now).max(self.beside_paid(now)),
            Pass::Bulk => self.free_ready(0, now).max(self.beside_paid(now)),
            Pass::Paid => self.paid_ready(now),
        };
        ready.max(self.hold)
    }

    /// The earliest moment at which `chat` may be written to, the bot's own
    /// limit aside.
    pub fn chat_ready(&self, chat: i64, now: TimeDelta) -> TimeDelta {
        self.chats.ready(&self.limits, chat, now)
    }

    /// When an order may go to `chat` that brings so many messages at once, an
    /// album several. The bot's limit and a group's hold for each of them; a
    /// chat whose limit is smaller than the album takes it whole and is left
    /// alone the longer.
    pub fn ready(&self, pass: Pass, chat: i64, messages: u32, now: TimeDelta) -> TimeDelta {
        let mut ready = self.bot_ready(pass, now).max(self.chats.ready_for(messages, &self.limits, chat, now));
        if messages > 1 {
            let windows = [(&self.free, self.limits.bot), (&self.all, self.limits.paid.filter(|_| pass == Pass::Paid))];
            for (window, rate) in windows {
                ready = rate.map_or(ready, |rate| ready.max(window.ready_for(messages, rate, now)));
            }
        }
        ready
    }

    /// Uses the limits for an order that is [`Limiter::ready`], and says what
    /// each of its messages costs if they are paid for.
    pub fn take_all(&mut self, pass: Pass, chat: i64, messages: u32, now: TimeDelta) -> Price {
        let price = self.take(pass, chat, now);
        (1..messages).for_each(|_| drop(self.take(pass, chat, now)));
        if let Some(rate) = self.limits.of_chat(chat).filter(|rate| messages > rate.count) {
            let periods = i64::from(messages.div_ceil(rate.count.max(1)));
            self.hold_chat(chat, now + TimeDelta(rate.per.0 * periods));
        }
        price
    }

    /// Uses the limits for one message to `chat` that is sent now, and says
    /// what it costs if it is a paid one.
    pub fn take(&mut self, pass: Pass, chat: i64, now: TimeDelta) -> Price {
        let price = self.price(now);
        let share = self.adaptive.share(now);
        match pass {
            Pass::Urgent | Pass::Bulk => {
                if let Some(rate) = self.limits.bot {
                    self.free.note(rate.count, now);
                    self.free.step(rate, share, now);
                }
            }
            Pass::Paid => {
                self.paid_at = Some(now);
                if let Some(rate) = self.limits.paid {
                    self.all.step(rate, share, now);
                }
            }
        }
        self.all.note(self.remembered(), now);
        self.chats.take(&self.limits, chat, now);
        price
    }

    /// Takes all limits as used up just now: for a process that goes on where
    /// another one sent until a moment ago, and does not know how much.
    pub fn use_up(&mut self, now: TimeDelta) {
        if let Some(rate) = self.limits.bot {
            (0..rate.count).for_each(|_| self.free.take(rate, now));
        }
        let all = self.remembered();
        (0..all).for_each(|_| self.all.note(all, now));
        self.paid_at = Some(now);
        self.chats.use_up(now);
    }

    /// Holds everything until `until`; an earlier hold is never shortened.
    pub fn hold(&mut self, until: TimeDelta) {
        self.hold = self.hold.max(until);
    }

    /// Holds one chat until `until`; an earlier hold is never shortened.
    pub fn hold_chat(&mut self, chat: i64, until: TimeDelta) {
        self.chats.hold(chat, until);
    }

    /// Until when everything is held, if it is.
    pub fn held(&self, now: TimeDelta) -> Option<TimeDelta> {
        (self.hold > now).then_some(self.hold)
    }

    /// The chats that are held by themselves, and until when.
    pub fn held_chats(&self, now: TimeDelta) -> impl Iterator<Item = (i64, TimeDelta)> {
        self.chats.held(now)
    }

    /// The last request to `chat` was delivered.
    pub fn delivered(&mut self, chat: i64) {
        if let Some(asked) = self.chats.last(chat) {
            self.refusals.delivered(asked);
        }
    }

    /// The last request to `chat` was refused with 429: holds the chat or the
    /// bot for what was told and a little more, and says which. A refusal of
    /// the bot also lowers its rate, once for each hold.
    pub fn too_many(&mut self, chat: i64, retry_after: TimeDelta, now: TimeDelta) -> Scope {
        let until = now + retry_after + WAIT_MARGIN;
        let scope = scope(self.evidence(chat, retry_after, now));
        self.refusals.refused(chat, until, now);
        match scope {
            Scope::Chat => self.hold_chat(chat, until),
            Scope::Bot => {
                let until = self.refusals.longest(now).map_or(until, |longest| longest.max(until));
                if self.held(now).is_none() {
                    let floor = self.limits.bot.map_or(1.0, |rate| FLOOR / rate.hertz());
                    self.adaptive.cut(floor, until, now);
                }
                self.hold(until);
            }
        }
        scope
    }

    /// The messages a second that are let out now; absent if there is no limit.
    pub fn rate_now(&self, now: TimeDelta) -> Option<f64> {
        self.limits.bot.map(|rate| rate.hertz() * self.adaptive.share(now))
    }

    /// When the next free message may leave, if it may be so many `early`.
    fn free_ready(&self, early: u32, now: TimeDelta) -> TimeDelta {
        let Some(rate) = self.limits.bot else { return now };
        self.free.ready(rate, now).max(self.free.paced(rate, self.adaptive.share(now), early))
    }

    fn paid_ready(&self, now: TimeDelta) -> TimeDelta {
        let Some(rate) = self.limits.paid else { return now };
        let share = self.adaptive.share(now);
        self.all.ready(rate, now).max(self.all.paced(rate, share, 0))
    }

    /// Free messages count in the windows that hold paid ones.
    fn beside_paid(&self, now: TimeDelta) -> TimeDelta {
        match (self.limits.paid, self.paid_at) {
            (Some(rate), Some(at)) if at + rate.per + GUARD > now => self.all.ready(rate, now),
            (None, _) | (_, None) | (Some(_), Some(_)) => now,
        }
    }

    fn price(&self, now: TimeDelta) -> Price {
        let before = self.all.later_than(now - TimeDelta::seconds(1) - GUARD);
        if before < FREE as usize { Price::Free } else { Price::Tenth }
    }

    fn remembered(&self) -> u32 {
        self.limits.paid.map_or(FREE, |rate| rate.count.max(FREE))
    }

    fn evidence(&self, chat: i64, wait: TimeDelta, now: TimeDelta) -> Evidence {
        let used =
            |window: &Window, rate: Rate| window.later_than(now - rate.per) as f64 / f64::from(rate.count.max(1));
        let paid = self.limits.paid.filter(|_| self.paid_at.is_some()).map_or(0.0, |rate| used(&self.all, rate));
        let previous = self.chats.previous(chat);
        Evidence {
            others: self.refusals.others(chat, now),
            again: self.refusals.again(chat, now),
            busy: self.limits.bot.map_or(1.0, |rate| used(&self.free, rate)).max(paid),
            group: chat < 0,
            lately: previous.is_some_and(|at| at + LATELY > now),
            wait,
        }
    }
}
