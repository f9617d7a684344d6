//! A screen: lines of text in Telegram's HTML over rows of buttons.
//!
//! Whatever comes from people or files is escaped on its way in, so a screen is
//! valid markup wherever it is cut: between lines.

use super::callback::{Press, encode};
use crate::model::{Lang, Text};
use serde_json::{Value, json};

/// Telegram's limit of 4,096 UTF-16 units, with room for a closing line.
const LONGEST: usize = 3_900;
const LONGEST_LINE: usize = 1_000;
const LONGEST_LABEL: usize = 40;
/// Rows of a list on one page.
const PAGE: usize = 8;

/// What a message of the panel shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    lines: Vec<Line>,
    rows: Vec<Vec<(String, Press)>>,
    /// Whether it is only for the eyes of who asked.
    pub private: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Line {
    /// Markup.
    Html(String),
    /// Text as it is, in letters of one width.
    Pre(String),
}

impl Screen {
    /// A screen under a heading.
    pub fn new(heading: &str) -> Self {
        let mut screen = Self::default();
        screen.lines.push(Line::Html(format!("<b>{}</b>", escape(heading))));
        screen
    }

    /// Adds lines of text.
    pub fn say(&mut self, text: &str) {
        self.lines.extend(text.trim_end().lines().map(|line| Line::Html(escape(line))));
    }

    /// Adds a line with a word that stands out before it.
    pub fn fact(&mut self, word: &str, text: &str) {
        self.lines.push(Line::Html(format!("{}: <b>{}</b>", escape(word), escape(text))));
    }

    /// Adds an empty line.
    pub fn gap(&mut self) {
        self.lines.push(Line::Html(String::new()));
    }

    /// Adds text whose letters stand under one another.
    pub fn pre(&mut self, text: &str) {
        self.lines.push(Line::Pre(text.trim_end().to_owned()));
    }

    /// Puts what has just happened above everything else.
    pub fn first(&mut self, text: &str) {
        let news = text.trim_end().lines().map(|line| Line::Html(format!("<i>{}</i>", escape(line))));
        let news: Vec<Line> = news.chain([Line::Html(String::new())]).collect();
        self.lines.splice(0..0, news);
    }

    /// The same, only for the eyes of who asked.
    pub fn in_private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Adds a row of buttons.
    pub fn row(&mut self, buttons: impl IntoIterator<Item = (String, Press)>) {
        let buttons: Vec<_> = buttons.into_iter().map(|(label, press)| (clip(&label, LONGEST_LABEL), press)).collect();
        if !buttons.is_empty() {
            self.rows.push(buttons);
        }
    }

    /// Takes away the buttons that a role may not press.
    pub fn keep(&mut self, may: impl Fn(&Press) -> bool) {
        self.rows.iter_mut().for_each(|row| row.retain(|(_, press)| may(press)));
        self.rows.retain(|row| !row.is_empty());
    }

    /// The text in one message.
    pub fn html(&self, lang: Lang) -> String {
        let mut out = String::new();
        for (i, line) in self.lines.iter().enumerate() {
            let (text, whole) = match line {
                Line::Html(text) => (text.clone(), true),
                Line::Pre(text) => block(text, LONGEST.saturating_sub(units(&out))),
            };
            if units(&out) + units(&text) > LONGEST || !whole {
                if units(&out) + units(&text) <= LONGEST {
                    out.push_str(&text);
                }
                let left = self.lines.len() - i;
                let more = Text::new(format!("… {left} more"), format!("… и ещё {left}"));
                out.push_str(more.get(lang));
                break;
            }
            out.push_str(&text);
            out.push('\n');
        }
        out.trim_end().to_owned()
    }

    /// The buttons as the Bot API takes them.
    pub fn keyboard(&self) -> Value {
        let button = |(label, press): &(String, Press)| json!({"text": label, "callback_data": encode(press)});
        let rows: Vec<Vec<Value>> = self.rows.iter().map(|row| row.iter().map(button).collect()).collect();
        json!({"inline_keyboard": rows})
    }
}

/// One page of a list, and the row of buttons that leads to the others.
pub fn page<T>(all: &[T], wanted: usize, place: impl Fn(usize) -> Press) -> (&[T], Vec<(String, Press)>) {
    let pages = all.len().div_ceil(PAGE).max(1);
    // the list may have become shorter since the button was made
    let n = wanted.min(pages - 1);
    let shown = all.get(n * PAGE..((n + 1) * PAGE).min(all.len())).unwrap_or_default();
    let mut turns = Vec::new();
    if n > 0 {
        turns.push((format!("‹ {n}/{pages}"), place(n - 1)));
    }
    if n + 1 < pages {
        turns.push((format!("{}/{pages} ›", n + 2), place(n + 1)));
    }
    (shown, turns)
}

/// Whole lines of a text in one width, up to a length, and whether that is all.
fn block(text: &str, room: usize) -> (String, bool) {
    let mut inside = String::new();
    let mut whole = true;
    for line in text.lines() {
        let line = escape(line);
        if units(&inside) + units(&line) + 40 > room {
            whole = false;
            break;
        }
        inside.push_str(&line);
        inside.push('\n');
    }
    (if inside.is_empty() { inside } else { format!("<pre>{}</pre>", inside.trim_end()) }, whole)
}

/// A line as text of Telegram's HTML, not longer than a line should be.
fn escape(text: &str) -> String {
    clip(text, LONGEST_LINE).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn clip(text: &str, longest: usize) -> String {
    let flat = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    if text.chars().nth(longest).is_none() {
        return flat.collect();
    }
    flat.take(longest - 1).chain(['…']).collect()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::super::callback::Place;
    use super::*;

    #[test]
    fn a_screen_is_valid_markup_in_one_message() {
        for text in ["<b>x</b> & </pre>\n".repeat(5_000), "🙈".repeat(1_000_000), "a\u{0}\u{202e}b\n".repeat(3_000)] {
            let mut screen = Screen::new("<i>heading");
            screen.say(&text);
            assert!(units(&screen.html(Lang::Ru)) <= 4_096);
            assert!(!screen.html(Lang::Ru).contains("<b>x"));
            let mut screen = Screen::new("heading");
            screen.pre(&text);
            let html = screen.html(Lang::En);
            assert!(units(&html) <= 4_096, "{}", units(&html));
            assert_eq!(html.matches("<pre>").count(), html.matches("</pre>").count());
        }
    }

    #[test]
    fn lists_have_pages() {
        let all: Vec<usize> = (0..20).collect();
        let place = |n| Press::Open(Place::Tests(n));
        for (wanted, shown, turns) in
            [(0, 0..8, vec![1]), (1, 8..16, vec![0, 2]), (2, 16..20, vec![1]), (9_999, 16..20, vec![1])]
        {
            let (rows, buttons) = page(&all, wanted, place);
            assert_eq!(rows, shown.collect::<Vec<_>>());
            assert_eq!(
                buttons.into_iter().map(|(_, press)| press).collect::<Vec<_>>(),
                turns.into_iter().map(place).collect::<Vec<_>>()
            );
        }
        assert!(page(&[0; 0], 3, place).1.is_empty());
    }
}
