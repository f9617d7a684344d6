//! A template as one user would get it: the messages, how long they are and
//! what keeps them from going out. Nothing is sent and no gate is asked that
//! changes anything.

use super::{Engine, EngineError};
use crate::audience::Person;
use crate::condition::Row;
use crate::diagnostic::nearest;
use crate::model::{
    Lang, Media, MediaSource, Message, Profile, Reach, Schema, Text, Time, Type, UserId, Value, builtin,
};
use crate::rulebook::{Asset, Portion, Rulebook, locate, text_limit, visible_text};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PreviewQuery {
    /// The template.
    pub template: String,
    /// For whom.
    pub user: UserId,
}

/// The answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreviewAnswer {
    /// The template, rendered.
    Rendered(Preview),
    /// There is none of this name.
    NoTemplate {
        /// The name that may have been meant.
        nearest: Option<String>,
    },
    /// Nobody has this id.
    NoUser,
}

/// A template as one user gets it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Preview {
    /// Its file, which depends on the user's language.
    pub file: String,
    /// The messages, in order.
    pub messages: Vec<Rendered>,
    /// What would keep the user from getting them.
    pub warnings: Vec<Text>,
}

/// One message of a template.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Rendered {
    /// The message, or why there is none.
    pub message: Result<Message, Text>,
    /// UTF-16 units of its visible text.
    pub length: usize,
    /// How many there may be.
    pub limit: usize,
}

impl Engine {
    /// A template as a user of the store gets it.
    pub fn preview(&self, query: &PreviewQuery) -> Result<PreviewAnswer, EngineError> {
        let audience = self.audience()?;
        let answer = audience.with_row(query.user, |person| {
            let mut answer = of(person.rulebook(), &self.project, &query.template, &person.profile(), person);
            if let PreviewAnswer::Rendered(preview) = &mut answer {
                let transactional = person.rulebook().templates.transactional(&query.template);
                preview.warnings.extend(unreached(person, transactional));
            }
            answer
        });
        Ok(answer.unwrap_or(PreviewAnswer::NoUser))
    }
}

/// A template as a made-up user gets it, with every field set to something
/// plain.
pub fn example(rulebook: &Rulebook, project: &Path, template: &str, now: Time) -> PreviewAnswer {
    let stored = made_up(&rulebook.schema, rulebook.settings.language, now);
    let view = rulebook.view(&stored, now);
    of(rulebook, project, template, &view.whole_profile(), &view)
}

fn of<R: Row>(rulebook: &Rulebook, project: &Path, template: &str, profile: &Profile, row: &R) -> PreviewAnswer {
    let Some(file) = rulebook.templates.file(template, profile) else {
        let nearest = nearest(template, rulebook.templates.names()).map(str::to_owned);
        return PreviewAnswer::NoTemplate { nearest };
    };
    let parts = rulebook.template_parts(template);
    let message = |part| rulebook.render_part(template, Portion::of(part, parts), profile, row, &[]);
    let messages: Vec<Rendered> =
        (0..parts).map(|part| Rendered::new(message(part).map_err(|error| error.text()))).collect();
    let media = messages.iter().filter_map(|rendered| rendered.message.as_ref().ok()).map(|message| &message.media);
    let warnings = media.flat_map(|media| absent_files(media, project)).collect();
    PreviewAnswer::Rendered(Preview { file: file.to_owned(), messages, warnings })
}

impl Rendered {
    fn new(message: Result<Message, Text>) -> Self {
        let (length, limit) = match &message {
            Ok(message) => {
                let visible = visible_text(&message.text, message.format).unwrap_or_else(|_| message.text.clone());
                (visible.encode_utf16().count(), text_limit(&message.media))
            }
            Err(_) => (0, text_limit(&Media::None)),
        };
        Self { message, length, limit }
    }
}

fn absent_files(media: &Media, project: &Path) -> Vec<Text> {
    let file = |source: &MediaSource| match source {
        MediaSource::File(path) => Some(path.clone()),
        MediaSource::Url(_) | MediaSource::Id(_) => None,
    };
    let why = |path: String| match locate(project, &path) {
        Ok(_) => None,
        Err(Asset::Absent) => {
            Some(Text::new(format!("the project has no file `{path}`"), format!("в проекте нет файла `{path}`")))
        }
        Err(Asset::Outside | Asset::NoFile | Asset::File(_)) => {
            Some(Text::new(format!("the file `{path}` cannot be sent"), format!("файл `{path}` нельзя отправить")))
        }
    };
    media.items().iter().filter_map(|item| file(&item.source)).filter_map(why).collect()
}

fn unreached(person: &Person<'_>, transactional: bool) -> Vec<Text> {
    let mut warnings = Vec::new();
    let reach = match person.field(builtin::REACH) {
        Value::String(text) => Reach::parse(text),
        _ => Reach::Reachable,
    };
    if reach != Reach::Reachable {
        let word = reach.as_str();
        warnings.push(Text::new(
            format!("the user cannot be reached (`{word}`) and would get nothing"),
            format!("человеку нельзя написать (`{word}`), он ничего не получит"),
        ));
    }
    if person.field(builtin::OPTED_OUT) == &Value::Bool(true) && !transactional {
        warnings.push(Text::new(
            "the user wants no marketing and gets this only if it is sent as `transactional`",
            "человек отказался от рекламы и получит это, только если отправить как `transactional`",
        ));
    }
    warnings
}

fn made_up(schema: &Schema, language: Lang, now: Time) -> Profile {
    let mut profile = Profile::new(schema, UserId(1));
    let (name, language) = match language {
        Lang::En => ("Anna", "en"),
        Lang::Ru => ("Анна", "ru"),
    };
    for (id, field) in schema.iter().filter(|(id, _)| !matches!(*id, builtin::ID | builtin::BLOCKED)) {
        let value = match (&*field.name, &field.ty) {
            ("first_name", _) => Value::text(name),
            ("username", _) => Value::text("anna"),
            ("language", _) => Value::text(language),
            ("timezone", _) => continue,
            (_, Type::Bool) => Value::Bool(false),
            (_, Type::Int) => Value::Int(3),
            (_, Type::Float) => Value::Float(1.5),
            (_, Type::Money) => Value::Money(99_900),
            (_, Type::String) => Value::text(&*field.name),
            (_, Type::Time) => Value::Time(now),
            (_, Type::Duration) => Value::Missing,
            (_, Type::List) => Value::List([field.name.clone()].into()),
            (_, Type::Enum(values)) => values.values.first().map_or(Value::Missing, |v| Value::String(v.clone())),
        };
        profile.set(schema, id, value);
    }
    profile
}
