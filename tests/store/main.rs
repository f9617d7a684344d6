//! The store: one contract for both engines, crashes, profiles, the writer.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod crash;
mod folder;
mod journal;
mod profiles;
mod writer;
