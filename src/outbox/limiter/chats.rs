//! What is known of single chats: their latest messages, and until when one is
//! held.

use super::window::{GUARD, Window};
use crate::model::{Limits, TimeDelta};
use std::collections::HashMap;

/// The chats that were written to lately or are held.
#[derive(Debug)]
pub(super) struct Chats {
    known: HashMap<i64, Chat>,
    /// More chats are not remembered without looking which may be forgotten.
    most: usize,
    /// Until then other processes may have written to any of them.
    past: Option<TimeDelta>,
}

#[derive(Debug)]
struct Chat {
    window: Window,
    /// Its message before the last one.
    previous: Option<TimeDelta>,
    hold: TimeDelta,
}

/// Chats beyond this number are forgotten when their limits allow it.
const REMEMBERED: usize = 100_000;

/// Chats are remembered for so long, whatever their limit: what a 429 means is
/// judged by it.
const RECENT: TimeDelta = TimeDelta::seconds(10);

/// The longest that chats wait for what another process may have sent them.
const LONGEST_PAST: TimeDelta = TimeDelta::minutes(1);

impl Default for Chats {
    fn default() -> Self {
        Self { known: HashMap::new(), most: REMEMBERED, past: None }
    }
}

impl Chats {
    /// The earliest moment at which `chat` may be written to.
    pub(super) fn ready(&self, limits: &Limits, chat: i64, now: TimeDelta) -> TimeDelta {
        let rate = limits.of_chat(chat);
        let past = self.past.zip(rate).map_or(now, |(past, rate)| past + rate.per.min(LONGEST_PAST) + GUARD);
        let Some(known) = self.known.get(&chat) else { return past.max(now) };
        rate.map_or(now, |rate| known.window.ready(rate, now)).max(known.hold).max(past)
    }

    /// The same for so many messages at once.
    pub(super) fn ready_for(&self, messages: u32, limits: &Limits, chat: i64, now: TimeDelta) -> TimeDelta {
        let many = limits.of_chat(chat).zip(self.known.get(&chat));
        let many = many.map_or(now, |(rate, known)| known.window.ready_for(messages, rate, now));
        self.ready(limits, chat, now).max(many)
    }

    /// Notes a message.
    pub(super) fn take(&mut self, limits: &Limits, chat: i64, now: TimeDelta) {
        let known = self.known.entry(chat).or_insert_with(Chat::new);
        known.previous = known.window.last();
        known.window.note(limits.of_chat(chat).map_or(1, |rate| rate.count), now);
        if self.known.len() > self.most {
            self.forget(limits, now);
        }
    }

    /// Holds a chat until `until`; an earlier hold is never shortened.
    pub(super) fn hold(&mut self, chat: i64, until: TimeDelta) {
        let known = self.known.entry(chat).or_insert_with(Chat::new);
        known.hold = known.hold.max(until);
    }

    /// The chats that are held, and until when.
    pub(super) fn held(&self, now: TimeDelta) -> impl Iterator<Item = (i64, TimeDelta)> {
        self.known.iter().filter(move |(_, chat)| chat.hold > now).map(|(id, chat)| (*id, chat.hold))
    }

    /// When the last message to a chat left.
    pub(super) fn last(&self, chat: i64) -> Option<TimeDelta> {
        self.known.get(&chat)?.window.last()
    }

    /// When the message before it left.
    pub(super) fn previous(&self, chat: i64) -> Option<TimeDelta> {
        self.known.get(&chat)?.previous
    }

    /// Takes every chat's limit as used up just now.
    pub(super) fn use_up(&mut self, now: TimeDelta) {
        self.past = Some(now);
    }

    /// What stays may be much where limits are long, so the next look is only
    /// at twice that.
    fn forget(&mut self, limits: &Limits, now: TimeDelta) {
        self.known.retain(|id, chat| {
            let counts = limits.of_chat(*id).map_or(RECENT, |rate| (rate.per + GUARD).max(RECENT));
            chat.hold > now || chat.window.last().is_some_and(|last| last + counts > now)
        });
        self.most = REMEMBERED.max(2 * self.known.len());
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}

impl Chat {
    fn new() -> Self {
        Self { window: Window::default(), previous: None, hold: TimeDelta(i64::MIN) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_chats_are_forgotten_and_held_ones_are_not() {
        let limits = Limits::TELEGRAM;
        let mut chats = Chats::default();
        chats.hold(7, TimeDelta::hours(2));
        // more chats in a second than would ever be
        for chat in 0..300_000 {
            chats.take(&limits, 1_000 + chat, TimeDelta(chat));
        }
        assert!(chats.len() < 120_000, "{}", chats.len());
        assert_eq!(chats.ready(&limits, 7, TimeDelta(300_000)), TimeDelta::hours(2));
        assert_eq!(chats.held(TimeDelta(300_000)).collect::<Vec<_>>(), [(7, TimeDelta::hours(2))]);
    }
}
