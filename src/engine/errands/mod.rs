//! Work that rules and tasks ask for and that is done apart from deciding:
//! reports, backups, clean-up, broadcasts, webhooks.
//!
//! Each piece is a record that becomes durable with the decision and goes when
//! the work is done, so a crash loses none. Work that fails for a reason which
//! may pass is put back, with a longer pause each time, for a day; then it is
//! dropped and the admins hear of it. Nothing is done while the engine is
//! disarmed or closed.
//!
//! | work | over a crash |
//! | --- | --- |
//! | report | once: its messages are staged with the end of the record |
//! | broadcast | once: the record says which run it makes before it is made |
//! | webhook, backup, clean-up | at least once; a webhook keeps its id |
//!
//! | key | record |
//! | --- | --- |
//! | `K` + number | [`Record`] |

mod address;
mod backups;
mod chores;
mod letter;
mod queue;
mod report;
mod status;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
mod webhook;

pub use status::{ErrandsReport, ScheduleKind, ScheduleReport};

use super::turn::Errand;
use super::{Engine, EngineError};
use crate::model::{Chore, Text, Time, UserId};
use crate::rulebook::webhook_host;
use crate::store::{Batch, StoreError, encode};
use queue::Queue;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use webhook::Web;

const PREFIX: u8 = b'K';
const VERSION: u8 = 1;

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What is to be done.
    pub chore: Chore,
    /// The rule, step or task that asks for it.
    pub by: String,
    /// The user whom it is about, if it is about one.
    pub user: Option<UserId>,
    /// Since when it waits.
    pub since: Time,
    /// Not before this moment.
    pub due: Time,
    /// How often it was tried.
    pub attempts: u8,
    /// What is remembered between two attempts, by the kind of work.
    pub note: u64,
    /// Why the last attempt came to nothing.
    pub trouble: Option<Text>,
}

/// Where the secrets are that the settings name.
pub type Secrets = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Does the work of one engine.
pub struct Errands {
    engine: Arc<Engine>,
    /// Where backups go: the data folder.
    data: PathBuf,
    secrets: Secrets,
    web: Web,
    /// Webhooks have a queue of their own: a backup must not hold them up.
    webhooks: Queue,
    others: Queue,
}

/// A record and its number.
#[derive(Clone, Debug, PartialEq)]
struct Piece {
    number: u64,
    record: Record,
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    /// It is done.
    Done,
    /// It is done when the admins have this.
    Tell(Text),
    /// It may be possible later; not before so long if that is known.
    Later(Text, Option<crate::model::TimeDelta>),
    /// It never will be.
    Never(Text),
}

impl Errands {
    /// Work for an engine whose data folder is `data`.
    pub fn new(engine: Arc<Engine>, data: PathBuf, secrets: Secrets) -> Result<Self, EngineError> {
        let web = Web::new()?;
        Ok(Self { engine, data, secrets, web, webhooks: Queue::default(), others: Queue::default() })
    }

    /// Whether anything may be done now.
    fn may_work(&self) -> bool {
        self.engine.outbox().is_some() && self.engine.arming.borrow().is_armed()
    }
}

impl Record {
    /// The work in a few words. An address may hold a secret: its host alone is
    /// said.
    fn what(&self) -> Text {
        let by = &self.by;
        let (en, ru) = match &self.chore {
            Chore::Broadcast(name) => (format!("broadcast `{name}`"), format!("рассылка `{name}`")),
            Chore::Report { .. } => ("report".to_owned(), "отчёт".to_owned()),
            Chore::Cleanup { .. } => ("clean-up".to_owned(), "очистка".to_owned()),
            Chore::Backup { .. } => ("backup".to_owned(), "резервная копия".to_owned()),
            Chore::Webhook { url, .. } => {
                let host = webhook_host(url).unwrap_or("?");
                (format!("webhook to `{host}`"), format!("вебхук на `{host}`"))
            }
        };
        Text::new(format!("{en} (asked for by `{by}`)"), format!("{ru} (от `{by}`)"))
    }
}

/// Adds a piece of work to a batch.
pub(super) fn stage(batch: &mut Batch, number: u64, errand: Errand, now: Time) -> Result<(), StoreError> {
    let Errand { chore, by, user } = errand;
    let record = Record { chore, by, user, since: now, due: now, attempts: 0, note: 0, trouble: None };
    put(batch, number, &record)
}

/// Whether a key is that of a record.
pub(super) fn is_key(key: &[u8]) -> bool {
    key.first() == Some(&PREFIX)
}

fn put(batch: &mut Batch, number: u64, record: &Record) -> Result<(), StoreError> {
    batch.put(key(number), encode(VERSION, record)?);
    Ok(())
}

fn key(number: u64) -> Vec<u8> {
    [&[PREFIX][..], &number.to_be_bytes()].concat()
}
