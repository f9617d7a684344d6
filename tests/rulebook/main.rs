//! The rulebook from outside: projects on disk and in memory.

mod live;
mod mistakes;
mod sample;
mod settings;
mod templates;
mod yaml;
