//! What depends on one column alone, or on none, and its answer for one value:
//! a row that knows nothing else.

use super::{Column, Columns};
use crate::condition::function::Behaviour;
use crate::condition::ir::{Call, Expr, Op};
use crate::condition::{Fact, Row};
use crate::model::{FieldId, SegmentId, Time, Value, builtin};
use jiff::tz::TimeZone;

/// A column that an expression reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Field(FieldId),
    Fact(Fact),
}

/// What the value of an expression depends on besides constants and now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inputs {
    Nothing,
    One(Input),
    /// Several columns, or what is no column.
    More,
}

/// A row that has a value in one column, and elsewhere only what all rows have.
pub(super) struct Alone<'a, C> {
    columns: &'a C,
    input: Option<Input>,
    value: &'a Value,
}

impl Input {
    pub fn column<C: Columns>(self, columns: &C) -> Column<'_> {
        match self {
            Self::Field(id) => columns.field(id),
            Self::Fact(fact) => columns.fact(&fact),
        }
    }
}

impl Inputs {
    /// What `expr` depends on. A column that is the same everywhere is a
    /// constant.
    pub fn of<C: Columns>(expr: &Expr, columns: &C) -> Self {
        let mut inputs = Self::Nothing;
        inputs.collect(expr, columns);
        inputs
    }

    fn collect<C: Columns>(&mut self, expr: &Expr, columns: &C) {
        match &expr.op {
            Op::Field(id) => self.read(Input::Field(*id), columns),
            Op::Fact(fact) => self.read(Input::Fact(*fact), columns),
            Op::Segment(_) | Op::Event(_) | Op::Metric(_) => *self = Self::More,
            Op::Call(Call { behaviour, .. }) => match behaviour {
                Behaviour::Plain(_) | Behaviour::Clock(_) => {}
                Behaviour::Drawn(_) => self.read(Input::Field(builtin::ID), columns),
                // The row itself knows which zone is the user's.
                Behaviour::Calendar(_) => *self = Self::More,
            },
            Op::Constant(_)
            | Op::Now
            | Op::Today
            | Op::Not(_)
            | Op::All(_)
            | Op::Any(_)
            | Op::Missing(_)
            | Op::Compare { .. }
            | Op::Between { .. }
            | Op::OneOf { .. }
            | Op::ElementOf { .. }
            | Op::Text { .. }
            | Op::Matches { .. }
            | Op::Negate(_)
            | Op::Chain { .. }
            | Op::Widen(_) => {}
        }
        for child in expr.children() {
            if *self == Self::More {
                return;
            }
            self.collect(child, columns);
        }
    }

    fn read<C: Columns>(&mut self, input: Input, columns: &C) {
        *self = match (*self, input.column(columns)) {
            (known, Column::Same(_)) => known,
            (Self::Nothing, _) => Self::One(input),
            (Self::One(known), _) if known == input => Self::One(known),
            (Self::One(_) | Self::More, _) => Self::More,
        };
    }
}

impl<'a, C: Columns> Alone<'a, C> {
    /// A row with no value of its own.
    pub fn nowhere(columns: &'a C) -> Self {
        Self { columns, input: None, value: &Value::Missing }
    }

    /// A row with this value in that column.
    pub fn with(columns: &'a C, input: Input, value: &'a Value) -> Self {
        Self { columns, input: Some(input), value }
    }

    fn read(&self, input: Input) -> &Value {
        match input.column(self.columns) {
            Column::Same(value) => value,
            _ if self.input == Some(input) => self.value,
            _ => &Value::Missing,
        }
    }
}

impl<C: Columns> Row for Alone<'_, C> {
    fn field(&self, id: FieldId) -> &Value {
        self.read(Input::Field(id))
    }
    fn now(&self) -> Time {
        self.columns.now()
    }
    fn zone(&self) -> &TimeZone {
        self.columns.zone()
    }
    fn in_segment(&self, _: SegmentId) -> bool {
        false
    }
    fn today(&self) -> Time {
        self.columns.today()
    }
    fn fact(&self, fact: &Fact) -> Value {
        self.read(Input::Fact(*fact)).clone()
    }
}
