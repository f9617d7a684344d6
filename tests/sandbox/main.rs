//! The sandbox over the wire: what a bot sees of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clock;
mod control;
mod editing;
mod faults;
mod harness;
mod limits;
mod media;
mod page;
mod paid;
mod payments;
mod scale;
mod script;
mod sending;
mod transport;
mod updates;
mod webhook;
