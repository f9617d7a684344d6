//! The durable inbox: updates are stored before Telegram may forget them.
//!
//! | key | record |
//! | --- | --- |
//! | `u` + update id | an update's raw JSON, waiting to be handled |
//! | `w` + update id | the raw JSON of one that could not be read |
//! | `U` | the offset that confirms everything stored |
//! | `Wd` + update id | when a webhook brought it |
//! | `Ws` | the webhook: [`WebhookRecord`] |
//!
//! An update and the offset behind it are stored in one batch; its handling
//! removes it in the same batch that changes profiles and queues the answers.
//! So a crash at any moment neither loses an update nor handles it twice. What a
//! webhook brings has no order, so no offset: each leaves a mark for as long as
//! Telegram may bring it again, and both ways look at the marks.

use super::audit::{self, Entry};
use super::{Engine, EngineError};
use crate::model::{Event, Message, Patch, Time, TimeDelta, UserId};
use crate::outbox::{Cause, Counts, InDoubtPolicy, Lane, Ledger, LedgerId, stage_replies};
use crate::store::{Batch, Transaction, decode, encode};
use serde::{Deserialize, Serialize};

const OFFSET: &[u8] = b"U";
const VERSION: u8 = 1;
const DELIVERED: &[u8] = b"Wd";
const WEBHOOK: &[u8] = b"Ws";
/// Telegram brings no update again after a day; twice that, to be sure.
const REMEMBERED: TimeDelta = TimeDelta::hours(48);
/// Marks that are forgotten in one batch.
const AT_ONCE: usize = 1_000;

/// The webhook as it was set last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRecord {
    /// The secret that was drawn for it.
    pub secret: Option<String>,
    /// Its address, while this engine's webhook may stand at Telegram.
    pub url: Option<String>,
}

/// What handling an update came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Handled {
    /// Changes of profiles.
    pub patches: Vec<(UserId, Patch)>,
    /// What happened; it comes after the changes.
    pub events: Vec<Event>,
    /// Answers: a chat and its message.
    pub replies: Vec<(i64, Message)>,
    /// Records of what happened.
    pub records: Batch,
    /// Whether the bot has answered by itself, also without a reply that goes
    /// through the outbox.
    pub answered: bool,
    /// Ledgers a message of which had a button pressed.
    pub clicked: Vec<LedgerId>,
    /// What an admin asked for, to be remembered.
    pub audit: Vec<Entry>,
    /// What is only shown, once the rest is durable. It is lost if the process
    /// ends: whoever asked asks again.
    pub shows: Vec<Call>,
}

/// One call of the Bot API.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// Its parameters.
    pub body: serde_json::Value,
    /// What is called if Telegram refuses it.
    pub otherwise: Option<Box<Call>>,
}

impl Engine {
    /// Stores updates that were asked for with their raw JSON, and that they are
    /// confirmed up to the highest. Answers with those that no webhook had brought
    /// before.
    pub async fn store_updates(&self, updates: &[(i64, Vec<u8>)]) -> Result<Vec<i64>, EngineError> {
        let last = updates.iter().map(|(id, _)| *id).max();
        self.store_up_to(updates, last.map(|last| last + 1)).await
    }

    /// The same, with the offset behind them and others that are skipped.
    pub async fn store_up_to(&self, updates: &[(i64, Vec<u8>)], offset: Option<i64>) -> Result<Vec<i64>, EngineError> {
        let (mut batch, mut new) = (Batch::new(), Vec::new());
        for (id, raw) in updates {
            if self.store.get(&mark(*id))?.is_none() {
                batch.put(key(b'u', *id), raw.clone());
                new.push(*id);
            }
        }
        if let Some(offset) = offset {
            batch.put(OFFSET, encode(VERSION, &offset)?);
        }
        self.writer.commit_async(Transaction::batch(batch)).await?;
        Ok(new)
    }

    /// Stores an update that a webhook brought; whether it is new.
    pub async fn store_delivered(&self, id: i64, raw: &[u8]) -> Result<bool, EngineError> {
        if self.store.get(&mark(id))?.is_some() {
            return Ok(false);
        }
        let mut batch = Batch::new();
        batch.put(key(b'u', id), raw);
        batch.put(mark(id), encode(VERSION, &self.clock.now())?);
        self.writer.commit_async(Transaction::batch(batch)).await?;
        Ok(true)
    }

    /// Forgets the marks of updates that Telegram will not bring again. Blocks.
    pub fn forget_delivered(&self) -> Result<(), EngineError> {
        let until = self.clock.now() - REMEMBERED;
        let mut old = Vec::new();
        for pair in self.store.scan(DELIVERED, b"") {
            let (key, at) = pair?;
            if decode::<Time>(VERSION, &at, "the mark of an update")? < until {
                old.push(key);
            }
        }
        for keys in old.chunks(AT_ONCE) {
            let mut batch = Batch::new();
            keys.iter().for_each(|key| batch.delete(key.clone()));
            self.writer.commit(Transaction::batch(batch))?;
        }
        Ok(())
    }

    /// The webhook as it was set last.
    pub fn webhook(&self) -> Result<WebhookRecord, EngineError> {
        let found = self.store.get(WEBHOOK)?;
        let read = found.map(|bytes| decode(VERSION, &bytes, "the webhook")).transpose()?;
        Ok(read.unwrap_or_default())
    }

    /// Notes what became of the webhook.
    pub async fn note_webhook(&self, webhook: &WebhookRecord) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        batch.put(WEBHOOK, encode(VERSION, webhook)?);
        self.writer.commit_async(Transaction::batch(batch)).await?;
        Ok(())
    }

    /// The same, for those who may wait. Blocks.
    pub fn keep_webhook(&self, webhook: &WebhookRecord) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        batch.put(WEBHOOK, encode(VERSION, webhook)?);
        self.writer.commit(Transaction::batch(batch))?;
        Ok(())
    }

    /// Forgets up to where updates were asked for: the numbers of those that are
    /// brought may begin anew.
    pub async fn forget_offset(&self) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        batch.delete(OFFSET);
        self.writer.commit_async(Transaction::batch(batch)).await?;
        Ok(())
    }

    /// The offset that confirms all stored updates; 0 before the first.
    pub fn update_offset(&self) -> Result<i64, EngineError> {
        match self.store.get(OFFSET)? {
            Some(bytes) => Ok(decode(VERSION, &bytes, "the offset of updates")?),
            None => Ok(0),
        }
    }

    /// Shows the stored updates that wait to be handled, oldest first.
    pub fn each_pending_update(&self, mut see: impl FnMut(i64, &[u8])) -> Result<(), EngineError> {
        for pair in self.store.scan(b"u", b"") {
            let (key, raw) = pair?;
            if let Some(id) = key.get(1..).and_then(|id| <[u8; 8]>::try_from(id).ok()) {
                see(i64::from_be_bytes(id), &raw);
            }
        }
        Ok(())
    }

    /// A stored update that waits to be handled; nothing once it was handled.
    pub fn pending_update(&self, id: i64) -> Result<Option<Vec<u8>>, EngineError> {
        Ok(self.store.get(&key(b'u', id))?)
    }

    /// Makes what an update led to durable and removes the update, as one.
    pub async fn finish_update(&self, id: i64, handled: Handled) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        batch.delete(key(b'u', id));
        batch.ops.extend(handled.records.ops);
        handled.audit.iter().try_for_each(|entry| audit::write(entry, id, &mut batch))?;
        let staged = self.stage_answers(&mut batch, handled.replies)?;
        let blocks: Vec<_> =
            handled.events.iter().filter(|event| &*event.name == "bot_blocked").map(|e| e.user).collect();
        self.writer
            .commit_async(Transaction {
                batch,
                patches: handled.patches,
                events: handled.events,
                ..Transaction::default()
            })
            .await?;
        staged.map_or(Ok(()), |ledger| self.take_up(ledger))?;
        blocks.into_iter().try_for_each(|user| self.blame(user))?;
        handled.clicked.into_iter().try_for_each(|ledger| self.count_click(ledger))
    }

    /// Gives the outbox a ledger whose rows are durable and wait.
    pub(super) fn take_up(&self, ledger: Ledger) -> Result<(), EngineError> {
        let counts = Counts { queued: ledger.rows, ..Counts::default() };
        Ok(self.outbox().map_or(Ok(()), |outbox| outbox.add(ledger, counts))?)
    }

    /// Counts a block of the bot against the last mailing that the user got.
    fn blame(&self, user: UserId) -> Result<(), EngineError> {
        let blamed = self.past.blame(user, self.clock.now());
        let told = blamed.zip(self.outbox()).map(|(ledger, outbox)| outbox.blocked_after(ledger));
        Ok(told.unwrap_or(Ok(()))?)
    }

    /// Counts a press of a button for the mailing that it belongs to.
    fn count_click(&self, ledger: LedgerId) -> Result<(), EngineError> {
        Ok(self.outbox().map_or(Ok(()), |outbox| outbox.clicked(ledger))?)
    }

    /// Keeps an update that cannot be read apart, so that it is not lost.
    pub async fn set_aside(&self, id: i64) -> Result<(), EngineError> {
        let Some(raw) = self.pending_update(id)? else { return Ok(()) };
        let mut batch = Batch::new();
        batch.delete(key(b'u', id));
        batch.put(key(b'w', id), raw);
        self.writer.commit_async(Transaction::batch(batch)).await?;
        Ok(())
    }

    /// How many updates could not be read.
    pub fn unreadable_updates(&self) -> Result<u64, EngineError> {
        self.store.scan(b"w", b"").try_fold(0, |n, pair| Ok(pair.map(|_| n + 1)?))
    }

    pub(super) fn stage_answers(
        &self,
        batch: &mut Batch,
        replies: Vec<(i64, Message)>,
    ) -> Result<Option<Ledger>, EngineError> {
        let Some(outbox) = self.outbox().filter(|_| !replies.is_empty()) else { return Ok(None) };
        let rows = u32::try_from(replies.len()).unwrap_or(u32::MAX);
        let ledger = Ledger {
            in_doubt: InDoubtPolicy::Resend,
            rulebook: self.live.current().version.clone(),
            ..Ledger::new(outbox.next_id(), Cause::Reply, Lane::Reply, self.clock.now(), rows)
        };
        stage_replies(batch, &ledger, replies)?;
        Ok(Some(ledger))
    }
}

fn key(kind: u8, id: i64) -> Vec<u8> {
    [&[kind][..], &id.to_be_bytes()].concat()
}

fn mark(id: i64) -> Vec<u8> {
    [DELIVERED, &id.to_be_bytes()].concat()
}
