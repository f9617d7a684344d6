//! Ints, money, times: whole numbers, counted in a coarser unit for as long as
//! every value is a multiple of it.

use super::known::Known;
use super::narrow::Ints;
use crate::condition;

/// Whole numbers, some of which may be missing.
#[derive(Clone, Debug)]
pub(super) struct Wholes {
    values: Ints,
    /// A value is what is written times this.
    unit: i64,
    set: Known,
}

impl Wholes {
    /// No values yet; `unit` is the coarsest that they may be counted in.
    pub fn new(unit: i64) -> Self {
        Self { values: Ints::default(), unit, set: Known::default() }
    }

    pub fn grow(&mut self, rows: usize, x: Option<i64>) {
        let before = self.values.len();
        self.set.grow(before, rows, x.is_some());
        let x = self.counted(x.unwrap_or(0));
        self.values.resize(rows, x);
    }

    pub fn set(&mut self, row: usize, x: Option<i64>) {
        self.set.put(row, x.is_some(), self.values.len());
        let x = self.counted(x.unwrap_or(0));
        self.values.put(row, x);
    }

    pub fn get(&self, row: usize) -> Option<i64> {
        self.set.get(row).then(|| self.values.get(row) * self.unit)
    }

    pub fn column(&self) -> condition::Column<'_> {
        let values = match &self.values {
            Ints::I8(list) => condition::Whole::I8(list),
            Ints::I16(list) => condition::Whole::I16(list),
            Ints::I32(list) => condition::Whole::I32(list),
            Ints::I64(list) => condition::Whole::I64(list),
        };
        condition::Column::Whole { values, unit: self.unit, set: self.set.words() }
    }

    pub fn memory(&self) -> usize {
        self.values.memory() + self.set.memory()
    }

    /// The number in units; from the first that is no multiple on, the unit
    /// is 1.
    fn counted(&mut self, x: i64) -> i64 {
        if x % self.unit != 0 {
            let mut values = Ints::default();
            (0..self.values.len()).for_each(|at| values.push(self.values.get(at) * self.unit));
            (self.values, self.unit) = (values, 1);
        }
        x / self.unit
    }
}
