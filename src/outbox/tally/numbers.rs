//! What is counted of the messages of one template and variant.

use super::histogram::Histogram;
use crate::model::TimeDelta;
use crate::outbox::row::{Failure, FailureKind, SkipReason};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// So many rows were queued.
    Queued(u32),
    /// Telegram confirmed a message.
    Sent,
    /// A message that was proven undelivered will be tried again.
    Retried,
    /// It may or may not have arrived.
    InDoubt,
    /// It was refused, or its attempts are used up.
    Failed(&'a Failure),
    /// A gate said no.
    Skipped(SkipReason),
    /// A recipient blocked the bot within a day of the message.
    BlockedAfter,
    /// A message was taken back.
    Recalled,
    /// A button or link of a message was pressed.
    Clicked,
    /// A call of the Bot API was answered after so long.
    Took(TimeDelta),
}

/// The counts of one template and variant, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbers {
    /// Rows that were queued.
    pub queued: u64,
    /// Messages that Telegram confirmed.
    pub sent: u64,
    /// Attempts that were proven undelivered and followed by another.
    pub retried: u64,
    /// Messages that may or may not have arrived.
    pub in_doubt: u64,
    /// Messages that failed, by kind.
    pub failed: BTreeMap<FailureKind, u64>,
    /// The same by the words that Telegram had for it, where it had any.
    pub errors: BTreeMap<String, u64>,
    /// Those whose words were too many to be kept apart.
    pub other_errors: u64,
    /// Rows that a gate stopped, by reason.
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Recipients who blocked the bot within a day of a message.
    pub blocked_after: u64,
    /// Messages that were taken back.
    pub recalled: u64,
    /// Buttons and links that were pressed.
    pub clicked: u64,
    /// How long the Bot API took to answer.
    pub latency: Histogram,
}

/// More texts of errors are not kept apart in one record.
pub const MOST_ERRORS: usize = 20;

impl Numbers {
    /// Counts something.
    pub fn note(&mut self, what: Outcome<'_>) {
        match what {
            Outcome::Queued(rows) => self.queued += u64::from(rows),
            Outcome::Sent => self.sent += 1,
            Outcome::Retried => self.retried += 1,
            Outcome::InDoubt => self.in_doubt += 1,
            Outcome::Failed(failure) => {
                *self.failed.entry(failure.kind).or_default() += 1;
                if !failure.text.is_empty() {
                    self.note_error(&failure.text, 1, MOST_ERRORS);
                }
            }
            Outcome::Skipped(reason) => *self.skipped.entry(reason).or_default() += 1,
            Outcome::BlockedAfter => self.blocked_after += 1,
            Outcome::Recalled => self.recalled += 1,
            Outcome::Clicked => self.clicked += 1,
            Outcome::Took(took) => self.latency.note(took),
        }
    }

    /// Adds all that others counted, for a report.
    pub fn add(&mut self, other: &Self) {
        self.add_within(other, usize::MAX);
    }

    /// The same, keeping at most so many texts of errors apart.
    pub(super) fn add_within(&mut self, other: &Self, most_errors: usize) {
        self.queued += other.queued;
        self.sent += other.sent;
        self.retried += other.retried;
        self.in_doubt += other.in_doubt;
        add_each(&mut self.failed, &other.failed);
        other.errors.iter().for_each(|(text, count)| self.note_error(text, *count, most_errors));
        self.other_errors += other.other_errors;
        add_each(&mut self.skipped, &other.skipped);
        self.blocked_after += other.blocked_after;
        self.recalled += other.recalled;
        self.clicked += other.clicked;
        self.latency.add(&other.latency);
    }

    /// All messages that failed.
    pub fn failed_total(&self) -> u64 {
        self.failed.values().sum()
    }

    /// All rows that a gate stopped.
    pub fn skipped_total(&self) -> u64 {
        self.skipped.values().sum()
    }

    fn note_error(&mut self, text: &str, count: u64, most: usize) {
        let room = self.errors.len() < most;
        match self.errors.get_mut(text) {
            Some(known) => *known += count,
            None if room => drop(self.errors.insert(text.to_owned(), count)),
            None => self.other_errors += count,
        }
    }
}

fn add_each<K: Ord + Copy>(into: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    from.iter().for_each(|(key, count)| *into.entry(*key).or_default() += count);
}
