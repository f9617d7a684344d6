//! The condition language from the outside: corpora of answers and of
//! mistakes, a reference interpreter, and the properties that hold for any
//! input.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod answers;
mod columns;
mod corpus;
mod facts;
mod hall;
mod interface;
mod lints;
mod matcher;
mod mistakes;
mod oracle;
mod pace;
mod print;
mod project;
mod ready;
mod reference;
mod robustness;
mod zones;
