//! Profiles as they are stored, and reading them under a schema.
//!
//! A record goes by the catalogue's numbers, not by the schema: fields that
//! are not declared any more stay in it untouched, and a value that does not
//! fit its declared type reads as missing. Only the writer changes a record.

use super::catalogue::Catalogue;
use super::{Raw, Store, StoreError, encode};
use crate::model::{FieldId, Profile, Schema, UserId, Value, builtin};
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError, RwLock};

const PREFIX: u8 = b'p';
const VERSION: u8 = 1;

/// What is stored of one user: values by catalogue number, ascending, none of
/// them missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredProfile {
    fields: Vec<(u16, Value)>,
}

/// Reads profiles.
pub struct Profiles {
    store: Arc<dyn Store>,
    catalogue: RwLock<Arc<Catalogue>>,
}

/// What a pass over all profiles met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Profiles seen.
    pub profiles: u64,
    /// Stored values that do not fit the declared type and so read as missing.
    pub misfits: u64,
}

/// What a pass over the values of everybody meets.
#[derive(Debug)]
pub enum Met<'a> {
    /// A user, whose values follow.
    User(UserId),
    /// A value that is stored and fits its field; not a missing one.
    Value(FieldId, Raw<'a>),
}

/// The key of a user's profile; keys sort as ids do.
pub fn profile_key(user: UserId) -> [u8; 9] {
    let mut key = [PREFIX; 9];
    let ordered = user.0.cast_unsigned() ^ (1 << 63);
    key[1..].copy_from_slice(&ordered.to_be_bytes());
    key
}

fn user_of(key: &[u8]) -> Result<UserId, StoreError> {
    let ordered = key.get(1..).and_then(|rest| <[u8; 8]>::try_from(rest).ok());
    let ordered = ordered.ok_or_else(|| StoreError::Damaged { what: "the key of a profile".into() })?;
    Ok(UserId((u64::from_be_bytes(ordered) ^ (1 << 63)).cast_signed()))
}

impl StoredProfile {
    /// The record of `user`, if there is one.
    pub(super) fn load(store: &dyn Store, user: UserId) -> Result<Option<Self>, StoreError> {
        let Some(bytes) = store.get(&profile_key(user))? else { return Ok(None) };
        let mut fields = Vec::new();
        each_field(user, &bytes, |number, value| fields.push((number, value)))?;
        Ok(Some(Self { fields }))
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
    /// Reads from `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, catalogue: RwLock::default() }
    }

    /// The user's profile under `schema`, if the user is known.
    pub fn get(&self, user: UserId, schema: &Schema) -> Result<Option<Profile>, StoreError> {
        let Some(bytes) = self.store.get(&profile_key(user))? else { return Ok(None) };
        let mut reader = Reader::new(self, schema);
        reader.read(user, &bytes).map(Some)
    }

    /// Shows every profile, in the order of ids, until `visit` breaks off.
    pub fn for_each(
        &self,
        schema: &Schema,
        mut visit: impl FnMut(&Profile) -> ControlFlow<()>,
    ) -> Result<Scan, StoreError> {
        let mut reader = Reader::new(self, schema);
        let mut profiles = 0;
        for pair in self.store.scan(&[PREFIX], &[]) {
            let (key, bytes) = pair?;
            let profile = reader.read(user_of(&key)?, &bytes)?;
            profiles += 1;
            if visit(&profile).is_break() {
                break;
            }
        }
        Ok(Scan { profiles, misfits: reader.misfits })
    }

    /// Shows the stored values of everybody, user by user in the order of ids,
    /// without making profiles of them. Where nothing is stored, a field has its
    /// default; `id` and `blocked` are never shown.
    pub fn for_each_value(&self, schema: &Schema, mut visit: impl FnMut(Met<'_>)) -> Result<Scan, StoreError> {
        let mut reader = Reader::new(self, schema);
        let mut profiles = 0;
        for pair in self.store.scan(&[PREFIX], &[]) {
            let (key, bytes) = pair?;
            let user = user_of(&key)?;
            visit(Met::User(user));
            reader.values(user, &bytes, |field, value| visit(Met::Value(field, value)))?;
            profiles += 1;
        }
        Ok(Scan { profiles, misfits: reader.misfits })
    }

    /// The number of known users.
    pub fn count(&self) -> Result<u64, StoreError> {
        self.store.scan(&[PREFIX], &[]).try_fold(0, |n, pair| pair.map(|_| n + 1))
    }

    /// The names of all fields that any profile ever had, declared or not.
    pub fn stored_fields(&self) -> Result<Vec<Arc<str>>, StoreError> {
        Ok(Catalogue::load(&*self.store)?.names().to_vec())
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refresh(&self) -> Result<Arc<Catalogue>, StoreError> {
        let fresh = Arc::new(Catalogue::load(&*self.store)?);
        *self.catalogue.write().unwrap_or_else(PoisonError::into_inner) = fresh.clone();
        Ok(fresh)
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
    profiles: &'a Profiles,
    schema: &'a Schema,
    catalogue: Arc<Catalogue>,
    slots: Vec<Slot>,
    misfits: u64,
}

impl<'a> Reader<'a> {
    fn new(profiles: &'a Profiles, schema: &'a Schema) -> Self {
        Self { profiles, schema, catalogue: profiles.catalogue(), slots: Vec::new(), misfits: 0 }
    }

    fn read(&mut self, user: UserId, bytes: &[u8]) -> Result<Profile, StoreError> {
        let mut profile = Profile::new(self.schema, user);
        let mut trouble = None;
        each_field(user, bytes, |number, value| match self.slot(user, number) {
            Ok(Some(field)) if value.fits(&self.schema.field(field).ty) => profile.set(self.schema, field, value),
            Ok(Some(_)) => self.misfits += 1,
            Ok(None) => {}
            Err(error) => trouble = Some(error),
        })?;
        trouble.map_or(Ok(profile), Err)
    }

    /// The values of one record that the schema has a place for.
    fn values(
        &mut self,
        user: UserId,
        bytes: &[u8],
        mut visit: impl FnMut(FieldId, Raw<'_>),
    ) -> Result<(), StoreError> {
        let mut trouble = None;
        each_raw(user, bytes, |number, value| match self.slot(user, number) {
            Ok(Some(field)) if value.fits(&self.schema.field(field).ty) => visit(field, value),
            Ok(Some(_)) => self.misfits += 1,
            Ok(None) => {}
            Err(error) => trouble = Some(error),
        })?;
        trouble.map_or(Ok(()), Err)
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

    /// The catalogue only grows: a number beyond our copy calls for a new one.
    fn find(&mut self, user: UserId, number: u16) -> Result<Slot, StoreError> {
        if self.catalogue.name(number).is_none() {
            self.catalogue = self.profiles.refresh()?;
        }
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
    each_raw(user, bytes, |number, value| field(number, value.to_value()))
}

/// Takes a record apart without building a list of its fields first: a pass
/// over a million profiles spends most of its time here.
fn each_raw(user: UserId, bytes: &[u8], mut field: impl FnMut(u16, Raw<'_>)) -> Result<(), StoreError> {
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
        field(number, value);
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
