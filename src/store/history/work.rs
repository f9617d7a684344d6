//! What changes the history on disk, in small steps: sealing the tail, merging
//! runs, retention, erasing a user, sweeping up.
//!
//! The writer calls [`Work::step`] with a batch of its own, commits that, and
//! then calls [`Work::committed`]. If the commit failed, the next `step` puts
//! the same once more. Work that is dropped before its end has changed nothing
//! that counts, but for an erasure, which has then erased a part.

use super::block::{BlockWriter, Item, each_item};
use super::build::Builder;
use super::merge::{Merge, Source};
use super::run::{self, Run, block_key, block_number, head_key};
use super::{History, NEVER};
use crate::model::{Time, UserId};
use crate::store::{Batch, Pair, Store, StoreError};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes of records in one step.
const STEP_BYTES: usize = 128 << 10;
/// Events looked at in one step: few of them may be kept.
const STEP_EVENTS: usize = 8_192;
/// Records removed in one step.
const STEP_RECORDS: usize = 200;
/// Blocks of one user that are looked at in one step.
const STEP_BLOCKS: usize = 32;
/// So many runs of about one size become one.
const MERGED: usize = 8;
/// A run with more events is not merged any more.
const LARGEST: u64 = 16_000_000;

/// Some work on the history; there is one at a time.
pub struct Work {
    history: Arc<History>,
    tasks: VecDeque<Task>,
    pending: Option<Pending>,
}

/// How far work has come with the batch that was just filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More is to be done.
    More,
    /// With this batch it is done.
    Last,
}

enum Task {
    Write(Box<Writing>),
    Drop(Vec<Arc<Run>>),
    Erase { user: UserId, runs: Vec<Arc<Run>>, from: Option<Vec<u8>> },
    Sweep { numbers: Vec<u32> },
}

/// The making of a run that takes the place of others.
struct Writing {
    merge: Merge,
    builder: Builder,
    /// Events before this are left out.
    since: Time,
    /// Parts of the tail that it replaces.
    parts: usize,
    /// Runs that it replaces.
    runs: Vec<Arc<Run>>,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Blocks,
    Filter(u32),
}

/// A step that is not yet committed.
struct Pending {
    batch: Batch,
    effect: Effect,
    step: Step,
}

/// What is different in memory once the step is on disk.
enum Effect {
    Nothing,
    Replaced { parts: usize, runs: Vec<Arc<Run>>, by: Option<Arc<Run>>, names: usize },
    Swept(u32),
}

impl History {
    /// Begins to make a run of the tail as it is now; events that come later
    /// stay in the tail. Nothing if it is empty or other work is going on.
    pub fn begin_seal(self: &Arc<Self>) -> Result<Option<Work>, StoreError> {
        let Some(mut work) = Work::begin(self) else { return Ok(None) };
        let mut state = self.write();
        let events: usize = state.parts.iter().map(super::Part::events).sum();
        if events == 0 {
            return Ok(None);
        }
        state.open_part().freeze();
        let parts = state.parts.len();
        let chunks: Vec<_> = state.parts.iter().flat_map(|part| part.frozen().iter().cloned()).collect();
        state.parts.push(super::Part::default());
        drop(state);
        let sources = chunks.into_iter().map(Source::chunk).collect();
        work.write(sources, events as u64, Time(i64::MIN), parts, Vec::new())?;
        Ok(Some(work))
    }

    /// Begins to make one run of several, if there are enough of one size.
    pub fn begin_merge(self: &Arc<Self>) -> Result<Option<Work>, StoreError> {
        let Some(mut work) = Work::begin(self) else { return Ok(None) };
        let Some(runs) = mergeable(&self.read().runs) else { return Ok(None) };
        work.rewrite(runs, Time(i64::MIN))?;
        Ok(Some(work))
    }

    /// Begins to remove what happened before this: runs that hold nothing
    /// else, and such events out of runs that hold mostly them. What is left
    /// of old events stays until it is most of its run.
    pub fn begin_expiry(self: &Arc<Self>, before: Time) -> Result<Option<Work>, StoreError> {
        let Some(mut work) = Work::begin(self) else { return Ok(None) };
        let (dead, rest): (Vec<_>, Vec<_>) = self.read().runs.iter().cloned().partition(|run| run.head.newest < before);
        if !dead.is_empty() {
            work.tasks.push_back(Task::Drop(dead));
        }
        for run in rest.into_iter().filter(|run| run.head.middle <= before) {
            work.rewrite(vec![run], before)?;
        }
        Ok((!work.tasks.is_empty()).then_some(work))
    }

    /// Begins to erase all events of a user. Those in the tail are gone at
    /// once; the log must see to it that they do not come back with it.
    pub fn begin_erasure(self: &Arc<Self>, user: UserId) -> Option<Work> {
        let mut work = Work::begin(self)?;
        let mut state = self.write();
        state.parts.iter_mut().for_each(|part| part.erase(user));
        let runs = state.runs.clone();
        drop(state);
        work.tasks.push_back(Task::Erase { user, runs, from: None });
        Some(work)
    }

    /// Begins to remove the records of runs that count no more and that
    /// nobody reads.
    pub fn begin_sweep(self: &Arc<Self>) -> Option<Work> {
        let mut work = Work::begin(self)?;
        let state = self.read();
        let unread = |run: &Option<Arc<Run>>| run.as_ref().is_none_or(|run| Arc::strong_count(run) == 1);
        let numbers: Vec<_> = state.leftovers.iter().filter(|(_, run)| unread(run)).map(|(n, _)| *n).collect();
        drop(state);
        if numbers.is_empty() {
            return None;
        }
        work.tasks.push_back(Task::Sweep { numbers });
        Some(work)
    }
}

/// The oldest runs of a size of which there are enough.
fn mergeable(runs: &[Arc<Run>]) -> Option<Vec<Arc<Run>>> {
    // sizes are told apart by factors of eight
    let size = |run: &Run| run.head.events.max(1).ilog2() / MERGED.ilog2();
    (0..=LARGEST.ilog2()).find_map(|wanted| {
        let alike = runs.iter().filter(|run| run.head.events < LARGEST && size(run) == wanted);
        let alike: Vec<_> = alike.take(MERGED).cloned().collect();
        (alike.len() == MERGED).then_some(alike)
    })
}

impl Work {
    fn begin(history: &Arc<History>) -> Option<Self> {
        let free = history.busy.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst);
        free.ok().map(|_| Self { history: history.clone(), tasks: VecDeque::new(), pending: None })
    }

    /// Adds the next piece of the work to a batch. After an error the work is
    /// to be dropped.
    pub fn step(&mut self, batch: &mut Batch) -> Result<Step, StoreError> {
        let pending = match self.pending.take() {
            Some(pending) => pending,
            None => self.advance()?,
        };
        batch.ops.extend(pending.batch.ops.iter().cloned());
        let step = pending.step;
        self.pending = Some(pending);
        Ok(step)
    }

    /// Notes that the batch of the last step is committed.
    pub fn committed(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.history.apply(pending.effect);
        }
    }

    fn advance(&mut self) -> Result<Pending, StoreError> {
        let mut pending = Pending { batch: Batch::new(), effect: Effect::Nothing, step: Step::Last };
        while let Some(task) = self.tasks.front_mut() {
            let step = match task {
                Task::Write(writing) => writing.step(&self.history, &mut pending)?,
                Task::Drop(runs) => drop_heads(std::mem::take(runs), &mut pending),
                Task::Erase { user, runs, from } => erase(&*self.history.store, *user, runs, from, &mut pending.batch)?,
                Task::Sweep { numbers } => sweep(&*self.history.store, numbers, &mut pending)?,
            };
            if step == Step::Last {
                self.tasks.pop_front();
            }
            if !pending.batch.is_empty() || !matches!(pending.effect, Effect::Nothing) {
                break;
            }
        }
        pending.step = if self.tasks.is_empty() { Step::Last } else { Step::More };
        Ok(pending)
    }

    fn rewrite(&mut self, runs: Vec<Arc<Run>>, since: Time) -> Result<(), StoreError> {
        let events = runs.iter().map(|run| run.head.events).sum();
        let sources = runs.iter().cloned().map(Source::run).collect();
        self.write(sources, events, since, 0, runs)
    }

    fn write(
        &mut self,
        sources: Vec<Source>,
        events: u64,
        since: Time,
        parts: usize,
        runs: Vec<Arc<Run>>,
    ) -> Result<(), StoreError> {
        let merge = Merge::new(&*self.history.store, sources)?;
        let mut state = self.history.write();
        let builder = Builder::new(state.next_run, events);
        state.next_run = state.next_run.saturating_add(1);
        let writing = Writing { merge, builder, since, parts, runs, stage: Stage::Blocks };
        self.tasks.push_back(Task::Write(Box::new(writing)));
        Ok(())
    }
}

/// What was begun and not finished is left over.
impl Drop for Work {
    fn drop(&mut self) {
        let unfinished = self.tasks.iter().filter_map(|task| match task {
            Task::Write(writing) => Some(writing.builder.number()),
            Task::Drop(_) | Task::Erase { .. } | Task::Sweep { .. } => None,
        });
        let uncommitted = self.pending.as_ref().and_then(|pending| match &pending.effect {
            Effect::Replaced { by, .. } => by.as_ref().map(|run| run.number),
            Effect::Nothing | Effect::Swept(_) => None,
        });
        let numbers = unfinished.chain(uncommitted).map(|number| (number, None));
        self.history.write().leftovers.extend(numbers);
        self.history.busy.store(false, Ordering::SeqCst);
    }
}

impl History {
    fn apply(&self, effect: Effect) {
        let mut state = self.write();
        match effect {
            Effect::Nothing => {}
            Effect::Swept(number) => state.leftovers.retain(|(left, _)| *left != number),
            Effect::Replaced { parts, runs, by, names } => {
                let sealed: Vec<_> = state.parts.drain(..parts).collect();
                state.runs.retain(|run| runs.iter().all(|old| old.number != run.number));
                state.runs.extend(by);
                state.names.saved_up_to(names);
                state.leftovers.extend(runs.into_iter().map(|run| (run.number, Some(run))));
                drop(state);
                if parts > 0 {
                    self.tail_since.store(NEVER, Ordering::SeqCst);
                }
                drop(sealed);
            }
        }
    }
}

impl Writing {
    fn step(&mut self, history: &History, pending: &mut Pending) -> Result<Step, StoreError> {
        let mut records = Vec::new();
        let mut bytes = 0;
        if let Stage::Blocks = self.stage {
            if self.fill(&*history.store, &mut records)? {
                put(records, &mut pending.batch);
                return Ok(Step::More);
            }
            self.builder.finish_block(&mut records);
            self.stage = Stage::Filter(0);
        }
        if let Stage::Filter(next) = &mut self.stage
            && self.builder.events() > 0
        {
            while let Some(piece) = self.builder.piece(*next) {
                *next += 1;
                bytes += piece.1.len();
                records.push(piece);
                if bytes >= STEP_BYTES {
                    put(records, &mut pending.batch);
                    return Ok(Step::More);
                }
            }
        }
        put(records, &mut pending.batch);
        self.finish(history, pending)?;
        Ok(Step::Last)
    }

    /// Blocks of the next events; says whether there may be more.
    fn fill(&mut self, store: &dyn Store, records: &mut Vec<Pair>) -> Result<bool, StoreError> {
        let mut filled = 0;
        for _ in 0..STEP_EVENTS {
            let (builder, since, before) = (&mut self.builder, self.since, records.len());
            let mut added = Ok(());
            let more = self.merge.next(store, |item| {
                if item.at >= since {
                    added = builder.add(item, records);
                }
            })?;
            added?;
            if !more {
                return Ok(false);
            }
            filled += records[before..].iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
            if filled >= STEP_BYTES {
                break;
            }
        }
        Ok(true)
    }

    /// The head, which makes the run count, and the end of those it replaces.
    fn finish(&mut self, history: &History, pending: &mut Pending) -> Result<(), StoreError> {
        let state = history.read();
        state.names.save(&mut pending.batch)?;
        let names = state.names.names().len();
        drop(state);
        self.runs.iter().for_each(|run| pending.batch.delete(head_key(run.number)));
        let mut by = None;
        if self.builder.events() > 0 {
            let run = self.builder.finish();
            pending.batch.put(head_key(run.number), run.head.to_bytes()?);
            by = Some(Arc::new(run));
        }
        pending.effect = Effect::Replaced { parts: self.parts, runs: std::mem::take(&mut self.runs), by, names };
        Ok(())
    }
}

fn put(records: Vec<Pair>, batch: &mut Batch) {
    batch.ops.extend(records.into_iter().map(|(key, value)| (key, Some(value))));
}

fn drop_heads(runs: Vec<Arc<Run>>, pending: &mut Pending) -> Step {
    runs.iter().for_each(|run| pending.batch.delete(head_key(run.number)));
    pending.effect = Effect::Replaced { parts: 0, runs, by: None, names: 0 };
    Step::Last
}

/// Removes some records of the last of these runs.
fn sweep(store: &dyn Store, numbers: &mut Vec<u32>, pending: &mut Pending) -> Result<Step, StoreError> {
    let Some(number) = numbers.last().copied() else { return Ok(Step::Last) };
    for prefix in [run::heads_of(number), run::blocks_of(number)] {
        let room = STEP_RECORDS - pending.batch.ops.len();
        for pair in store.scan(&prefix, &[]).take(room) {
            pending.batch.delete(pair?.0);
        }
    }
    if pending.batch.ops.len() < STEP_RECORDS {
        numbers.pop();
        pending.effect = Effect::Swept(number);
    }
    Ok(if numbers.is_empty() { Step::Last } else { Step::More })
}

/// Erases a user from some blocks of the last of these runs.
fn erase(
    store: &dyn Store,
    user: UserId,
    runs: &mut Vec<Arc<Run>>,
    from: &mut Option<Vec<u8>>,
    batch: &mut Batch,
) -> Result<Step, StoreError> {
    let Some(run) = runs.last() else { return Ok(Step::Last) };
    let mut left = STEP_BLOCKS;
    let number = run.number;
    let start = from.take();
    let mut next = None;
    run::each_block_of(store, number, user, start.as_deref(), |key, block| {
        without(user, number, key, block, batch)?;
        left -= 1;
        if left == 0 {
            next = Some([key, &[0]].concat());
        }
        Ok(left > 0)
    })?;
    *from = next;
    if from.is_none() {
        runs.pop();
    }
    Ok(if runs.is_empty() { Step::Last } else { Step::More })
}

/// The block without the user; its key goes by the user that is now its last.
fn without(user: UserId, run: u32, key: &[u8], block: &[u8], batch: &mut Batch) -> Result<(), StoreError> {
    let mut rest = BlockWriter::default();
    let mut found = false;
    each_item(block, |item: Item<'_>| {
        if item.user == user {
            found = true;
        } else {
            rest.add(item);
        }
        Ok(())
    })?;
    if !found {
        return Ok(());
    }
    batch.delete(key);
    if let Some((last, bytes)) = rest.take() {
        batch.put(block_key(run, last, block_number(key)?), bytes);
    }
    Ok(())
}
