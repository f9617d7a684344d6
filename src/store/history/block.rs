//! Blocks: the events of a run in the order of users and times, about 2 KiB
//! to a record.
//!
//! A block is a version, the first user and time, and then each event: how far
//! the user is from the one before, how far the time, and the body with its
//! length in front.

use super::codec::{Reader, damaged, put_varint, zigzag};
use crate::model::{Time, UserId};
use crate::store::StoreError;

const VERSION: u8 = 1;
/// Bytes of a block. An event that is larger alone has a block for itself.
const SIZE: usize = 2_000;

/// A block that is being filled.
#[derive(Default)]
pub(super) struct BlockWriter {
    bytes: Vec<u8>,
    last: Option<(UserId, Time)>,
}

/// One event of a block.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    /// To whom it happened.
    pub(super) user: UserId,
    /// When it happened.
    pub(super) at: Time,
    /// The rest.
    pub(super) body: &'a [u8],
}

/// A place in a block, to go on from.
#[derive(Clone, Copy)]
pub(super) struct Place {
    offset: usize,
    user: UserId,
    at: Time,
}

impl BlockWriter {
    /// Whether an event with this body belongs into another block.
    pub(super) fn is_full(&self, body: &[u8]) -> bool {
        // user, time and length take some bytes, seldom more than ten
        self.last.is_some() && self.bytes.len() + body.len() + 16 > SIZE
    }

    /// Adds an event that is not before the last one.
    pub(super) fn add(&mut self, item: Item<'_>) {
        let (user, at) = match self.last {
            Some(last) => last,
            None => {
                self.bytes.push(VERSION);
                put_varint(&mut self.bytes, zigzag(item.user.0));
                put_varint(&mut self.bytes, zigzag(item.at.0));
                (item.user, item.at)
            }
        };
        put_varint(&mut self.bytes, item.user.0.wrapping_sub(user.0).cast_unsigned());
        put_varint(&mut self.bytes, zigzag(item.at.0.wrapping_sub(at.0)));
        put_varint(&mut self.bytes, item.body.len() as u64);
        self.bytes.extend_from_slice(item.body);
        self.last = Some((item.user, item.at));
    }

    /// The block and its last user; the writer is empty afterwards.
    pub(super) fn take(&mut self) -> Option<(UserId, Vec<u8>)> {
        let (user, _) = self.last.take()?;
        Some((user, std::mem::replace(&mut self.bytes, Vec::with_capacity(SIZE))))
    }
}

impl Place {
    /// The start of a block.
    pub(super) fn start(block: &[u8]) -> Result<Self, StoreError> {
        let mut reader = Reader::new(block);
        match reader.byte() {
            Some(VERSION) => {}
            Some(found) => return Err(damaged(&format!("block version {found}, expected {VERSION}"))),
            None => return Err(damaged("an empty block")),
        }
        let first = reader.signed().zip(reader.signed());
        let (user, at) = first.ok_or_else(|| damaged("a block ends too early"))?;
        Ok(Self { offset: block.len() - reader.left(), user: UserId(user), at: Time(at) })
    }

    /// The event here; the place moves on to the next one.
    pub(super) fn next<'a>(&mut self, block: &'a [u8]) -> Result<Option<Item<'a>>, StoreError> {
        let mut reader = Reader::new(block.get(self.offset..).unwrap_or_default());
        if reader.left() == 0 {
            return Ok(None);
        }
        let item = reader.varint().zip(reader.signed()).zip(reader.slice());
        let ((user, at), body) = item.ok_or_else(|| damaged("a block ends too early"))?;
        self.offset = block.len() - reader.left();
        self.user = UserId(self.user.0.wrapping_add(user.cast_signed()));
        self.at = Time(self.at.0.wrapping_add(at));
        Ok(Some(Item { user: self.user, at: self.at, body }))
    }
}

/// Shows every event of a block.
pub(super) fn each_item<'a>(
    block: &'a [u8],
    mut visit: impl FnMut(Item<'a>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut place = Place::start(block)?;
    while let Some(item) = place.next(block)? {
        visit(item)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extreme_users_and_times_come_back() {
        let users = [i64::MIN, -1, 0, i64::MAX];
        let mut writer = BlockWriter::default();
        for user in users {
            for at in [i64::MIN, i64::MAX, 0] {
                writer.add(Item { user: UserId(user), at: Time(at), body: b"body" });
            }
        }
        let (last, block) = writer.take().unwrap();
        assert_eq!(last, UserId(i64::MAX));
        let mut seen = Vec::new();
        each_item(&block, |item| {
            assert_eq!(item.body, b"body");
            seen.push((item.user.0, item.at.0));
            Ok(())
        })
        .unwrap();
        let expected: Vec<_> = users.iter().flat_map(|user| [i64::MIN, i64::MAX, 0].map(|at| (*user, at))).collect();
        assert_eq!(seen, expected);
        assert!(each_item(&block[..block.len() - 1], |_| Ok(())).is_err());
        assert!(each_item(&[9], |_| Ok(())).is_err());
        assert!(each_item(&[], |_| Ok(())).is_err());
        assert!(writer.take().is_none());
    }
}
