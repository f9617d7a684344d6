//! Whom a 429 is about: the whole bot, or one chat.
//!
//! Telegram does not tell, and says that nobody should want to know (TDLib's
//! issue 715). But the two are worlds apart: one group that is written to too
//! often would hold up fifty thousand people. So it is judged by what is known.
//!
//! A wrong "bot" costs the time that was told. A wrong "chat" costs one request
//! that is refused again: then two chats are refused at once, and the whole bot
//! waits for the longest that was told. So where nothing speaks for the chat, a
//! short wait is taken for the bot's; a long one only while the bot is busy,
//! for a bot that hardly sends is hardly refused for an hour.
//!
//! A chat says nothing any more against the bot once a request to another chat,
//! written after its refusal, was delivered: under a limit of the bot that
//! would have been refused as well.

use crate::model::TimeDelta;

/// Whom a 429 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One chat.
    Chat,
    /// Everything that the bot sends.
    Bot,
}

/// What is known when a 429 comes.
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    /// Another chat was refused lately, and nothing was delivered since.
    pub others: bool,
    /// This chat was refused before, its wait was kept, and others were
    /// delivered to meanwhile.
    pub again: bool,
    /// The share of its own limit that the bot has used lately; 1 if it has
    /// none.
    pub busy: f64,
    /// The chat is a group.
    pub group: bool,
    /// The chat got another message just before.
    pub lately: bool,
    /// What was told.
    pub wait: TimeDelta,
}

/// From this share of its limit on the bot may be what is refused.
const BUSY: f64 = 0.5;

/// A longer wait is not taken for the bot's without a reason.
const SHORT: TimeDelta = TimeDelta::seconds(60);

/// Judges; the first row that fits decides.
pub fn scope(known: Evidence) -> Scope {
    match known {
        Evidence { others: true, .. } => Scope::Bot,
        Evidence { again: true, .. } => Scope::Chat,
        Evidence { busy, .. } if busy >= BUSY => Scope::Bot,
        Evidence { group: true, .. } | Evidence { lately: true, .. } => Scope::Chat,
        Evidence { wait, .. } if wait > SHORT => Scope::Chat,
        Evidence { .. } => Scope::Bot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_decides() {
        let none = Evidence {
            others: false,
            again: false,
            busy: 0.1,
            group: false,
            lately: false,
            wait: TimeDelta::seconds(5),
        };
        let hour = TimeDelta::hours(1);
        for (known, expected) in [
            (none, Scope::Bot),
            (Evidence { lately: true, ..none }, Scope::Chat),
            (Evidence { group: true, ..none }, Scope::Chat),
            (Evidence { group: true, busy: 0.5, ..none }, Scope::Bot),
            (Evidence { lately: true, busy: 1.0, ..none }, Scope::Bot),
            (Evidence { again: true, busy: 1.0, ..none }, Scope::Chat),
            (Evidence { again: true, others: true, group: true, lately: true, ..none }, Scope::Bot),
            (Evidence { wait: hour, ..none }, Scope::Chat),
            (Evidence { wait: hour, busy: 0.9, ..none }, Scope::Bot),
            (Evidence { wait: hour, others: true, ..none }, Scope::Bot),
        ] {
            assert_eq!(scope(known), expected, "{known:?}");
        }
    }
}
