//! What a rehearsal sees besides the outcome: which rules acted or did not and
//! why, and which ways users went through drips. An engine that works for real
//! has no witness, and nothing of this is put together.

use super::automation::How;
use super::leaves::Leaf;
use crate::model::{Chore, Text};
use std::sync::{Mutex, PoisonError};

/// Takes down what it is told.
#[derive(Debug, Default)]
pub struct Witness {
    seen: Mutex<Vec<Seen>>,
    is_brief: bool,
}

/// One thing that went on. Rules and drips are told by their places in the
/// rulebook.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A rule acted.
    Fired(usize),
    /// A rule was set off, and its condition was not true.
    Unmet(usize, Vec<Leaf>),
    /// A rule was set off, and its limit was used up.
    UsedUp(usize),
    /// The user may not enter a drip, now or again.
    Barred(usize),
    /// The user did not enter a drip, for its exit condition was true.
    Shut(usize),
    /// The user entered a drip.
    Entered(usize),
    /// The user left a drip.
    Left(usize, How),
    /// Work to be done apart was asked for.
    Errand(Chore),
    /// A step of a drip was taken.
    Step(usize, u16),
    /// The user left a step of a drip by this of its ways.
    Way(usize, u16, usize),
    /// Something of a rule or a step failed.
    Trouble {
        /// The rule, or the drip and its step.
        by: String,
        /// How.
        why: Text,
    },
    /// Rules triggered one another without end.
    Cascade {
        /// Which.
        rules: String,
    },
}

impl Witness {
    /// One that is not told why rules did not act: that takes longer than they do.
    pub fn brief() -> Self {
        Self { is_brief: true, ..Self::default() }
    }

    /// Whether it is to be told why rules did not act.
    pub fn asks_why(&self) -> bool {
        !self.is_brief
    }

    /// Takes something down.
    pub fn note(&self, seen: Seen) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }

    /// What was taken down since the last call.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
