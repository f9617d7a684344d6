//! What the sandbox counts, and the exact maximum of any second.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};

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
    /// Messages of the bot that it changed.
    #[serde(default)]
    pub edited: u64,
    /// Messages that it deleted.
    #[serde(default)]
    pub deleted: u64,
    /// Files that were uploaded.
    #[serde(default)]
    pub uploads: u64,
    /// Messages above the free rate that were charged for.
    #[serde(default)]
    pub paid: u64,
    /// Faults that were played.
    pub faults: u64,
    /// Refusals by error code.
    pub refused: BTreeMap<u16, u64>,
}

/// What was accepted in the last second: the exact sliding maximum.
#[derive(Debug, Default)]
pub(crate) struct Window {
    recent: VecDeque<(i64, i64)>,
    in_chat: HashMap<i64, u32>,
}

impl Window {
    /// Adds one and answers how many the second that ends now holds, in all
    /// and in this chat.
    pub(crate) fn push(&mut self, now: i64, chat: i64) -> (u32, u32) {
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
