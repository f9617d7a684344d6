//! Fields that are never stored: computed ones and `lifecycle`. Each has a
//! place here, so that a view remembers their values and no others.

use super::check::{Class, Computed};
use crate::condition::{Row, Truth};
use crate::model::{FieldId, Schema, Value, builtin};

/// The derived fields of a rulebook.
#[derive(Debug)]
pub(super) struct Derived {
    pub computed: Vec<Computed>,
    pub classes: Vec<Class>,
    /// By field: its place among the derived ones.
    places: Box<[Option<u16>]>,
}

impl Derived {
    /// The derived fields; `lifecycle` comes last.
    pub fn new(schema: &Schema, computed: Vec<Computed>, classes: Vec<Class>) -> Self {
        let mut places = vec![None; schema.len()];
        let lifecycle = (!classes.is_empty()).then_some(builtin::LIFECYCLE);
        for (place, field) in (0u16..).zip(computed.iter().map(|computed| computed.field).chain(lifecycle)) {
            places[usize::from(field.0)] = Some(place);
        }
        Self { computed, classes, places: places.into() }
    }

    /// The number of derived fields.
    pub fn len(&self) -> usize {
        self.computed.len() + usize::from(!self.classes.is_empty())
    }

    /// The place of a field, if it is derived.
    pub fn place(&self, field: FieldId) -> Option<usize> {
        self.places.get(usize::from(field.0)).copied().flatten().map(usize::from)
    }

    /// The derived fields.
    pub fn fields(&self) -> impl Iterator<Item = FieldId> {
        (0u16..).map(FieldId).zip(&self.places).filter(|(_, place)| place.is_some()).map(|(field, _)| field)
    }

    /// The value at a place: the field's default where the expression has none.
    pub fn value<R: Row>(&self, place: usize, schema: &Schema, row: &R) -> Value {
        let (field, value) = match self.computed.get(place) {
            Some(computed) => (computed.field, computed.is.evaluate(row)),
            None => (builtin::LIFECYCLE, self.class(row)),
        };
        let field = schema.field(field);
        if value.is_missing() || !value.fits(&field.ty) { field.default.clone() } else { value }
    }

    /// The first class that is true for the user.
    fn class<R: Row>(&self, row: &R) -> Value {
        let fits = |class: &&Class| class.condition.as_ref().is_none_or(|c| c.judge(row) == Truth::True);
        self.classes.iter().find(fits).map_or(Value::Missing, |class| Value::String(class.name.clone()))
    }
}
