//! What a group of changes asks of others: messages of the outbox, work to be
//! done apart. Written with the group; the others are told when it is durable.

use crate::engine::automation::Automation;
use crate::engine::crowd::Crowd;
use crate::engine::errands;
use crate::engine::turn::{Errand, Post};
use crate::model::Time;
use crate::rulebook::Rulebook;
use crate::store::{Batch, Store, StoreError};

/// What is to be stored with the group.
#[derive(Default)]
pub(super) struct Staged {
    posts: Vec<Post>,
    notes: Vec<String>,
    errands: Vec<Errand>,
}

impl Staged {
    /// Finds out which numbers are taken.
    pub fn open(&mut self, _store: &dyn Store) -> Result<(), StoreError> {
        Ok(())
    }

    /// The same after a failure.
    pub fn forget(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        self.drop_all();
        self.open(store)
    }

    /// Forgets everything.
    pub fn drop_all(&mut self) {
        *self = Self::default();
    }

    /// Takes what a turn came to.
    pub fn take(&mut self, posts: Vec<Post>, notes: Vec<String>, errands: Vec<Errand>) {
        self.posts.extend(posts);
        self.notes.extend(notes);
        self.errands.extend(errands);
    }

    /// Adds all of it to the group's batch.
    pub fn write(
        &mut self,
        _rulebook: &Rulebook,
        automation: &mut Automation,
        now: Time,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        for errand in self.errands.drain(..) {
            errands::stage(batch, automation.next_errand(), errand, now)?;
        }
        Ok(())
    }

    /// The group is durable.
    pub fn stored(&mut self, _crowd: &Crowd) {}
}
