//! The 429s of late, as far as they tell whom the next one is about.

use crate::model::TimeDelta;

/// What was refused, and what went through since.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// The latest of each chat, oldest first.
    told: Vec<Told>,
    /// When the latest request was written that was delivered.
    delivered: Option<TimeDelta>,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    chat: i64,
    at: TimeDelta,
    until: TimeDelta,
}

/// A refusal counts for so long, and in any case as long as its wait.
const RECENT: TimeDelta = TimeDelta::seconds(10);

/// How long the chat of a kept wait is known as one that was refused.
const REMEMBERED: TimeDelta = TimeDelta::minutes(10);

/// More chats are not remembered; the oldest goes.
const MOST: usize = 1_000;

impl Refusals {
    /// A request that was written at `asked` was delivered.
    pub(super) fn delivered(&mut self, asked: TimeDelta) {
        self.delivered = self.delivered.max(Some(asked));
    }

    /// Notes that `chat` is to wait.
    pub(super) fn refused(&mut self, chat: i64, until: TimeDelta, now: TimeDelta) {
        self.told.retain(|told| told.chat != chat && told.until + REMEMBERED > now);
        if self.told.len() >= MOST {
            self.told.remove(0);
        }
        self.told.push(Told { chat, at: now, until });
    }

    /// Whether another chat than `chat` was refused lately and nothing that was
    /// written since was delivered.
    pub(super) fn others(&self, chat: i64, now: TimeDelta) -> bool {
        self.unproven(now).any(|told| told.chat != chat)
    }

    /// Whether `chat` was refused before and something that was written since
    /// was delivered.
    pub(super) fn again(&self, chat: i64, now: TimeDelta) -> bool {
        self.told.iter().any(|told| told.chat == chat && told.until <= now && self.is_proven(told))
    }

    /// The longest wait of those that may be the bot's.
    pub(super) fn longest(&self, now: TimeDelta) -> Option<TimeDelta> {
        self.unproven(now).map(|told| told.until).max()
    }

    fn unproven(&self, now: TimeDelta) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(move |told| told.until.max(told.at + RECENT) > now && !self.is_proven(told))
    }

    fn is_proven(&self, told: &Told) -> bool {
        self.delivered > Some(told.at)
    }
}
