//! What rules make of something that happened to a user: which of them it
//! triggers, which hold, and how they change the profile.
//!
//! Pure: the user is a [`Row`], the rulebook an argument. All rules that one
//! round triggers are judged against the state before it; what they do is
//! then done in the order of rule names, then of the list `then`. What that
//! changes triggers the next round; the caller bounds their number.
//!
//! Of the actions only those that change the profile are carried out here:
//! `set`, `add`, `unset`, `tag`, `untag`. A rule with a `limit` waits for the
//! engine that counts its firings.

mod effect;
mod reaction;

pub use effect::{Effect, changed};
pub use reaction::{Occurrence, Reactions};

use crate::condition::Row;
use crate::rulebook::{Rule, Rulebook};

/// A longer cascade is cut and said to be one.
pub const ROUNDS: usize = 8;

/// What the rules that one round triggers do to the user of a row, in the order
/// in which it is to be done. The row tells of the event, if one is among the
/// occurrences.
pub fn decide<R: Row>(
    rulebook: &Rulebook,
    reactions: &Reactions,
    occurrences: &[Occurrence<'_>],
    row: &R,
) -> Vec<Effect> {
    let holds = |rule: &&Rule| rule.condition.as_ref().is_none_or(|condition| condition.judge(row).is_true());
    reactions.to(rulebook, occurrences).filter(holds).flat_map(|rule| effect::effects(rule, row)).collect()
}
