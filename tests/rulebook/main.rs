//! The rulebook from outside: projects on disk and in memory.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bad;
mod codes;
#[path = "../support/expect.rs"]
mod expect;
mod grammar;
mod live;
mod mistakes;
mod pages;
mod robustness;
mod rules;
mod sample;
mod schema;
mod settings;
mod templates;
mod yaml;
