//! Work that rules and tasks ask for and that is done apart from deciding:
//! reports, backups, clean-up, broadcasts, webhooks.
//!
//! Each piece is a record that becomes durable with the decision and goes when
//! the work is done, so a crash loses none.
//!
//! | key | record |
//! | --- | --- |
//! | `K` + number | [`Record`] |

use super::turn::Errand;
use crate::model::{Chore, Time, UserId};
use crate::store::{Batch, StoreError, encode};
use serde::{Deserialize, Serialize};

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
}

/// Adds a piece of work to a batch.
pub(super) fn stage(batch: &mut Batch, number: u64, errand: Errand, now: Time) -> Result<(), StoreError> {
    let Errand { chore, by, user } = errand;
    let record = Record { chore, by, user, since: now, due: now, attempts: 0, note: 0 };
    batch.put([&[PREFIX][..], &number.to_be_bytes()].concat(), encode(VERSION, &record)?);
    Ok(())
}
