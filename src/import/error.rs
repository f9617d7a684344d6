//! What keeps an import from being done at all; a bad row is not among it.

use crate::model::Text;
use crate::store::StoreError;
use std::path::PathBuf;

/// Why an import cannot begin or go on. [`Self::text`] says it in both
/// languages, with the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub enum ImportError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Neither the name nor the content tells what the file is.
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// SQLite does not take the file for a database, or cannot read on.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// The database has no such table.
    NoTable {
        /// The table asked for.
        table: String,
        /// The one that was probably meant.
        nearest: Option<String>,
        /// All tables.
        known: Vec<String>,
    },
    /// A table was named for a file that has none.
    NoTables {
        /// The table asked for.
        table: String,
        /// The file.
        path: PathBuf,
    },
    /// The database has several tables and none was named.
    WhichTable {
        /// All tables.
        known: Vec<String>,
    },
    /// The file has no first line to name the columns.
    NoHeader {
        /// The file.
        path: PathBuf,
    },
    /// A column is named twice in the header.
    ColumnTwice {
        /// The column.
        column: String,
    },
    /// No column holds the ids.
    NoIdColumn {
        /// A column that looks like it.
        candidate: Option<String>,
        /// All columns.
        columns: Vec<String>,
    },
    /// A mapping names a field that is not declared.
    UnknownField {
        /// The field.
        field: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// A mapping names a column that the file does not have.
    UnknownColumn {
        /// The column.
        column: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// Two columns go to one field.
    FieldTwice {
        /// The field.
        field: String,
    },
    /// The field follows from other things and cannot be imported.
    Computed {
        /// The field.
        field: String,
    },
    /// A mapping without its `=`.
    BadMap {
        /// What was written.
        text: String,
    },
    /// A row beyond any sense, as when a quote is never closed.
    RowTooLong {
        /// The file.
        path: PathBuf,
        /// Where the row begins.
        line: u64,
    },
    /// The objects of a file have too many different keys.
    TooManyColumns {
        /// The file.
        path: PathBuf,
        /// Where it became too many.
        line: u64,
    },
    /// The file of rejected rows cannot be written.
    Rejects {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The rejected rows would overwrite what is imported.
    RejectsOverSource {
        /// The file.
        path: PathBuf,
    },
    /// The store failed.
    Store(#[from] StoreError),
}

impl ImportError {
    /// The error in words, with advice.
    pub fn text(&self) -> Text {
        match self {
            Self::Unreadable { path, reason } => {
                let path = path.display();
                Text::new(format!("cannot read {path}: {reason}"), format!("не удаётся прочитать {path}: {reason}"))
            }
            Self::UnknownKind { path } => Text::new(
                format!(
                    "cannot tell what {} is: name it .csv, .ndjson or .db, or say which with `--kind`",
                    path.display()
                ),
                format!(
                    "непонятно, что такое {}: назовите файл .csv, .ndjson или .db либо укажите вид через `--kind`",
                    path.display()
                ),
            ),
            Self::Sqlite { path, reason } => Text::new(
                format!("cannot read {} as a SQLite database: {reason}", path.display()),
                format!("не удаётся прочитать {} как базу SQLite: {reason}", path.display()),
            ),
            Self::NoTable { table, nearest, known } => {
                let (en, ru) = advice(nearest.as_ref(), known);
                Text::new(format!("there is no table `{table}`{en}"), format!("таблицы `{table}` нет{ru}"))
            }
            Self::NoTables { table, path } => Text::new(
                format!("{} has no tables: leave out `--table {table}`", path.display()),
                format!("в {} нет таблиц: уберите `--table {table}`", path.display()),
            ),
            Self::WhichTable { known } => {
                let (en, ru) = advice(None, known);
                Text::new(
                    format!("name the table to import with `--table`{en}"),
                    format!("укажите таблицу через `--table`{ru}"),
                )
            }
            Self::NoHeader { path } => Text::new(
                format!("{} is empty: the first line must name the columns", path.display()),
                format!("{} пуст: в первой строке должны быть названия столбцов", path.display()),
            ),
            Self::ColumnTwice { column } => Text::new(
                format!("the header names the column `{column}` twice"),
                format!("в заголовке столбец `{column}` назван дважды"),
            ),
            Self::NoIdColumn { candidate: Some(column), .. } => Text::new(
                format!("no column holds the users' ids: if it is `{column}`, add `--map {column}=id`"),
                format!("ни в одном столбце нет id пользователей: если это `{column}`, добавьте `--map {column}=id`"),
            ),
            Self::NoIdColumn { candidate: None, columns } => {
                let (en, ru) = advice(None, columns);
                Text::new(
                    format!("no column holds the users' ids: add `--map COLUMN=id`{en}"),
                    format!("ни в одном столбце нет id пользователей: добавьте `--map СТОЛБЕЦ=id`{ru}"),
                )
            }
            Self::UnknownField { field, nearest } => {
                let (en, ru) = advice(nearest.as_ref(), &[]);
                Text::new(
                    format!("no field `{field}` is declared in `profile`{en}"),
                    format!("поле `{field}` не объявлено в `profile`{ru}"),
                )
            }
            Self::UnknownColumn { column, nearest } => {
                let (en, ru) = advice(nearest.as_ref(), &[]);
                Text::new(format!("there is no column `{column}`{en}"), format!("столбца `{column}` нет{ru}"))
            }
            Self::FieldTwice { field } => Text::new(
                format!("two columns go to the field `{field}`: map only one of them"),
                format!("в поле `{field}` ведут два столбца: оставьте один"),
            ),
            Self::Computed { field } => Text::new(
                format!("the field `{field}` is computed and cannot be imported"),
                format!("поле `{field}` вычисляется, импортировать его нельзя"),
            ),
            Self::BadMap { text } => Text::new(
                format!("`{text}` is not a mapping: write `--map column=field`"),
                format!("`{text}` не соответствие: пишите `--map столбец=поле`"),
            ),
            Self::RowTooLong { path, line } => Text::new(
                format!("{}:{line}: the row does not end: is there a quote that is never closed?", path.display()),
                format!("{}:{line}: строка не кончается: нет ли незакрытой кавычки?", path.display()),
            ),
            Self::TooManyColumns { path, line } => Text::new(
                format!("{}:{line}: more than 1,000 different keys: are the ids used as keys?", path.display()),
                format!("{}:{line}: больше 1000 разных ключей: не стоят ли id на месте ключей?", path.display()),
            ),
            Self::Rejects { path, reason } => Text::new(
                format!("cannot write the rejected rows to {}: {reason}", path.display()),
                format!("не удаётся записать отвергнутые строки в {}: {reason}", path.display()),
            ),
            Self::RejectsOverSource { path } => Text::new(
                format!("{} is the file to import: name another one with `--rejected`", path.display()),
                format!("{} — сам импортируемый файл: укажите другой через `--rejected`", path.display()),
            ),
            Self::Store(error) => error.text(),
        }
    }
}

/// "Did you mean", or the list to choose from.
fn advice(nearest: Option<&String>, known: &[String]) -> (String, String) {
    match nearest {
        Some(name) => (format!("; did you mean `{name}`?"), format!("; может быть, `{name}`?")),
        None if known.is_empty() => (String::new(), String::new()),
        None => (format!("; there are: {}", known.join(", ")), format!("; есть: {}", known.join(", "))),
    }
}
