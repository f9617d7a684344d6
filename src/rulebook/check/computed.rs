//! What follows from the rest of a profile: computed fields and `lifecycle`,
//! which together with segments and experiments are put in order and checked
//! here.

use super::order::{self, Defines, Item};
use super::{Names, conditions, experiments, lifecycle, segments};
use crate::condition::{Ast, Expression};
use crate::diagnostic::Sources;
use crate::model::{FieldId, Schema};
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::{Entry, Scalar};
use std::sync::Arc;

/// A field whose value follows from an expression.
#[derive(Debug)]
pub struct Computed {
    /// The field.
    pub field: FieldId,
    /// What gives its value.
    pub is: Expression,
}

/// Everything that may ask for one another, as written.
pub(in crate::rulebook) struct Definitions<'a> {
    /// The segments.
    pub segments: segments::Drafts<'a>,
    /// The classes of users.
    pub lifecycle: lifecycle::Draft<'a>,
    computed: Vec<Draft<'a>>,
}

/// A computed field as written.
struct Draft<'a> {
    name: &'a Scalar,
    field: FieldId,
    text: &'a Scalar,
    ast: Option<Arc<Ast>>,
}

/// Reads segments and `lifecycle`, adds the computed fields and puts all of
/// them in order.
pub(in crate::rulebook) fn read<'a>(
    segments: &[&'a Entry],
    lifecycle: Option<&'a Entry>,
    computed: Vec<(&'a Scalar, FieldId, &'a Scalar)>,
    experiments: &experiments::Drafts<'a>,
    sources: &Sources,
    reader: &mut Reader,
) -> Definitions<'a> {
    let mut segments = segments::read(segments, sources, reader);
    let lifecycle = lifecycle::read(lifecycle, sources, reader);
    let draft = |(name, field, text)| Draft { name, field, text, ast: conditions::parse(text, sources, reader) };
    let computed: Vec<Draft<'_>> = computed.into_iter().map(draft).collect();
    let mut items = segments.items();
    let count = items.len();
    items.extend(computed.iter().map(|draft| Item {
        defines: Defines::Field,
        name: draft.name,
        formulas: draft.ast.as_deref().map(|ast| (draft.text, ast)).into_iter().collect(),
    }));
    if let Some(name) = lifecycle.key {
        items.push(Item { defines: Defines::Field, name, formulas: lifecycle.formulas().collect() });
    }
    items.extend(experiments.items());
    let mut order = order::order(&items, sources, reader);
    order.retain(|index| *index < count);
    segments.ordered(order);
    Definitions { segments, lifecycle, computed }
}

impl Definitions<'_> {
    /// The computed fields, checked.
    pub fn computed(
        &self,
        schema: &Schema,
        names: &Names<'_>,
        sources: &Sources,
        reader: &mut Reader,
    ) -> Vec<Computed> {
        let fitted = |draft: &Draft<'_>| {
            let ty = &schema.field(draft.field).ty;
            let is = conditions::check_value(draft.ast.as_ref()?, draft.text, Some(ty), names, sources, reader)?;
            Some(Computed { field: draft.field, is })
        };
        self.computed.iter().filter_map(fitted).collect()
    }
}
