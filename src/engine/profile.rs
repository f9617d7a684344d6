//! Where the time of a query goes: reading the condition, waiting for the
//! audience, and each part of the condition judged on its own for everybody.

use crate::audience::Pass;
use crate::condition::{Columns, Condition, Way};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// A query's time. Times are microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryProfile {
    /// All users.
    pub users: u64,
    /// Parsing and checking.
    pub read_us: u64,
    /// Until the audience was as of now; the first time it is read from the
    /// store.
    pub audience_us: u64,
    /// The condition, and then its parts from the outside in.
    pub parts: Vec<PartProfile>,
}

/// A part of the condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartProfile {
    /// How deep it stands; 0 is the whole.
    pub depth: usize,
    /// What was written.
    pub text: String,
    /// Users for whom it is true.
    pub count: u64,
    /// Users for whom it is unknown.
    pub unknown: u64,
    /// The time to judge it alone for everybody.
    pub elapsed_us: u64,
    /// In which way that was done.
    pub way: Judged,
}

/// How a part was judged; see [`Way`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// It depends on no user.
    Once,
    /// By whole columns.
    ByColumn,
    /// Once for each distinct value of a column.
    ByValue,
    /// User by user.
    RowByRow,
}

/// What was done before anybody was judged, in microseconds.
#[derive(Clone, Copy)]
pub(super) struct Before {
    pub audience_us: u64,
    pub read_us: u64,
}

/// Judges the condition and each of its parts.
pub(super) fn profile(pass: &Pass<'_>, condition: &Condition, before: Before) -> QueryProfile {
    let Before { audience_us, read_us } = before;
    let parts = condition.parts();
    let parts = parts.iter().map(|part| judge(part.depth, &part.condition, pass)).collect();
    QueryProfile { users: pass.users() as u64, read_us, audience_us, parts }
}

/// Microseconds since then.
pub(super) fn micros(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn judge<C: Columns>(depth: usize, condition: &Condition, columns: &C) -> PartProfile {
    let begun = Instant::now();
    let tally = condition.tally(columns);
    let elapsed_us = micros(begun);
    let way = match condition.way(columns) {
        Way::Once => Judged::Once,
        Way::Columns => Judged::ByColumn,
        Way::Values => Judged::ByValue,
        Way::Rows => Judged::RowByRow,
    };
    let text = condition.text().split_whitespace().collect::<Vec<_>>().join(" ");
    PartProfile { depth, text, count: tally.holds, unknown: tally.unknown, elapsed_us, way }
}
