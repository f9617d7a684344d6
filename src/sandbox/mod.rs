//! A local Telegram Bot API server: for demonstrations, tests, benchmarks and
//! for everybody who writes a bot and has no wish to bother real people.
//!
//! It answers as the real server does, keeps a record of what every chat
//! received, enforces Telegram's rate limits, and fails on demand: see
//! [`Fault`]. It never talks to Telegram and listens on loopback only.
//!
//! ```no_run
//! # async fn example() -> Result<(), vestnik::sandbox::SandboxError> {
//! use vestnik::sandbox::{ChatState, Sandbox, SandboxOptions};
//! let running = Sandbox::start(SandboxOptions::default()).await?;
//! running.sandbox().add_user(42, "Anna", ChatState::Active);
//! // … a bot that uses running.url() sends a message …
//! running.sandbox().wait_accepted(1).await;
//! assert_eq!(running.sandbox().received(42).len(), 1);
//! # Ok(()) }
//! ```

mod act;
mod active;
mod answer;
mod bot;
mod chats;
mod control;
mod counters;
mod effect;
mod entities;
mod face;
mod fate;
mod faults;
mod files;
mod handle;
mod keyboard;
mod ledger;
mod limits;
mod line;
mod messages;
mod options;
mod page;
mod params;
mod payments;
mod phrase;
mod record;
mod script;
mod server;
mod stars;
mod updates;
mod verify;
mod webhook;
mod world;

pub use act::ActError;
pub use chats::{ChatKind, ChatState, ChatSummary, NewChat};
pub use counters::Counters;
pub use effect::FaultEffect;
pub use face::ClockMode;
pub use fate::{Shares, migrated_id};
pub use faults::Fault;
pub use files::{MediaKind, Origin};
pub use handle::Sandbox;
pub use ledger::{Duplicate, Entry};
pub use limits::{Limits, Rates};
pub use options::{DEFAULT_TOKEN, SandboxOptions, UnknownChats};
pub use payments::CheckoutState;
pub use phrase::Storms;
pub use record::Received;
pub use script::{Script, ScriptError};
pub use server::{Running, SandboxError, run, serve};
pub use stars::{PaidBroadcasts, StarsReport};
pub use verify::Tally;
