//! The writer's thread: takes a group, makes one batch of it, commits it, and
//! tells everybody how it went.

use super::fold::{Fold, Folding};
use super::group::{Done, Group};
use super::{Job, Observer, Shared};
use crate::store::catalogue::Catalogue;
use crate::store::journal::{Entry, Journal, Records};
use crate::store::{Batch, Store, StoreError};
use std::sync::Arc;

pub(super) struct Worker {
    journal: Arc<Journal>,
    store: Arc<dyn Store>,
    catalogue: Catalogue,
    observer: Box<dyn Observer>,
    fold: Fold,
    /// The number of the next record of the log.
    next: u64,
    shared: Arc<Shared>,
}

/// Whoever waits is told, also if the thread dies of a bug.
impl Drop for Worker {
    fn drop(&mut self) {
        self.shared.close();
        let jobs = std::mem::take(&mut self.shared.lock().jobs);
        drop(jobs);
    }
}

impl Worker {
    pub fn new(
        journal: &Arc<Journal>,
        folding: Folding,
        observer: Box<dyn Observer>,
        shared: Arc<Shared>,
    ) -> Result<Self, StoreError> {
        let opened = journal.take_opened().ok_or(StoreError::Closed)?;
        let next = opened.next;
        let catalogue = Catalogue::clone(&journal.read().fields);
        let store = journal.store().clone();
        let fold = Fold::new(folding, &opened, &journal.read());
        Ok(Self { journal: journal.clone(), store, catalogue, observer, fold, next, shared })
    }

    pub fn run(mut self) {
        while let Some(jobs) = self.shared.take(self.fold.has_work()) {
            while self.fold.is_behind(&self.journal) {
                self.fold_on();
            }
            if jobs.is_empty() {
                self.fold_on();
            } else {
                self.commit(jobs);
            }
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let weight = jobs.iter().map(|job| job.transaction.weight()).sum();
        if let Err(error) = self.store.room(weight) {
            jobs.into_iter().for_each(|job| job.ack.tell(Err(error.clone())));
            return;
        }
        let is_needed = jobs.iter().any(|job| job.transaction.now.is_some() || !job.transaction.events.is_empty());
        if let Err(error) = self.observer.begin(is_needed) {
            jobs.into_iter().for_each(|job| job.ack.tell(Err(error.clone())));
            return;
        }
        let mut group = Group::new(&self.journal, &mut self.catalogue, &mut *self.observer);
        let mut acks = Vec::with_capacity(jobs.len());
        for Job { transaction, ack } in jobs {
            self.fold.note(transaction.now, transaction.expired);
            match group.add(transaction) {
                Ok(receipt) => acks.push((ack, receipt)),
                Err(error) => ack.tell(Err(error)),
            }
        }
        let done = group.finish();
        let outcome = done.and_then(|done| self.store(done));
        match outcome {
            Ok(()) => self.observer.stored(),
            Err(_) => self.observer.lost(),
        }
        for (ack, receipt) in acks {
            ack.tell(outcome.clone().map(|()| receipt));
        }
    }

    /// Commits what a group came to, and a little of the folding with it: they
    /// share the flush.
    fn store(&mut self, done: Done) -> Result<(), StoreError> {
        let Done { mut batch, entries, deltas } = done;
        let mut records = Records::new(&mut batch, self.next);
        entries.iter().try_for_each(|entry| records.push(entry))?;
        let (next, logged) = records.finish();
        self.catalogue.save(&mut batch)?;
        if batch.is_empty() {
            return Ok(());
        }
        let before = batch.ops.len();
        let slice = self.fold.slice(&self.journal, self.next, entries.len(), &mut batch).unwrap_or_else(|error| {
            tracing::warn!(%error, "the log could not be folded into profiles; that goes on with the next change");
            batch.ops.truncate(before);
            None
        });
        // Between a profile's new record and the end of its changes here nobody
        // may read it.
        let guard = slice.is_some().then(|| self.journal.write());
        self.store.commit(&batch)?;
        let mut state = guard.unwrap_or_else(|| self.journal.write());
        if self.catalogue.is_unsaved() {
            self.catalogue.saved();
            state.fields = Arc::new(self.catalogue.clone());
        }
        self.next = next;
        self.fold.logged(logged);
        for entry in &entries {
            if let Entry::Event(event) = entry
                && let Err(error) = self.journal.history().push(event)
            {
                tracing::error!(%error, user = %event.user, "events stay in the log and are in the history after a restart");
                self.fold.leave_history();
            }
        }
        for (user, delta) in deltas {
            self.fold.changed(delta.len());
            state.new.entry(user).or_default().extend(delta);
        }
        if let Some(slice) = slice {
            self.fold.sliced(slice, &mut state);
        }
        Ok(())
    }

    /// Takes the log a little further into profiles while nobody wants anything.
    fn fold_on(&mut self) {
        let mut batch = Batch::new();
        let folded = self.fold.slice(&self.journal, self.next, 0, &mut batch).and_then(|slice| {
            let Some(slice) = slice else { return Ok(()) };
            self.store.room(batch.weight())?;
            let mut state = self.journal.write();
            self.store.commit(&batch)?;
            self.fold.sliced(slice, &mut state);
            Ok(())
        });
        if let Err(error) = folded {
            tracing::warn!(%error, "the log could not be folded into profiles; that goes on with the next change");
            self.fold.rest();
        }
    }
}
