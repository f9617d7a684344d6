//! Many sorted sources as one: chunks of the tail that become a run, or runs
//! that become a larger one or lose their old events. It can stop after any
//! event and go on later.

use super::block::{Item, Place};
use super::run::{Run, blocks_of};
use super::tail::Chunk;
use crate::model::{Time, UserId};
use crate::store::{Store, StoreError};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

/// Blocks of a run that are read at once: a look-up each time costs more than
/// the blocks.
const AHEAD: usize = 16;

/// The sources, and where each of them stands.
pub(super) struct Merge {
    sources: Vec<Source>,
    next: BinaryHeap<Reverse<(UserId, Time, usize)>>,
}

/// Events by user and time.
pub(super) enum Source {
    /// A frozen chunk of the tail.
    Chunk {
        /// The events.
        chunk: Arc<Chunk>,
        /// The place in the order.
        place: usize,
    },
    /// The blocks of a run.
    Run(Box<Cursor>),
}

/// A place in a run.
pub(super) struct Cursor {
    run: Arc<Run>,
    /// Where to read on; nothing at the end.
    from: Option<Vec<u8>>,
    blocks: VecDeque<Vec<u8>>,
    /// The place in the first block; nothing before its start.
    place: Option<Place>,
}

impl Source {
    /// From the start of a chunk.
    pub(super) fn chunk(chunk: Arc<Chunk>) -> Self {
        Self::Chunk { chunk, place: 0 }
    }

    /// From the start of a run.
    pub(super) fn run(run: Arc<Run>) -> Self {
        let from = Some(blocks_of(run.number));
        Self::Run(Box::new(Cursor { run, from, blocks: VecDeque::new(), place: None }))
    }

    /// The event here, if there is one.
    fn peek(&mut self, store: &dyn Store) -> Result<Option<Item<'_>>, StoreError> {
        match self {
            Self::Chunk { chunk, place } => Ok(chunk.sorted(*place).map(|(found, item)| {
                *place = found;
                item
            })),
            Self::Run(cursor) => cursor.peek(store),
        }
    }

    fn advance(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Chunk { place, .. } => {
                *place += 1;
                Ok(())
            }
            Self::Run(cursor) => cursor.advance(),
        }
    }
}

impl Cursor {
    fn peek(&mut self, store: &dyn Store) -> Result<Option<Item<'_>>, StoreError> {
        loop {
            if self.blocks.is_empty() && !self.read(store)? {
                return Ok(None);
            }
            let Some(block) = self.blocks.front() else { return Ok(None) };
            let place = match self.place {
                Some(place) => place,
                None => Place::start(block)?,
            };
            self.place = Some(place);
            if { place }.next(block)?.is_some() {
                break;
            }
            self.blocks.pop_front();
            self.place = None;
        }
        match (self.place, self.blocks.front()) {
            (Some(mut place), Some(block)) => place.next(block),
            (None, _) | (_, None) => Ok(None),
        }
    }

    fn advance(&mut self) -> Result<(), StoreError> {
        if let (Some(place), Some(block)) = (&mut self.place, self.blocks.front()) {
            place.next(block)?;
        }
        Ok(())
    }

    /// Reads some more blocks; says whether there were any.
    fn read(&mut self, store: &dyn Store) -> Result<bool, StoreError> {
        let Some(from) = self.from.take() else { return Ok(false) };
        for pair in store.scan(&blocks_of(self.run.number), &from).take(AHEAD) {
            let (mut key, block) = pair?;
            self.blocks.push_back(block);
            // the next key at the earliest
            key.push(0);
            self.from = Some(key);
        }
        Ok(!self.blocks.is_empty())
    }
}

impl Merge {
    /// All of these as one; among equals the earlier source comes first.
    pub(super) fn new(store: &dyn Store, mut sources: Vec<Source>) -> Result<Self, StoreError> {
        let mut next = BinaryHeap::with_capacity(sources.len());
        for (n, source) in sources.iter_mut().enumerate() {
            next.extend(source.peek(store)?.map(|item| Reverse((item.user, item.at, n))));
        }
        Ok(Self { sources, next })
    }

    /// Shows the next event to `visit`; says whether there was one.
    pub(super) fn next(&mut self, store: &dyn Store, visit: impl FnOnce(Item<'_>)) -> Result<bool, StoreError> {
        let Some(mut top) = self.next.peek_mut() else { return Ok(false) };
        let Reverse((_, _, n)) = *top;
        let source = &mut self.sources[n];
        if let Some(item) = source.peek(store)? {
            visit(item);
        }
        source.advance()?;
        match source.peek(store)? {
            Some(item) => *top = Reverse((item.user, item.at, n)),
            None => drop(std::collections::binary_heap::PeekMut::pop(top)),
        }
        Ok(true)
    }
}
