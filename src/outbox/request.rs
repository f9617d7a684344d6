//! A message as a request of the Bot API: the method, its parameters, and the
//! files of the project that have to go with it.

use crate::model::{Button, ButtonAction, Format, Invoice, Media, MediaItem, MediaKind, MediaSource, Message};
use serde_json::{Map, Value, json};

/// One request, before any file is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub method: &'static str,
    pub parameters: Map<String, Value>,
    pub uploads: Vec<Upload>,
}

/// A file of the project that goes with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upload {
    /// The name of its part of the form.
    pub field: String,
    /// Its path inside the project.
    pub path: String,
}

/// What a request does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Sends it.
    Send,
    /// Sends it for Stars, faster than is free.
    SendPaid,
    /// Gives the one with this id its text and buttons.
    Edit(i32),
    /// Deletes the one with this id.
    Delete(i32),
}

impl Order {
    /// Whether it brings the chat a message.
    pub(super) fn sends(self) -> bool {
        match self {
            Self::Send | Self::SendPaid => true,
            Self::Edit(_) | Self::Delete(_) => false,
        }
    }
}

/// The request that carries an order out in `chat`.
pub(super) fn request_of(chat: i64, order: Order, message: &Message) -> Request {
    match order {
        Order::Send => request(chat, message),
        Order::SendPaid => {
            let mut request = request(chat, message);
            request.put("allow_paid_broadcast", json!(true));
            request
        }
        Order::Edit(id) => edit(chat, id, message),
        Order::Delete(id) => {
            let mut request = Request { method: "deleteMessage", parameters: Map::new(), uploads: Vec::new() };
            request.put("chat_id", json!(chat));
            request.put("message_id", json!(id));
            request
        }
    }
}

/// The text or caption and the buttons of a message become those of `message`;
/// its media stay.
fn edit(chat: i64, id: i32, message: &Message) -> Request {
    let mut request = Request { method: "editMessageText", parameters: Map::new(), uploads: Vec::new() };
    request.put("chat_id", json!(chat));
    request.put("message_id", json!(id));
    match message.media {
        Media::None => {
            request.put("text", json!(message.text));
            request.put("link_preview_options", json!({ "is_disabled": !message.preview }));
        }
        // an invoice that was sent stays as it is; Telegram says so
        Media::One(_) | Media::Album(_) | Media::Invoice(_) => {
            request.method = "editMessageCaption";
            request.put("caption", json!(message.text));
        }
    }
    request.format(message.format);
    request.keyboard(message);
    request
}

/// The request that sends `message` to `chat`.
fn request(chat: i64, message: &Message) -> Request {
    let mut request = Request { method: "sendMessage", parameters: Map::new(), uploads: Vec::new() };
    request.put("chat_id", json!(chat));
    match &message.media {
        Media::None => {
            request.put("text", json!(message.text));
            if !message.preview {
                request.put("link_preview_options", json!({ "is_disabled": true }));
            }
            request.format(message.format);
        }
        Media::One(item) => {
            request.method = method(item.kind);
            let source = request.source(item, word(item.kind).to_owned());
            if let Some(source) = source {
                request.put(word(item.kind), json!(source));
            }
            if !message.text.is_empty() {
                request.put("caption", json!(message.text));
                request.format(message.format);
            }
        }
        Media::Album(items) => {
            request.method = "sendMediaGroup";
            let mut media = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let field = format!("file{index}");
                let source = request.source(item, field.clone()).unwrap_or_else(|| format!("attach://{field}"));
                media.push(json!({ "type": word(item.kind), "media": source }));
            }
            if let Some(first) = media.first_mut().filter(|_| !message.text.is_empty()) {
                first["caption"] = json!(message.text);
                if let Some(mode) = parse_mode(message.format) {
                    first["parse_mode"] = json!(mode);
                }
            }
            request.put("media", json!(media));
        }
        Media::Invoice(invoice) => request.invoice(invoice),
    }
    if message.silent {
        request.put("disable_notification", json!(true));
    }
    if message.protected {
        request.put("protect_content", json!(true));
    }
    request.keyboard(message);
    request
}

impl Request {
    fn keyboard(&mut self, message: &Message) {
        if !message.buttons.is_empty() {
            let rows: Vec<Vec<Value>> = message.buttons.iter().map(|row| row.iter().map(button).collect()).collect();
            self.put("reply_markup", json!({ "inline_keyboard": rows }));
        }
    }

    /// An invoice to this chat alone: who forwards it forwards a link.
    fn invoice(&mut self, invoice: &Invoice) {
        self.method = "sendInvoice";
        for (key, text) in [
            ("title", &invoice.title),
            ("description", &invoice.description),
            ("payload", &invoice.payload),
            ("currency", &invoice.currency),
        ] {
            self.put(key, json!(text));
        }
        self.put("prices", json!([{ "label": invoice.title, "amount": invoice.amount }]));
        self.put("start_parameter", json!("buy"));
        if let Some(photo) = &invoice.photo {
            self.put("photo_url", json!(photo));
        }
    }

    fn put(&mut self, key: &str, value: Value) {
        self.parameters.insert(key.to_owned(), value);
    }

    fn format(&mut self, format: Format) {
        if let Some(mode) = parse_mode(format) {
            self.put("parse_mode", json!(mode));
        }
    }

    /// What stands for a file in the parameters; nothing if it goes along as
    /// the part `field` of the form.
    fn source(&mut self, item: &MediaItem, field: String) -> Option<String> {
        match &item.source {
            MediaSource::Url(text) | MediaSource::Id(text) => Some(text.clone()),
            MediaSource::File(path) => {
                self.uploads.push(Upload { field, path: path.clone() });
                None
            }
        }
    }
}

fn method(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Photo => "sendPhoto",
        MediaKind::Video => "sendVideo",
        MediaKind::Document => "sendDocument",
        MediaKind::Animation => "sendAnimation",
    }
}

/// What the Bot API calls a kind, as a parameter and as a type.
fn word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Photo => "photo",
        MediaKind::Video => "video",
        MediaKind::Document => "document",
        MediaKind::Animation => "animation",
    }
}

fn parse_mode(format: Format) -> Option<&'static str> {
    match format {
        Format::Plain => None,
        Format::Html => Some("HTML"),
        Format::MarkdownV2 => Some("MarkdownV2"),
    }
}

fn button(button: &Button) -> Value {
    match &button.action {
        ButtonAction::Url(url) => json!({ "text": button.text, "url": url }),
        ButtonAction::Press(data) => json!({ "text": button.text, "callback_data": data }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: MediaKind, source: &str) -> MediaItem {
        MediaItem { kind, source: MediaSource::parse(source).unwrap() }
    }

    #[test]
    fn requests_carry_what_the_message_says() {
        use MediaKind::{Document, Photo, Video};
        let id = "AgACAgIAAxkBAAIBcGUPZ0";
        let one = |kind, source| Media::One(item(kind, source));
        for (media, method, parameters, uploads) in [
            (
                Media::None,
                "sendMessage",
                json!({"text": "<b>x</b>", "parse_mode": "HTML", "link_preview_options": {"is_disabled": true}}),
                vec![],
            ),
            (
                one(Photo, "https://e.ru/a.jpg"),
                "sendPhoto",
                json!({"photo": "https://e.ru/a.jpg", "caption": "<b>x</b>", "parse_mode": "HTML"}),
                vec![],
            ),
            (one(Video, id), "sendVideo", json!({"video": id, "caption": "<b>x</b>", "parse_mode": "HTML"}), vec![]),
            (
                one(Document, "media/price.pdf"),
                "sendDocument",
                json!({"caption": "<b>x</b>", "parse_mode": "HTML"}),
                vec![("document", "media/price.pdf")],
            ),
            (
                Media::Album(vec![item(Photo, "a.jpg"), item(Video, id), item(Photo, "https://e.ru/b.jpg")]),
                "sendMediaGroup",
                json!({"media": [
                    {"type": "photo", "media": "attach://file0", "caption": "<b>x</b>", "parse_mode": "HTML"},
                    {"type": "video", "media": id},
                    {"type": "photo", "media": "https://e.ru/b.jpg"},
                ]}),
                vec![("file0", "a.jpg")],
            ),
        ] {
            let message = Message { text: "<b>x</b>".into(), format: Format::Html, media, ..Message::default() };
            let made = request(5, &message);
            let mut expected = parameters;
            expected["chat_id"] = json!(5);
            assert_eq!((made.method, json!(made.parameters)), (method, expected));
            let sent: Vec<_> =
                made.uploads.iter().map(|upload| (upload.field.as_str(), upload.path.as_str())).collect();
            assert_eq!(sent, uploads, "{method}");
        }
    }

    #[test]
    fn invoices_name_their_price() {
        let invoice = Invoice {
            title: "Month".into(),
            description: "30 days".into(),
            payload: "p".into(),
            currency: "XTR".into(),
            amount: 250,
            photo: None,
        };
        let message = Message { media: Media::Invoice(Box::new(invoice)), ..Message::default() };
        let made = request(5, &message);
        let expected = json!({
            "chat_id": 5, "title": "Month", "description": "30 days", "payload": "p", "currency": "XTR",
            "prices": [{"label": "Month", "amount": 250}], "start_parameter": "buy",
        });
        assert_eq!((made.method, json!(made.parameters)), ("sendInvoice", expected));
    }

    #[test]
    fn buttons_and_flags() {
        let press = Button { text: "Ещё".into(), action: ButtonAction::Press("more".into()) };
        let url = Button { text: "Сайт".into(), action: ButtonAction::Url("https://e.ru".into()) };
        let message = Message {
            text: "x".into(),
            buttons: vec![vec![press], vec![url]],
            preview: true,
            silent: true,
            protected: true,
            ..Message::default()
        };
        let expected = json!({
            "chat_id": 5, "text": "x", "disable_notification": true, "protect_content": true,
            "reply_markup": {"inline_keyboard": [
                [{"text": "Ещё", "callback_data": "more"}],
                [{"text": "Сайт", "url": "https://e.ru"}],
            ]},
        });
        assert_eq!(json!(request(5, &message).parameters), expected);
    }

    #[test]
    fn media_without_a_text_has_no_caption() {
        for media in [
            Media::One(item(MediaKind::Photo, "https://e.ru/a.jpg")),
            Media::Album(vec![item(MediaKind::Photo, "https://e.ru/a.jpg"); 2]),
        ] {
            let made = request(5, &Message { format: Format::Html, media, ..Message::default() });
            assert!(!json!(made.parameters).to_string().contains("caption"), "{made:?}");
        }
    }
}
