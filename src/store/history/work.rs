//! What changes the history on disk, in small steps: sealing the tail, merging
//! runs, retention, erasing a user, sweeping up.
//!
//! The writer calls [`Work::step`] with a batch of its own, commits that, and
//! then calls [`Work::committed`]. If the commit failed, the next `step` puts
//! the same once more. Work that is dropped before its end has changed nothing
//! that counts, but for an erasure, which has then erased a part.

use super::build::Builder;
use super::merge::{Merge, Source};
use super::removal::{erase, sweep};
use super::run::{Run, head_key};
use super::{History, NEVER};
use crate::model::{Time, UserId};
use crate::store::{Batch, Pair, Store, StoreError};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bytes of records in one step, unless there is more to keep up with.
const STEP_BYTES: usize = 64 << 10;
/// An event takes at least so many bytes, and so a step looks at no more of
/// them than it has room for: few may be kept.
const EVENT: usize = 8;

/// Some work on the history; there is one at a time.
pub struct Work {
    history: Arc<History>,
    pub(super) tasks: VecDeque<Task>,
    pending: Option<Pending>,
    /// Bytes of records in a step.
    room: usize,
}

/// How far work has come with the batch that was just filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More is to be done.
    More,
    /// With this batch it is done.
    Last,
}

pub(super) enum Task {
    Write(Box<Writing>),
    Drop(Vec<Arc<Run>>),
    Erase { user: UserId, runs: Vec<Arc<Run>>, from: Option<Vec<u8>> },
    Sweep { numbers: Vec<u32> },
}

/// The making of a run that takes the place of others.
pub(super) struct Writing {
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
pub(super) struct Pending {
    pub(super) batch: Batch,
    pub(super) effect: Effect,
    step: Step,
}

/// What is different in memory once the step is on disk.
pub(super) enum Effect {
    Nothing,
    Replaced { parts: usize, runs: Vec<Arc<Run>>, by: Option<Arc<Run>>, names: usize },
    Swept(u32),
}

impl Work {
    /// Work without tasks; nothing if other work is going on.
    pub(super) fn begin(history: &Arc<History>) -> Option<Self> {
        let free = history.busy.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst);
        free.ok().map(|_| Self { history: history.clone(), tasks: VecDeque::new(), pending: None, room: STEP_BYTES })
    }

    /// Lets a step take so many bytes of records, if that is more than usual.
    pub fn make_room(&mut self, bytes: usize) {
        self.room = bytes.max(STEP_BYTES);
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
                Task::Write(writing) => writing.step(&self.history, self.room, &mut pending)?,
                Task::Drop(runs) => drop_heads(std::mem::take(runs), &mut pending),
                Task::Erase { user, runs, from } => erase(&*self.history.store, *user, runs, from, &mut pending.batch)?,
                Task::Sweep { numbers } => sweep(&*self.history.store, numbers, &mut pending)?,
            };
            if step == Step::Last {
                self.tasks.pop_front();
            }
            // Also a step that kept nothing is one: it has read as much.
            if step == Step::More || !pending.batch.is_empty() || !matches!(pending.effect, Effect::Nothing) {
                break;
            }
        }
        pending.step = if self.tasks.is_empty() { Step::Last } else { Step::More };
        Ok(pending)
    }

    /// Makes one run of these, without what is before `since`.
    pub(super) fn rewrite(&mut self, runs: Vec<Arc<Run>>, since: Time) -> Result<(), StoreError> {
        let events = runs.iter().map(|run| run.head.events).sum();
        let sources = runs.iter().cloned().map(Source::run).collect();
        self.write(sources, events, since, 0, runs)
    }

    /// Makes a run of these sources, which takes the place of so many parts of
    /// the tail and of these runs.
    pub(super) fn write(
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
    fn step(&mut self, history: &History, room: usize, pending: &mut Pending) -> Result<Step, StoreError> {
        let mut records = Vec::new();
        let mut bytes = 0;
        if let Stage::Blocks = self.stage {
            if self.fill(&*history.store, room, &mut records)? {
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
                if bytes >= room {
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
    fn fill(&mut self, store: &dyn Store, room: usize, records: &mut Vec<Pair>) -> Result<bool, StoreError> {
        let mut filled = 0;
        for _ in 0..room / EVENT {
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
            if filled >= room {
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
