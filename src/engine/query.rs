//! A condition asked of everybody, in one pass over the columns: how many it
//! holds for, who they are, or a few of them to look at.

use super::profile::{Before, QueryProfile, micros, profile};
use super::{Engine, EngineError};
use crate::audience::Pass;
use crate::condition::{self, Condition, Tally};
use crate::diagnostic::render::{Style, render};
use crate::diagnostic::{Diagnostics, Sources};
use crate::model::{Lang, Profile, Schema, Time, UserId, Value};
use crate::rulebook::Rulebook;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Instant;

/// The name under which findings show the condition.
const SOURCE: &str = "query";

/// A condition and what is wanted of the users for whom it holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Query {
    /// The condition.
    pub condition: String,
    /// The time at which it is judged, if not now.
    pub now: Option<Time>,
    /// What is wanted.
    pub want: Want,
    /// The language of findings.
    pub lang: Lang,
    /// How findings are shown.
    pub style: Style,
}

/// What is wanted of the users for whom a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// Their number.
    Count,
    /// Their ids.
    Ids,
    /// So many of them, always the same ones.
    Sample(usize),
    /// Their number, and where the time goes.
    Profile,
}

/// The answer to a query.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueryAnswer {
    /// What was found in the condition, rendered; may be empty.
    pub findings: String,
    /// The users; none if the condition has errors.
    pub found: Option<Found>,
}

/// The users for whom a condition holds, as they were wanted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// To [`Want::Count`].
    Count(Count),
    /// To [`Want::Ids`], ascending.
    Ids(Vec<i64>),
    /// To [`Want::Sample`], by id.
    Sample(Vec<Person>),
    /// To [`Want::Profile`].
    Profile(Box<QueryProfile>),
}

/// How many users there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Users for whom the condition is true.
    pub count: u64,
    /// Users for whom it is unknown.
    pub unknown: u64,
    /// All users.
    pub users: u64,
    /// Microseconds that the pass took.
    pub elapsed_us: u64,
}

/// One user to look at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Person {
    /// The id.
    pub id: i64,
    /// First and last name, as far as they are known.
    pub name: Option<String>,
    /// The user name.
    pub username: Option<String>,
    /// The other fields that the condition reads.
    pub fields: Vec<(String, Value)>,
}

impl Engine {
    /// Answers a query.
    pub fn query(&self, query: &Query) -> Result<QueryAnswer, EngineError> {
        let begun = Instant::now();
        let audience = self.audience()?;
        let audience_us = micros(begun);
        loop {
            let begun = Instant::now();
            let rulebook = audience.rulebook();
            let (condition, findings) = compile(query, &rulebook);
            let Some(condition) = condition else { return Ok(QueryAnswer { findings, found: None }) };
            let before = Before { audience_us, read_us: micros(begun) };
            let look = |pass: &Pass<'_>| ask(pass, &condition, query.want, before);
            let found = audience.with_facts(&rulebook, &self.profiles, query.now, condition.facts(), look)?;
            // Nothing: the rulebook was replaced meanwhile.
            if found.is_some() {
                return Ok(QueryAnswer { findings, found });
            }
        }
    }
}

fn ask(pass: &Pass<'_>, condition: &Condition, want: Want, before: Before) -> Found {
    let begun = Instant::now();
    match want {
        Want::Count => {
            let Tally { holds, unknown } = condition.tally(pass);
            Found::Count(Count { count: holds, unknown, users: pass.users() as u64, elapsed_us: micros(begun) })
        }
        Want::Ids => Found::Ids(pass.ids_of(&condition.select(pass))),
        Want::Sample(size) => Found::Sample(sample(pass, condition, size)),
        Want::Profile => Found::Profile(Box::new(profile(pass, condition, before))),
    }
}

/// So many of the users for whom the condition holds, drawn by their ids.
fn sample(pass: &Pass<'_>, condition: &Condition, size: usize) -> Vec<Person> {
    let mut drawn = BTreeMap::new();
    for id in pass.ids_of(&condition.select(pass)) {
        drawn.insert(draw(id), id);
        if drawn.len() > size {
            drawn.pop_last();
        }
    }
    let mut ids: Vec<i64> = drawn.into_values().collect();
    ids.sort_unstable();
    let profiles = ids.into_iter().filter_map(|id| pass.profile(UserId(id)));
    profiles.map(|profile| person(&profile, &pass.rulebook().schema, condition)).collect()
}

/// The condition, if it has no errors, and what was found in it.
fn compile(query: &Query, rulebook: &Rulebook) -> (Option<Condition>, String) {
    let mut sources = Sources::default();
    // Places in conditions are those of the first source.
    sources.add(SOURCE, query.condition.as_str());
    let (condition, list) = match condition::parse(&query.condition) {
        Ok(ast) => condition::check(&ast, &rulebook.catalogue.names()),
        Err(list) => (None, list),
    };
    let mut found = Diagnostics::new();
    found.extend(list);
    found.sort();
    let rendered = if found.is_empty() { String::new() } else { render(&found, &sources, query.lang, query.style) };
    (condition.filter(|_| !found.has_errors()), rendered)
}

/// A number drawn for a user, different for each: the last step of SplitMix64.
fn draw(user: i64) -> u64 {
    let mut x = user.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn person(profile: &Profile, schema: &Schema, condition: &Condition) -> Person {
    let text = |name: &str| match schema.find(name).map(|id| profile.get(id)) {
        Some(Value::String(text)) => Some(text.to_string()),
        _ => None,
    };
    let names: Vec<String> = ["first_name", "last_name"].into_iter().filter_map(text).collect();
    let shown = ["id", "username", "first_name", "last_name"];
    let read = condition.fields().iter().map(|id| (schema.field(*id).name.to_string(), profile.get(*id).clone()));
    Person {
        id: profile.user().0,
        name: Some(names.join(" ")).filter(|name| !name.is_empty()),
        username: text("username"),
        fields: read.filter(|(name, _)| !shown.contains(&name.as_str())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::draw;
    use std::collections::BTreeSet;

    #[test]
    fn draws_differ_and_stay() {
        assert_eq!([draw(0), draw(1), draw(-1)], [0xe220_a839_7b1d_cdaf, 0x910a_2dec_8902_5cc1, 0xe4d9_7177_1b65_2c20]);
        assert_eq!((0..10_000).map(draw).collect::<BTreeSet<_>>().len(), 10_000);
    }
}
