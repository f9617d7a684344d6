//! The audience of a running or opened engine: loaded when it is first needed,
//! changed by the writer's thread alone, and read by everybody.
//!
//! Whoever wants it current asks the writer to look at the clock: that loads
//! it, takes over a new rulebook, and lets time pass, between two commits, so
//! that no change is missed or seen twice.

use super::EngineError;
use crate::audience::Audience;
use crate::model::{Clock, Time};
use crate::rulebook::Live;
use crate::store::{Profiles, StoreError, Transaction, Writer};
use std::sync::{Arc, OnceLock};

/// What the writer's thread and the readers share.
pub(super) struct Crowd {
    pub live: Arc<Live>,
    pub profiles: Profiles,
    pub clock: Arc<dyn Clock>,
    audience: OnceLock<Audience>,
}

impl Crowd {
    pub fn new(live: Arc<Live>, profiles: Profiles, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { live, profiles, clock, audience: OnceLock::new() })
    }

    /// The audience, if it is loaded.
    pub fn loaded(&self) -> Option<&Audience> {
        self.audience.get()
    }

    /// The audience, loaded now if it was not, under the rulebook in force and
    /// as of now. Waits for the writer: not to be called on its thread.
    pub fn current(&self, writer: &Writer) -> Result<&Audience, EngineError> {
        let now = self.clock.now();
        writer.commit(Transaction::advance(now))?;
        Ok(self.audience.get().ok_or(StoreError::Closed)?)
    }

    /// Loads the audience. For the writer's thread, between two groups.
    pub fn load(&self, now: Time) -> Result<&Audience, StoreError> {
        if let Some(audience) = self.audience.get() {
            return Ok(audience);
        }
        let audience = Audience::load(&self.live.current(), &self.profiles, now)?;
        Ok(self.audience.get_or_init(|| audience))
    }
}
