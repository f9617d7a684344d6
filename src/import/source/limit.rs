//! A reader that gives up on a row that never ends, before it fills memory.

use std::cell::Cell;
use std::io::{Error, ErrorKind, Read, Result};
use std::rc::Rc;

/// Far above any sensible row.
const LONGEST: u64 = 16 << 20;

/// How many bytes were read since the last row ended.
#[derive(Clone, Default)]
pub(super) struct Budget(Rc<Cell<u64>>);

/// Reads while the budget lasts.
pub(super) struct Limited<R> {
    inner: R,
    budget: Budget,
}

impl Budget {
    /// A row has ended.
    pub(super) fn reset(&self) {
        self.0.set(0);
    }

    /// Whether a row was too long.
    pub(super) fn is_spent(&self) -> bool {
        self.0.get() > LONGEST
    }
}

impl<R> Limited<R> {
    pub(super) fn new(inner: R, budget: Budget) -> Self {
        Self { inner, budget }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.budget.is_spent() {
            return Err(Error::new(ErrorKind::FileTooLarge, "the row does not end"));
        }
        let read = self.inner.read(buffer)?;
        self.budget.0.set(self.budget.0.get() + read as u64);
        Ok(read)
    }
}
