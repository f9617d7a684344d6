//! The rulebook from outside: projects on disk and in memory.

mod sample;
