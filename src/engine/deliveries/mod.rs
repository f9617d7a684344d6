//! Every message that was sent, waits or was not sent, one by one and in
//! sums: what the console of the outbox and the export show, and what a person
//! can do to single messages.
//!
//! Rows are read from the store, chunk by chunk, also beside a running engine,
//! whose last fraction of a second may be missing there.

mod amend;
mod export;
mod list;
mod posted;
mod report;
mod row;

pub use amend::{Amended, Picked, Plea};
pub use export::{ExportAs, ExportOptions, Exported};
pub use list::{RowList, RowQuery};
pub use posted::{PausedPoster, Poster, Resumed};
pub use report::{ErrorCount, Group, LaneReport, Latency, OutboxReport};
pub use row::{Delivery, RowState};

use super::broadcast::BroadcastError;
use super::{Engine, EngineError};
use crate::model::Text;
use crate::outbox::{Cause, Ledger, LedgerStatus, Obstacle, RowId, rows};
use crate::store::StoreError;
use std::path::PathBuf;

/// Why something was not done to messages.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveriesError {
    /// A broadcast.
    #[error(transparent)]
    Broadcast(#[from] BroadcastError),
    /// There is no such row.
    #[error("there is no message {key}")]
    NoRow {
        /// Its key.
        key: String,
    },
    /// It did not run so often.
    #[error("`{name}` has no run {run}")]
    NoRun {
        /// The broadcast.
        name: String,
        /// The run.
        run: u32,
    },
    /// There is no such rule or drip.
    #[error("there is no such rule or drip")]
    NoPoster {
        /// What was asked for.
        poster: Poster,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// Nothing was named.
    #[error("nothing was named")]
    NothingNamed,
    /// Rows of this ledger cannot be tried once more.
    #[error("the rows of ledger {ledger} cannot be sent again")]
    NotAgain {
        /// The ledger.
        ledger: u64,
        /// Why.
        why: Obstacle,
    },
    /// Some may arrive twice, and nobody said that this is wanted.
    #[error("{rows} messages may have arrived already")]
    MayArriveTwice {
        /// Rows in doubt.
        rows: u64,
    },
    /// The file cannot be written.
    #[error("{} cannot be written: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Everything else.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Engine {
    /// The ledgers that are kept, oldest first: all, or those of a broadcast
    /// and of taking it back, or of one run of it.
    pub(super) fn ledgers_of(&self, broadcast: Option<&str>, run: Option<u32>) -> Result<Vec<Ledger>, DeliveriesError> {
        let all = Ledger::read_all(&*self.store).map_err(EngineError::from)?;
        let ready = all.into_iter().filter(|ledger| ledger.status != LedgerStatus::Preparing);
        let Some(name) = broadcast else { return Ok(ready.collect()) };
        let named = |ledger: &Ledger| occurrence(ledger).is_some_and(|(of, _)| of == name);
        let found: Vec<Ledger> = ready.filter(named).collect();
        if found.is_empty() {
            return Err(match self.live.current().broadcast(name) {
                Some(_) => BroadcastError::NeverStarted { name: name.into() },
                None => self.unknown_broadcast(name),
            }
            .into());
        }
        let Some(run) = run else { return Ok(found) };
        let of_run: Vec<Ledger> =
            found.into_iter().filter(|ledger| occurrence(ledger).is_some_and(|(_, of)| of == run)).collect();
        match of_run.is_empty() {
            true => Err(DeliveriesError::NoRun { name: name.into(), run }),
            false => Ok(of_run),
        }
    }

    /// Every row of these ledgers. One that is forgotten meanwhile is passed
    /// over.
    pub(super) fn each_row(
        &self,
        ledgers: &[Ledger],
        each: &mut dyn FnMut(&Ledger, RowId, Delivery),
    ) -> Result<(), EngineError> {
        for ledger in ledgers {
            let read = rows(&*self.store, ledger, |id, user, state| {
                each(ledger, id, Delivery::of(ledger, id, user, state));
            });
            match read {
                Err(StoreError::Damaged { .. }) if self.store.get(&ledger.id.key())?.is_none() => {}
                read => read?,
            }
        }
        Ok(())
    }
}

/// The broadcast and the run that a ledger sends, takes back or changes.
fn occurrence(ledger: &Ledger) -> Option<(&str, u32)> {
    match &ledger.cause {
        Cause::Broadcast { name, occurrence } | Cause::Recall { name, occurrence, .. } => Some((name, *occurrence)),
        Cause::Reply | Cause::Rule { .. } | Cause::Drip { .. } => None,
    }
}

impl DeliveriesError {
    /// The sentence for people, with advice.
    pub fn text(&self) -> Text {
        match self {
            Self::Broadcast(error) => error.text(),
            Self::NoRow { key } => Text::new(
                format!(
                    "there is no message `{key}` (or it was forgotten by `cleanup`); `vestnik outbox list` shows the keys"
                ),
                format!("сообщения `{key}` нет (или его уже убрала `cleanup`); ключи покажет `vestnik outbox list`"),
            ),
            Self::NoRun { name, run } => Text::new(
                format!("`{name}` has no run {run}; `vestnik broadcast list` shows the latest"),
                format!("у рассылки `{name}` нет запуска {run}; последние покажет `vestnik broadcast list`"),
            ),
            Self::NoPoster { poster, nearest } => no_poster(poster, nearest.as_deref()),
            Self::NothingNamed => Text::new(
                "say which messages: `--broadcast NAME`, or keys from `vestnik outbox list`",
                "укажите, какие сообщения: `--broadcast ИМЯ` или ключи из `vestnik outbox list`",
            ),
            Self::NotAgain { why, .. } => obstacle(*why),
            Self::MayArriveTwice { rows } => Text::new(
                format!(
                    "of these messages {rows} may have arrived already: Telegram's answer was lost; sent again, some people may get theirs twice; if that is wanted, add `--yes`"
                ),
                format!(
                    "из этих сообщений {rows} могли уже дойти: ответ Telegram потерян; при повторе кто-то может получить его дважды; если вы этого хотите, добавьте `--yes`"
                ),
            ),
            Self::File { path, reason } => {
                Text::new(self.to_string(), format!("файл {} не записывается: {reason}", path.display()))
            }
            Self::Engine(error) => error.text(),
        }
    }
}

fn no_poster(poster: &Poster, nearest: Option<&str>) -> Text {
    let (en, ru, name) = match poster {
        Poster::Rule(name) => ("rule", "правила", name),
        Poster::Drip(name) => ("drip", "цепочки", name),
    };
    match nearest {
        Some(nearest) => Text::new(
            format!("there is no {en} `{name}`; did you mean `{nearest}`?"),
            format!("{ru} `{name}` нет; возможно, вы имели в виду `{nearest}`"),
        ),
        None => Text::new(
            format!("there is no {en} `{name}`; `vestnik rule list` shows all"),
            format!("{ru} `{name}` нет; все покажет `vestnik rule list`"),
        ),
    }
}

fn obstacle(why: Obstacle) -> Text {
    match why {
        Obstacle::Reply => Text::new(
            "answers of the bot are not sent again: they are of no use later",
            "ответы бота не отправляются повторно: позже они ни к чему",
        ),
        Obstacle::Recall => Text::new(
            "what takes back or changes messages is not repeated row by row; use `vestnik broadcast recall NAME` once more",
            "отзыв и правка сообщений не повторяются построчно; выполните `vestnik broadcast recall ИМЯ` ещё раз",
        ),
        Obstacle::Cancelled => Text::new(
            "the run was cancelled: nothing of it is sent any more; start a new one with `vestnik broadcast start NAME --again`",
            "запуск отменён: из него больше ничего не отправляется; новый: `vestnik broadcast start ИМЯ --again`",
        ),
        Obstacle::Expired => Text::new(
            "the time until which it might be sent has passed (`expires`); start a new run with `vestnik broadcast start NAME --again`",
            "срок отправки прошёл (`expires`); новый запуск: `vestnik broadcast start ИМЯ --again`",
        ),
    }
}
