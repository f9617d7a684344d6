//! An event as bytes, without its user and time: the same in the tail and in
//! the blocks of a run, so that sealing copies bytes.
//!
//! A body is the number of the event's name, the id, and for each property the
//! number of its name and the value. Numbers are the catalogue's. It has no
//! version of its own: it lies in blocks, which have one.

use crate::model::{Time, TimeDelta, Value};
use crate::store::StoreError;
use std::sync::Arc;

/// A body taken apart as far as every reader needs it.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    /// The number of the event's name.
    pub(super) name: u16,
    /// The event's id.
    pub(super) id: &'a [u8],
    properties: Reader<'a>,
}

/// Takes values from the front of some bytes; nothing if they end too early
/// or make no sense.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

/// A record of the history that cannot be read.
pub(super) fn damaged(what: &str) -> StoreError {
    StoreError::Damaged { what: format!("the history of events: {what}") }
}

/// Adds the body of an event; missing values are left out.
pub(super) fn put_body<'a>(out: &mut Vec<u8>, name: u16, id: &str, properties: impl Iterator<Item = (u16, &'a Value)>) {
    put_varint(out, name.into());
    put_text(out, id);
    for (number, value) in properties.filter(|(_, value)| !value.is_missing()) {
        put_varint(out, number.into());
        put_value(out, value);
    }
}

/// Adds a number, small ones in few bytes.
pub(super) fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A signed number such that those near zero are small.
pub(super) fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)).cast_unsigned()
}

fn unzigzag(n: u64) -> i64 {
    (n >> 1).cast_signed() ^ -(n & 1).cast_signed()
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

const FALSE: u8 = 0;
const TRUE: u8 = 1;
const INT: u8 = 2;
const FLOAT: u8 = 3;
const MONEY: u8 = 4;
const STRING: u8 = 5;
const TIME: u8 = 6;
const DURATION: u8 = 7;
const LIST: u8 = 8;
const MISSING: u8 = 9;

fn put_value(out: &mut Vec<u8>, value: &Value) {
    let mut whole = |tag, n| {
        out.push(tag);
        put_varint(out, zigzag(n));
    };
    match value {
        Value::Missing => out.push(MISSING),
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Int(n) => whole(INT, *n),
        Value::Money(n) => whole(MONEY, *n),
        Value::Time(at) => whole(TIME, at.0),
        Value::Duration(delta) => whole(DURATION, delta.0),
        Value::Float(x) => {
            out.push(FLOAT);
            out.extend_from_slice(&x.to_le_bytes());
        }
        Value::String(text) => {
            out.push(STRING);
            put_text(out, text);
        }
        Value::List(list) => {
            out.push(LIST);
            put_varint(out, list.len() as u64);
            list.iter().for_each(|text| put_text(out, text));
        }
    }
}

impl<'a> Body<'a> {
    /// The body in these bytes.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut reader = Reader { bytes };
        let head = reader.number().zip(reader.slice());
        let (name, id) = head.ok_or_else(|| damaged("an event has no name"))?;
        Ok(Self { name, id, properties: reader })
    }

    /// The id as text.
    pub(super) fn id(&self) -> Result<&'a str, StoreError> {
        std::str::from_utf8(self.id).map_err(|_| damaged("an event's id is no text"))
    }

    /// Shows each property's number to `each`, which takes the value if it
    /// wants it.
    pub(super) fn each_property(
        &self,
        mut each: impl FnMut(u16, &mut dyn FnMut() -> Option<Value>) -> Option<()>,
    ) -> Result<(), StoreError> {
        let broken = || damaged("an event ends too early");
        let mut rest = self.properties;
        while !rest.bytes.is_empty() {
            let number = rest.number().ok_or_else(broken)?;
            let mut after = rest;
            after.skip_value().ok_or_else(broken)?;
            each(number, &mut || rest.value()).ok_or_else(broken)?;
            rest = after;
        }
        Ok(())
    }

    /// All properties by number.
    pub(super) fn properties(&self) -> Result<Vec<(u16, Value)>, StoreError> {
        let broken = || damaged("an event ends too early");
        let (mut rest, mut all) = (self.properties, Vec::new());
        while !rest.bytes.is_empty() {
            all.push(rest.number().zip(rest.value()).ok_or_else(broken)?);
        }
        Ok(all)
    }
}

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// The next number of [`put_varint`].
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    /// The next signed number.
    pub(super) fn signed(&mut self) -> Option<i64> {
        self.varint().map(unzigzag)
    }

    /// The next bytes, which their number precedes.
    pub(super) fn slice(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (slice, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(slice)
    }

    fn number(&mut self) -> Option<u16> {
        self.varint().and_then(|n| u16::try_from(n).ok())
    }

    fn text(&mut self) -> Option<Arc<str>> {
        std::str::from_utf8(self.slice()?).ok().map(Arc::from)
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.byte()? {
            MISSING => Value::Missing,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            INT => Value::Int(self.signed()?),
            MONEY => Value::Money(self.signed()?),
            TIME => Value::Time(Time(self.signed()?)),
            DURATION => Value::Duration(TimeDelta(self.signed()?)),
            FLOAT => Value::Float(self.float()?),
            STRING => Value::String(self.text()?),
            LIST => {
                let count = self.varint()?;
                Value::List((0..count).map(|_| self.text()).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    fn float(&mut self) -> Option<f64> {
        let (bytes, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(f64::from_le_bytes(*bytes))
    }

    fn skip_value(&mut self) -> Option<()> {
        match self.byte()? {
            MISSING | FALSE | TRUE => Some(()),
            INT | MONEY | TIME | DURATION => self.varint().map(drop),
            FLOAT => self.float().map(drop),
            STRING => self.slice().map(drop),
            LIST => {
                let count = self.varint()?;
                (0..count).try_for_each(|_| self.slice().map(drop))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        let values = [
            Value::Bool(false),
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Int(-1),
            Value::Money(i64::MAX),
            Value::Float(-0.5),
            Value::text("привет"),
            Value::text(""),
            Value::Time(Time(1_767_225_600_000)),
            Value::Duration(TimeDelta(-5)),
            Value::List([Arc::from("a"), Arc::from("")].into()),
        ];
        let mut bytes = Vec::new();
        let given = (0u16..).map(|n| n * 300).zip(&values);
        put_body(&mut bytes, 700, "id-1", given.clone().chain([(9, &Value::Missing)]));
        let body = Body::read(&bytes).unwrap();
        assert_eq!((body.name, body.id()), (700, Ok("id-1")));
        let expected: Vec<_> = given.map(|(n, v)| (n, v.clone())).collect();
        assert_eq!(body.properties().unwrap(), expected);

        let mut fourth = Value::Missing;
        body.each_property(|number, value| {
            if number == 900 {
                fourth = value()?;
            }
            Some(())
        })
        .unwrap();
        assert_eq!(fourth, Value::Int(-1));
        for end in 1..bytes.len() {
            // a body that was cut must be refused or be shorter, never more
            let cut = Body::read(&bytes[..end]).and_then(|body| body.properties());
            assert!(cut.is_err() || cut.unwrap().len() < values.len(), "{end}");
        }
    }
}
