//! The audience: filling it, patches, time, new rulebooks, and everybody at
//! once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod adopt;
mod agreement;
mod live;
mod load;
mod support;
mod variants;
