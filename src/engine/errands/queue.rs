//! Which work is due, and what becomes of a record after an attempt.

use super::{Errands, Outcome, PREFIX, Piece, Record, VERSION, key, put};
use crate::engine::EngineError;
use crate::model::{Chore, Text, Time, TimeDelta};
use crate::rulebook::Role;
use crate::store::{Batch, Store, StoreError, Transaction, decode};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Work that does not succeed for so long is given up.
const PATIENCE: TimeDelta = TimeDelta::hours(24);
/// The first pause, which doubles.
const PAUSE: TimeDelta = TimeDelta::seconds(10);
const LONGEST: TimeDelta = TimeDelta::hours(1);
/// So many pieces are taken up at a look.
const AT_ONCE: usize = 256;
/// The admins hear of the same failure so often at most.
const TOLD: TimeDelta = TimeDelta::hours(1);

/// What of the records of one kind was looked at, so that a look costs nothing
/// while there is nothing to do.
#[derive(Debug, Default)]
pub(super) struct Queue {
    looked: Mutex<Looked>,
    /// When the admins were told of failures of the same kind.
    told: Mutex<BTreeMap<String, Time>>,
}

#[derive(Debug, Default)]
struct Looked {
    /// Numbers up to this one have been seen.
    seen: u64,
    /// When one of these is due.
    next: Option<Time>,
}

impl Queue {
    /// The pieces that are due and that `of` says are of this queue's kind, in
    /// order.
    pub fn due(&self, store: &dyn Store, now: Time, of: fn(&Chore) -> bool) -> Result<Vec<Piece>, StoreError> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let all = looked.seen == 0 || looked.next.is_some_and(|next| next <= now);
        let from = if all { 0 } else { looked.seen + 1 };
        if all {
            // until the look is over: trouble leaves everything to the next
            *looked = Looked::default();
        }
        let (mut found, mut seen, mut next) = (Vec::new(), looked.seen, looked.next);
        for pair in store.scan(&[PREFIX], &key(from)) {
            let piece = Piece::read(&pair?)?;
            seen = piece.number;
            if !of(&piece.record.chore) {
                continue;
            }
            if piece.record.due <= now && found.len() < AT_ONCE {
                found.push(piece);
            } else {
                next = Some(next.map_or(piece.record.due, |next: Time| next.min(piece.record.due)));
            }
        }
        *looked = Looked { seen, next };
        Ok(found)
    }

    /// Has all records looked at again at some moment.
    pub fn look_at(&self, at: Time) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.next = Some(looked.next.map_or(at, |next| next.min(at)));
    }

    /// Whether the admins are to hear of a failure: not of every one of many.
    fn is_news(&self, what: &Text, now: Time) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| now - *at < TOLD);
        let is_news = !told.contains_key(&what.en);
        if is_news {
            told.insert(what.en.clone(), now);
        }
        is_news
    }
}

impl Piece {
    /// What stands for the piece wherever it is asked about, the same at every
    /// attempt.
    pub fn id(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.number.to_be_bytes());
        hash.update(self.record.since.0.to_be_bytes());
        hash.update(&self.record.by);
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The record of a pair of the store.
    pub fn read((key, value): &(Vec<u8>, Vec<u8>)) -> Result<Self, StoreError> {
        let number = key.get(1..).and_then(|number| number.try_into().ok()).map(u64::from_be_bytes);
        let what = "work to be done apart";
        let number = number.ok_or_else(|| StoreError::Damaged { what: what.to_owned() })?;
        Ok(Self { number, record: decode(VERSION, value, what)? })
    }

    /// How long to wait after the attempt that has just failed: between a half
    /// and the whole of a ceiling that doubles, always the same for one piece.
    pub fn pause(&self) -> TimeDelta {
        let doublings = u32::from(self.record.attempts).min(20);
        let ceiling = (PAUSE.0 << doublings).min(LONGEST.0);
        let hash = Sha256::digest(format!("{} {}", self.id(), self.record.attempts));
        let draw = hash.iter().take(4).fold(0, |sum, byte| sum << 8 | i64::from(*byte));
        TimeDelta(ceiling / 2 + draw % (ceiling / 2 + 1))
    }
}

impl Errands {
    /// Makes durable what an attempt came to.
    pub(super) async fn settle(&self, piece: Piece, outcome: Outcome) -> Result<(), EngineError> {
        let queue = self.queue_of(&piece.record.chore);
        let settled = self.settle_in(queue, piece, outcome).await;
        if settled.is_err() {
            queue.look_at(self.engine.clock.now());
        }
        settled
    }

    async fn settle_in(&self, queue: &Queue, piece: Piece, outcome: Outcome) -> Result<(), EngineError> {
        match outcome {
            Outcome::Done => self.end(&piece, None).await,
            Outcome::Tell(text) => self.end(&piece, Some((Role::Viewer, text))).await,
            Outcome::Later(why, pause) => self.put_back(queue, piece, why, pause).await,
            Outcome::Never(why) => self.give_up(queue, &piece, &why).await,
        }
    }

    async fn end(&self, piece: &Piece, told: Option<(Role, Text)>) -> Result<(), EngineError> {
        let mut batch = Batch::new();
        batch.delete(key(piece.number));
        let replies = told.map(|(least, text)| self.engine.to_admins(least, &text)).unwrap_or_default();
        let staged = self.engine.stage_answers(&mut batch, replies)?;
        self.engine.writer.commit_async(Transaction::batch(batch)).await?;
        staged.map_or(Ok(()), |staged| self.engine.take_up(staged))
    }

    async fn put_back(
        &self,
        queue: &Queue,
        mut piece: Piece,
        why: Text,
        pause: Option<TimeDelta>,
    ) -> Result<(), EngineError> {
        let (now, what) = (self.engine.clock.now(), piece.record.what());
        let due = now + pause.unwrap_or_default().max(piece.pause());
        if due > piece.record.since + PATIENCE {
            return self.give_up(queue, &piece, &why).await;
        }
        tracing::warn!(work = what.en, due = due.rfc3339(), "tried again later: {}", why.en);
        // a copy that is not made may be missed before a day is over
        let is_urgent = matches!(piece.record.chore, Chore::Backup { .. }) && piece.record.attempts == 0;
        let text = Text::new(
            format!("Not done yet, tried again: {}\n{}", what.en, why.en),
            format!("Пока не сделано, будет новая попытка: {}\n{}", what.ru, why.ru),
        );
        let replies = if is_urgent { self.engine.to_admins(Role::Operator, &text) } else { Vec::new() };
        piece.record =
            Record { due, attempts: piece.record.attempts.saturating_add(1), trouble: Some(why), ..piece.record };
        let mut batch = Batch::new();
        put(&mut batch, piece.number, &piece.record)?;
        let staged = self.engine.stage_answers(&mut batch, replies)?;
        self.engine.writer.commit_async(Transaction::batch(batch)).await?;
        queue.look_at(due);
        staged.map_or(Ok(()), |staged| self.engine.take_up(staged))
    }

    async fn give_up(&self, queue: &Queue, piece: &Piece, why: &Text) -> Result<(), EngineError> {
        let what = piece.record.what();
        tracing::error!(work = what.en, "not done and given up: {}", why.en);
        let text =
            Text::new(format!("Not done: {}\n{}", what.en, why.en), format!("Не сделано: {}\n{}", what.ru, why.ru));
        let told = queue.is_news(&text, self.engine.clock.now()).then_some((Role::Operator, text));
        self.end(piece, told).await
    }

    fn queue_of(&self, chore: &Chore) -> &Queue {
        if is_webhook(chore) { &self.webhooks } else { &self.others }
    }
}

/// Whether it is done by asking another server.
pub(super) fn is_webhook(chore: &Chore) -> bool {
    match chore {
        Chore::Webhook { .. } => true,
        Chore::Broadcast(_) | Chore::Report { .. } | Chore::Cleanup { .. } | Chore::Backup { .. } => false,
    }
}

/// Whether it is done by the engine itself.
pub(super) fn is_own(chore: &Chore) -> bool {
    !is_webhook(chore)
}
