//! What rules and drips make of something that happened to a user: which of them
//! it triggers, which hold, and what follows.
//!
//! Pure: the user is a [`Row`](crate::condition::Row), the rulebook and the time
//! are arguments, nothing is read or drawn. All that one round triggers is judged
//! against the state before it; what they do is then done in the order of rule
//! names, then of the list `then`. What that changes triggers the next round; the
//! caller bounds their number.

mod effect;
mod moment;
mod pick;
mod reaction;

pub use effect::{Situation, Trouble, changed, chore, effects};
pub use moment::{Hours, moment};
pub use pick::{Pick, pick, variant};
pub use reaction::{Occurrence, Reactions, Reactor};

/// A longer cascade is cut and said to be one.
pub const ROUNDS: usize = 8;
