//! What people did lately, once more: the events of a window, moved so that its
//! beginning falls on the beginning of the simulation, and played again from
//! there when it is over.
//!
//! Only what people and other systems tell is played: what the bot told of its
//! own messages and rules comes about anew. Times that events tell in their
//! properties stay as they were.

use crate::engine::deed;
use crate::model::{Delivery, Event, Patch, Reach, Time, TimeDelta, UserId};
use crate::store::{History, StoreError, Transaction};
use std::sync::Arc;

/// Events of one commit.
const AT_ONCE: usize = 1_000;
/// What the engine itself tells is told apart by this.
const OWN: &str = "vestnik:";

/// The events, and how far they were played.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// By time; their ids are given anew.
    events: Vec<Event>,
    /// How far those of this round are moved.
    shift: TimeDelta,
    length: TimeDelta,
    at: usize,
    told: u64,
    /// Whether it begins anew when it is over.
    is_once: bool,
    /// What tells the ids of these events from those of others.
    kind: &'static str,
}

impl Replay {
    /// The events of `length` before `begin`; none if nothing is played.
    pub fn read(history: &History, begin: Time, length: Option<TimeDelta>) -> Result<Self, StoreError> {
        let Some(length) = length else { return Ok(Self::default()) };
        let mut events = Vec::new();
        let none: Arc<str> = "".into();
        history.for_each_event(begin - length, |event| {
            if event.at < begin && is_told(&event) {
                events.push(Event { id: none.clone(), ..event });
            }
        })?;
        events.sort_by(|a, b| (a.at, a.user, &a.name).cmp(&(b.at, b.user, &b.name)));
        Ok(Self { events, shift: length, length, kind: "replayed", ..Self::default() })
    }

    /// Events that happen once, at their own times; those before `begin` have
    /// happened.
    pub fn of(mut events: Vec<Event>, begin: Time) -> Self {
        events.retain(|event| event.at >= begin);
        events.sort_by(|a, b| (a.at, a.user, &a.name).cmp(&(b.at, b.user, &b.name)));
        Self { events, is_once: true, kind: "scripted", ..Self::default() }
    }

    /// When the next one is.
    pub fn next(&self) -> Option<Time> {
        match self.events.get(self.at) {
            Some(event) => Some(event.at + self.shift),
            None if self.is_once => None,
            None => self.events.first().map(|event| event.at + self.shift + self.length),
        }
    }

    /// Some of what happens up to `now`; nothing if all of it has.
    pub fn take(&mut self, now: Time) -> Option<Transaction> {
        let mut transaction = Transaction::default();
        while transaction.events.len() < AT_ONCE && self.next().is_some_and(|next| next <= now) {
            if self.at == self.events.len() {
                (self.at, self.shift) = (0, self.shift + self.length);
            }
            self.told += 1;
            let event = &self.events[self.at];
            let event =
                Event { id: format!("{}:{}", self.kind, self.told).into(), at: event.at + self.shift, ..event.clone() };
            transaction.patches.extend(patch(&event).map(|patch| (event.user, patch)));
            transaction.events.push(event);
            self.at += 1;
        }
        (!transaction.events.is_empty()).then_some(transaction)
    }
}

/// Whether somebody else than the engine told of it.
fn is_told(event: &Event) -> bool {
    if event.id.starts_with(OWN) || event.user == UserId(0) {
        return false;
    }
    match Delivery::of(&event.name) {
        Some(Delivery::Clicked(_)) => true,
        Some(Delivery::Received(_) | Delivery::Part(_) | Delivery::Undelivered(_)) => false,
        None => !event.name.contains(':'),
    }
}

/// What the bot notes of the user with such an event.
fn patch(event: &Event) -> Option<Patch> {
    match &*event.name {
        "start" | "message" | "press" => Some(deed::seen(true, event.at)),
        "bot_blocked" => Some(Patch::reach(Reach::Blocked)),
        "bot_returned" => Some(Patch::reach(Reach::Reachable)),
        _ => None,
    }
}
