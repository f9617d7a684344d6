//! The messages in a state, the latest first.

use super::posted::Poster;
use super::row::{Delivery, RowState};
use super::{DeliveriesError, Engine};
use serde::{Deserialize, Serialize};

/// Which messages are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RowQuery {
    /// Of this broadcast; of everything if left out.
    pub broadcast: Option<String>,
    /// Of this run of it.
    pub run: Option<u32>,
    /// Of this rule or drip instead.
    #[serde(default)]
    pub poster: Option<Poster>,
    /// In this state.
    pub state: Option<RowState>,
    /// With this reason.
    pub reason: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// The messages, those of the latest runs first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RowList {
    /// The messages.
    pub rows: Vec<Delivery>,
    /// How many there are in all.
    pub all: u64,
}

impl RowQuery {
    pub(super) fn is_for(&self, row: &Delivery) -> bool {
        self.state.is_none_or(|state| state == row.state)
            && self.reason.as_deref().is_none_or(|reason| row.reason.as_deref() == Some(reason))
    }
}

impl Engine {
    /// The messages that a query is for.
    pub fn delivery_rows(&self, query: &RowQuery) -> Result<RowList, DeliveriesError> {
        let mut ledgers = match &query.poster {
            Some(poster) => self.posted_by(poster)?,
            None => self.ledgers_of(query.broadcast.as_deref(), query.run)?,
        };
        ledgers.reverse();
        let mut list = RowList::default();
        self.each_row(&ledgers, &mut |_, _, row| {
            if query.is_for(&row) {
                list.all += 1;
                if list.rows.len() < query.limit {
                    list.rows.push(row);
                }
            }
        })?;
        Ok(list)
    }
}
