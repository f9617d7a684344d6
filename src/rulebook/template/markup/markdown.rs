//! Telegram's MarkdownV2.

use super::{MISTAKES, MarkupError, Mistake};
use crate::rulebook::template::escape::is_allowed_url;

/// Signs that must be escaped where they mean nothing.
const RESERVED: &str = "_*[]()~`>#+-=|{}.!";

/// The visible text, or what Telegram would refuse.
pub(super) fn visible(text: &str) -> Result<String, Vec<MarkupError>> {
    let mut reader = Reader { text, at: 0, out: String::with_capacity(text.len()), open: Vec::new() };
    let mut mistakes = Vec::new();
    while let Some(c) = reader.peek() {
        let Err(error) = reader.step(c) else { continue };
        reader.at = error.range.end;
        let goes_on = error.is_passing() && mistakes.len() < MISTAKES;
        mistakes.push(error);
        if !goes_on {
            return Err(mistakes);
        }
    }
    let unclosed = reader.open.pop();
    mistakes.extend(
        unclosed.map(|(sign, at)| MarkupError { range: at..at + sign.len(), kind: Mistake::Unclosed(sign.to_owned()) }),
    );
    if mistakes.is_empty() { Ok(reader.out) } else { Err(mistakes) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    out: String,
    /// Signs that wait for their pair, with their places.
    open: Vec<(&'static str, usize)>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn step(&mut self, c: char) -> Result<(), MarkupError> {
        let rest = &self.text[self.at..];
        if let Some(escaped) = rest.strip_prefix('\\').and_then(|rest| rest.chars().next()).filter(char::is_ascii) {
            self.out.push(escaped);
            self.at += 2;
            return Ok(());
        }
        let code = self.open.last().map(|(sign, _)| *sign).filter(|sign| matches!(*sign, "`" | "```"));
        match code {
            Some(sign) if rest.starts_with(sign) => self.close(sign),
            Some(_) => self.take(c),
            None => return self.sign(c),
        }
        Ok(())
    }

    fn sign(&mut self, c: char) -> Result<(), MarkupError> {
        let rest = &self.text[self.at..];
        let top = self.open.last().map(|(sign, _)| *sign);
        match c {
            '_' | '*' | '~' | '`' | '|' => match pair(rest, top) {
                Some(sign) => self.toggle(sign),
                None => self.unescaped(c),
            },
            '[' => {
                self.begin("[");
                Ok(())
            }
            '!' if rest.starts_with("![") => {
                self.begin("![");
                Ok(())
            }
            ']' if matches!(top, Some("[" | "![")) => self.link(),
            '>' if self.at == 0 || self.text[..self.at].ends_with('\n') => {
                self.at += 1;
                Ok(())
            }
            c if RESERVED.contains(c) => self.unescaped(c),
            c => {
                self.take(c);
                Ok(())
            }
        }
    }

    /// `_`, `*` and the like open, or close what they opened.
    fn toggle(&mut self, sign: &'static str) -> Result<(), MarkupError> {
        match self.open.iter().rposition(|(open, _)| *open == sign) {
            None => {
                // The `||` that ends an expandable quotation has no pair.
                let line = self.text[..self.at].rsplit('\n').next().unwrap_or_default();
                let ends = self.text[self.at + sign.len()..].split('\n').next().is_some_and(str::is_empty);
                if sign == "||" && line.starts_with('>') && ends {
                    self.at += sign.len();
                } else {
                    self.begin(sign);
                }
                Ok(())
            }
            Some(position) if position + 1 == self.open.len() => {
                self.close(sign);
                Ok(())
            }
            Some(_) => {
                let expected = self.open.last().map(|(open, _)| (*open).to_owned());
                let kind = Mistake::Unexpected { found: sign.to_owned(), expected };
                Err(MarkupError { range: self.at..self.at + sign.len(), kind })
            }
        }
    }

    /// `](address)`; a link without an address is its own address.
    fn link(&mut self) -> Result<(), MarkupError> {
        let Some((sign, start)) = self.open.pop() else { return Ok(()) };
        self.at += 1;
        let Some(rest) = self.text[self.at..].strip_prefix('(') else { return Ok(()) };
        let mut url = String::new();
        let mut chars = rest.char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' => url.extend(chars.next().map(|(_, c)| c)),
                ')' => {
                    let range = self.at..self.at + i + 2;
                    self.at = range.end;
                    return if is_allowed_url(&url) {
                        Ok(())
                    } else {
                        Err(MarkupError { range, kind: Mistake::Address(url) })
                    };
                }
                c => url.push(c),
            }
        }
        Err(MarkupError { range: start..start + sign.len(), kind: Mistake::Unclosed(format!("{sign}…](")) })
    }

    fn begin(&mut self, sign: &'static str) {
        self.open.push((sign, self.at));
        self.at += sign.len();
    }

    fn close(&mut self, sign: &'static str) {
        self.open.pop();
        self.at += sign.len();
    }

    fn take(&mut self, c: char) {
        self.out.push(c);
        self.at += c.len_utf8();
    }

    fn unescaped(&self, c: char) -> Result<(), MarkupError> {
        Err(MarkupError { range: self.at..self.at + c.len_utf8(), kind: Mistake::Unescaped(c) })
    }
}

/// The sign at the beginning of `rest`; `___` is `_` then `__` when closing.
fn pair(rest: &str, top: Option<&str>) -> Option<&'static str> {
    if rest.starts_with("___") && top == Some("_") {
        return Some("_");
    }
    ["```", "`", "__", "_", "*", "~", "||"].into_iter().find(|sign| rest.starts_with(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_telegram_reads() {
        for (text, expected) in [
            ("*a* _b_ __c__ ~d~ ||e||", "a b c d e"),
            ("a\\.b \\_ \\\\", "a.b _ \\"),
            ("`a.b_c` ```x\ny```", "a.b_c x\ny"),
            ("[x](https://e.org/a\\)b)", "x"),
            ("![👍](tg://emoji?id=1)", "👍"),
            (">цитата\n>ещё||", "цитата\nещё"),
            ("*_a_*", "a"),
        ] {
            assert_eq!(visible(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_telegram_refuses() {
        for (text, at, kind) in [
            ("a.", 1, Mistake::Unescaped('.')),
            ("1 - 2", 2, Mistake::Unescaped('-')),
            ("*a", 0, Mistake::Unclosed("*".into())),
            ("*_a*_", 3, Mistake::Unexpected { found: "*".into(), expected: Some("_".into()) }),
            ("a]", 1, Mistake::Unescaped(']')),
            ("a | b", 2, Mistake::Unescaped('|')),
            ("[x](javascript:y)", 3, Mistake::Address("javascript:y".into())),
            ("[x](https://e.org", 0, Mistake::Unclosed("[…](".into())),
        ] {
            let error = visible(text).unwrap_err().remove(0);
            assert_eq!((error.range.start, error.kind), (at, kind), "{text}");
        }
    }

    #[test]
    fn what_is_refused_is_told_all_at_once() {
        for (text, expected) in [("Hi. You! [x](javascript:y) *z", vec![2, 7, 12, 27]), ("*_a*_ b.", vec![3])] {
            let places: Vec<usize> = visible(text).unwrap_err().iter().map(|error| error.range.start).collect();
            assert_eq!(places, expected, "{text}");
        }
    }
}
