//! The durable inbox: updates are stored before Telegram may forget them.
//!
//! | key | record |
//! | --- | --- |
//! | `u` + update id | an update's raw JSON, waiting to be handled |
//! | `w` + update id | the raw JSON of one that could not be read |
//! | `U` | the offset that confirms everything stored |
//!
//! An update and the offset behind it are stored in one batch; its handling
//! removes it in the same batch that changes profiles and queues the answers.
//! So a crash at any moment neither loses an update nor handles it twice.

use super::audit::{self, Entry};
use super::{Engine, EngineError};
use crate::model::{Event, Message, Patch, UserId};
use crate::outbox::{Cause, Counts, InDoubtPolicy, Lane, Ledger, LedgerId, stage_replies};
use crate::store::{Batch, Transaction, decode, encode};

const OFFSET: &[u8] = b"U";
const VERSION: u8 = 1;

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
    /// Stores updates with their raw JSON, and that they are confirmed up to
    /// the highest.
    pub async fn store_updates(&self, updates: &[(i64, Vec<u8>)]) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        for (id, raw) in updates {
            batch.put(key(b'u', *id), raw.clone());
        }
        if let Some(last) = updates.iter().map(|(id, _)| *id).max() {
            batch.put(OFFSET, encode(VERSION, &(last + 1))?);
        }
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
