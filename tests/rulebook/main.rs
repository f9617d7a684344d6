//! The rulebook from outside: projects on disk and in memory.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod acting;
mod bad;
mod codes;
mod consequences;
mod definitions;
mod drips;
mod everything;
#[path = "../support/expect.rs"]
mod expect;
mod experiments;
mod grammar;
mod live;
mod media;
mod mistakes;
mod pages;
#[path = "../support/paying.rs"]
mod paying;
mod policy;
mod products;
mod robustness;
mod rules;
mod sample;
mod scenarios;
mod schema;
mod scripts;
mod settings;
mod templates;
mod vars;
mod yaml;
