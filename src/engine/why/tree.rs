//! A condition as a tree with the answers of one user, and the least that would
//! have to be otherwise for the whole to have another answer.
//!
//! `and` and `or` have Kleene's three values; what is asked for is always a
//! definite answer, so an unknown leaf has to change either way. A leaf counts
//! once for each place at which it stands: that two leaves ask for the same
//! field is not looked at.

use super::words::{need, plain, want};
use crate::condition::{Aim, Condition, Form, Row, Truth, Why};
use crate::model::{SegmentId, Text};
use crate::rulebook::{Rulebook, Test, Whereabouts};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The answer to a part of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It holds.
    True,
    /// It does not.
    False,
    /// A value that it depends on is missing.
    Unknown,
}

/// How the parts of a condition come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// All must be true.
    All,
    /// One must be true.
    Any,
    /// The part must be false.
    Not,
    /// The part is a segment's own condition.
    Segment,
    /// A script, which cannot be looked into.
    Script,
    /// It has no parts.
    Leaf,
}

/// A part of a condition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tree {
    /// What was written.
    pub text: String,
    /// Where, as `file:line:column`.
    pub place: Option<String>,
    /// Its answer.
    pub answer: Answer,
    /// How its parts come together.
    pub join: Join,
    /// What it read of the user.
    pub values: BTreeMap<String, Json>,
    /// Its parts.
    pub parts: Vec<Tree>,
    /// What would make it true, if anything can; of a leaf.
    pub to_hold: Option<Need>,
    /// What would make it false, if anything can; of a leaf.
    pub to_fail: Option<Need>,
}

/// What would have to be otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Need {
    /// In words.
    pub text: Text,
    /// What it is about, as it is written.
    pub subject: String,
    /// What that is.
    pub has: Json,
    /// `=`, `>=`, `in` …
    pub wanted: String,
    /// What it would have to be.
    pub value: Json,
    /// Where it is asked.
    pub place: Option<String>,
}

/// Where a condition stands: its section, name and key.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub section: &'a str,
    pub name: &'a str,
    pub key: &'a str,
}

/// What trees are made with.
pub(super) struct Grower<'a, R> {
    pub rulebook: &'a Rulebook,
    pub places: &'a Whereabouts,
    pub person: &'a R,
}

impl<R: Row> Grower<'_, R> {
    /// A condition as a tree.
    pub fn tree(&self, condition: &Condition, at: At<'_>) -> Tree {
        self.grow(condition.why(self.person), at)
    }

    /// A segment's condition.
    pub fn segment(&self, id: SegmentId) -> Option<Tree> {
        let segment = self.rulebook.segments().get(usize::from(id.0))?;
        let at = At { section: "segments", name: &segment.name, key: "if" };
        Some(match &segment.test {
            Test::Condition(condition) => self.tree(condition, at),
            Test::Script(script) => {
                let answer = Answer::from(self.rulebook.judge(id, self.person));
                let place = self.places.definition("segments", &segment.name);
                Tree { place, join: Join::Script, ..Tree::new(script.to_string(), answer) }
            }
        })
    }

    fn grow(&self, why: Why, at: At<'_>) -> Tree {
        let place = self.places.part(at.section, at.name, at.key, why.span.start..why.span.end);
        let all = |parts: Vec<Why>| parts.into_iter().map(|part| self.grow(part, at)).collect();
        let new = Tree { place: place.clone(), ..Tree::new(why.text, Answer::from(why.truth)) };
        match why.form {
            Form::All(parts) => Tree { join: Join::All, parts: all(parts), ..new },
            Form::Any(parts) => Tree { join: Join::Any, parts: all(parts), ..new },
            Form::Not(part) => Tree { join: Join::Not, parts: vec![self.grow(*part, at)], ..new },
            Form::Segment(id) => Tree { join: Join::Segment, parts: self.segment(id).into_iter().collect(), ..new },
            Form::Leaf(leaf) => {
                let leaf = *leaf;
                let need = |aim: Option<Aim>| aim.map(|aim| Need::new(&aim, place.clone()));
                let values = leaf.values.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
                Tree { values, to_hold: need(leaf.to_hold), to_fail: need(leaf.to_fail), ..new }
            }
        }
    }
}

impl Tree {
    fn new(text: String, answer: Answer) -> Self {
        let (place, values, parts, to_hold, to_fail) = (None, BTreeMap::new(), Vec::new(), None, None);
        Self { text, place, answer, join: Join::Leaf, values, parts, to_hold, to_fail }
    }

    /// The least that would have to change for the answer to be another: true
    /// where it is not, else false. Nothing if nothing can.
    pub fn flip(&self) -> Vec<Need> {
        self.become_answer(self.answer != Answer::True).unwrap_or_default()
    }

    /// The least that makes it false.
    pub(super) fn to_false(&self) -> Vec<Need> {
        self.become_answer(false).unwrap_or_default()
    }

    /// The least that makes it true, or false; nothing if that cannot be.
    fn become_answer(&self, wanted: bool) -> Option<Vec<Need>> {
        let is_there = match self.answer {
            Answer::True => wanted,
            Answer::False => !wanted,
            Answer::Unknown => false,
        };
        if is_there {
            return Some(Vec::new());
        }
        match (self.join, wanted) {
            (Join::All, true) | (Join::Any, false) => self.all_become(wanted),
            (Join::All, false) | (Join::Any, true) => self.one_becomes(wanted),
            (Join::Not, _) => self.parts.first()?.become_answer(!wanted),
            // who is not known to be in a segment is not in it
            (Join::Segment, false) if self.parts.first()?.answer != Answer::True => Some(Vec::new()),
            (Join::Segment, _) => self.parts.first()?.become_answer(wanted),
            (Join::Script, _) => Some(vec![self.opaque(wanted)]),
            (Join::Leaf, _) => {
                let aim = if wanted { &self.to_hold } else { &self.to_fail };
                aim.clone().map(|need| vec![need])
            }
        }
    }

    fn all_become(&self, wanted: bool) -> Option<Vec<Need>> {
        let parts: Option<Vec<_>> = self.parts.iter().map(|part| part.become_answer(wanted)).collect();
        parts.map(|parts| parts.concat())
    }

    fn one_becomes(&self, wanted: bool) -> Option<Vec<Need>> {
        // a value can be given to anybody, and seldom be taken away
        let cost = |needs: &Vec<Need>| (needs.len(), needs.iter().filter(|need| need.wanted == "is missing").count());
        self.parts.iter().filter_map(|part| part.become_answer(wanted)).min_by_key(cost)
    }

    fn opaque(&self, wanted: bool) -> Need {
        let (en, ru) = match wanted {
            true => ("would have to answer true", "должен ответить true"),
            false => ("would have to answer false", "должен ответить false"),
        };
        let text = Text::new(format!("the script `{}` {en}", self.text), format!("скрипт `{}` {ru}", self.text));
        let (subject, place) = (self.text.clone(), self.place.clone());
        let has = Json::Bool(self.answer == Answer::True);
        Need { text, subject, has, wanted: "=".to_owned(), value: Json::Bool(wanted), place }
    }
}

impl Need {
    fn new(aim: &Aim, place: Option<String>) -> Self {
        let (wanted, value) = want(&aim.wanted);
        Self { text: need(aim), subject: aim.subject.clone(), has: plain(&aim.has), wanted, value, place }
    }
}

impl From<Truth> for Answer {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::True => Self::True,
            Truth::False => Self::False,
            Truth::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests;
