//! Import of events: one JSON object a line, in the form of [`intake`](super::intake).
//!
//! An event that is recorded already, by its user and id, is left out and
//! counted, so a repeated import changes nothing. Events of unknown users are
//! rejected: a user comes by an import of users or by the bot.

use super::reject::Rejects;
use super::source::{Lines, RowPlace, SourceKind};
use super::{EventsReport, ImportError, ImportOptions, Progress, Reason, intake};
use crate::model::{Event, Events, Time, UserId};
use crate::store::{Origin, Receipt, StoreError, Transaction, Writer};
use serde_json::Value;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};

/// Events in one transaction; one of them may wait for its flush while the next
/// is filled.
const TRANSACTION: usize = 2_000;
/// Lines between two words on progress.
const PROGRESS: u64 = 500;

/// Lines looked at to tell events from users.
const FIRST: usize = 10;
/// The keys that tell an event, of which a user has two at most.
const TELLING: [&str; 4] = ["user", "name", "at", "props"];

/// Whether a file holds events and not users: it is said to, or one of its first
/// lines is an object with most of an event's keys.
pub fn holds_events(options: &ImportOptions) -> Result<bool, ImportError> {
    if let Some(kind) = options.kind {
        return Ok(kind == SourceKind::Events);
    }
    let mut lines = Lines::open(&options.path)?;
    for _ in 0..FIRST {
        // A file of another kind may have no line of a sensible length at all.
        if !lines.next().unwrap_or(false) {
            break;
        }
        let line = serde_json::from_slice::<Value>(lines.text());
        let tells = |line: &Value| TELLING.iter().filter(|key| line.get(key).is_some()).count() >= 3;
        if line.as_ref().is_ok_and(tells) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Imports a file of events. After an error the lines before it are stored; the
/// import may simply be run again.
pub fn import_events(
    options: &ImportOptions,
    known: &Known<'_>,
    writer: &Writer,
    progress: &mut dyn FnMut(Progress),
) -> Result<EventsReport, ImportError> {
    let mut rejects = Rejects::new(options)?;
    let mut lines = Lines::open(&options.path)?;
    let total = Some(lines.size()?);
    let mut report = EventsReport::default();
    let mut pipe = Pipe::new(writer, options.origin());
    while lines.next()? {
        report.read += 1;
        match read(lines.text(), known)? {
            Ok(event) => pipe.push(event, &mut report)?,
            Err((reason, raw)) => {
                rejects.write(RowPlace::Line(lines.line()), &reason, raw)?;
                report.rejected += 1;
                *report.reasons.entry(reason).or_default() += 1;
            }
        }
        if report.read.is_multiple_of(PROGRESS) {
            progress(Progress { rows: report.read, done: lines.done(), total });
        }
    }
    pipe.finish(&mut report)?;
    report.rejected_file = rejects.finish()?;
    progress(Progress { rows: report.read, done: lines.done(), total });
    Ok(report)
}

/// The events of a file that are all right, or the line of the first that is
/// not, and why. Nothing is stored.
pub fn read_events(path: &Path, known: &Known<'_>) -> Result<Result<Vec<Event>, (u64, Reason)>, ImportError> {
    let mut lines = Lines::open(path)?;
    let mut events = Vec::new();
    while lines.next()? {
        match read(lines.text(), known)? {
            Ok(event) => events.push(event),
            Err((reason, _)) => return Ok(Err((lines.line(), reason))),
        }
    }
    Ok(Ok(events))
}

/// What events are held against.
pub struct Known<'a> {
    /// The declared events.
    pub events: &'a Events,
    /// The time.
    pub now: Time,
    /// Older events are forgotten.
    pub oldest: Option<Time>,
    /// Whether a user is known.
    pub user: &'a dyn Fn(UserId) -> Result<bool, StoreError>,
}

type Read = Result<Event, (Reason, Value)>;

fn read(text: &[u8], known: &Known<'_>) -> Result<Read, StoreError> {
    let raw = || serde_json::from_slice(text).unwrap_or_else(|_| String::from_utf8_lossy(text).into());
    let Ok(object) = serde_json::from_slice(text) else { return Ok(Err((Reason::NotJson, raw()))) };
    Ok(match intake::event(object, known.events, known.now, None) {
        // Whether it was recorded before is not known any more.
        Ok(event) if known.oldest.is_some_and(|oldest| event.at < oldest) => Err((Reason::Forgotten, raw())),
        Ok(event) if (known.user)(event.user)? => Ok(event),
        Ok(_) => Err((Reason::UnknownUser, raw())),
        Err(reason) => Err((reason, raw())),
    })
}

/// Fills a transaction while the one before becomes durable.
struct Pipe<'a> {
    writer: &'a Writer,
    origin: Origin,
    filling: Vec<Event>,
    waiting: Option<Receiver<Result<Receipt, StoreError>>>,
}

impl<'a> Pipe<'a> {
    fn new(writer: &'a Writer, origin: Origin) -> Self {
        Self { writer, origin, filling: Vec::new(), waiting: None }
    }

    fn push(&mut self, event: Event, report: &mut EventsReport) -> Result<(), StoreError> {
        self.filling.push(event);
        if self.filling.len() >= TRANSACTION { self.submit(report) } else { Ok(()) }
    }

    fn submit(&mut self, report: &mut EventsReport) -> Result<(), StoreError> {
        self.wait(report)?;
        let (send, receive) = sync_channel(1);
        let events = Transaction::events(std::mem::take(&mut self.filling));
        let transaction = Transaction { origin: self.origin, ..events };
        self.writer.submit(transaction, move |outcome| drop(send.send(outcome)));
        self.waiting = Some(receive);
        Ok(())
    }

    fn wait(&mut self, report: &mut EventsReport) -> Result<(), StoreError> {
        let Some(waiting) = self.waiting.take() else { return Ok(()) };
        let receipt = waiting.recv().unwrap_or(Err(StoreError::Closed))?;
        report.stored += receipt.accepted as u64;
        report.duplicates += receipt.duplicates.len() as u64;
        Ok(())
    }

    fn finish(mut self, report: &mut EventsReport) -> Result<(), StoreError> {
        self.submit(report)?;
        self.wait(report)
    }
}
