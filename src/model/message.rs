//! A message ready to be sent: what a template renders to, and what the
//! outbox hands to Telegram. It knows no template and no rule.
//!
//! Replies that wait are stored as they are here; see [`Media`] for what that
//! asks of changes.

use serde::{Deserialize, Serialize};

/// How Telegram is to read the text's markup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// No markup.
    #[default]
    Plain,
    /// Telegram's subset of HTML.
    Html,
    /// Telegram's `MarkdownV2`.
    MarkdownV2,
}

/// What pressing a button does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ButtonAction {
    /// Opens an address.
    Url(String),
    /// Sends its data back to the bot: 1 to 64 bytes.
    Press(String),
}

/// One button of an inline keyboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// The label.
    pub text: String,
    /// What it does.
    pub action: ButtonAction,
}

/// What kind of file Telegram takes it for. An id of one kind is no id of
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture, which Telegram shrinks.
    Photo,
    /// A film.
    Video,
    /// Any file, as it is.
    Document,
    /// A film without sound. Nobody asks for one: it is what Telegram may make
    /// of a video.
    Animation,
}

/// Where a file comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// An address that Telegram downloads from.
    Url(String),
    /// What Telegram calls a file that it has: its `file_id`.
    Id(String),
    /// A file of the project, by its path inside it.
    File(String),
}

/// One file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaItem {
    /// What it is.
    pub kind: MediaKind,
    /// Where it comes from.
    pub source: MediaSource,
}

/// What a message carries besides its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub enum Media {
    /// Nothing.
    #[default]
    None,
    /// One file; the text is its caption.
    One(MediaItem),
    /// 2 to 10 photos and videos, or as many documents; the text is the caption
    /// of the first, and there can be no buttons.
    Album(Vec<MediaItem>),
    /// An invoice, which has no other text.
    Invoice(Box<Invoice>),
}

/// What a user is asked to pay for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Its heading.
    pub title: String,
    /// What it says.
    pub description: String,
    /// What comes back with the payment; the user does not see it.
    pub payload: String,
    /// `RUB`, or `XTR` for Stars.
    pub currency: String,
    /// Smallest units.
    pub amount: i64,
    /// The address of a picture.
    pub photo: Option<String>,
}

/// [`Media`] as it is stored. The first two forms are those of messages that
/// knew photos alone (an optional text), so that older records still mean what
/// they did; new ones go to the end.
#[derive(Clone, Serialize, Deserialize)]
enum Stored {
    Nothing,
    Photo(String),
    One(MediaItem),
    Album(Vec<MediaItem>),
    Invoice(Box<Invoice>),
}

/// One message to one chat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The text, or the caption if there is media.
    pub text: String,
    /// The markup of the text.
    pub format: Format,
    /// Rows of inline buttons.
    pub buttons: Vec<Vec<Button>>,
    /// Photos, videos or documents.
    pub media: Media,
    /// Whether links show a preview.
    pub preview: bool,
    /// Delivered without a sound.
    pub silent: bool,
    /// Cannot be forwarded or saved.
    pub protected: bool,
}

impl MediaSource {
    /// What a written source means: an address begins with `http://` or
    /// `https://`, the path of a file has a dot, and a `file_id` is 20
    /// characters or more of those that Telegram uses.
    pub fn parse(text: &str) -> Option<Self> {
        let is_address = |text: &str| ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
        let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        match text {
            _ if is_address(&text.to_ascii_lowercase()) => Some(Self::Url(text.to_owned())),
            _ if text.contains("://") => None,
            _ if text.contains('.') => Some(Self::File(text.to_owned())),
            _ if text.len() >= 20 && text.chars().all(is_id) => Some(Self::Id(text.to_owned())),
            _ => None,
        }
    }

    /// The source as it was written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Url(text) | Self::Id(text) | Self::File(text) => text,
        }
    }
}

impl Media {
    /// One photo.
    pub fn photo(source: MediaSource) -> Self {
        Self::One(MediaItem { kind: MediaKind::Photo, source })
    }

    /// The files, in order.
    pub fn items(&self) -> &[MediaItem] {
        match self {
            Self::None | Self::Invoice(_) => &[],
            Self::One(item) => std::slice::from_ref(item),
            Self::Album(items) => items,
        }
    }

    /// The same with other files, one for each.
    #[must_use]
    pub fn with(&self, item: impl FnMut(usize, &MediaItem) -> MediaItem) -> Self {
        let mut item = item;
        match self {
            Self::None => Self::None,
            Self::Invoice(invoice) => Self::Invoice(invoice.clone()),
            Self::One(one) => Self::One(item(0, one)),
            Self::Album(items) => Self::Album(items.iter().enumerate().map(|(i, one)| item(i, one)).collect()),
        }
    }

    /// Whether there is nothing.
    pub fn is_none(&self) -> bool {
        self == &Self::None
    }
}

impl From<Stored> for Media {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Nothing => Self::None,
            Stored::Photo(text) => {
                let source = MediaSource::parse(&text).filter(|source| matches!(source, MediaSource::Url(_)));
                Self::photo(source.unwrap_or(MediaSource::Id(text)))
            }
            Stored::One(item) => Self::One(item),
            Stored::Album(items) => Self::Album(items),
            Stored::Invoice(invoice) => Self::Invoice(invoice),
        }
    }
}

impl From<Media> for Stored {
    fn from(media: Media) -> Self {
        match media {
            Media::None => Self::Nothing,
            Media::One(item) => Self::One(item),
            Media::Album(items) => Self::Album(items),
            Media::Invoice(invoice) => Self::Invoice(invoice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message as it was stored when it knew photos alone.
    #[derive(Serialize)]
    struct Old {
        text: String,
        format: Format,
        buttons: Vec<Vec<Button>>,
        photo: Option<String>,
        preview: bool,
        silent: bool,
        protected: bool,
    }

    #[test]
    fn messages_that_were_stored_before_mean_what_they_did() {
        let id = "AgACAgIAAxkBAAIBcGUPZ0";
        for (photo, media) in [
            (None, Media::None),
            (Some("https://e.ru/a.jpg"), Media::photo(MediaSource::Url("https://e.ru/a.jpg".into()))),
            (Some(id), Media::photo(MediaSource::Id(id.into()))),
        ] {
            let old = |text: &str| Old {
                text: text.into(),
                format: Format::Html,
                buttons: Vec::new(),
                photo: photo.map(str::to_owned),
                preview: true,
                silent: false,
                protected: true,
            };
            let new = |text: &str| Message {
                text: text.into(),
                format: Format::Html,
                media: media.clone(),
                preview: true,
                protected: true,
                ..Message::default()
            };
            let bytes = postcard::to_allocvec(&vec![old("a"), old("b")]).unwrap();
            let expected = vec![new("a"), new("b")];
            assert_eq!(postcard::from_bytes::<Vec<Message>>(&bytes).unwrap(), expected, "{photo:?}");
            let again = postcard::to_allocvec(&expected).unwrap();
            assert_eq!(postcard::from_bytes::<Vec<Message>>(&again).unwrap(), expected);
        }
    }

    #[test]
    fn sources_are_told_apart() {
        let url = |text: &str| Some(MediaSource::Url(text.into()));
        let file = |text: &str| Some(MediaSource::File(text.into()));
        for (text, expected) in [
            ("https://e.ru/a", url("https://e.ru/a")),
            ("HTTP://e.ru/a.jpg", url("HTTP://e.ru/a.jpg")),
            ("offer.jpg", file("offer.jpg")),
            ("media/весна 2026.mp4", file("media/весна 2026.mp4")),
            ("../a.jpg", file("../a.jpg")),
            ("AgACAgIAAxkBAAIBcGUPZ0", Some(MediaSource::Id("AgACAgIAAxkBAAIBcGUPZ0".into()))),
            ("ftp://e.ru/a.jpg", None),
            ("offer", None),
            ("%3C%26_%2A%5B%22%F0%9F%A6%8A%D0%96", None),
            ("", None),
        ] {
            assert_eq!(MediaSource::parse(text), expected, "{text}");
        }
    }
}
