//! The edges: local socket, HTTP and bot (the command line stands above them, in `cli`). They translate and call;
//! nothing is decided here.

pub mod bot;
pub mod charts;
pub mod control;
pub mod http;
pub mod words;
