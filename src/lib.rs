//! Vestnik: a self-hosted, rule-driven automation platform for Telegram bots.

pub mod clock;
pub mod condition;
pub mod diagnostic;
pub mod engine;
pub mod import;
pub mod interface;
pub mod model;
pub mod outbox;
pub mod rulebook;
pub mod sandbox;
pub mod store;
