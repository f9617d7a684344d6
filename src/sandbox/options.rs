//! What a sandbox is started with.

use crate::clock::SystemClock;
use crate::model::Clock;
use crate::sandbox::face::ClockMode;
use crate::sandbox::limits::Limits;
use crate::sandbox::script::Script;
use crate::sandbox::stars::PaidBroadcasts;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The token that a sandbox answers to unless it is told another one. It has
/// the form of a real one and opens nothing.
pub const DEFAULT_TOKEN: &str = "4200000042:sandbox-token-that-opens-nothing-xx";

/// How to start a sandbox.
#[derive(Clone)]
pub struct SandboxOptions {
    /// The bot's token; its digits before the colon are the bot's id.
    pub token: String,
    /// The rate limits to enforce.
    pub limits: Limits,
    /// Seeds the draws of faults with a probability.
    pub seed: u64,
    /// Where to listen; must be a loopback address, port 0 takes a free one.
    pub listen: SocketAddr,
    /// What happens when the bot writes to a chat that nobody has added.
    pub unknown_chats: UnknownChats,
    /// Dates messages and measures the limits.
    pub clock: Arc<dyn Clock>,
    /// Whether that clock runs, or stands where it is until it is moved
    /// through the handle or the control API.
    pub clock_mode: ClockMode,
    /// Whether the bot may send faster for Stars.
    pub paid_broadcasts: PaidBroadcasts,
    /// What goes wrong from the beginning.
    pub script: Option<Script>,
    /// How many message bodies are kept in all; older ones stay in the ledger
    /// as a line without text.
    pub keep_bodies: usize,
}

/// What to do with a chat that is not in the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownChats {
    /// A positive id becomes an active user on the first message.
    #[default]
    Create,
    /// `400 Bad Request: chat not found`.
    NotFound,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            token: DEFAULT_TOKEN.to_owned(),
            limits: Limits::Off,
            seed: 1,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            unknown_chats: UnknownChats::default(),
            clock: Arc::new(SystemClock::new()),
            clock_mode: ClockMode::default(),
            paid_broadcasts: PaidBroadcasts::default(),
            script: None,
            keep_bodies: 200_000,
        }
    }
}

impl fmt::Debug for SandboxOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxOptions")
            .field("limits", &self.limits)
            .field("seed", &self.seed)
            .field("listen", &self.listen)
            .field("unknown_chats", &self.unknown_chats)
            .finish_non_exhaustive()
    }
}
