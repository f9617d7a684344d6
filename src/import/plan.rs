//! Which column goes to which field, and a row as a patch.

use super::convert::{convert, int};
use super::{Cell, Fault, ImportError, Reason, ZeroTime};
use crate::diagnostic::nearest;
use crate::model::{Patch, Reach, Schema, Type, UserId, Value, builtin};
use std::sync::Arc;

/// Columns that hold ids in other people's tables.
const ID_COLUMNS: [&str; 6] = ["tg_id", "telegram_id", "user_id", "chat_id", "tg_user_id", "uid"];

/// The checked mapping.
#[derive(Debug)]
pub(super) struct Plan {
    id: Target,
    targets: Vec<Target>,
    zero: ZeroTime,
    /// Columns that go nowhere.
    pub unmapped: Vec<Arc<str>>,
    /// The names of all columns.
    pub columns: Vec<Arc<str>>,
}

#[derive(Debug)]
struct Target {
    column: usize,
    field: Arc<str>,
    ty: Type,
}

/// A good row.
pub(super) struct Change {
    pub user: UserId,
    pub patch: Patch,
    /// Columns whose value their enum does not have.
    pub outside: Vec<(Arc<str>, Arc<str>)>,
}

/// Maps the columns: as told, and by name where nothing was told.
pub(super) fn plan(
    columns: &[String],
    map: &[(String, String)],
    schema: &Schema,
    zero: ZeroTime,
) -> Result<Plan, ImportError> {
    let mut fields: Vec<Option<&str>> = vec![None; columns.len()];
    for (column, field) in map {
        let index = find_column(columns, column)?;
        check_field(schema, field)?;
        if fields.iter().flatten().any(|taken| goes_to(taken) == goes_to(field)) {
            return Err(ImportError::FieldTwice { field: field.clone() });
        }
        fields[index] = Some(field);
    }
    for (index, column) in columns.iter().enumerate() {
        let taken = fields.iter().flatten().any(|taken| goes_to(taken) == goes_to(column));
        if fields[index].is_none() && !taken && check_field(schema, column).is_ok() {
            fields[index] = Some(column);
        }
    }
    let target = |(column, field): (usize, &Option<&str>)| {
        let field = (*field)?;
        let id = schema.find(field)?;
        Some(Target { column, field: field.into(), ty: schema.field(id).ty.clone() })
    };
    let (id, targets) = fields.iter().enumerate().filter_map(target).partition(|t| &*t.field == "id");
    let id: Vec<Target> = id;
    let unmapped = columns.iter().zip(&fields).filter(|(_, field)| field.is_none()).map(|(c, _)| c.as_str().into());
    Ok(Plan {
        id: id.into_iter().next().ok_or_else(|| no_id(columns))?,
        targets,
        zero,
        unmapped: unmapped.collect(),
        columns: columns.iter().map(|c| c.as_str().into()).collect(),
    })
}

impl Plan {
    /// Columns and their fields.
    pub(super) fn mapped(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let pair = |t: &Target| (self.columns[t.column].clone(), t.field.clone());
        std::iter::once(&self.id).chain(&self.targets).map(pair).collect()
    }

    /// The change that a row asks for.
    pub(super) fn change(&self, cells: &[Cell]) -> Result<Change, Reason> {
        let user = self.user(cells)?;
        let mut change = Change { user, patch: Patch::new(), outside: Vec::new() };
        for target in &self.targets {
            let column = &self.columns[target.column];
            let cell = cells.get(target.column).cloned().unwrap_or(Cell::Null);
            let mut value = convert(cell, &target.ty, self.zero)
                .map_err(|fault| Reason::Value { column: column.clone(), fault })?;
            if !value.fits(&target.ty) {
                if let Value::String(text) = &value {
                    change.outside.push((column.clone(), text.clone()));
                }
                value = Value::Missing;
            }
            change.patch.sets.push(set(&target.field, value));
        }
        Ok(change)
    }

    fn user(&self, cells: &[Cell]) -> Result<UserId, Reason> {
        let column = || self.columns[self.id.column].clone();
        match cells.get(self.id.column) {
            None | Some(Cell::Null) => Err(Reason::NoId),
            Some(Cell::Text(text)) if text.trim().is_empty() => Err(Reason::NoId),
            Some(cell) => {
                let positive = |id: i64| if id > 0 { Ok(UserId(id)) } else { Err(Fault::NotAnId) };
                int(cell).and_then(positive).map_err(|fault| Reason::Value { column: column(), fault })
            }
        }
    }
}

/// `blocked` is not stored: it says how `reach` is set.
fn set(field: &Arc<str>, value: Value) -> (Arc<str>, Value) {
    match (goes_to(field), value) {
        ("reach", Value::Bool(true)) => ("reach".into(), Value::text(Reach::Blocked.as_str())),
        ("reach", Value::Bool(false)) => ("reach".into(), Value::Missing),
        ("reach", value) => ("reach".into(), value),
        (_, value) => (field.clone(), value),
    }
}

fn goes_to(field: &str) -> &str {
    if field == "blocked" { "reach" } else { field }
}

fn find_column(columns: &[String], name: &str) -> Result<usize, ImportError> {
    columns.iter().position(|column| column == name).ok_or_else(|| ImportError::UnknownColumn {
        column: name.to_owned(),
        nearest: nearest(name, columns.iter().map(String::as_str)).map(str::to_owned),
    })
}

fn check_field(schema: &Schema, name: &str) -> Result<(), ImportError> {
    match schema.find(name) {
        None => Err(ImportError::UnknownField {
            field: name.to_owned(),
            nearest: nearest(name, schema.iter().map(|(_, field)| &*field.name)).map(str::to_owned),
        }),
        // what only the engine sets is imported too, but for what it computes
        Some(id) => {
            let field = schema.field(id);
            let settable = [builtin::ID, builtin::REACH, builtin::BLOCKED].contains(&id) || name == "created_at";
            if field.read_only && !settable {
                return Err(ImportError::Computed { field: name.to_owned() });
            }
            Ok(())
        }
    }
}

fn no_id(columns: &[String]) -> ImportError {
    let candidate = columns.iter().find(|column| ID_COLUMNS.iter().any(|id| column.eq_ignore_ascii_case(id)));
    ImportError::NoIdColumn { candidate: candidate.cloned(), columns: columns.to_vec() }
}
