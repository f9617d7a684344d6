//! The messages of one rule or drip: finding them, and letting those go on that
//! wait because Telegram refused their content or too many failed.

use super::row::RowState;
use super::{DeliveriesError, Engine};
use crate::diagnostic::nearest;
use crate::engine::EngineError;
use crate::outbox::{Cause, Ledger, LedgerStatus, PausedBy};
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;

/// Who sends messages one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Poster {
    /// A rule.
    Rule(String),
    /// A drip, or one of its steps as `DRIP/STEP`.
    Drip(String),
}

/// What goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// Ledgers that were paused.
    pub ledgers: u64,
    /// Messages that wait in them.
    pub messages: u64,
    /// Whether an engine is running.
    pub live: bool,
}

/// Messages of a rule or a step that are paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedPoster {
    /// The rule or drip.
    pub poster: Poster,
    /// Their template.
    pub template: Option<String>,
    /// Why.
    pub why: PausedBy,
}

impl Poster {
    /// Whether a ledger's rows are of this rule, drip or step.
    pub(super) fn sends(&self, cause: &Cause) -> bool {
        match (self, cause) {
            (Self::Rule(wanted), Cause::Rule { name }) => wanted == name,
            (Self::Drip(wanted), Cause::Drip { name, step }) => match wanted.split_once('/') {
                Some(one) => one == (name.as_str(), step.as_str()),
                None => wanted == name,
            },
            (Self::Rule(_) | Self::Drip(_), Cause::Broadcast { .. } | Cause::Reply | Cause::Recall { .. })
            | (Self::Rule(_), Cause::Drip { .. })
            | (Self::Drip(_), Cause::Rule { .. }) => false,
        }
    }

    /// Who sends what a ledger holds, if that is a rule or a drip.
    fn of(cause: &Cause) -> Option<Self> {
        match cause {
            Cause::Rule { name } => Some(Self::Rule(name.clone())),
            Cause::Drip { name, step } => Some(Self::Drip(format!("{name}/{step}"))),
            Cause::Broadcast { .. } | Cause::Reply | Cause::Recall { .. } => None,
        }
    }
}

impl Engine {
    /// Has messages of a rule or drip go on that are paused.
    pub fn resume_posted(&self, poster: &Poster) -> Result<Resumed, DeliveriesError> {
        let _one_at_a_time = self.broadcasts.lock().unwrap_or_else(PoisonError::into_inner);
        let paused: Vec<Ledger> = self.posted_by(poster)?.into_iter().filter(|one| why(one).is_some()).collect();
        let mut resumed = Resumed { live: self.outbox().is_some(), ..Resumed::default() };
        for ledger in &paused {
            resumed.ledgers += u64::from(self.resume(ledger)?);
        }
        self.each_row(&paused, &mut |_, _, row| {
            resumed.messages += u64::from(matches!(row.state, RowState::Queued | RowState::Deferred));
        })?;
        Ok(resumed)
    }

    /// The ledgers of a rule or drip, oldest first.
    pub(super) fn posted_by(&self, poster: &Poster) -> Result<Vec<Ledger>, DeliveriesError> {
        let mut found = self.ledgers_of(None, None)?;
        found.retain(|ledger| poster.sends(&ledger.cause));
        if found.is_empty() {
            self.is_poster(poster)?;
        }
        Ok(found)
    }

    /// The rules and steps whose messages are paused.
    pub(super) fn paused_posters(&self) -> Result<Vec<PausedPoster>, EngineError> {
        let all = Ledger::read_all(&*self.store)?;
        let paused = all.into_iter().filter_map(|ledger| {
            let (poster, why) = (Poster::of(&ledger.cause)?, why(&ledger)?);
            Some(PausedPoster { poster, template: ledger.template, why })
        });
        Ok(paused.collect())
    }

    fn resume(&self, ledger: &Ledger) -> Result<bool, EngineError> {
        if let Some(outbox) = self.outbox() {
            return Ok(outbox.set_status(ledger.id, LedgerStatus::Running)?);
        }
        // a queue that is opened lets them go on by itself, unless a person paused them
        let mut has_resumed = false;
        self.with_queue(|queue| {
            queue.set_status(ledger.id, LedgerStatus::Running, self.clock.now());
            has_resumed = queue.ledger(ledger.id).is_some_and(|ledger| ledger.status == LedgerStatus::Running);
            Ok(())
        })?;
        Ok(has_resumed)
    }

    /// Refuses names that the rulebook does not have.
    fn is_poster(&self, poster: &Poster) -> Result<(), DeliveriesError> {
        let rulebook = self.live.current();
        let (name, known): (&str, Vec<&str>) = match poster {
            Poster::Rule(name) => (name, rulebook.rules.iter().map(|rule| rule.name.as_str()).collect()),
            Poster::Drip(name) => (
                name.split_once('/').map_or(name.as_str(), |(drip, _)| drip),
                rulebook.drips.iter().map(|drip| drip.name.as_str()).collect(),
            ),
        };
        if known.contains(&name) {
            return Ok(());
        }
        let nearest = nearest(name, known.iter().copied()).map(str::to_owned);
        Err(DeliveriesError::NoPoster { poster: poster.clone(), nearest })
    }
}

/// Why a ledger is paused, if it is.
fn why(ledger: &Ledger) -> Option<PausedBy> {
    match ledger.status {
        LedgerStatus::Paused(by) => Some(by),
        LedgerStatus::Preparing | LedgerStatus::Running | LedgerStatus::Cancelled | LedgerStatus::Finished => None,
    }
}
