//! Who of those that should have got one message got none, one, or more: in
//! one pass over a million chats.

use crate::sandbox::chats::Chats;
use serde::Serialize;

/// How many messages the chats of a list have received.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Chats that were asked about.
    pub asked: u64,
    /// Those without a message from the bot.
    pub missing: u64,
    /// Those with exactly one.
    pub once: u64,
    /// Those with two.
    pub twice: u64,
    /// Those with three or more.
    pub more: u64,
    /// Messages in all, to these chats.
    pub messages: u64,
    /// Messages to chats that were not asked about.
    pub elsewhere: u64,
    /// The first chats without a message.
    pub missing_chats: Vec<i64>,
    /// The first chats with two or more.
    pub repeated_chats: Vec<i64>,
}

/// How many chats of a kind are named.
const NAMED: usize = 20;

impl Tally {
    /// Counts, in order and each chat once; `accepted` is the number of all
    /// messages.
    pub(crate) fn of(chats: &Chats, ids: &[i64], accepted: u64) -> Self {
        let mut tally = Self::default();
        for id in ids {
            tally.add(*id, chats.get(*id).map_or(0, |chat| chat.received));
        }
        tally.elsewhere = accepted.saturating_sub(tally.messages);
        tally
    }

    fn add(&mut self, chat: i64, received: u32) {
        self.asked += 1;
        self.messages += u64::from(received);
        let (count, named) = match received {
            0 => (&mut self.missing, Some(&mut self.missing_chats)),
            1 => (&mut self.once, None),
            2 => (&mut self.twice, Some(&mut self.repeated_chats)),
            3.. => (&mut self.more, Some(&mut self.repeated_chats)),
        };
        *count += 1;
        if let Some(named) = named.filter(|named| named.len() < NAMED) {
            named.push(chat);
        }
    }
}
