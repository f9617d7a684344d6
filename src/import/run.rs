//! Rows flow from a source to the writer, a transaction at a time.

use super::plan::{Change, Plan};
use super::reject::{self, Rejects};
use super::source::{Row, Source};
use super::{ImportError, ImportReport, Progress, Reason};
use crate::model::UserId;
use crate::store::{Origin, Receipt, StoreError, Transaction, Writer};
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, sync_channel};

/// Rows in one transaction; one of them may wait for its flush while the next
/// is filled.
const TRANSACTION: usize = 2_000;
/// Rows between two words on progress.
const PROGRESS: u64 = 500;

/// Imports all rows of `source`.
pub(super) fn run(
    source: &mut dyn Source,
    plan: Plan,
    rejects: Rejects,
    (writer, origin): (&Writer, Origin),
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportReport, ImportError> {
    let total = source.total();
    let report = ImportReport { mapped: plan.mapped(), unmapped: plan.unmapped.clone(), ..Default::default() };
    let mut run = Run { plan, rejects, report, users: HashSet::new(), pipe: Pipe::new(writer, origin) };
    let mut done = 0;
    source.read(&mut |row| {
        done = row.done;
        run.row(row)?;
        if run.report.read.is_multiple_of(PROGRESS) {
            progress(Progress { rows: run.report.read, done, total });
        }
        Ok(())
    })?;
    let report = run.finish()?;
    progress(Progress { rows: report.read, done, total });
    Ok(report)
}

struct Run<'a> {
    plan: Plan,
    rejects: Rejects,
    report: ImportReport,
    users: HashSet<UserId>,
    pipe: Pipe<'a>,
}

impl Run<'_> {
    fn row(&mut self, row: Row) -> Result<(), ImportError> {
        self.report.read += 1;
        let (reason, shown) = match row.cells {
            Ok(cells) => match self.plan.change(&cells) {
                Ok(change) => return self.take(change),
                Err(reason) => (reason, reject::named(&self.plan.columns, &cells)),
            },
            Err(broken) => (broken.reason, broken.raw),
        };
        self.rejects.write(row.place, &reason, shown)?;
        self.count(reason);
        Ok(())
    }

    fn count(&mut self, reason: Reason) {
        self.report.rejected += 1;
        *self.report.reasons.entry(reason).or_default() += 1;
    }

    fn take(&mut self, change: Change) -> Result<(), ImportError> {
        for (column, value) in &change.outside {
            self.report.outside.entry(column.clone()).or_default().note(value);
        }
        if self.users.insert(change.user) {
            self.report.stored += 1;
        } else {
            self.report.duplicates += 1;
        }
        Ok(self.pipe.push(change)?)
    }

    fn finish(mut self) -> Result<ImportReport, ImportError> {
        self.pipe.finish()?;
        self.report.rejected_file = self.rejects.finish()?;
        Ok(self.report)
    }
}

/// Fills a transaction while the one before becomes durable.
struct Pipe<'a> {
    writer: &'a Writer,
    origin: Origin,
    filling: Transaction,
    waiting: Option<Receiver<Result<Receipt, StoreError>>>,
}

impl<'a> Pipe<'a> {
    fn new(writer: &'a Writer, origin: Origin) -> Self {
        Self { writer, origin, filling: Transaction::default(), waiting: None }
    }

    fn push(&mut self, change: Change) -> Result<(), StoreError> {
        self.filling.patches.push((change.user, change.patch));
        if self.filling.patches.len() >= TRANSACTION { self.submit() } else { Ok(()) }
    }

    fn submit(&mut self) -> Result<(), StoreError> {
        self.wait()?;
        let (send, receive) = sync_channel(1);
        let transaction = Transaction { origin: self.origin, ..std::mem::take(&mut self.filling) };
        self.writer.submit(transaction, move |outcome| drop(send.send(outcome)));
        self.waiting = Some(receive);
        Ok(())
    }

    fn wait(&mut self) -> Result<(), StoreError> {
        self.waiting.take().map_or(Ok(()), |waiting| waiting.recv().unwrap_or(Err(StoreError::Closed)).map(|_| ()))
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.submit()?;
        self.wait()
    }
}
