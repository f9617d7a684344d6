//! The edges: command line, local socket and bot. They translate and call;
//! nothing is decided here.

pub mod bot;
pub mod cli;
pub mod control;
