//! The sandbox over the wire: what a bot sees of it.

mod harness;
mod sending;
