//! The rulebook from outside: projects on disk and in memory.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod codes;
mod live;
mod mistakes;
mod sample;
mod settings;
mod templates;
mod yaml;
mod zz;
