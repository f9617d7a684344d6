//! The store: one contract for both engines, crashes, profiles, the writer, the
//! history of events.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backup;
mod contract;
mod crash;
mod folder;
mod history;
mod journal;
mod profiles;
mod writer;
