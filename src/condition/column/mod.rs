//! A condition's answer for everybody at once, over columns: the values of one
//! field for all users, user by user, each user in the same place of every
//! column.
//!
//! This module knows how columns look and not who keeps them: that is the
//! matter of whoever implements [`Columns`]. Bits of a bitmap are counted from
//! the lowest bit of the first word; those beyond the last row are 0.

mod alone;
mod arithmetic;
mod bind;
mod bind_number;
mod combine;
mod compare;
mod kernel;
mod leaf;
mod node;
mod number;
mod pool;
mod range;
mod select;
mod text;
mod way;

pub use kernel::pick;
pub use select::{Answers, Selection, Tally};
pub(super) use text::Scanner;
pub use way::Way;

use super::syntax::Relation;
use super::{Fact, Row, midnight};
use crate::model::{FieldId, SegmentId, Time, Value};
use jiff::tz::TimeZone;
use std::ops::Range;
use std::sync::Arc;

/// The values of everybody at one moment.
pub trait Columns {
    /// One user, for what is judged row by row.
    type Row<'a>: Row
    where
        Self: 'a;

    /// The number of rows, rows without a user included.
    fn rows(&self) -> usize;
    /// The rows that have a user; nothing: all have. Values of others mean
    /// nothing.
    fn used(&self) -> Option<&[u64]>;
    /// The values of a field, derived ones included.
    fn field(&self, id: FieldId) -> Column<'_>;
    /// The answers to a fact.
    fn fact(&self, fact: &Fact) -> Column<'_>;
    /// The members of a segment.
    fn segment(&self, id: SegmentId) -> &[u64];
    /// The moment, the same for the whole pass.
    fn now(&self) -> Time;
    /// The project's time zone.
    fn zone(&self) -> &TimeZone;
    /// The last midnight in the project's zone.
    fn today(&self) -> Time {
        midnight(self.now(), self.zone())
    }
    /// The user in a row below [`Columns::rows`].
    fn row(&self, row: usize) -> Self::Row<'_>;
}

/// The values of one field or fact. `set` has the rows where the value is not
/// missing; nothing: it is missing nowhere.
#[derive(Clone, Copy)]
pub enum Column<'a> {
    /// The same value in every row; it may be missing.
    Same(&'a Value),
    /// Bools.
    Bits {
        /// The rows that are true.
        bits: &'a [u64],
        /// The rows that have a value.
        set: Option<&'a [u64]>,
    },
    /// Ints, money in hundredths, times in milliseconds: each value times
    /// `unit`.
    Whole {
        /// The values.
        values: Whole<'a>,
        /// What each is counted in: 1, or 1,000 for times in whole seconds, …
        unit: i64,
        /// The rows that have a value.
        set: Option<&'a [u64]>,
    },
    /// Floats, all finite.
    Floats {
        /// The values.
        values: &'a [f64],
        /// The rows that have a value.
        set: Option<&'a [u64]>,
    },
    /// Texts and values of enums that repeat.
    Coded {
        /// The place of each row's text in the dictionary.
        codes: Codes<'a>,
        /// Every text once; some may be used by no row.
        dictionary: &'a [Arc<str>],
        /// The rows that have a value.
        set: Option<&'a [u64]>,
    },
    /// Texts that hardly repeat.
    Texts {
        /// Where each row's text stands.
        spans: &'a [Span],
        /// All texts, one after the other, with gaps.
        bytes: &'a [u8],
        /// The rows that have a value.
        set: Option<&'a [u64]>,
    },
    /// Lists of texts.
    Lists(&'a dyn Lists),
}

/// Whole numbers as narrow as they fit.
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Whole<'a> {
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
}

/// Places in a dictionary as narrow as they fit.
#[derive(Clone, Copy)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Codes<'a> {
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
}

/// A text among the bytes of its column; whole characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The number of bytes.
    pub length: u32,
}

/// A column of lists.
pub trait Lists {
    /// Writes the rows `first..first + 64 × into.len()` whose list has this
    /// element, `first` being a multiple of 64. What was in `into` is gone.
    fn with(&self, element: &str, first: usize, into: &mut [u64]);
    /// The number of elements of a row's list; nothing if it is missing.
    fn length(&self, row: usize) -> Option<usize>;
    /// The list of a row.
    fn get(&self, row: usize) -> Value;
    /// Writes which of these rows have a list that is not missing; the first
    /// is a multiple of 64. What was in `into` is gone.
    fn known(&self, rows: Range<usize>, into: &mut [u64]) {
        into.fill(0);
        for (at, row) in rows.enumerate() {
            into[at / 64] |= u64::from(self.length(row).is_some()) << (at % 64);
        }
    }
}

impl Whole<'_> {
    /// Whether both are the same place in memory.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::I8(a), Self::I8(b)) => std::ptr::eq(*a, *b),
            (Self::I16(a), Self::I16(b)) => std::ptr::eq(*a, *b),
            (Self::I32(a), Self::I32(b)) => std::ptr::eq(*a, *b),
            (Self::I64(a), Self::I64(b)) => std::ptr::eq(*a, *b),
            (Self::I8(_) | Self::I16(_) | Self::I32(_) | Self::I64(_), _) => false,
        }
    }

    fn slice(&self, rows: Range<usize>) -> Self {
        match self {
            Self::I8(values) => Self::I8(&values[rows]),
            Self::I16(values) => Self::I16(&values[rows]),
            Self::I32(values) => Self::I32(&values[rows]),
            Self::I64(values) => Self::I64(&values[rows]),
        }
    }
}

impl Codes<'_> {
    fn slice(&self, rows: Range<usize>) -> Self {
        match self {
            Self::U8(codes) => Self::U8(&codes[rows]),
            Self::U16(codes) => Self::U16(&codes[rows]),
            Self::U32(codes) => Self::U32(&codes[rows]),
        }
    }

    fn get(&self, row: usize) -> usize {
        match self {
            Self::U8(codes) => usize::from(codes[row]),
            Self::U16(codes) => usize::from(codes[row]),
            Self::U32(codes) => codes[row] as usize,
        }
    }
}

impl Span {
    fn of(self, bytes: &[u8]) -> &[u8] {
        let start = self.start as usize;
        bytes.get(start..start + self.length as usize).unwrap_or_default()
    }
}
