//! One message: who sent it, what became of it and why.

use super::gate::{Gate, Verdict};
use super::{Explanation, Past, WhyAnswer};
use crate::engine::deliveries::{DeliveriesError, Delivery, RowState};
use crate::engine::{Engine, EngineError};
use crate::model::{Text, UserId};
use crate::outbox::{Ledger, RowId, State, tries};

impl Engine {
    /// What is recorded of a message.
    pub(super) fn why_message(&self, user: UserId, key: &str) -> Result<WhyAnswer, DeliveriesError> {
        let unknown = || DeliveriesError::NoRow { key: key.to_owned() }.text();
        let Some(id) = RowId::parse(key).filter(|row| row.is_place()) else {
            return Ok(WhyAnswer::NoSuch(unknown()));
        };
        let ledgers = self.ledgers_of(None, None)?;
        let Some(ledger) = ledgers.iter().find(|ledger| ledger.id == id.ledger) else {
            return Ok(WhyAnswer::NoSuch(unknown()));
        };
        let mut found = None;
        crate::outbox::rows(&*self.store, ledger, |row, user, state| {
            if row == id {
                found = Some((Delivery::of(ledger, row, user, state), attempts(state)));
            }
        })
        .map_err(EngineError::from)?;
        let Some((row, attempts)) = found else { return Ok(WhyAnswer::NoSuch(unknown())) };
        if row.user != user.0 {
            let owner = row.user;
            return Ok(WhyAnswer::NoSuch(Text::new(
                format!("the message `{key}` is for user {owner}, not for {user}"),
                format!("сообщение `{key}` — для {owner}, а не для {user}"),
            )));
        }
        Ok(WhyAnswer::Explained(Box::new(explained(self, ledger, &row, attempts))))
    }
}

fn explained(engine: &Engine, ledger: &Ledger, row: &Delivery, attempts: Option<u8>) -> Explanation {
    let past = Past::of_message(row);
    let note = |gate: &str, text: Text| Gate::new(gate, Verdict::Note, text);
    let mut gates = vec![note("cause", cause(row))];
    let (decided, version) = (ledger.created.rfc3339(), &row.rulebook);
    gates.push(note(
        "decided",
        Text::new(
            format!("decided from {decided} on, by the rulebook {version}"),
            format!("решено не раньше {decided}, редакция правил {version}"),
        ),
    ));
    let verdict = match row.state {
        RowState::Sent => Verdict::Pass,
        RowState::Queued | RowState::Deferred | RowState::UnderWay => Verdict::Wait,
        RowState::InDoubt | RowState::Failed | RowState::Skipped | RowState::Cancelled => Verdict::Stop,
    };
    gates.push(Gate { until: row.time.clone(), ..Gate::new("state", verdict, past.text.clone()) });
    if let Some(attempts) = attempts {
        gates.push(note(
            "attempts",
            Text::new(format!("attempts so far: {attempts}"), format!("попыток пока: {attempts}")),
        ));
    }
    Explanation {
        kind: "message".to_owned(),
        name: row.key.clone(),
        title: None,
        place: None,
        user: row.user,
        now: engine.clock.now().rfc3339(),
        rulebook: row.rulebook.clone(),
        headline: past.text.clone(),
        recorded: vec![past],
        gates,
        needed: Vec::new(),
    }
}

fn cause(row: &Delivery) -> Text {
    let template = row.template.as_deref().unwrap_or("—");
    let name = row.broadcast.as_ref().or(row.source.as_ref()).map(|name| format!(" `{name}`")).unwrap_or_default();
    let (run, by) = (row.run.map(|run| run.to_string()), super::card::cause(&row.cause));
    let (run_en, run_ru) = match run {
        Some(run) => (format!(", run {run}"), format!(", запуск {run}")),
        None => (String::new(), String::new()),
    };
    Text::new(
        format!("{}{name}{run_en}, template `{template}`", by.en),
        format!("{}{name}{run_ru}, шаблон `{template}`", by.ru),
    )
}

/// How often it was tried, as long as it may be tried again.
fn attempts(state: &State) -> Option<u8> {
    match state {
        State::Queued { attempts, .. } | State::Leased { attempts } | State::Deferred { attempts, .. } => {
            Some(tries(*attempts))
        }
        State::Sent { .. }
        | State::SentMany { .. }
        | State::Failed { .. }
        | State::InDoubt { .. }
        | State::Skipped { .. } => None,
    }
}
