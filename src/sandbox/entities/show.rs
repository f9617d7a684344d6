//! Formatted text as HTML for the chat page. Everything that came from
//! outside is escaped; links lead only to addresses that are safe to open.

use super::{Entity, EntityKind, Formatted};

/// The text as a fragment of HTML.
pub(crate) fn to_html(formatted: &Formatted) -> String {
    let mut html = String::with_capacity(formatted.text.len() + 64);
    let mut open: Vec<&Entity> = Vec::new();
    let mut waiting = formatted.entities.iter().peekable();
    let mut at = 0;
    for c in formatted.text.chars() {
        let after_block = close_ended(&mut html, &mut open, at);
        while let Some(entity) = waiting.next_if(|entity| entity.offset <= at) {
            html.push_str(&start_tag(entity, &formatted.text));
            open.push(entity);
        }
        // A block ends its line by itself.
        if !(after_block && c == '\n') {
            push_escaped(&mut html, c);
        }
        at += c.len_utf16();
    }
    close_ended(&mut html, &mut open, usize::MAX);
    html
}

/// Text with the five characters that mean something in HTML replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    text.chars().for_each(|c| push_escaped(&mut html, c));
    html
}

/// Closes what ends here; what was opened later and goes on is closed and
/// opened again. Answers whether a block has ended.
fn close_ended(html: &mut String, open: &mut Vec<&Entity>, at: usize) -> bool {
    let ended = |entity: &&Entity| at >= entity.offset.saturating_add(entity.length);
    let Some(first) = open.iter().position(ended) else { return false };
    let above = open.split_off(first);
    above.iter().rev().for_each(|entity| html.push_str(end_tag(&entity.kind)));
    let ended_block = above.iter().any(|entity| ended(entity) && is_block(&entity.kind));
    for entity in above.into_iter().filter(|entity| !ended(entity)) {
        html.push_str(&start_tag(entity, ""));
        open.push(entity);
    }
    ended_block
}

fn is_block(kind: &EntityKind) -> bool {
    matches!(kind, EntityKind::Pre(_) | EntityKind::Blockquote | EntityKind::ExpandableBlockquote)
}

fn push_escaped(html: &mut String, c: char) {
    match c {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        _ => html.push(c),
    }
}

fn start_tag(entity: &Entity, text: &str) -> String {
    match &entity.kind {
        EntityKind::Bold => "<b>".into(),
        EntityKind::Italic => "<i>".into(),
        EntityKind::Underline => "<u>".into(),
        EntityKind::Strikethrough => "<s>".into(),
        EntityKind::Spoiler => "<span class=\"spoiler\" tabindex=\"0\">".into(),
        EntityKind::Code => "<code>".into(),
        EntityKind::Pre(Some(language)) => format!("<pre data-language=\"{}\">", escape(language)),
        EntityKind::Pre(None) => "<pre>".into(),
        EntityKind::TextLink(url) => link(url),
        EntityKind::Url => link(&slice(text, entity)),
        EntityKind::Blockquote | EntityKind::ExpandableBlockquote => "<blockquote>".into(),
        EntityKind::TextMention(_)
        | EntityKind::CustomEmoji(_)
        | EntityKind::BotCommand
        | EntityKind::Mention
        | EntityKind::Hashtag => "<span class=\"word\">".into(),
    }
}

fn end_tag(kind: &EntityKind) -> &'static str {
    match kind {
        EntityKind::Bold => "</b>",
        EntityKind::Italic => "</i>",
        EntityKind::Underline => "</u>",
        EntityKind::Strikethrough => "</s>",
        EntityKind::Code => "</code>",
        EntityKind::Pre(_) => "</pre>",
        EntityKind::TextLink(_) | EntityKind::Url => "</a>",
        EntityKind::Blockquote | EntityKind::ExpandableBlockquote => "</blockquote>",
        EntityKind::Spoiler
        | EntityKind::TextMention(_)
        | EntityKind::CustomEmoji(_)
        | EntityKind::BotCommand
        | EntityKind::Mention
        | EntityKind::Hashtag => "</span>",
    }
}

/// A link that opens only what a browser may safely open.
fn link(url: &str) -> String {
    let lower = url.to_ascii_lowercase();
    let safe = ["http://", "https://", "tg://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    let target = if safe { escape(url) } else { "#".to_owned() };
    format!("<a href=\"{target}\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">")
}

fn slice(text: &str, entity: &Entity) -> String {
    let mut at = 0;
    let mut part = String::new();
    for c in text.chars() {
        if at >= entity.offset && at < entity.offset + entity.length {
            part.push(c);
        }
        at += c.len_utf16();
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::entities::{html, typed};

    #[test]
    fn entities_become_tags_and_text_is_escaped() {
        let rows = [
            ("a<b>b<i>c</i></b>d", "a<b>b<i>c</i></b>d"),
            ("&lt;script&gt;alert(\"1\")&lt;/script&gt;", "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"),
            ("<b>😀</b>&lt;", "<b>😀</b>&lt;"),
            ("<blockquote>a</blockquote>\n\nb\nc", "<blockquote>a</blockquote>\nb\nc"),
            (
                "<a href=\"https://e.ru/?a=1&amp;b='\">x</a>",
                "<a href=\"https://e.ru/?a=1&amp;b=&#39;\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">x</a>",
            ),
            (
                "<a href=\"javascript://%0aalert(1)\">x</a>",
                "<a href=\"#\" rel=\"noopener noreferrer nofollow\" target=\"_blank\">x</a>",
            ),
        ];
        for (source, expected) in rows {
            assert_eq!(to_html(&html::parse(source).map(super::super::finish).unwrap()), expected, "{source}");
        }
    }

    #[test]
    fn stretches_that_cross_are_closed_and_opened_again() {
        let entity = |offset, length, kind| Entity { offset, length, kind };
        let entities = vec![entity(0, 2, EntityKind::Bold), entity(1, 2, EntityKind::Italic)];
        let formatted = Formatted { text: "abc".into(), entities };
        assert_eq!(to_html(&formatted), "<b>a<i>b</i></b><i>c</i>");
    }

    #[test]
    fn words_of_a_person_are_found() {
        assert_eq!(to_html(&typed("/start@bot now")), "<span class=\"word\">/start@bot</span> now");
        assert!(to_html(&typed("see https://e.ru/x.")).contains("href=\"https://e.ru/x\""));
    }
}
