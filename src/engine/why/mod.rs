//! Why something happens to a user or does not: in a segment, by a rule, in a
//! drip, by a broadcast, one message; or a card with everything about the user.
//!
//! For the past the records are asked: the history, where the user stands, the
//! rows of the outbox. For now the engine itself is: the same conditions,
//! limits and gates decide here as do when it acts, and nothing is changed.
//! Answers are data with sentences in both languages; printing is the edges'.

mod act;
mod broadcast;
mod card;
mod drip;
mod gate;
mod message;
mod rule;
mod segment;
mod tree;
mod words;

pub use card::{Card, DripPlace, Field, Moment, Past};
pub use gate::{Gate, Verdict};
pub use tree::{Answer, Join, Need, Tree};

use super::automation::Standing;
use super::deliveries::DeliveriesError;
use super::{Engine, EngineError};
use crate::audience::{Pass, Person};
use crate::diagnostic::nearest;
use crate::model::{Event, Text, Time, UserId};
use crate::outbox::Ledger;
use crate::rulebook::{Rulebook, Whereabouts};
use crate::store::history::Span;
use serde::{Deserialize, Serialize};

/// What is asked about a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WhyQuery {
    /// Whom.
    pub user: i64,
    /// What about.
    pub about: About,
    /// The moment at which it is judged, if not now.
    pub now: Option<Time>,
}

/// What a question is about, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Everything in short.
    All,
    /// A segment.
    Segment(String),
    /// A rule.
    Rule(String),
    /// A drip.
    Drip(String),
    /// A broadcast.
    Broadcast(String),
    /// A message, by its key.
    Message(String),
}

/// The answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyAnswer {
    /// Everything in short.
    Card(Box<Card>),
    /// One thing.
    Explained(Box<Explanation>),
    /// Nobody has this id.
    NoUser,
    /// There is no such thing, and why.
    NoSuch(Text),
}

/// Why one thing happens to a user or does not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Explanation {
    /// `segment`, `rule`, `drip`, `broadcast` or `message`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its title, if it has one.
    pub title: Option<Text>,
    /// Where it is defined, as `file:line:column`.
    pub place: Option<String>,
    /// About whom.
    pub user: i64,
    /// The moment at which it is judged.
    pub now: String,
    /// The version of the rulebook that judges.
    pub rulebook: String,
    /// The answer in one sentence.
    pub headline: Text,
    /// What is recorded, the latest first.
    pub recorded: Vec<Past>,
    /// What stands between the user and it, in order.
    pub gates: Vec<Gate>,
    /// The least that would have to change for the answer to be another.
    pub needed: Vec<Need>,
}

/// Everything that answers are made of.
struct Scene<'a> {
    engine: &'a Engine,
    rulebook: &'a Rulebook,
    places: &'a Whereabouts,
    person: &'a Person<'a>,
    user: UserId,
    now: Time,
    standing: Standing,
    /// The user's events, the newest first.
    events: &'a [Event],
    /// Every ledger, oldest first.
    ledgers: &'a [Ledger],
}

impl Engine {
    /// Why something is as it is for a user.
    pub fn why(&self, query: &WhyQuery) -> Result<WhyAnswer, DeliveriesError> {
        let user = UserId(query.user);
        if let About::Message(key) = &query.about {
            return self.why_message(user, key);
        }
        let audience = self.audience()?;
        self.know_past()?;
        let places = self.live.whereabouts();
        let events = self.profiles.history().of_user(user, Span::ALL).map_err(EngineError::from)?;
        let ledgers = self.ledgers_of(None, None)?;
        let standing = self.automation().of(user).cloned().unwrap_or_default();
        loop {
            let rulebook = audience.rulebook();
            let look = |pass: &Pass<'_>| {
                pass.with_row(user, |person| {
                    let (now, standing) = (crate::condition::Row::now(person), standing.clone());
                    let (events, ledgers) = (events.as_slice(), ledgers.as_slice());
                    let (engine, rulebook, places) = (self, person.rulebook(), &places);
                    Scene { engine, rulebook, places, person, user, now, standing, events, ledgers }
                        .answer(&query.about)
                })
            };
            let found = audience.with_facts(&rulebook, &self.profiles, query.now, &[], look);
            // Nothing: the rulebook was replaced meanwhile.
            if let Some(answer) = found.map_err(EngineError::from)? {
                return answer.unwrap_or(Ok(WhyAnswer::NoUser));
            }
        }
    }
}

impl Scene<'_> {
    fn answer(&self, about: &About) -> Result<WhyAnswer, DeliveriesError> {
        let explained = match about {
            About::All => return Ok(WhyAnswer::Card(Box::new(self.card()?))),
            About::Segment(name) => self.segment(name),
            About::Rule(name) => self.rule(name),
            About::Drip(name) => self.drip(name),
            About::Broadcast(name) => match self.rulebook.broadcast(name) {
                Some(broadcast) => Some(self.broadcast(broadcast)?),
                None => None,
            },
            About::Message(_) => None,
        };
        Ok(match explained {
            Some(explained) => WhyAnswer::Explained(Box::new(explained)),
            None => WhyAnswer::NoSuch(self.no_such(about)),
        })
    }

    /// An explanation without its answer.
    fn about(&self, kind: &str, section: &str, name: &str, title: Option<Text>) -> Explanation {
        Explanation {
            kind: kind.to_owned(),
            name: name.to_owned(),
            title,
            place: self.places.definition(section, name),
            user: self.user.0,
            now: self.now.rfc3339(),
            rulebook: self.rulebook.version.clone(),
            headline: Text::same(""),
            recorded: Vec::new(),
            gates: Vec::new(),
            needed: Vec::new(),
        }
    }

    fn no_such(&self, about: &About) -> Text {
        let rulebook = self.rulebook;
        let (en, ru, name, known): (_, _, _, Vec<&str>) = match about {
            About::Segment(name) => {
                ("segment", "сегмента", name, rulebook.segments().iter().map(|s| s.name.as_str()).collect())
            }
            About::Rule(name) => ("rule", "правила", name, rulebook.rules.iter().map(|r| r.name.as_str()).collect()),
            About::Drip(name) => ("drip", "цепочки", name, rulebook.drips.iter().map(|d| d.name.as_str()).collect()),
            About::Broadcast(name) => {
                ("broadcast", "рассылки", name, rulebook.broadcasts().iter().map(|b| b.name.as_str()).collect())
            }
            About::All | About::Message(_) => return Text::same(""),
        };
        match nearest(name, known.iter().copied()) {
            Some(near) => Text::new(
                format!("there is no {en} `{name}`; did you mean `{near}`?"),
                format!("{ru} `{name}` нет; возможно, вы имели в виду `{near}`"),
            ),
            None => {
                let (all, none) = (known.join("`, `"), known.is_empty());
                let (some_en, some_ru) = match none {
                    true => ("; the rulebook has none".to_owned(), "; в правилах их вообще нет".to_owned()),
                    false => (format!("; there are `{all}`"), format!("; есть `{all}`")),
                };
                Text::new(format!("there is no {en} `{name}`{some_en}"), format!("{ru} `{name}` нет{some_ru}"))
            }
        }
    }
}
