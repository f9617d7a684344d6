//! Where one user stands with drips, delayed messages and limits: what is
//! remembered between two things that happen.
//!
//! | key | record |
//! | --- | --- |
//! | `r` + user | [`Standing`] |

use crate::model::{Sending, Time, UserId};
use crate::outbox::SkipReason;
use crate::store::{Batch, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

const VERSION: u8 = 1;
/// The kind of the keys.
pub(super) const PREFIX: u8 = b'r';

/// Where a user stands. Of most users nothing is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The drips that the user is in, by name.
    pub drips: Vec<Enrolment>,
    /// The last time that the user left each drip.
    pub left: Vec<Leaving>,
    /// When rules with a limit acted.
    pub fired: Vec<Firings>,
    /// Messages that wait for their moment.
    pub waiting: Vec<Waiting>,
}

/// A user in a drip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The drip.
    pub drip: Arc<str>,
    /// Since when.
    pub entered: Time,
    /// The step at which the user waits.
    pub at: u16,
    /// What for.
    pub wait: Wait,
    /// Steps ahead that were done under another version.
    pub done: Vec<u16>,
}

/// What somebody in a drip waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wait {
    /// A moment; then what follows the step.
    Until(Time),
    /// A moment; then the step itself.
    Begin {
        /// That moment.
        at: Time,
        /// How often it was tried.
        attempts: u8,
    },
    /// Something that the step names, until this moment at most.
    Event(Time),
    /// The time that the step counts from, which is missing.
    Field,
    /// What becomes of the step's message.
    Outcome {
        /// Since when.
        since: Time,
        /// How often it was tried before.
        attempts: u8,
    },
    /// The step, which the rulebook does not have now.
    Parked {
        /// Until this moment at most.
        until: Time,
        /// The moment that it waited for.
        due: Option<Time>,
    },
}

/// A user who left a drip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leaving {
    /// The drip.
    pub drip: Arc<str>,
    /// When.
    pub at: Time,
    /// How.
    pub how: How,
}

/// How a user left a drip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Through its last step.
    Finished,
    /// By reaching its goal.
    Goal,
    /// Because the exit condition was true.
    Exited,
    /// A rule, a step or a person said so.
    Stopped,
    /// A message could not be delivered.
    Failed,
    /// Its step or the drip was gone from the rulebook for too long.
    Removed,
}

/// When a rule with a limit acted on a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Firings {
    /// The rule.
    pub rule: Arc<str>,
    /// When, the latest last; as many as the limit counts.
    pub times: Vec<Time>,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// For this moment.
    pub due: Time,
    /// Who sends it.
    pub source: Source,
    /// What.
    pub sending: Sending,
}

/// Who sends a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A rule.
    Rule(Arc<str>),
    /// A step of a drip.
    Drip(Arc<str>, Arc<str>),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule(name) => f.write_str(name),
            Self::Drip(name, step) => write!(f, "{name}/{step}"),
        }
    }
}

impl How {
    /// The name that reports and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Goal => "goal",
            Self::Exited => "exited",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Removed => "removed",
        }
    }

    /// Why messages of the drip that still wait are of no use then; those of a
    /// drip that came to its end go out.
    pub const fn stops(self) -> Option<SkipReason> {
        match self {
            Self::Finished => None,
            Self::Goal => Some(SkipReason::GoalReached),
            Self::Exited | Self::Stopped | Self::Failed | Self::Removed => Some(SkipReason::Exited),
        }
    }

    /// Whether the user went through the drip to its end or its goal.
    pub const fn has_finished(self) -> bool {
        match self {
            Self::Finished | Self::Goal => true,
            Self::Exited | Self::Stopped | Self::Failed | Self::Removed => false,
        }
    }
}

impl Wait {
    /// The moment at which it ends by itself.
    pub fn due(self) -> Option<Time> {
        match self {
            Self::Until(at) | Self::Begin { at, .. } | Self::Event(at) | Self::Parked { until: at, .. } => Some(at),
            Self::Field | Self::Outcome { .. } => None,
        }
    }
}

impl Standing {
    /// Whether nothing is to be remembered.
    pub fn is_empty(&self) -> bool {
        self.drips.is_empty() && self.left.is_empty() && self.fired.is_empty() && self.waiting.is_empty()
    }

    /// When something is to happen next.
    pub fn due(&self) -> Option<Time> {
        let waits = self.drips.iter().filter_map(|enrolment| enrolment.wait.due());
        waits.chain(self.waiting.iter().map(|waiting| waiting.due)).min()
    }

    /// Puts off what is due by `now` until `later`.
    pub fn put_off(&mut self, now: Time, later: Time) {
        self.shift(|at| at <= now, later);
    }

    /// Has come due now what was put off until `later`.
    pub fn bring_forward(&mut self, later: Time, now: Time) {
        self.shift(|at| at == later, now);
    }

    fn shift(&mut self, is_meant: impl Fn(Time) -> bool, to: Time) {
        for enrolment in &mut self.drips {
            enrolment.wait = match enrolment.wait {
                Wait::Until(at) if is_meant(at) => Wait::Until(to),
                Wait::Event(at) if is_meant(at) => Wait::Event(to),
                Wait::Begin { at, attempts } if is_meant(at) => Wait::Begin { at: to, attempts },
                Wait::Parked { until, due } if is_meant(until) => Wait::Parked { until: to, due },
                wait => wait,
            };
        }
        self.waiting.iter_mut().filter(|waiting| is_meant(waiting.due)).for_each(|waiting| waiting.due = to);
    }

    /// The user's place in a drip.
    pub fn in_drip(&self, drip: &str) -> Option<&Enrolment> {
        self.drips.iter().find(|enrolment| *enrolment.drip == *drip)
    }

    /// The same, to be changed.
    pub fn in_drip_mut(&mut self, drip: &str) -> Option<&mut Enrolment> {
        self.drips.iter_mut().find(|enrolment| *enrolment.drip == *drip)
    }

    /// How and when the user left a drip last.
    pub fn left(&self, drip: &str) -> Option<&Leaving> {
        self.left.iter().find(|leaving| *leaving.drip == *drip)
    }

    /// Takes the user out of a drip.
    pub fn leave(&mut self, drip: &Arc<str>, at: Time, how: How) {
        self.drips.retain(|enrolment| enrolment.drip != *drip);
        self.left.retain(|leaving| leaving.drip != *drip);
        self.left.push(Leaving { drip: drip.clone(), at, how });
    }

    /// When a rule acted, as far as its limit asks.
    pub fn fired(&self, rule: &str) -> &[Time] {
        self.fired.iter().find(|firings| *firings.rule == *rule).map_or(&[], |firings| &firings.times)
    }

    /// Notes that a rule acted; the last `most` times are remembered.
    pub fn fire(&mut self, rule: &str, at: Time, most: usize) {
        let known = self.fired.iter().position(|firings| *firings.rule == *rule);
        let place = known.unwrap_or_else(|| {
            self.fired.push(Firings { rule: rule.into(), times: Vec::new() });
            self.fired.len() - 1
        });
        let times = &mut self.fired[place].times;
        times.push(at);
        times.drain(..times.len().saturating_sub(most.max(1)));
    }

    /// Adds the record to a batch; nothing to remember is no record.
    pub fn write(&self, user: UserId, batch: &mut Batch) -> Result<(), StoreError> {
        if self.is_empty() {
            batch.delete(key(user));
        } else {
            batch.put(key(user), encode(VERSION, self)?);
        }
        Ok(())
    }

    /// The user and the record of a pair of the store.
    pub fn read(pair: &(Vec<u8>, Vec<u8>)) -> Result<(UserId, Self), StoreError> {
        let id = pair.0.get(1..).and_then(|rest| <[u8; 8]>::try_from(rest).ok());
        let id = id.ok_or_else(|| StoreError::Damaged { what: "the key of a user in drips".into() })?;
        let user = UserId(i64::from_be_bytes(id));
        Ok((user, decode(VERSION, &pair.1, &format!("the drips of user {user}"))?))
    }
}

/// The key of a user's record.
pub(super) fn key(user: UserId) -> Vec<u8> {
    [&[PREFIX][..], &user.0.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_firings_are_remembered_as_the_limit_counts() {
        let mut standing = Standing::default();
        for at in 1..=5 {
            standing.fire("vip", Time(at), 3);
        }
        assert_eq!(standing.fired("vip"), [Time(3), Time(4), Time(5)]);
        assert!(standing.fired("other").is_empty());
    }

    #[test]
    fn records_come_back_and_the_next_moment_is_the_earliest() {
        let mut standing = Standing::default();
        let wait = |wait| Enrolment { drip: "d".into(), entered: Time(1), at: 2, wait, done: vec![3] };
        standing.drips = vec![wait(Wait::Field), wait(Wait::Event(Time(9))), wait(Wait::Until(Time(7)))];
        assert_eq!(standing.due(), Some(Time(7)));
        let mut batch = Batch::new();
        standing.write(UserId(-5), &mut batch).unwrap();
        let (key, value) = batch.ops.remove(0);
        assert_eq!(Standing::read(&(key, value.unwrap())), Ok((UserId(-5), standing)));
    }
}
