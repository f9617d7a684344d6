//! One axis: the states that a user can be in for one field, and for each state
//! the conditions whose tests of that field are all true.
//!
//! The conditions of a state are a row of bits. Where there would be too many
//! rows, only some are kept, and the others are told by what is different: a
//! list of conditions to turn round.

use super::Beyond;
use super::ranges::ordered;
use crate::condition::Row;
use crate::model::{FieldId, SegmentId, Time, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Words that the rows of an axis take at most, unless it has very many
/// conditions.
pub(super) const ROOM: usize = 512 << 10;

/// An axis.
#[derive(Debug)]
pub(super) struct Axis {
    pub place: Place,
    pub states: States,
}

/// How the state of a user is found. Where a value may be missing, that is
/// state 0.
#[derive(Debug)]
pub(super) enum Place {
    /// 0: set, 1: missing.
    Presence(FieldId),
    /// 1: false, 2: true.
    Flag(FieldId),
    /// 0: outside, 1: in it.
    Segment(SegmentId),
    /// An int, money or a time; pieces begin where `starts` say.
    Whole {
        field: FieldId,
        starts: Box<[i64]>,
    },
    Float {
        field: FieldId,
        starts: Box<[i64]>,
    },
    /// A time less the moment of judging. `ends` are the least and the most
    /// that is compared with.
    Moment {
        field: FieldId,
        starts: Box<[i64]>,
        ends: (i64, i64),
    },
    /// 1: a text that is not asked for.
    Text {
        field: FieldId,
        texts: HashMap<Arc<str>, u32>,
    },
}

/// The conditions of each state.
#[derive(Debug)]
pub(super) struct States {
    words: usize,
    rows: Vec<u64>,
    turned: Vec<u32>,
    states: Vec<State>,
}

/// A row, and the part of `turned` that is different from it.
#[derive(Clone, Copy, Debug)]
struct State {
    row: u32,
    turned: (u32, u32),
}

impl Axis {
    /// Takes away the conditions that this axis answers otherwise.
    #[inline]
    pub(super) fn keep<R: Row + ?Sized>(&self, row: &R, words: &mut [u64], spare: &mut Vec<u64>) -> Result<(), Beyond> {
        let state = match &self.place {
            Place::Presence(field) => usize::from(row.field(*field).is_missing()),
            Place::Segment(segment) => usize::from(row.in_segment(*segment)),
            Place::Flag(field) => match row.field(*field) {
                Value::Bool(x) => 1 + usize::from(*x),
                _ => 0,
            },
            Place::Whole { field, starts } => match row.field(*field) {
                Value::Int(x) | Value::Money(x) | Value::Time(Time(x)) => piece(starts, *x),
                _ => 0,
            },
            Place::Float { field, starts } => match row.field(*field) {
                Value::Float(x) => ordered(*x).map_or(0, |x| piece(starts, x)),
                _ => 0,
            },
            Place::Moment { field, starts, ends } => match row.field(*field) {
                Value::Time(x) => piece(starts, apart(*x, row.now(), *ends).ok_or(Beyond)?),
                _ => 0,
            },
            Place::Text { field, texts } => match row.field(*field) {
                Value::String(x) => texts.get(&**x).map_or(1, |state| *state as usize),
                _ => 0,
            },
        };
        self.states.keep(state, words, spare);
        Ok(())
    }
}

#[inline]
fn piece(starts: &[i64], x: i64) -> usize {
    1 + starts.partition_point(|start| *start <= x)
}

/// How far `x` is from now, if every moment that it is compared with is within
/// the reach of time.
fn apart(x: Time, now: Time, (least, most): (i64, i64)) -> Option<i64> {
    now.0.checked_add(least)?;
    now.0.checked_add(most)?;
    x.0.checked_sub(now.0)
}

impl States {
    /// No states yet, for rows of so many words.
    pub(super) fn new(words: usize) -> Self {
        Self { words, rows: Vec::new(), turned: Vec::new(), states: Vec::new() }
    }

    /// Adds a state with a row of its own.
    pub(super) fn push_row(&mut self, row: &[u64]) {
        self.rows.extend_from_slice(row);
        let at = self.turned.len() as u32;
        self.states.push(State { row: self.row_count() - 1, turned: (at, at) });
    }

    /// Adds a state that differs from the state before in these conditions.
    pub(super) fn push_turned(&mut self, conditions: &[u32]) {
        let (row, start) = self.states.last().map_or((0, 0), |state| (state.row, state.turned.0));
        self.turned.extend_from_slice(conditions);
        self.states.push(State { row, turned: (start, self.turned.len() as u32) });
    }

    /// Adds a state that differs from the row of another state.
    pub(super) fn push_beside(&mut self, state: usize, conditions: &[u32]) {
        let start = self.turned.len() as u32;
        self.turned.extend_from_slice(conditions);
        let row = self.states.get(state).map_or(0, |state| state.row);
        self.states.push(State { row, turned: (start, self.turned.len() as u32) });
    }

    /// The words that the rows take by now.
    pub(super) fn size(&self) -> usize {
        self.rows.len()
    }

    fn row_count(&self) -> u32 {
        (self.rows.len() / self.words.max(1)) as u32
    }

    #[inline]
    fn keep(&self, state: usize, words: &mut [u64], spare: &mut Vec<u64>) {
        let State { row, turned: (start, end) } = self.states[state];
        let from = row as usize * self.words;
        let row = &self.rows[from..from + self.words];
        if start == end {
            words.iter_mut().zip(row).for_each(|(word, row)| *word &= row);
            return;
        }
        spare.clear();
        spare.extend_from_slice(row);
        for condition in &self.turned[start as usize..end as usize] {
            spare[*condition as usize / super::BITS] ^= 1 << (*condition as usize % super::BITS);
        }
        words.iter_mut().zip(spare).for_each(|(word, row)| *word &= *row);
    }
}
