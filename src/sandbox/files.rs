//! Files: what a request names by upload, address or `file_id`, and the ids
//! that the sandbox gives. No content is kept.
//!
//! An id holds the file's own number, the number of the upload, and a half that
//! only the sandbox can tell, so that ids need no registry and stay valid when
//! it is started again. The same bytes have the same `file_unique_id`, and a
//! new `file_id` with every upload, as on the real server.

use crate::sandbox::answer::Refusal;
use crate::sandbox::ledger;
use crate::sandbox::params::Params;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What kind of file a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// `sendPhoto`.
    Photo,
    /// `sendVideo`.
    Video,
    /// `sendDocument`.
    Document,
}

/// How a request named its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The bytes came with it.
    Upload,
    /// By an address that Telegram would fetch.
    Url,
    /// By the `file_id` of a file that Telegram has.
    Id,
}

/// An attached file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Media {
    pub(crate) kind: MediaKind,
    pub(crate) origin: Origin,
    pub(crate) file_id: String,
    /// Where it came from: a URL, an id, or the name of the uploaded file.
    pub(crate) source: String,
    pub(crate) size: usize,
}

/// All kinds, with the beginning of their ids.
const KINDS: [(MediaKind, &str); 3] =
    [(MediaKind::Photo, "AgACAgIAAxk"), (MediaKind::Video, "BAACAgIAAxk"), (MediaKind::Document, "BQACAgIAAxk")];
/// What a file whose content nobody has seen weighs.
const WEIGHT: usize = 100_000;

impl Media {
    /// The file that a request names: an upload, an address, or a `file_id`;
    /// `files` counts the uploads.
    pub(crate) fn find(
        params: &Params,
        name: &str,
        kind: MediaKind,
        bot: i64,
        files: &mut u64,
    ) -> Result<Self, Refusal> {
        if name.is_empty() {
            return Err(Refusal::bad(format!("there is no {} in the request", kind.key())));
        }
        if let Some(field) = name.strip_prefix("attach://") {
            let upload = params.upload(field).ok_or_else(wrong)?;
            if upload.size == 0 {
                return Err(Refusal::bad("file must be non-empty"));
            }
            *files += 1;
            let file_id = signed(bot, kind, &number(&[&upload.hash.to_le_bytes(), &upload.size.to_le_bytes()], *files));
            return Ok(Self { kind, origin: Origin::Upload, file_id, source: upload.name.clone(), size: upload.size });
        }
        if name.starts_with("http://") || name.starts_with("https://") {
            if !reqwest::Url::parse(name).is_ok_and(|url| url.has_host()) {
                return Err(Refusal::bad("wrong HTTP URL specified"));
            }
            let file_id = signed(bot, kind, &number(&[name.as_bytes()], 0));
            return Ok(Self { kind, origin: Origin::Url, file_id, source: name.to_owned(), size: WEIGHT });
        }
        let given = read(bot, name)?;
        if given != kind {
            let (given, kind) = (given.name(), kind.name());
            return Err(Refusal::bad(format!("can't use file of type {given} as {kind}")));
        }
        Ok(Self { kind, origin: Origin::Id, file_id: name.to_owned(), source: name.to_owned(), size: WEIGHT })
    }

    /// The value of `photo`, `video` or `document`.
    pub(crate) fn to_json(&self) -> Value {
        let whole = self.file_id.strip_suffix("-s").unwrap_or(&self.file_id);
        let unique = format!("AQAD{}", whole.get(PREFIX..PREFIX + 12).unwrap_or_default());
        match self.kind {
            MediaKind::Photo => json!([
                {"file_id": format!("{whole}-s"), "file_unique_id": format!("{unique}s"),
                 "width": 90, "height": 60, "file_size": 1_500},
                {"file_id": whole, "file_unique_id": unique,
                 "width": 1280, "height": 853, "file_size": self.size},
            ]),
            MediaKind::Video => json!({
                "file_id": whole, "file_unique_id": unique, "width": 1280, "height": 720, "duration": 10,
                "mime_type": "video/mp4", "file_size": self.size,
            }),
            MediaKind::Document => json!({
                "file_id": whole, "file_unique_id": unique, "file_name": self.name(), "file_size": self.size,
                "mime_type": "application/octet-stream",
            }),
        }
    }

    /// The last part of the path that it came from.
    pub(crate) fn name(&self) -> &str {
        self.source.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("file")
    }
}

impl MediaKind {
    /// The field of a message that holds it, and the parameter that sends it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            MediaKind::Photo => "photo",
            MediaKind::Video => "video",
            MediaKind::Document => "document",
        }
    }

    pub(crate) fn from_key(key: &str) -> Option<Self> {
        KINDS.into_iter().map(|(kind, _)| kind).find(|kind| kind.key() == key)
    }

    /// As the server's refusals name it.
    fn name(self) -> &'static str {
        match self {
            MediaKind::Photo => "Photo",
            MediaKind::Video => "Video",
            MediaKind::Document => "Document",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            MediaKind::Photo => KINDS[0].1,
            MediaKind::Video => KINDS[1].1,
            MediaKind::Document => KINDS[2].1,
        }
    }
}

/// How long the beginning of an id is, and the numbers behind it.
const PREFIX: usize = 11;
const NUMBERS: usize = 24;

/// The kind of file behind an id, of any size, that the sandbox gave to this
/// bot.
fn read(bot: i64, id: &str) -> Result<MediaKind, Refusal> {
    let is_id = id.len() >= 10 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if !is_id {
        return Err(wrong());
    }
    let whole = id.strip_suffix("-s").unwrap_or(id);
    let kind = KINDS.into_iter().find(|(_, prefix)| whole.starts_with(prefix)).map(|(kind, _)| kind);
    let numbers = whole.get(PREFIX..PREFIX + NUMBERS);
    kind.zip(numbers)
        .filter(|(kind, numbers)| signed(bot, *kind, numbers) == whole)
        .map(|(kind, _)| kind)
        .ok_or_else(|| Refusal::bad("wrong remote file identifier specified: can't unserialize it"))
}

/// The file's own number and that of its upload.
fn number(content: &[&[u8]], upload: u64) -> String {
    format!("{:016x}{:08x}", ledger::hash(content), upload & 0xffff_ffff)
}

/// The id of a file, with a second half that only the sandbox can tell.
fn signed(bot: i64, kind: MediaKind, numbers: &str) -> String {
    let prefix = kind.prefix();
    let second = ledger::hash(&[&bot.to_le_bytes(), prefix.as_bytes(), numbers.as_bytes()]);
    format!("{prefix}{numbers}{second:016x}")
}

fn wrong() -> Refusal {
    Refusal::bad("wrong file identifier/HTTP URL specified")
}
