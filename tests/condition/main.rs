//! The condition language from the outside: corpora of answers and of
//! mistakes, a reference interpreter, and the properties that hold for any
//! input.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod answers;
mod facts;
mod interface;
mod mistakes;
mod project;
mod reference;
mod robustness;
