//! What an import did, and why it left rows out.

use crate::model::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What an import did: `read = stored + duplicates + rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Rows read.
    pub read: u64,
    /// Users whose profile is now as their last row says.
    pub stored: u64,
    /// Good rows that a later row of the same id overrode.
    pub duplicates: u64,
    /// Rows left out.
    pub rejected: u64,
    /// Rejected rows by reason.
    #[serde(with = "pairs")]
    pub reasons: BTreeMap<Reason, u64>,
    /// Values outside their enum, by column: left missing, the row was taken.
    pub outside: BTreeMap<Arc<str>, Outside>,
    /// Columns and the fields they went to.
    pub mapped: Vec<(Arc<str>, Arc<str>)>,
    /// Columns that went nowhere.
    pub unmapped: Vec<Arc<str>>,
    /// Where the rejected rows are, if there are any.
    pub rejected_file: Option<PathBuf>,
}

/// What an import of events did: `read = stored + duplicates + rejected`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsReport {
    /// Lines read.
    pub read: u64,
    /// Events that are recorded now and were not before.
    pub stored: u64,
    /// Events that were recorded before, by their user and id.
    pub duplicates: u64,
    /// Lines left out.
    pub rejected: u64,
    /// Rejected lines by reason.
    #[serde(with = "pairs")]
    pub reasons: BTreeMap<Reason, u64>,
    /// Where the rejected lines are, if there are any.
    pub rejected_file: Option<PathBuf>,
}

/// Values of one column that its enum does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// How many.
    pub count: u64,
    /// The first few different ones.
    pub examples: Vec<Arc<str>>,
}

/// Why a row was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The id is missing.
    NoId,
    /// More or fewer cells than the header has.
    Cells,
    /// The line is not a JSON object.
    NotJson,
    /// The event has no user.
    NoUser,
    /// The event has no id.
    NoEventId,
    /// The event has no name.
    NoName,
    /// The event has no time.
    NoTime,
    /// The event lies in the future.
    Ahead,
    /// Nobody has declared the event.
    UnknownEvent {
        /// Its name.
        name: Arc<str>,
        /// The one that was probably meant.
        nearest: Option<Arc<str>>,
    },
    /// The event does not have the property.
    UnknownProperty {
        /// The event.
        event: Arc<str>,
        /// The property.
        name: Arc<str>,
        /// The one that was probably meant.
        nearest: Option<Arc<str>>,
    },
    /// An event has no such key.
    UnknownKey {
        /// The key.
        key: Arc<str>,
    },
    /// Nobody has this id.
    UnknownUser,
    /// The event is older than what is kept.
    Forgotten,
    /// A value is not what its field takes.
    Value {
        /// The column.
        column: Arc<str>,
        /// What is wrong with it.
        fault: Fault,
    },
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Neither 0, 1, true nor false.
    Bool,
    /// Not a whole number.
    Int,
    /// Not positive, as every user's id is.
    NotAnId,
    /// Not a number.
    Number,
    /// NaN or infinite.
    NotFinite,
    /// Not an amount with at most two decimals.
    Money,
    /// Neither a timestamp nor an ISO date.
    Time,
    /// Not an object.
    Object,
    /// Longer than anything sensible.
    TooLong,
    /// Not among the values of its enum.
    NotInEnum,
    /// Neither a text nor something with a plain text form.
    Text,
    /// Not a list of texts.
    List,
    /// Beyond what the type holds.
    TooLarge,
    /// Bytes that are not UTF-8.
    NotUtf8,
}

impl Outside {
    const EXAMPLES: usize = 5;

    pub(super) fn note(&mut self, value: &Arc<str>) {
        self.count += 1;
        if self.examples.len() < Self::EXAMPLES && !self.examples.contains(value) {
            self.examples.push(value.clone());
        }
    }
}

impl Reason {
    /// The reason in words.
    pub fn text(&self) -> Text {
        match self {
            Self::NoId => Text::new("the row has no id", "в строке нет id"),
            Self::Cells => {
                Text::new("the row and the header differ in length", "в строке не столько ячеек, сколько в заголовке")
            }
            Self::NoUser => Text::new("the event has no `user`", "у события нет `user`"),
            Self::NoEventId => Text::new("the event has no `id`", "у события нет `id`"),
            Self::NoName => Text::new("the event has no `name`", "у события нет `name`"),
            Self::NoTime => Text::new("the event has no time `at`", "у события нет времени `at`"),
            Self::Ahead => Text::new(
                "the event is more than 5 minutes ahead of the clock",
                "событие опережает часы больше чем на 5 минут",
            ),
            Self::UnknownEvent { name, nearest } => perhaps(
                Text::new(format!("event `{name}` is not declared"), format!("событие `{name}` не объявлено")),
                nearest.as_deref(),
            ),
            Self::UnknownProperty { event, name, nearest } => perhaps(
                Text::new(
                    format!("event `{event}` has no property `{name}`"),
                    format!("у события `{event}` нет свойства `{name}`"),
                ),
                nearest.as_deref(),
            ),
            Self::UnknownKey { key } => Text::new(
                format!("an event has no key `{key}`; its keys are id, user, name, at, props"),
                format!("у события нет ключа `{key}`; его ключи: id, user, name, at, props"),
            ),
            Self::Forgotten => {
                Text::new("the event is older than what `cleanup` keeps", "событие старше того, что хранит `cleanup`")
            }
            Self::UnknownUser => Text::new(
                "nobody is known with this `user`: import the users first",
                "пользователя с таким `user` нет: сначала загрузите людей",
            ),
            Self::NotJson => Text::new("the line is not a JSON object", "строка не является объектом JSON"),
            Self::Value { column, fault } => {
                let fault = fault.text();
                Text::new(format!("`{column}` {}", fault.en), format!("`{column}` {}", fault.ru))
            }
        }
    }
}

impl Fault {
    fn text(self) -> Text {
        let (en, ru) = match self {
            Self::Bool => ("is none of 0, 1, true, false", "не 0, 1, true или false"),
            Self::Int => ("is not a whole number", "не целое число"),
            Self::NotAnId => ("is not a user's id: ids are positive", "не id пользователя: они положительны"),
            Self::Number => ("is not a number", "не число"),
            Self::NotFinite => ("is not a finite number", "не конечное число"),
            Self::Money => ("is not an amount with at most two decimals", "не сумма (до двух знаков после запятой)"),
            Self::Time => ("is neither a timestamp nor an ISO date", "не метка времени и не дата ISO"),
            Self::Object => ("is not an object", "не объект"),
            Self::TooLong => ("is too long", "слишком длинно"),
            Self::NotInEnum => ("is not among the declared values", "не из объявленных значений"),
            Self::Text => ("is not a text", "не текст"),
            Self::List => ("is not a list of texts", "не список текстов"),
            Self::TooLarge => ("is too large", "слишком велико"),
            Self::NotUtf8 => ("is not valid UTF-8", "не в кодировке UTF-8"),
        };
        Text::new(en, ru)
    }
}

/// With the name that was probably meant.
fn perhaps(text: Text, nearest: Option<&str>) -> Text {
    match nearest {
        Some(nearest) => Text::new(
            format!("{}; did you mean `{nearest}`?", text.en),
            format!("{}; возможно, вы имели в виду `{nearest}`", text.ru),
        ),
        None => text,
    }
}

/// A map whose keys are not texts goes into JSON as a list of pairs.
mod pairs {
    use super::{BTreeMap, Reason};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(map: &BTreeMap<Reason, u64>, to: S) -> Result<S::Ok, S::Error> {
        map.iter().collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Reason, u64>, D::Error> {
        Vec::deserialize(from).map(|pairs| pairs.into_iter().collect())
    }
}
