//! The outbox against the sandbox: every row of a ledger ends in the state
//! that the Bot API's answers call for, and each chat gets one message.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod aftermath;
mod crash;
mod delivery;
mod experiment;
mod media;
mod policy;
mod recovery;
mod soak;
mod support;
mod trouble;
mod turns;
mod world;
