//! Vestnik: a self-hosted, rule-driven automation platform for Telegram bots.
//!
//! ```text
//!  rules/*.yaml  ┐                                  ┌─> segments, broadcasts
//!  templates/*   ├─ rulebook::load ─> Arc<Rulebook> ┤
//!  grammar/*     ┘        │                         └─> engine: who gets what, now
//!                    Diagnostics                              │ one batch, one flush
//!  import, bot, commands ─────────────────> store <───────────┤
//!                                             │               │
//!                 Telegram <── client <── limiter <── outbox (lease, settle)
//! ```
//!
//! Modules import only from those above them in this list: [`model`],
//! [`diagnostic`], [`clock`], [`condition`], [`rulebook`], [`explain`], [`experiment`],
//! [`store`], [`audience`], [`import`], [`outbox`], [`engine`], [`sandbox`], [`interface`],
//! [`app`], [`cli`]. What the product promises is written in [`outbox`] and [`store`].

pub mod app;
pub mod audience;
pub mod chart;
pub mod cli;
pub mod clock;
pub mod condition;
pub mod diagnostic;
pub mod engine;
pub mod experiment;
pub mod explain;
pub mod import;
pub mod interface;
pub mod model;
pub mod outbox;
pub mod rulebook;
pub mod sandbox;
pub mod store;
