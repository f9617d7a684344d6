//! The page of the sandbox: the list of chats, and a chat as a person sees
//! it. Whole pages come from here; the script only fetches the changing part
//! again and sends what the person does to the control API.

mod chat;
mod list;
mod words;

use crate::model::Lang;
use crate::sandbox::entities::escape;
use crate::sandbox::handle::Sandbox;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use words::Words;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Nothing but our own style and script runs; pictures may come from the web.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src 'self' http: https: data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/", get(list_page))
        .route("/chats", get(list_part))
        .route("/chat/{id}", get(chat_page))
        .route("/chat/{id}/messages", get(chat_part))
        .route("/page.css", get(|| async { ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) }))
        .route("/page.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT) }))
}

async fn list_page(State(sandbox): State<Sandbox>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let words = Words::new(language(&headers));
    page(&words, &words.title, &list::whole(&sandbox, &words, &asked.q))
}

async fn list_part(State(sandbox): State<Sandbox>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    html(list::part(&sandbox, &Words::new(language(&headers)), &asked.q))
}

async fn chat_page(State(sandbox): State<Sandbox>, Path(id): Path<i64>, headers: HeaderMap) -> Response {
    let words = Words::new(language(&headers));
    match sandbox.chat(id) {
        Some(summary) => page(&words, &summary.name, &chat::whole(&sandbox, &summary, &words)),
        None => (StatusCode::NOT_FOUND, page(&words, &words.no_chat, &list::nothing(&words))).into_response(),
    }
}

async fn chat_part(State(sandbox): State<Sandbox>, Path(id): Path<i64>, headers: HeaderMap) -> Response {
    match sandbox.chat(id) {
        Some(summary) => html(chat::part(&sandbox, &summary, &Words::new(language(&headers)))),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn page(words: &Words, title: &str, body: &str) -> Response {
    let title = escape(title);
    html(format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/page.css\">\n<script src=\"/page.js\" defer></script>\n</head>\n\
         <body>\n{body}\n</body>\n</html>\n",
        words.code,
    ))
}

fn html(body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body).into_response()
}

/// The first language of the browser that we speak.
fn language(headers: &HeaderMap) -> Lang {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut tags = wanted.split(',').map(|tag| tag.trim().get(..2).unwrap_or_default().to_ascii_lowercase());
    match tags.find(|tag| tag == "ru" || tag == "en").as_deref() {
        Some("ru") => Lang::Ru,
        _ => Lang::En,
    }
}

/// A round picture made of the first letters of a name.
fn avatar(id: i64, name: &str) -> String {
    let letters: String =
        name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric())).take(2).collect();
    let colour = id.unsigned_abs() % 7;
    format!("<span class=\"avatar c{colour}\" aria-hidden=\"true\">{}</span>", escape(&letters.to_uppercase()))
}

/// A point in time that the script shows in the reader's zone.
fn time(at: i64) -> String {
    if at == 0 {
        return String::new();
    }
    let whole = crate::model::Time(at).rfc3339();
    let short = whole.get(11..16).unwrap_or_default();
    format!("<time datetime=\"{whole}\">{short}</time>")
}
