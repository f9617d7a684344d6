//! Records as earlier versions wrote them, read into today's form. They are
//! written anew when they change.
//!
//! The second version of both records is today's without its last field.

use super::chunk::Recipients;
use super::{Cause, Counts, InDoubtPolicy, Lane, Ledger, LedgerId, LedgerStatus, PausedBy, Rails};
use crate::model::{Message, Time};
use crate::outbox::row::{FailureKind, SkipReason};
use crate::store::{StoreError, decode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The first version of both records.
pub(super) const RECIPIENTS: u8 = 1;
pub(super) const LEDGER: u8 = 1;

/// The second.
pub(super) const LATER_RECIPIENTS: u8 = 2;
pub(super) const LATER_LEDGER: u8 = 2;

#[derive(Serialize, Deserialize)]
struct OldRecipients {
    users: Vec<i64>,
    messages: Vec<Message>,
}

#[derive(Serialize, Deserialize)]
struct OldLedger {
    id: LedgerId,
    cause: OldCause,
    lane: OldLane,
    in_doubt: InDoubtPolicy,
    status: OldStatus,
    created: Time,
    finished: Option<Time>,
    rulebook: String,
    rows: u32,
    rate: Option<(u32, i64)>,
    expires: Option<Time>,
    summary: Option<OldCounts>,
}

#[derive(Serialize, Deserialize)]
enum OldCause {
    Broadcast { name: String, occurrence: u32 },
    Reply,
}

#[derive(Serialize, Deserialize)]
enum OldLane {
    Reply,
    Broadcast,
}

#[derive(Serialize, Deserialize)]
enum OldStatus {
    Preparing,
    Running,
    Paused(OldPausedBy),
    Cancelled,
    Finished,
}

#[derive(Serialize, Deserialize)]
enum OldPausedBy {
    Admin,
    ContentErrors,
}

#[derive(Serialize, Deserialize)]
struct OldCounts {
    queued: u32,
    leased: u32,
    sent: u32,
    in_doubt: u32,
    retrying: u32,
    failed: BTreeMap<FailureKind, u32>,
    skipped: BTreeMap<SkipReason, u32>,
}

pub(super) fn recipients(bytes: &[u8], what: &str) -> Result<Recipients, StoreError> {
    let OldRecipients { users, messages } = decode(RECIPIENTS, bytes, what)?;
    Ok(Recipients { messages, ..Recipients::users(users) })
}

pub(super) fn ledger(bytes: &[u8]) -> Result<Ledger, StoreError> {
    let old: OldLedger = decode(LEDGER, bytes, "ledger")?;
    let (cause, marketing) = match old.cause {
        OldCause::Broadcast { name, occurrence } => (Cause::Broadcast { name, occurrence }, true),
        OldCause::Reply => (Cause::Reply, false),
    };
    let lane = match old.lane {
        OldLane::Reply => Lane::Reply,
        OldLane::Broadcast => Lane::Broadcast,
    };
    let status = match old.status {
        OldStatus::Preparing => LedgerStatus::Preparing,
        OldStatus::Running => LedgerStatus::Running,
        OldStatus::Paused(OldPausedBy::Admin) => LedgerStatus::Paused(PausedBy::Admin),
        OldStatus::Paused(OldPausedBy::ContentErrors) => LedgerStatus::Paused(PausedBy::ContentErrors),
        OldStatus::Cancelled => LedgerStatus::Cancelled,
        OldStatus::Finished => LedgerStatus::Finished,
    };
    let summary = old.summary.map(|old| Counts {
        queued: old.queued,
        leased: old.leased,
        sent: old.sent,
        in_doubt: old.in_doubt,
        retrying: old.retrying,
        deferred: BTreeMap::new(),
        failed: old.failed,
        skipped: old.skipped,
    });
    Ok(Ledger {
        in_doubt: old.in_doubt,
        status,
        finished: old.finished,
        rulebook: old.rulebook,
        rate: old.rate,
        expires: old.expires,
        summary,
        marketing,
        rails: Rails::default(),
        ..Ledger::new(old.id, cause, lane, old.created, old.rows)
    })
}

/// A record of the second version becomes one of today's by the byte that says
/// that its last field, a list or an option, is empty.
fn with_nothing(bytes: &[u8]) -> Vec<u8> {
    [bytes, &[0]].concat()
}

pub(super) fn later_recipients(bytes: &[u8], what: &str) -> Result<Recipients, StoreError> {
    decode(LATER_RECIPIENTS, &with_nothing(bytes), what)
}

pub(super) fn later_ledger(bytes: &[u8]) -> Result<Ledger, StoreError> {
    decode(LATER_LEDGER, &with_nothing(bytes), "ledger")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::encode;

    #[test]
    fn records_of_the_first_version_are_read() {
        let old = OldLedger {
            id: LedgerId(7),
            cause: OldCause::Broadcast { name: "sale".into(), occurrence: 2 },
            lane: OldLane::Broadcast,
            in_doubt: InDoubtPolicy::Skip,
            status: OldStatus::Paused(OldPausedBy::ContentErrors),
            created: Time(5),
            finished: None,
            rulebook: "abc".into(),
            rows: 3,
            rate: Some((2, 1_000)),
            expires: Some(Time(9)),
            summary: None,
        };
        let read = Ledger::from_bytes(&encode(LEDGER, &old).unwrap()).unwrap();
        assert_eq!((read.lane, read.status), (Lane::Broadcast, LedgerStatus::Paused(PausedBy::ContentErrors)));
        assert_eq!((read.rows, read.rate, read.expires), (3, Some((2, 1_000)), Some(Time(9))));
        assert!(read.marketing && read.waves.is_empty());

        let old = OldRecipients { users: vec![1, 2], messages: vec![] };
        let read = recipients(&encode(RECIPIENTS, &old).unwrap(), "chunk").unwrap();
        assert_eq!(read, Recipients::users(vec![1, 2]));
    }

    #[test]
    fn records_of_the_second_version_are_read() {
        let ledger = Ledger { paid: Some((7, 3)), ..Ledger::new(LedgerId(7), Cause::Reply, Lane::Rule, Time(5), 9) };
        let mut bytes = encode(LATER_LEDGER, &ledger).unwrap();
        assert_eq!(bytes.pop(), Some(0));
        assert_eq!(Ledger::from_bytes(&bytes).unwrap(), ledger);

        let recipients = Recipients { moved: vec![(1, 5)], ..Recipients::users(vec![1, 2]) };
        let mut bytes = encode(LATER_RECIPIENTS, &recipients).unwrap();
        assert_eq!(bytes.pop(), Some(0));
        assert_eq!(later_recipients(&bytes, "chunk").unwrap(), recipients);
    }
}
