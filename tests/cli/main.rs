//! The real binary, as a person at a terminal meets it: what each command
//! prints and with which code it ends, without an engine and with one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod approval;
mod arming;
mod backup;
mod broadcast;
mod campaigns;
mod delivered;
mod disk;
mod errands;
mod events;
#[path = "../support/expect.rs"]
mod expect;
mod experiment;
mod explain;
mod export;
mod import;
mod opt_out;
mod outbox;
mod payments;
mod plan;
mod preview;
mod project;
mod query;
mod rollback;
mod rule;
mod running;
mod schema;
mod segments;
mod simulate;
mod snapshots;
#[path = "../import/sql.rs"]
mod sql;
mod start;
mod support;
mod test;
mod updates;
mod webhook;
mod why;
mod yookassa;
#[path = "../support/yookassa.rs"]
mod yookassa_stand_in;
