//! What a message carries, as the head of its template says: `photo`, `video`,
//! `document` or `album`, each an address, a `file_id` or a file of the
//! project; and what is wrong with it.

use crate::diagnostic::{Diagnostic, Place};
use crate::model::{MediaKind, MediaSource, Text};
use crate::rulebook::assets::Asset;
use crate::rulebook::codes;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Key, Shape, Takes, optional};
use crate::rulebook::yaml::{Entry, Kind, Node, Scalar};

pub(super) const PHOTO: Key = optional(
    "photo",
    Takes::Text,
    "a picture: a file of the project, an address or a Telegram file_id",
    "картинка: файл проекта, адрес или file_id Телеграма",
);
pub(super) const VIDEO: Key = optional(
    "video",
    Takes::Text,
    "a film: a file of the project, an address or a Telegram file_id",
    "видео: файл проекта, адрес или file_id Телеграма",
);
pub(super) const DOCUMENT: Key = optional(
    "document",
    Takes::Text,
    "a file sent as it is: a file of the project, an address or a Telegram file_id",
    "файл, отправляемый как есть: файл проекта, адрес или file_id Телеграма",
);
pub(super) const ALBUM: Key = optional(
    "album",
    Takes::List(&PART),
    "2 to 10 photos and videos, or as many documents",
    "от 2 до 10 фото и видео или столько же документов",
);

static PART: Takes = Takes::Either(&[Takes::Text, Takes::Map(&ITEM)]);
static ITEM: Shape =
    Shape { what: ("a part of the album", "часть альбома"), keys: &[PHOTO, VIDEO, DOCUMENT] };

/// The keys of which there may be one.
const KINDS: [(&str, MediaKind); 3] =
    [("photo", MediaKind::Photo), ("video", MediaKind::Video), ("document", MediaKind::Document)];

/// What an album must have at least and may have at most.
const ALBUM_SIZE: std::ops::RangeInclusive<usize> = 2..=10;

/// What Telegram takes of an uploaded photo, in bytes.
const PHOTO_BYTES: u64 = 10 << 20;
/// What Telegram takes of any other uploaded file.
const FILE_BYTES: u64 = 50 << 20;

/// What a message carries, as written.
#[derive(Debug, Default)]
pub(super) enum Attached {
    #[default]
    None,
    One(Item),
    Album(Vec<Item>),
}

/// One file, as written.
#[derive(Debug)]
pub(super) struct Item {
    pub kind: MediaKind,
    pub source: Scalar,
}

impl Attached {
    pub(super) fn items(&self) -> &[Item] {
        match self {
            Self::None => &[],
            Self::One(item) => std::slice::from_ref(item),
            Self::Album(items) => items,
        }
    }
}

/// Reads the keys of a template's head.
pub(super) fn read(entries: &[Entry], reader: &mut Reader) -> Attached {
    let given = |entry: &&Entry| entry.key.text == "album" || KINDS.iter().any(|(key, _)| entry.key.text == *key);
    let mut given = entries.iter().filter(given);
    let Some(first) = given.next() else { return Attached::None };
    if let Some(second) = given.next() {
        reader.found.push(one_only(first, second));
    }
    match KINDS.iter().find(|(key, _)| first.key.text == *key) {
        Some((key, kind)) => {
            let name = format!("`{key}`");
            let source = reader.text(&first.value, (&name, &name)).cloned();
            source.map_or(Attached::None, |source| Attached::One(Item { kind: *kind, source }))
        }
        None => album(&first.value, reader).map_or(Attached::None, Attached::Album),
    }
}

/// What is wrong with a source that came out as `text`; its file, if it names
/// one.
pub(super) fn judge(
    kind: MediaKind,
    text: &str,
    place: Place,
    look: impl FnOnce(&str) -> Option<Asset>,
) -> Result<MediaSource, Box<Diagnostic>> {
    let source = MediaSource::parse(text).ok_or_else(|| Box::new(not_a_source(text, place)))?;
    match &source {
        MediaSource::Id(_) => Ok(source),
        MediaSource::Url(url) if url.contains(char::is_whitespace) => Err(Box::new(not_a_source(text, place))),
        MediaSource::Url(_) => Ok(source),
        MediaSource::File(path) => match look(path).and_then(|asset| wrong_file(kind, path, asset)) {
            None => Ok(source),
            Some((text, help)) => Err(Box::new(Diagnostic::error(codes::MEDIA_FILE, text, place).help(help))),
        },
    }
}

fn album(node: &Node, reader: &mut Reader) -> Option<Vec<Item>> {
    let nodes = reader.list(node, ("`album`", "`album`"))?;
    let before = reader.found.len();
    let items: Vec<Item> = nodes.iter().filter_map(|node| item(node, reader)).collect();
    if reader.found.len() > before {
        return None;
    }
    let documents = items.iter().filter(|item| item.kind == MediaKind::Document).count();
    let wrong = if !ALBUM_SIZE.contains(&items.len()) {
        Some(Text::new(
            format!("an album takes 2 to 10 parts, this one has {}", items.len()),
            format!("в альбоме бывает от 2 до 10 частей, а здесь {}", items.len()),
        ))
    } else if documents > 0 && documents < items.len() {
        Some(Text::new(
            "documents do not go into one album with photos and videos",
            "документы не входят в один альбом с фото и видео",
        ))
    } else {
        None
    };
    if let Some(text) = wrong {
        let help = Text::new(
            "list 2 to 10 photos and videos, or 2 to 10 documents",
            "перечислите от 2 до 10 фото и видео или от 2 до 10 документов",
        );
        reader.found.push(Diagnostic::error(codes::ALBUM, text, node.place).help(help));
        return None;
    }
    Some(items)
}

fn item(node: &Node, reader: &mut Reader) -> Option<Item> {
    if let Kind::Map(_) = &node.kind {
        let entries = reader.shape(node, node.place, &ITEM)?;
        let mut kinds = KINDS.iter().filter_map(|(key, kind)| Some((find(entries, key)?, *kind, *key)));
        return match (kinds.next(), kinds.next()) {
            (Some((value, kind, key)), None) => {
                let name = format!("`{key}`");
                Some(Item { kind, source: reader.text(value, (&name, &name))?.clone() })
            }
            (None, _) if !entries.is_empty() => None,
            _ => {
                let text = Text::new(
                    "a part of an album is one photo, one video or one document",
                    "часть альбома — одно фото, одно видео или один документ",
                );
                let help = Text::new("write `- photo: …`", "пишите `- photo: …`");
                reader.found.push(Diagnostic::error(codes::ALBUM, text, node.place).help(help));
                None
            }
        };
    }
    let source = reader.text(node, ("a part of the album", "часть альбома"))?.clone();
    Some(Item { kind: kind_of(&source.text), source })
}

/// The kind of a part of an album that does not say it: by the ending.
fn kind_of(source: &str) -> MediaKind {
    let name = source.split(['?', '#']).next().unwrap_or(source);
    let file = name.rsplit('/').next().unwrap_or(name);
    match file.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
        Some("mp4" | "mov" | "m4v" | "webm" | "mkv" | "avi") => MediaKind::Video,
        Some("pdf" | "doc" | "docx" | "xls" | "xlsx" | "zip" | "txt" | "csv" | "mp3" | "epub") => MediaKind::Document,
        _ => MediaKind::Photo,
    }
}

fn wrong_file(kind: MediaKind, path: &str, asset: Asset) -> Option<(Text, Text)> {
    let most = match kind {
        MediaKind::Photo => PHOTO_BYTES,
        MediaKind::Video | MediaKind::Document | MediaKind::Animation => FILE_BYTES,
    };
    match asset {
        Asset::File(0) => Some((
            Text::new(format!("the file `{path}` is empty"), format!("файл `{path}` пуст")),
            Text::new("Telegram takes no empty file", "пустой файл Telegram не примет"),
        )),
        Asset::File(size) if size > most => {
            let (size, most) = (size.div_ceil(1 << 20), most >> 20);
            Some((
                Text::new(
                    format!("the file `{path}` has {size} MiB, Telegram takes {most}"),
                    format!("в файле `{path}` {size} МиБ, Telegram принимает {most}"),
                ),
                Text::new(
                    "make it smaller; a large picture can be sent as `document`",
                    "уменьшите его; большую картинку можно отправить как `document`",
                ),
            ))
        }
        Asset::File(_) => None,
        Asset::Absent => Some((
            Text::new(format!("the project has no file `{path}`"), format!("в проекте нет файла `{path}`")),
            Text::new(
                "the path begins at the folder of `vestnik.yaml`; big and small letters differ",
                "путь начинается от папки с `vestnik.yaml`; большие и малые буквы различаются",
            ),
        )),
        Asset::Outside => Some((
            Text::new(
                format!("`{path}` leads out of the project or to something hidden"),
                format!("`{path}` ведёт за пределы проекта или к скрытому файлу"),
            ),
            Text::new("copy the file into the project", "скопируйте файл в проект"),
        )),
        Asset::NoFile => Some((
            Text::new(
                format!("`{path}` is a folder or cannot be read"),
                format!("`{path}` — папка, или файл нельзя прочитать"),
            ),
            Text::new("name a file", "укажите файл"),
        )),
    }
}

fn not_a_source(text: &str, place: Place) -> Diagnostic {
    let text = Text::new(
        format!("`{text}` is no file, address or file_id that can be sent"),
        format!("`{text}` — не файл, не адрес и не file_id, которые можно отправить"),
    );
    let help = Text::new(
        "give a file of the project such as `media/spring.jpg`, an https:// address or a Telegram file_id",
        "укажите файл проекта, например `media/spring.jpg`, адрес https:// или file_id",
    );
    Diagnostic::error(codes::MEDIA, text, place).help(help)
}

fn one_only(first: &Entry, second: &Entry) -> Diagnostic {
    let (one, two) = (&first.key.text, &second.key.text);
    let text = Text::new(
        format!("a message carries either `{one}` or `{two}`"),
        format!("в сообщении либо `{one}`, либо `{two}`"),
    );
    let help = Text::new("put several photos and videos into `album`", "несколько фото и видео поместите в `album`");
    Diagnostic::error(codes::ALBUM, text, second.key.place).help(help)
}
