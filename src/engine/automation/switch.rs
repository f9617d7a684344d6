//! What people have switched off by hand, without editing a file.
//!
//! A switch belongs to a name: it stays as it is when the text of the rule
//! changes, when the rule is gone from the rulebook, and when it comes back. It
//! is remembered after it was switched on again too: moments that passed while
//! it was off are not made up, also if nobody looked at the clock meanwhile.
//!
//! | key | record |
//! | --- | --- |
//! | `Rx` + `r`, `d` or `t` + name | [`Switch`] |

use super::VERSION;
use crate::model::Time;
use crate::rulebook::Rulebook;
use crate::store::{Batch, Store, StoreError, decode, encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

const PREFIX: &[u8] = b"Rx";

/// What can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A rule: it does not act.
    Rule,
    /// A drip: nobody enters it; who is inside goes on.
    Drip,
    /// A task: it does not run.
    Task,
}

/// Which way a switch is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// On.
    On,
    /// Off.
    Off,
}

/// The switch of something that was switched off at least once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// When it was switched off last.
    pub off: Time,
    /// When it was switched on after that; absent: it is off.
    pub on: Option<Time>,
}

/// All switches, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switches(BTreeMap<Unit, BTreeMap<Arc<str>, Switch>>);

impl Switch {
    /// Whether it is off.
    pub fn is_off(self) -> bool {
        self.on.is_none()
    }

    /// Whether nothing is done now of what was to be done at `moment`: it is off,
    /// or was off then.
    pub fn stops(self, moment: Time) -> bool {
        self.on.is_none_or(|on| self.off <= moment && moment <= on)
    }
}

impl Switches {
    /// Those that a store remembers.
    pub fn read(store: &dyn Store) -> Result<Self, StoreError> {
        let mut this = Self::default();
        for pair in store.scan(PREFIX, b"") {
            let (key, value) = pair?;
            let (letter, name) = key[PREFIX.len()..].split_first().ok_or_else(damaged)?;
            let unit = Unit::ALL.into_iter().find(|unit| unit.letter() == *letter).ok_or_else(damaged)?;
            let name = String::from_utf8_lossy(name).into_owned().into();
            this.0.entry(unit).or_default().insert(name, decode(VERSION, &value, "a switch")?);
        }
        Ok(this)
    }

    /// The switch of this name, if it was ever turned.
    pub fn get(&self, unit: Unit, name: &str) -> Option<Switch> {
        self.0.get(&unit)?.get(name).copied()
    }

    /// Since when it is off; nothing of what is on.
    pub fn off_since(&self, unit: Unit, name: &str) -> Option<Time> {
        self.get(unit, name).filter(|switch| switch.is_off()).map(|switch| switch.off)
    }

    /// Whether nothing is done now: by what is off, and, if it is about a moment,
    /// by what was off then.
    pub fn stop(&self, unit: Unit, name: &str, moment: Option<Time>) -> bool {
        self.get(unit, name).is_some_and(|switch| switch.is_off() || moment.is_some_and(|at| switch.stops(at)))
    }

    /// Everything that is off, and since when.
    pub fn off(&self) -> impl Iterator<Item = (Unit, &str, Time)> {
        let all = self.0.iter().flat_map(|(unit, of)| of.iter().map(|(name, switch)| (*unit, &**name, *switch)));
        all.filter(|(_, _, switch)| switch.is_off()).map(|(unit, name, switch)| (unit, name, switch.off))
    }

    /// Turns a switch and adds its record to a batch; `false`: it stood so.
    pub fn turn(
        &mut self,
        (unit, name): (Unit, &str),
        way: Way,
        now: Time,
        batch: &mut Batch,
    ) -> Result<bool, StoreError> {
        let switch = match (self.get(unit, name), way) {
            (Some(Switch { on: None, .. }), Way::Off) | (None | Some(Switch { on: Some(_), .. }), Way::On) => {
                return Ok(false);
            }
            (None | Some(Switch { on: Some(_), .. }), Way::Off) => Switch { off: now, on: None },
            (Some(Switch { off, on: None }), Way::On) => Switch { off, on: Some(now) },
        };
        batch.put([PREFIX, &[unit.letter()], name.as_bytes()].concat(), encode(VERSION, &switch)?);
        self.0.entry(unit).or_default().insert(name.into(), switch);
        Ok(true)
    }
}

impl Unit {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rule, Self::Drip, Self::Task];

    /// The name that reports, JSON and the command line use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Drip => "drip",
            Self::Task => "task",
        }
    }

    /// The section of the rule files that it stands in.
    pub const fn section(self) -> &'static str {
        match self {
            Self::Rule => "rules",
            Self::Drip => "drips",
            Self::Task => "tasks",
        }
    }

    /// Whether a rulebook has one of this name.
    pub fn is_in(self, rulebook: &Rulebook, name: &str) -> bool {
        match self {
            Self::Rule => rulebook.rules.iter().any(|rule| rule.name == name),
            Self::Drip => rulebook.drips.iter().any(|drip| drip.name == name),
            Self::Task => rulebook.tasks.iter().any(|task| task.name == name),
        }
    }

    const fn letter(self) -> u8 {
        match self {
            Self::Rule => b'r',
            Self::Drip => b'd',
            Self::Task => b't',
        }
    }
}

fn damaged() -> StoreError {
    StoreError::Damaged { what: "the key of a switch".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::MemoryStore;

    #[test]
    fn what_was_due_while_it_was_off_is_not_made_up() {
        let (mut switches, mut batch) = (Switches::default(), Batch::new());
        let mut turn = |way, at| switches.turn((Unit::Rule, "r"), way, Time(at), &mut batch).unwrap();
        assert_eq!([turn(Way::On, 5), turn(Way::Off, 10), turn(Way::Off, 11)], [false, true, false]);
        for moment in [None, Some(Time(3)), Some(Time(12))] {
            assert!(switches.stop(Unit::Rule, "r", moment), "{moment:?}");
            assert!(!switches.stop(Unit::Drip, "r", moment) && !switches.stop(Unit::Rule, "s", moment));
        }
        assert_eq!(switches.off().collect::<Vec<_>>(), [(Unit::Rule, "r", Time(10))]);
        assert!(switches.turn((Unit::Rule, "r"), Way::On, Time(20), &mut batch).unwrap());
        for (moment, stops) in [(9, false), (10, true), (20, true), (21, false)] {
            assert_eq!(switches.stop(Unit::Rule, "r", Some(Time(moment))), stops, "{moment}");
        }
        assert!(!switches.stop(Unit::Rule, "r", None) && switches.off().next().is_none());
        let store = MemoryStore::default();
        store.commit(&batch).unwrap();
        assert_eq!(Switches::read(&store), Ok(switches));
    }
}
