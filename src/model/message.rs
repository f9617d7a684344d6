//! A message ready to be sent: what a template renders to, and what the
//! outbox hands to Telegram. It knows no template and no rule.

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

/// One message to one chat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The text, or the caption if there is a photo.
    pub text: String,
    /// The markup of the text.
    pub format: Format,
    /// Rows of inline buttons.
    pub buttons: Vec<Vec<Button>>,
    /// A photo by URL or Telegram `file_id`.
    pub photo: Option<String>,
    /// Whether links show a preview.
    pub preview: bool,
    /// Delivered without a sound.
    pub silent: bool,
    /// Cannot be forwarded or saved.
    pub protected: bool,
}
