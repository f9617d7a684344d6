//! `ask_first`: a broadcast whose moment has come waits until an admin says yes.
//!
//! The question and its answer are in the record of the broadcast; the admins
//! get a message with two buttons, and the command line asks the same. Each
//! question has an id, so that a button under an old one answers nothing else.

use super::record::{Last, Pending};
use super::{By, Outcome, Plan, Record, within};
use crate::engine::broadcast::{Again, BroadcastError, BroadcastStatus, Opening};
use crate::engine::{Engine, EngineError};
use crate::model::{Button, ButtonAction, Message, Text};
use crate::rulebook::{Broadcast, Role, Rulebook};
use crate::store::{Batch, Transaction};
use serde::{Deserialize, Serialize};

/// What a button of ours begins with; no template's button may.
pub const RESERVED: &str = "vestnik:";
/// Who may answer.
pub const ROLE: Role = Role::Operator;

/// What an admin says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Send it.
    Approve,
    /// Do not.
    Refuse,
}

/// Which question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval<'a> {
    /// The one about this broadcast.
    Named(&'a str),
    /// The one with this id.
    Id(&'a str),
}

/// Why an answer has no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// Nothing was asked, or not this.
    #[error("nothing waits for an approval here")]
    Stale,
    /// It was answered, or overtaken by time.
    #[error("`{name}` was decided already")]
    Decided {
        /// The broadcast.
        name: String,
        /// How.
        outcome: Outcome,
    },
    /// The broadcast's moment is too long ago.
    #[error("it is too late for `{name}`")]
    TooLate {
        /// The broadcast.
        name: String,
    },
}

impl ApprovalError {
    /// The sentence for people.
    pub fn text(&self) -> Text {
        match self {
            Self::Stale => {
                Text::new("nothing waits for an approval here any more", "здесь больше ничего не ждёт одобрения")
            }
            Self::Decided { name, outcome } => Text::new(
                format!("`{name}` was decided already: {}", outcome.text().en),
                format!("о рассылке `{name}` уже решено: {}", outcome.text().ru),
            ),
            Self::TooLate { name } => Text::new(
                format!("it is too late for `{name}`: its time has passed; `vestnik broadcast start {name}` asks anew"),
                format!(
                    "для `{name}` слишком поздно: её время прошло; `vestnik broadcast start {name}` спросит заново"
                ),
            ),
        }
    }
}

impl Engine {
    /// Starts a broadcast because a person says so, or asks for the approval
    /// that it needs.
    pub fn start_by_hand(&self, name: &str, again: Again) -> Result<BroadcastStatus, BroadcastError> {
        let rulebook = self.live.current();
        let broadcast = rulebook.broadcast(name);
        if let Some(broadcast) = broadcast.filter(|broadcast| broadcast.ask_first) {
            let _one_at_a_time = self.calendar();
            self.next_occurrence(name, again)?;
            let now = self.clock.now();
            let mut record = self.record_of(broadcast)?;
            if record.pending.is_none() {
                let reached = self.breakdown(name)?.reached;
                record.pending = Some(Pending { by: By::Hand, ..Pending::new(name, now, now, reached) });
                self.write_record(name, &record)?;
                self.ask_again(name, &mut record)?;
                self.write_record(name, &record)?;
            }
        } else if let Some(plan) = broadcast.and_then(Plan::of) {
            let now = self.clock.now();
            let rows = plan.by_hand(now);
            let due = |zone: &jiff::tz::TimeZone| rows.user_due(zone, now);
            self.launch(name, again, &Opening::Each(&due))?;
        } else {
            self.start_broadcast(name, again)?;
        }
        let found = self.broadcast_status(Some(name))?.into_iter().next();
        found.ok_or_else(|| BroadcastError::NeverStarted { name: name.into() })
    }

    /// Answers the question about a broadcast: starts it, or leaves it out.
    pub fn answer_approval(&self, which: Approval<'_>, answer: Answer) -> Result<BroadcastStatus, BroadcastError> {
        let _one_at_a_time = self.calendar();
        let rulebook = self.live.current();
        let (name, mut record) = self.asked(which)?;
        let moment = match (&record.pending, &record.last) {
            (Some(pending), _) if which.is(&name, &pending.id) => pending.moment,
            (_, Some(Last { outcome, .. })) => return Err(ApprovalError::Decided { name, outcome: *outcome }.into()),
            (_, None) => return Err(ApprovalError::Stale.into()),
        };
        let Some(broadcast) = rulebook.broadcast(&name) else { return Err(ApprovalError::Stale.into()) };
        self.give_up_pending(&rulebook, broadcast, &mut record);
        let Some(by) = record.pending.as_ref().map(|pending| pending.by) else {
            self.write_record(&name, &record)?;
            return Err(ApprovalError::TooLate { name }.into());
        };
        match answer {
            Answer::Refuse => record.decide(moment, Outcome::Refused, by),
            Answer::Approve => {
                self.begin(broadcast, &mut record, moment, by)?;
            }
        }
        self.write_record(&name, &record)?;
        let outcome = record.last.as_ref().map(|last| last.outcome);
        match (answer, outcome) {
            (Answer::Approve, Some(outcome)) if outcome != Outcome::Started => {
                Err(ApprovalError::Decided { name, outcome }.into())
            }
            _ => {
                let found = self.broadcast_status(Some(&name))?.into_iter().next();
                found.ok_or(BroadcastError::NeverStarted { name })
            }
        }
    }

    /// Gives up an approval that comes too late.
    pub(super) fn give_up_pending(&self, rulebook: &Rulebook, broadcast: &Broadcast, record: &mut Record) {
        let Some(pending) = &record.pending else { return };
        let (moment, by, now) = (pending.moment, pending.by, self.clock.now());
        if within(rulebook, broadcast).is_some_and(|within| now > moment + within) {
            tracing::warn!(broadcast = %broadcast.name, "{}", Outcome::Unanswered.text().en);
            record.decide(moment, Outcome::Unanswered, by);
        }
    }

    /// Asks the admins who have not been asked yet. The question and the note
    /// that it was asked are one batch.
    pub(super) fn ask_again(&self, name: &str, record: &mut Record) -> Result<(), EngineError> {
        let Some(pending) = record.pending.as_mut().filter(|pending| !pending.told) else { return Ok(()) };
        if self.outbox().is_none() {
            return Ok(());
        }
        let settings = &self.live.current().settings;
        let admins = settings.admins.iter().filter(|(_, role)| **role >= ROLE);
        let message = question(name, pending).get(settings.language).to_owned();
        let buttons =
            vec![[Answer::Approve, Answer::Refuse].map(|answer| button(answer, pending, settings.language)).into()];
        let replies = admins
            .map(|(id, _)| (*id, Message { text: message.clone(), buttons: buttons.clone(), ..Message::default() }))
            .collect();
        pending.told = true;
        let mut batch = Batch::new();
        record.write(name, &mut batch)?;
        let staged = self.stage_answers(&mut batch, replies)?;
        self.writer.commit(Transaction::batch(batch))?;
        staged.map_or(Ok(()), |staged| self.take_up(staged))
    }

    /// How many would get a broadcast now.
    pub(super) fn reached(&self, name: &str) -> Result<u64, EngineError> {
        match self.breakdown(name) {
            Ok(breakdown) => Ok(breakdown.reached),
            Err(BroadcastError::Engine(error)) => Err(error),
            // it changed in this moment: whoever starts it hears why not
            Err(_) => Ok(0),
        }
    }

    fn record_of(&self, broadcast: &Broadcast) -> Result<Record, EngineError> {
        let stored = Record::read(&*self.store, &broadcast.name)?;
        // the next look takes the plan up; until then it is not decided upon
        Ok(stored.unwrap_or_else(|| Record::new("", self.clock.now())))
    }

    /// The record that a question is in, or was in last.
    fn asked(&self, which: Approval<'_>) -> Result<(String, Record), BroadcastError> {
        let all = super::record::read_all(&*self.store).map_err(EngineError::from)?;
        let holds = |name: &str, record: &Record| {
            let pending = record.pending.iter().map(|pending| &pending.id);
            let mut ids = pending.chain(record.last.iter().filter_map(|last| last.id.as_ref()));
            match which {
                Approval::Named(wanted) => wanted == name && record.pending.is_some(),
                Approval::Id(wanted) => ids.any(|id| id == wanted),
            }
        };
        let found = all.into_iter().find(|(name, record)| holds(name, record));
        found.ok_or_else(|| match which {
            Approval::Named(name) if self.live.current().broadcast(name).is_none() => self.unknown_broadcast(name),
            Approval::Named(_) | Approval::Id(_) => ApprovalError::Stale.into(),
        })
    }
}

impl Approval<'_> {
    fn is(self, name: &str, id: &str) -> bool {
        match self {
            Self::Named(wanted) => wanted == name,
            Self::Id(wanted) => wanted == id,
        }
    }
}

impl Answer {
    /// The word in buttons and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
        }
    }
}

/// What a button of ours says; none if it is not of this form.
pub fn pressed(data: &str) -> Option<(Answer, &str)> {
    let (word, id) = data.strip_prefix(RESERVED)?.split_once(':')?;
    let answer = [Answer::Approve, Answer::Refuse].into_iter().find(|answer| answer.as_str() == word)?;
    Some((answer, id))
}

fn question(name: &str, pending: &Pending) -> Text {
    let (people, at) = (pending.reached, pending.moment.rfc3339());
    Text::new(
        format!("The broadcast {name} waits for approval.\nDue: {at}\nRecipients now: {people}"),
        format!("Рассылка {name} ждёт одобрения.\nСрок: {at}\nПолучателей сейчас: {people}"),
    )
}

fn button(answer: Answer, pending: &Pending, lang: crate::model::Lang) -> Button {
    let text = match answer {
        Answer::Approve => Text::new("Send", "Отправить"),
        Answer::Refuse => Text::new("Do not send", "Не отправлять"),
    };
    let data = format!("{RESERVED}{}:{}", answer.as_str(), pending.id);
    Button { text: text.get(lang).to_owned(), action: ButtonAction::Press(data) }
}
