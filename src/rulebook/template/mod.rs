//! Message templates: compiled once with the rulebook, rendered per user.
//!
//! A template is a file `templates/NAME[.LANGUAGE].html` (`.md`, `.txt`) with
//! settings in front and a body in the minijinja language. Only this folder
//! knows minijinja. Rendering reads a profile and nothing else: no clock, no
//! file, no other template.

mod asks;
mod check;
mod compile;
mod escape;
mod filters;
mod front;
mod markup;
mod media;
mod say;
mod scan;
mod tried;
mod values;
mod vars;

pub(super) use compile::{Project, compile, name_of, names};
pub(super) use front::SHAPE as FRONT;
pub use markup::visible_text;
pub(super) use vars::{Sent, remarks};

use super::assets::Asset;
use crate::model::{
    Button, ButtonAction, ExperimentId, Format, Lang, Media, MediaItem, MediaKind, MediaSource, Message, Profile,
    Schema, SegmentId, Text, Value, builtin,
};
use asks::Asks;
use jiff::tz::TimeZone;
use minijinja::Environment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use values::Scope;

/// All templates of a rulebook.
#[derive(Debug)]
pub struct Templates {
    env: Environment<'static>,
    by_name: BTreeMap<String, Vec<Variant>>,
    /// Those that make two messages.
    two_parts: BTreeSet<String>,
    /// The files of the project that they name, as they were found.
    assets: BTreeMap<String, Asset>,
    schema: Arc<Schema>,
    zone: TimeZone,
    language: Lang,
    /// The bot's user name, which is in no file: Telegram tells it.
    bot: OnceLock<String>,
}

/// What stands for the bot's user name until it is known; none is longer.
const BOT: &str = "your_bot_with_a_name_of_32_chars";

/// What a message is rendered for.
pub struct RenderContext<'a> {
    /// The user's values, laid out by the rulebook's schema.
    pub profile: &'a Profile,
    /// Whether the user is in a segment.
    pub in_segment: &'a dyn Fn(SegmentId) -> bool,
    /// The user's variant of an experiment; nothing outside it.
    pub variant: &'a dyn Fn(ExperimentId) -> Option<Arc<str>>,
    /// What whoever sends it tells the template, as `vars.NAME`.
    pub vars: &'a [(String, Value)],
}

/// What of a template's message is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// All of it as one message.
    Whole,
    /// The media alone, which comes first.
    Media,
    /// The text with the buttons, which comes second.
    Text,
}

impl Portion {
    /// Part number `part`, from 0, of a message that goes out in so many.
    pub fn of(part: u8, parts: u8) -> Self {
        match (parts, part) {
            (0 | 1, _) => Self::Whole,
            (_, 0) => Self::Media,
            (_, _) => Self::Text,
        }
    }
}

/// How many UTF-16 units of visible text go with this.
pub fn text_limit(media: &Media) -> usize {
    if media.is_none() { TEXT_LIMIT } else { CAPTION_LIMIT }
}

/// Why a message could not be made for one user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// There is no such template.
    #[error("there is no template `{0}`")]
    Unknown(String),
    /// The template failed for this user.
    #[error("template `{template}`, line {line}: {reason}")]
    Failed {
        /// The file.
        template: String,
        /// The line in its part, 0 if not known.
        line: usize,
        /// What went wrong.
        reason: String,
    },
    /// The text came out empty.
    #[error("template `{0}` came out empty")]
    Empty(String),
    /// The text came out longer than Telegram takes.
    #[error("template `{template}` came out {length} characters long, at most {limit} are possible")]
    TooLong {
        /// The file.
        template: String,
        /// UTF-16 units of visible text.
        length: usize,
        /// The most that Telegram takes.
        limit: usize,
    },
    /// What it carries came out as no file, address or `file_id`.
    #[error("template `{template}`: `{source_text}` is no file, address or file_id that can be sent")]
    Media {
        /// The file.
        template: String,
        /// What came out.
        source_text: String,
    },
    /// An album with buttons as one message.
    #[error("template `{0}` is an album with buttons, which Telegram takes only as two messages")]
    AlbumButtons(String),
    /// A button's address or data came out unusable.
    #[error("template `{template}`: the button `{button}` came out unusable: {reason}")]
    Button {
        /// The file.
        template: String,
        /// The button's text.
        button: String,
        /// Why.
        reason: String,
    },
}

/// One template in one language.
#[derive(Debug)]
struct Variant {
    /// The file, for messages.
    path: String,
    /// The language of its file name.
    language: Option<String>,
    format: Format,
    body: Part,
    buttons: Vec<Vec<ButtonPart>>,
    media: Attachment,
    preview: bool,
    silent: bool,
    protected: bool,
    transactional: bool,
    /// The segments and experiments it asks for.
    asks: Asks,
}

#[derive(Debug)]
enum Attachment {
    None,
    One(MediaPart),
    Album(Vec<MediaPart>),
}

#[derive(Debug)]
struct MediaPart {
    kind: MediaKind,
    source: Part,
}

#[derive(Debug)]
struct ButtonPart {
    text: Part,
    action: ActionPart,
}

#[derive(Debug)]
enum ActionPart {
    Url(Part),
    Press(Part),
}

impl Attachment {
    fn parts(&self) -> &[MediaPart] {
        match self {
            Self::None => &[],
            Self::One(part) => std::slice::from_ref(part),
            Self::Album(parts) => parts,
        }
    }
}

/// A text that is fixed, or is rendered for each user.
#[derive(Debug)]
enum Part {
    Fixed(String),
    /// The name of a template of the environment.
    Rendered(String),
    /// Not understood; the rulebook that has it is refused.
    Broken,
}

/// Longest text of a message, in UTF-16 units of visible text.
const TEXT_LIMIT: usize = 4096;
/// Longest text beside media.
const CAPTION_LIMIT: usize = 1024;
/// Longest data of a button, in bytes.
const PRESS_LIMIT: usize = 64;

impl Templates {
    /// Whether there is a template called `name`, in any language.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The names of all templates, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Whether messages of this template reach users who opted out.
    pub fn transactional(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(|variants| variants.iter().any(|variant| variant.transactional))
    }

    /// Says what the bot is called; the first who knows is believed.
    pub fn name_bot(&self, username: &str) {
        let _ = self.bot.set(username.to_owned());
    }

    /// Whether a template needs the bot's name, which is not known yet.
    pub fn waits_for_bot(&self, name: &str) -> bool {
        self.bot.get().is_none()
            && self.by_name.get(name).is_some_and(|variants| variants.iter().any(|variant| variant.asks.bot))
    }

    /// The segments that templates ask for.
    pub fn segments(&self) -> impl Iterator<Item = SegmentId> {
        self.by_name.values().flatten().flat_map(|variant| variant.asks.segments.iter().map(|(_, id)| *id))
    }

    /// The experiments whose variants templates ask for.
    pub fn all_experiments(&self) -> impl Iterator<Item = ExperimentId> {
        self.by_name.values().flatten().flat_map(|variant| variant.asks.experiments.iter().map(|(_, id)| *id))
    }

    /// The experiments whose variants a template asks for, in any language.
    pub fn experiments(&self, name: &str) -> impl Iterator<Item = ExperimentId> {
        let variants = self.by_name.get(name).into_iter().flatten();
        let asked: BTreeSet<ExperimentId> =
            variants.flat_map(|variant| variant.asks.experiments.iter().map(|(_, id)| *id)).collect();
        asked.into_iter()
    }

    /// How many messages a template makes.
    pub fn parts(&self, name: &str) -> u8 {
        if self.two_parts.contains(name) { 2 } else { 1 }
    }

    /// The files of the project that templates name, as they were found.
    pub(super) fn assets(&self) -> impl Iterator<Item = (&str, Asset)> {
        self.assets.iter().map(|(path, asset)| (path.as_str(), *asset))
    }

    /// The message of a template for one user, in the user's language if there
    /// is one, else in the nearest.
    pub fn render(&self, name: &str, context: &RenderContext<'_>) -> Result<Message, RenderError> {
        self.render_part(name, Portion::Whole, context)
    }

    /// The same for a part of it. Rows that are queued say which they are, so
    /// that an edit of the template that makes one message of two, or two of
    /// one, neither loses nor repeats anything.
    pub fn render_part(
        &self,
        name: &str,
        portion: Portion,
        context: &RenderContext<'_>,
    ) -> Result<Message, RenderError> {
        let variant = self.variant(name, context.profile).ok_or_else(|| RenderError::Unknown(name.to_owned()))?;
        let scope = Scope::new(self, variant, context);
        let message = self.message(variant, portion, &scope)?;
        fits(variant, &message)?;
        Ok(message)
    }

    /// The file from which a user gets a template.
    pub fn file(&self, name: &str, profile: &Profile) -> Option<&str> {
        self.variant(name, profile).map(|variant| variant.path.as_str())
    }

    fn variant(&self, name: &str, profile: &Profile) -> Option<&Variant> {
        choose(self.by_name.get(name)?, profile.text(builtin::LANGUAGE), self.language)
    }

    fn message(&self, variant: &Variant, portion: Portion, scope: &Scope) -> Result<Message, RenderError> {
        let mut message = Message {
            format: variant.format,
            preview: variant.preview,
            silent: variant.silent,
            protected: variant.protected,
            ..Message::default()
        };
        if matches!(portion, Portion::Whole | Portion::Text) {
            let text = self.part(&variant.body, variant, scope)?;
            message.text = escape::finish(&text, variant.format).trim().to_owned();
            let rows = variant.buttons.iter();
            message.buttons = rows.map(|row| self.row(row, variant, scope)).collect::<Result<_, _>>()?;
        }
        if matches!(portion, Portion::Whole | Portion::Media) {
            message.media = self.media(variant, scope)?;
        }
        Ok(message)
    }

    fn media(&self, variant: &Variant, scope: &Scope) -> Result<Media, RenderError> {
        let item = |part: &MediaPart| {
            let text = self.part(&part.source, variant, scope)?.trim().to_owned();
            match MediaSource::parse(&text) {
                Some(source) => Ok(MediaItem { kind: part.kind, source }),
                None => Err(RenderError::Media { template: variant.path.clone(), source_text: text }),
            }
        };
        Ok(match &variant.media {
            Attachment::None => Media::None,
            Attachment::One(part) => Media::One(item(part)?),
            Attachment::Album(parts) => Media::Album(parts.iter().map(item).collect::<Result<_, _>>()?),
        })
    }

    fn row(&self, row: &[ButtonPart], variant: &Variant, scope: &Scope) -> Result<Vec<Button>, RenderError> {
        let button = |button: &ButtonPart| {
            let text = self.part(&button.text, variant, scope)?.trim().to_owned();
            let action = match &button.action {
                ActionPart::Url(url) => ButtonAction::Url(self.part(url, variant, scope)?),
                ActionPart::Press(data) => ButtonAction::Press(self.part(data, variant, scope)?),
            };
            Ok(Button { text, action })
        };
        row.iter().map(button).collect()
    }

    fn part(&self, part: &Part, variant: &Variant, scope: &Scope) -> Result<String, RenderError> {
        match part {
            Part::Fixed(text) => Ok(text.clone()),
            Part::Broken => Err(RenderError::Unknown(variant.path.clone())),
            Part::Rendered(name) => {
                self.env.get_template(name).and_then(|template| template.render(scope.value())).map_err(|error| {
                    let reason = error
                        .detail()
                        .map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
                    RenderError::Failed { template: variant.path.clone(), line: error.line().unwrap_or(0), reason }
                })
            }
        }
    }
}

impl RenderError {
    /// The error in both languages.
    pub fn text(&self) -> Text {
        let ru = match self {
            Self::Unknown(name) => format!("шаблона `{name}` нет"),
            Self::Failed { template, line, reason } => format!("шаблон `{template}`, строка {line}: {reason}"),
            Self::Empty(template) => format!("текст шаблона `{template}` оказался пустым"),
            Self::TooLong { template, length, limit } => {
                format!("в тексте шаблона `{template}` оказалось {length} знаков, можно не больше {limit}")
            }
            Self::Media { template, source_text } => format!(
                "шаблон `{template}`: `{source_text}` — не файл, не адрес и не file_id, которые можно отправить"
            ),
            Self::AlbumButtons(template) => {
                format!("шаблон `{template}` — альбом с кнопками, а Telegram принимает его только двумя сообщениями")
            }
            Self::Button { template, button, reason } => {
                format!("шаблон `{template}`: кнопка `{button}` непригодна: {reason}")
            }
        };
        Text::new(self.to_string(), ru)
    }
}

/// The variant for a user: the user's language, that language without its
/// region, the template without a language, the project's language, any.
fn choose<'a>(variants: &'a [Variant], language: Option<&str>, project: Lang) -> Option<&'a Variant> {
    let project = match project {
        Lang::En => "en",
        Lang::Ru => "ru",
    };
    let with =
        |wanted: &str| variants.iter().find(|v| v.language.as_deref().is_some_and(|l| l.eq_ignore_ascii_case(wanted)));
    language
        .and_then(|language| with(language).or_else(|| with(language.split(['-', '_']).next().unwrap_or(language))))
        .or_else(|| variants.iter().find(|variant| variant.language.is_none()))
        .or_else(|| with(project))
        .or_else(|| variants.first())
}

/// Telegram's bounds; what breaks one would fail there for this user.
fn fits(variant: &Variant, message: &Message) -> Result<(), RenderError> {
    let template = || variant.path.clone();
    let limit = text_limit(&message.media);
    if message.text.is_empty() && message.media.is_none() {
        return Err(RenderError::Empty(template()));
    }
    if matches!(message.media, Media::Album(_)) && !message.buttons.is_empty() {
        return Err(RenderError::AlbumButtons(template()));
    }
    // Markup only makes the text longer, so a short one needs no parsing.
    if message.text.len() > limit {
        let length = match visible_text(&message.text, message.format) {
            Ok(text) => text.encode_utf16().count(),
            Err(_) => message.text.encode_utf16().count(),
        };
        if length > limit {
            return Err(RenderError::TooLong { template: template(), length, limit });
        }
    }
    for button in message.buttons.iter().flatten() {
        if let Some(reason) = button_trouble(button) {
            return Err(RenderError::Button {
                template: template(),
                button: button.text.clone(),
                reason: reason.to_owned(),
            });
        }
    }
    Ok(())
}

fn button_trouble(button: &Button) -> Option<&'static str> {
    if button.text.is_empty() {
        return Some("its text is empty");
    }
    match &button.action {
        ButtonAction::Url(url) if !escape::is_allowed_url(url) => Some("its address is not http(s), tg or mailto"),
        ButtonAction::Press(data) if data.is_empty() || data.len() > PRESS_LIMIT => {
            Some("its data has not 1 to 64 bytes")
        }
        ButtonAction::Url(_) | ButtonAction::Press(_) => None,
    }
}
