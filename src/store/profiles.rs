//! Profiles as they are stored, and reading them under a schema.
//!
//! A record goes by the catalogue's numbers, not by the schema: fields that
//! are not declared any more stay in it untouched, and a value that does not
//! fit its declared type reads as missing. Only the writer changes a record.

use super::catalogue::Catalogue;
use super::history::History;
use super::journal::{Journal, State, is_total};
use super::{Pair, Raw, Store, StoreError, encode};
use crate::model::{FieldId, Profile, Schema, UserId, Value, builtin};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

pub(super) const PREFIX: u8 = b'p';
const VERSION: u8 = 1;
/// A pass reads so many records between two looks at what has changed since.
const STRETCH: usize = 2_000;

/// What is stored of one user: values by catalogue number, ascending, none of
/// them missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredProfile {
    fields: Vec<(u16, Value)>,
}

/// Reads profiles. Clones share the journal.
#[derive(Clone)]
pub struct Profiles {
    journal: Arc<Journal>,
}

/// What a pass over all profiles met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Profiles seen.
    pub profiles: u64,
    /// Stored values that do not fit the declared type and so read as missing,
    /// by field.
    pub misfits: BTreeMap<FieldId, u64>,
}

/// What a pass over the values of everybody meets.
#[derive(Debug)]
pub enum Met<'a> {
    /// A user, whose values follow.
    User(UserId),
    /// A value that is stored and fits its field; not a missing one.
    Value(FieldId, Raw<'a>),
    /// A total of events, by its name; see [`is_total`].
    Total(&'a Arc<str>, Raw<'a>),
}

/// The key of a user's profile; keys sort as ids do.
pub fn profile_key(user: UserId) -> [u8; 9] {
    let mut key = [PREFIX; 9];
    let ordered = user.0.cast_unsigned() ^ (1 << 63);
    key[1..].copy_from_slice(&ordered.to_be_bytes());
    key
}

/// The key after which those of users above `user` follow.
fn key_after(user: UserId) -> Vec<u8> {
    [&profile_key(user)[..], &[0]].concat()
}

pub(super) fn user_of(key: &[u8]) -> Result<UserId, StoreError> {
    let ordered = key.get(1..).and_then(|rest| <[u8; 8]>::try_from(rest).ok());
    let ordered = ordered.ok_or_else(|| StoreError::Damaged { what: "the key of a profile".into() })?;
    Ok(UserId((u64::from_be_bytes(ordered) ^ (1 << 63)).cast_signed()))
}

impl StoredProfile {
    /// The record of `user`, if there is one.
    pub(super) fn load(store: &dyn Store, user: UserId) -> Result<Option<Self>, StoreError> {
        store.get(&profile_key(user))?.map(|bytes| Self::decode(user, &bytes)).transpose()
    }

    fn decode(user: UserId, bytes: &[u8]) -> Result<Self, StoreError> {
        let mut fields = Vec::with_capacity(24);
        each_field(user, bytes, |number, value| fields.push((number, value)))?;
        Ok(Self { fields })
    }

    /// The value with this number, if it is not missing.
    pub(super) fn get(&self, number: u16) -> Option<&Value> {
        self.fields.binary_search_by_key(&number, |(n, _)| *n).ok().map(|at| &self.fields[at].1)
    }

    /// The bytes of the record.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        encode(VERSION, &self.fields)
    }

    /// Sets the field with this number (a missing value removes it) and says
    /// whether that changed anything.
    pub(super) fn set(&mut self, number: u16, value: Value) -> bool {
        match (self.fields.binary_search_by_key(&number, |(n, _)| *n), value) {
            (Ok(at), Value::Missing) => drop(self.fields.remove(at)),
            (Ok(at), value) if self.fields[at].1 == value => return false,
            (Ok(at), value) => self.fields[at].1 = value,
            (Err(_), Value::Missing) => return false,
            (Err(at), value) => self.fields.insert(at, (number, value)),
        }
        true
    }
}

impl Profiles {
    /// Reads what the writer of this journal writes.
    pub fn new(journal: &Arc<Journal>) -> Self {
        Self { journal: journal.clone() }
    }

    /// The user's profile under `schema`, if the user is known.
    pub fn get(&self, user: UserId, schema: &Schema) -> Result<Option<Profile>, StoreError> {
        let state = self.journal.read();
        let Some(stored) = state.load(&**self.journal.store(), user)? else { return Ok(None) };
        let mut reader = Reader::new(schema, state.fields.clone());
        reader.read(user, stored.fields).map(Some)
    }

    /// The events of all users.
    pub fn history(&self) -> &Arc<History> {
        self.journal.history()
    }

    /// Whether the user is known.
    pub fn knows(&self, user: UserId) -> Result<bool, StoreError> {
        let state = self.journal.read();
        Ok(state.changes(user) || self.journal.store().get(&profile_key(user))?.is_some())
    }

    /// Shows every profile, in the order of ids, until `visit` breaks off.
    pub fn for_each(
        &self,
        schema: &Schema,
        mut visit: impl FnMut(&Profile) -> ControlFlow<()>,
    ) -> Result<Scan, StoreError> {
        let mut reader = Reader::new(schema, self.journal.read().fields.clone());
        let mut profiles = 0;
        self.for_each_record(|user, fields, catalogue| {
            reader.catalogue = catalogue.clone();
            let profile = reader.read(user, fields)?;
            profiles += 1;
            Ok(visit(&profile))
        })?;
        Ok(Scan { profiles, misfits: reader.misfits })
    }

    /// Shows the stored values of everybody, user by user in the order of ids,
    /// without making profiles of them. Where nothing is stored, a field has its
    /// default; `id` and `blocked` are never shown.
    pub fn for_each_value(&self, schema: &Schema, mut visit: impl FnMut(Met<'_>)) -> Result<Scan, StoreError> {
        let mut reader = Reader::new(schema, self.journal.read().fields.clone());
        let mut profiles = 0;
        self.each(|user, record, state| {
            visit(Met::User(user));
            profiles += 1;
            if !Arc::ptr_eq(&reader.catalogue, &state.fields) {
                reader.catalogue = state.fields.clone();
            }
            if !state.changes(user) {
                let shown = record
                    .map(|bytes| each_raw(user, bytes, |number, value| reader.show(user, number, value, &mut visit)));
                return shown.unwrap_or(Ok(())).map(|()| ControlFlow::Continue(()));
            }
            let stored = record.map(|bytes| StoredProfile::decode(user, bytes)).transpose()?;
            let changed = state.changed(user, stored).unwrap_or_default();
            for (number, value) in &changed.fields {
                reader.show(user, *number, value.into(), &mut visit)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Scan { profiles, misfits: reader.misfits })
    }

    /// The number of known users.
    pub fn count(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        self.each(|_, _, _| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    /// The names of all fields that any profile ever had, declared or not.
    pub fn stored_fields(&self) -> Result<Vec<Arc<str>>, StoreError> {
        let fields = self.journal.read().fields.clone();
        Ok(fields.names().iter().filter(|name| !is_total(name)).cloned().collect())
    }

    /// Shows the stored values of every user by catalogue number, in the order
    /// of ids.
    fn for_each_record(
        &self,
        mut visit: impl FnMut(UserId, Vec<(u16, Value)>, &Arc<Catalogue>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        self.each(|user, record, state| {
            let stored = record.map(|bytes| StoredProfile::decode(user, bytes)).transpose()?;
            let profile = if state.changes(user) { state.changed(user, stored) } else { stored };
            visit(user, profile.unwrap_or_default().fields, &state.fields)
        })
    }

    /// Shows every user and the bytes of the record, in the order of ids. A
    /// stretch of records is read under one lock, so that none of them is
    /// folded between the reading of the record and of its changes.
    fn each(
        &self,
        mut visit: impl FnMut(UserId, Option<&[u8]>, &State) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let from = after.map_or_else(Vec::new, key_after);
            let state = self.journal.read();
            let store = self.journal.store();
            let records: Vec<Pair> = store.scan(&[PREFIX], &from).take(STRETCH).collect::<Result<_, _>>()?;
            let is_last = records.len() < STRETCH;
            let end = records.last().map(|(key, _)| user_of(key)).transpose()?.filter(|_| !is_last);
            let mut changed = state.users_between(after, end).peekable();
            let mut stored = records.iter().map(|(key, bytes)| Ok((user_of(key)?, bytes.as_slice()))).peekable();
            loop {
                let known = match stored.peek() {
                    Some(Ok((user, _))) => Some(*user),
                    Some(Err(error)) => return Err(StoreError::clone(error)),
                    None => None,
                };
                let Some(user) = [known, changed.peek().copied()].into_iter().flatten().min() else { break };
                changed.next_if_eq(&user);
                let record = stored.next_if(|_| known == Some(user)).transpose()?.map(|(_, bytes)| bytes);
                if visit(user, record, &state)?.is_break() {
                    return Ok(());
                }
            }
            if end.is_none() {
                return Ok(());
            }
            after = end;
        }
    }
}

/// Where a catalogue number goes under one schema.
#[derive(Clone, Copy)]
enum Slot {
    Unknown,
    Ignored,
    Field(FieldId),
}

/// One schema's view of the catalogue; slots are looked up when first met.
struct Reader<'a> {
    schema: &'a Schema,
    catalogue: Arc<Catalogue>,
    slots: Vec<Slot>,
    misfits: BTreeMap<FieldId, u64>,
}

impl<'a> Reader<'a> {
    fn new(schema: &'a Schema, catalogue: Arc<Catalogue>) -> Self {
        Self { schema, catalogue, slots: Vec::new(), misfits: BTreeMap::new() }
    }

    fn read(&mut self, user: UserId, fields: Vec<(u16, Value)>) -> Result<Profile, StoreError> {
        let mut profile = Profile::new(self.schema, user);
        for (number, value) in fields {
            match self.slot(user, number)? {
                Some(field) if value.fits(&self.schema.field(field).ty) => profile.set(self.schema, field, value),
                Some(field) => *self.misfits.entry(field).or_default() += 1,
                None => {}
            }
        }
        Ok(profile)
    }

    /// Shows a value that something is declared for.
    fn show(
        &mut self,
        user: UserId,
        number: u16,
        value: Raw<'_>,
        visit: &mut impl FnMut(Met<'_>),
    ) -> Result<(), StoreError> {
        match self.slot(user, number)? {
            Some(field) if value.fits(&self.schema.field(field).ty) => visit(Met::Value(field, value)),
            Some(field) => *self.misfits.entry(field).or_default() += 1,
            None => {
                if let Some(name) = self.catalogue.name(number).filter(|name| is_total(name)) {
                    visit(Met::Total(name, value));
                }
            }
        }
        Ok(())
    }

    fn slot(&mut self, user: UserId, number: u16) -> Result<Option<FieldId>, StoreError> {
        let index = usize::from(number);
        if index >= self.slots.len() {
            self.slots.resize(index + 1, Slot::Unknown);
        }
        if let Slot::Unknown = self.slots[index] {
            self.slots[index] = self.find(user, number)?;
        }
        Ok(match self.slots[index] {
            Slot::Field(field) => Some(field),
            Slot::Ignored | Slot::Unknown => None,
        })
    }

    fn find(&mut self, user: UserId, number: u16) -> Result<Slot, StoreError> {
        let name = self.catalogue.name(number).ok_or_else(|| damaged(user, "a field without a name"))?;
        Ok(match self.schema.find(name) {
            // the key holds the id, and `blocked` follows from `reach`
            Some(builtin::ID | builtin::BLOCKED) | None => Slot::Ignored,
            Some(field) => Slot::Field(field),
        })
    }
}

/// Takes a record apart into values of its own.
fn each_field(user: UserId, bytes: &[u8], mut field: impl FnMut(u16, Value)) -> Result<(), StoreError> {
    each_raw(user, bytes, |number, value| {
        field(number, value.to_value());
        Ok(())
    })
}

/// Takes a record apart without building a list of its fields first: a pass
/// over a million profiles spends most of its time here.
fn each_raw(
    user: UserId,
    bytes: &[u8],
    mut field: impl FnMut(u16, Raw<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let broken = |_| damaged(user, "it ends too early");
    let rest = match bytes.split_first() {
        Some((&VERSION, rest)) => rest,
        Some((version, _)) => return Err(damaged(user, &format!("record version {version}, expected {VERSION}"))),
        None => return Err(damaged(user, "empty")),
    };
    let (count, mut rest): (u32, _) = postcard::take_from_bytes(rest).map_err(broken)?;
    for _ in 0..count {
        let ((number, value), tail) = postcard::take_from_bytes(rest).map_err(broken)?;
        rest = tail;
        field(number, value)?;
    }
    Ok(())
}

fn damaged(user: UserId, how: &str) -> StoreError {
    StoreError::Damaged { what: format!("the profile of user {user}: {how}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_ids_do() {
        let ids = [i64::MIN, -5_000_000_000, -1, 0, 1, 255, 256, 7_000_000_000, i64::MAX];
        let keys = ids.map(|id| profile_key(UserId(id)));
        assert!(keys.is_sorted());
        for (id, key) in ids.iter().zip(&keys) {
            assert_eq!(user_of(key), Ok(UserId(*id)));
        }
    }
}
