//! The admin panel over the sandbox: scripted conversations held against
//! transcripts in `screens/`, and people who may not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/expect.rs"]
mod expect;
mod rights;
mod stage;
mod transcripts;
