//! `vestnik preview TEMPLATE`: what a user would see, before anybody does.

use super::Format;
use super::context::{Context, Failure};
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::command::{Reply, Request};
use crate::engine::preview::{Preview, PreviewAnswer, PreviewQuery, Rendered, example};
use crate::interface::words::grouped;
use crate::model::{
    Button, ButtonAction, Clock, Format as Markup, Lang, Media, MediaItem, MediaKind, MediaSource, Message, Text,
    UserId,
};
use serde_json::json;
use std::process::ExitCode;

/// The arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The template, for instance spring_sale
    template: String,
    /// For this user; without it for a made-up one
    #[arg(long, value_name = "ID")]
    user: Option<i64>,
    /// Only this one of the template's messages, from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=2))]
    part: Option<u8>,
}

/// Renders and prints.
pub fn run(context: &Context, args: &Args) -> Result<ExitCode, Failure> {
    let preview = match ask(context, args)? {
        PreviewAnswer::Rendered(preview) => preview,
        PreviewAnswer::NoTemplate { nearest } => return Err(no_template(&args.template, nearest.as_deref())),
        PreviewAnswer::NoUser => {
            let user = args.user.unwrap_or_default();
            return Err(Failure::new(Text::new(
                format!("nobody has the id {user}; without `--user` the message is made for a made-up user"),
                format!("никого с id {user} нет; без `--user` сообщение составляется для выдуманного человека"),
            )));
        }
    };
    let of = preview.messages.len();
    let wanted = |part: usize| args.part.is_none_or(|only| usize::from(only) == part);
    let messages: Vec<(usize, &Rendered)> = (1..).zip(&preview.messages).filter(|(part, _)| wanted(*part)).collect();
    if messages.is_empty() {
        return Err(Failure::new(Text::new(
            format!("`{}` is one message", args.template),
            format!("`{}` — одно сообщение", args.template),
        )));
    }
    let findings = findings(context, &preview.file)?;
    match context.format() {
        Format::Json => context.say_json(&as_json(args, &preview, &messages, &findings, context.lang())),
        Format::Text | Format::Short => context.say(&text(&preview, &messages, of, &findings, context.lang())),
    }
    let failed = messages.iter().any(|(_, rendered)| rendered.message.is_err());
    Ok(ExitCode::from(u8::from(failed)))
}

fn ask(context: &Context, args: &Args) -> Result<PreviewAnswer, Failure> {
    let Some(user) = args.user else {
        let now = crate::clock::SystemClock::new().now();
        let live = context.live()?;
        return Ok(example(&live.current(), live.project(), &args.template, now));
    };
    context.needs_data()?;
    let query = PreviewQuery { template: args.template.clone(), user: UserId(user) };
    let Reply::Previewed(answer) = context.ask(Request::Preview(query))? else {
        return Err(Failure::new(Text::new("the engine answered something else", "движок ответил не на тот вопрос")));
    };
    Ok(*answer)
}

fn no_template(name: &str, nearest: Option<&str>) -> Failure {
    let (en, ru) = match nearest {
        Some(near) => (format!("; did you mean `{near}`?"), format!("; возможно, вы имели в виду `{near}`")),
        None => (String::new(), String::new()),
    };
    Failure::new(Text::new(format!("there is no template `{name}`{en}"), format!("шаблона `{name}` нет{ru}")))
}

/// What `check` says of the template's file.
fn findings(context: &Context, file: &str) -> Result<Vec<Diagnostic>, Failure> {
    let loaded = context.loaded()?;
    let of_file = |found: &&Diagnostic| loaded.sources.name(found.primary.place.source) == file;
    Ok(loaded.diagnostics.iter().filter(of_file).cloned().collect())
}

fn text(preview: &Preview, messages: &[(usize, &Rendered)], of: usize, findings: &[Diagnostic], lang: Lang) -> String {
    let mut out = String::new();
    for (part, rendered) in messages {
        let head = match of {
            1 => preview.file.clone(),
            _ => {
                let part = Text::new(format!("message {part} of {of}"), format!("сообщение {part} из {of}"));
                format!("{} · {}", preview.file, part.get(lang))
            }
        };
        out.push_str(&format!("{head}\n\n{}\n", one(rendered, lang)));
    }
    for warning in &preview.warnings {
        out.push_str(&format!("{}: {}\n", Text::new("warning", "предупреждение").get(lang), warning.get(lang)));
    }
    for found in findings {
        out.push_str(&format!("{}: {}\n", found.code.0, found.message.get(lang)));
    }
    out
}

fn one(rendered: &Rendered, lang: Lang) -> String {
    let message = match &rendered.message {
        Ok(message) => message,
        Err(error) => {
            let head = Text::new("it cannot be sent", "отправить нельзя");
            return format!("{}: {}\n", head.get(lang), error.get(lang));
        }
    };
    let mut out = String::new();
    for item in message.media.items() {
        out.push_str(&format!("[{}: {}]\n", kind(item.kind).get(lang), source(item).get(lang)));
    }
    if !message.text.is_empty() {
        out.push_str(&format!("{}\n", message.text));
    }
    for row in &message.buttons {
        let row: Vec<String> = row.iter().map(button).collect();
        out.push_str(&format!("{}\n", row.join("  ")));
    }
    let (length, limit) = (grouped(rendered.length as u64), grouped(rendered.limit as u64));
    let mut facts = vec![Text::new(format!("{length} of {limit} characters"), format!("знаков: {length} из {limit}"))];
    facts.push(Text::same(markup(message.format)));
    facts.extend(switches(message));
    let facts: Vec<&str> = facts.iter().map(|fact| fact.get(lang)).collect();
    format!("{out}\n{}\n", facts.join(" · "))
}

fn switches(message: &Message) -> Vec<Text> {
    let has_links = message.media.is_none();
    let all = [
        (message.preview && has_links, Text::new("previews of links", "с предпросмотром ссылок")),
        (message.silent, Text::new("without a sound", "без звука")),
        (message.protected, Text::new("cannot be forwarded", "нельзя переслать")),
    ];
    all.into_iter().filter(|(on, _)| *on).map(|(_, text)| text).collect()
}

fn kind(kind: MediaKind) -> Text {
    match kind {
        MediaKind::Photo => Text::new("photo", "фото"),
        MediaKind::Video => Text::new("video", "видео"),
        MediaKind::Document => Text::new("document", "документ"),
        MediaKind::Animation => Text::new("animation", "анимация"),
    }
}

fn source(item: &MediaItem) -> Text {
    match &item.source {
        MediaSource::Url(url) => Text::same(url),
        MediaSource::Id(id) => Text::same(format!("file_id {id}")),
        MediaSource::File(path) => Text::new(format!("{path}, a file of the project"), format!("{path}, файл проекта")),
    }
}

fn markup(format: Markup) -> &'static str {
    match format {
        Markup::Plain => "txt",
        Markup::Html => "HTML",
        Markup::MarkdownV2 => "MarkdownV2",
    }
}

fn button(button: &Button) -> String {
    match &button.action {
        ButtonAction::Url(url) => format!("[{} → {url}]", button.text),
        ButtonAction::Press(data) => format!("[{} · {data}]", button.text),
    }
}

fn as_json(
    args: &Args,
    preview: &Preview,
    messages: &[(usize, &Rendered)],
    findings: &[Diagnostic],
    lang: Lang,
) -> serde_json::Value {
    let message = |(part, rendered): &(usize, &Rendered)| {
        let mut out = json!({ "part": part, "length": rendered.length, "limit": rendered.limit });
        match &rendered.message {
            Ok(message) => out["message"] = message_json(message),
            Err(error) => out["error"] = json!(error.get(lang)),
        }
        out
    };
    let finding = |found: &Diagnostic| {
        let severity = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        json!({ "code": found.code.0, "severity": severity, "message": found.message.get(lang) })
    };
    json!({
        "template": args.template,
        "file": preview.file,
        "user": args.user,
        "messages": messages.iter().map(message).collect::<Vec<_>>(),
        "warnings": preview.warnings.iter().map(|warning| warning.get(lang)).collect::<Vec<_>>(),
        "findings": findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn message_json(message: &Message) -> serde_json::Value {
    let button = |button: &Button| match &button.action {
        ButtonAction::Url(url) => json!({ "text": button.text, "url": url }),
        ButtonAction::Press(data) => json!({ "text": button.text, "press": data }),
    };
    let item = |item: &MediaItem| {
        let from = match &item.source {
            MediaSource::Url(_) => "url",
            MediaSource::Id(_) => "file_id",
            MediaSource::File(_) => "file",
        };
        json!({ "kind": item.kind, from: item.source.as_str() })
    };
    let rows: Vec<Vec<_>> = message.buttons.iter().map(|row| row.iter().map(button).collect()).collect();
    json!({
        "text": message.text,
        "format": markup(message.format),
        "album": matches!(message.media, Media::Album(_)),
        "media": message.media.items().iter().map(item).collect::<Vec<_>>(),
        "buttons": rows,
        "preview": message.preview,
        "silent": message.silent,
        "protected": message.protected,
    })
}
