//! The kinds of work on the history, and when there is something to do.

use super::History;
use super::merge::Source;
use super::run::Run;
use super::tail::Part;
use super::work::{Task, Work};
use crate::model::{Time, UserId};
use crate::store::StoreError;
use std::sync::{Arc, PoisonError};

/// So many runs of about one size become one.
const MERGED: usize = 8;
/// A run with more events is not merged any more.
const LARGEST: u64 = 2_000_000;

impl History {
    /// Begins to make a run of the tail as it is now; events that come later
    /// stay in the tail. Nothing if it is empty or other work is going on.
    pub fn begin_seal(self: &Arc<Self>) -> Result<Option<Work>, StoreError> {
        let Some(mut work) = Work::begin(self) else { return Ok(None) };
        let mut state = self.write();
        let events: usize = state.parts.iter().map(Part::events).sum();
        if events == 0 {
            return Ok(None);
        }
        state.open_part().freeze();
        let parts = state.parts.len();
        let chunks: Vec<_> = state.parts.iter().flat_map(|part| part.frozen().iter().cloned()).collect();
        state.parts.push(Part::default());
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
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clear();
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
