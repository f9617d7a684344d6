//! A look at a template's tags without running them: which filters, tests,
//! functions, statements, segments and experiments it names, and where. Rendering alone
//! would see only the branches that it takes.

use super::asks::FUNCTIONS;
use std::ops::Range;

/// Something that a template names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mention {
    /// `| NAME`
    Filter(Range<usize>),
    /// `is NAME`
    Test(Range<usize>),
    /// `NAME(`
    Function(Range<usize>),
    /// `{% NAME`
    Statement(Range<usize>),
    /// `segment("NAME")`: the place of the name.
    Segment(Range<usize>),
    /// `variant("NAME")`: the place of the name, and that of a text that it is
    /// compared with.
    Variant(Range<usize>, Option<Range<usize>>),
    /// `segment(` or `variant(` with anything else.
    BadArgument(Range<usize>),
    /// A tag with more parts, or a branch after more others, than is held.
    TooMuch(Range<usize>),
}

/// The compiler goes one call deeper for each part of a tag and for each
/// `elif`, so both are bounded before it runs.
pub(super) const MAX_PARTS: usize = 1_000;
/// The most `elif` in one text.
pub(super) const MAX_BRANCHES: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(Range<usize>),
    /// A quoted text; the range is of its inside.
    Quoted(Range<usize>),
    Sign(char),
}

/// Everything that the tags of `source` name.
pub(super) fn mentions(source: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    let (mut at, mut branches) = (0, 0);
    while let Some(open) = source[at..].find('{').map(|i| at + i) {
        let close = match source.as_bytes().get(open + 1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => {
                at = source[open..].find("#}").map_or(source.len(), |i| open + i + 2);
                continue;
            }
            _ => {
                at = open + 1;
                continue;
            }
        };
        let (tokens, end) = tokens(source, open + 2, close);
        let statement = close == "%}";
        at = end;
        let begins = |word: &str| matches!(tokens.first(), Some(Token::Word(first)) if &source[first.clone()] == word);
        branches += usize::from(statement && begins("elif"));
        if tokens.len() > MAX_PARTS || branches > MAX_BRANCHES {
            found.push(Mention::TooMuch(open..open + 2));
            return found;
        }
        if statement && begins("raw") {
            at = source[end..].find("endraw").map_or(source.len(), |i| end + i);
            continue;
        }
        collect(source, &tokens, statement, &mut found);
    }
    found
}

fn tokens(source: &str, start: usize, close: &str) -> (Vec<Token>, usize) {
    let mut tokens = Vec::new();
    let mut at = start;
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        if rest.starts_with(close) {
            return (tokens, at + close.len());
        }
        let length = match c {
            '"' | '\'' => {
                let inside = quoted(&rest[1..], c);
                tokens.push(Token::Quoted(at + 1..at + 1 + inside));
                (inside + 2).min(rest.len())
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                tokens.push(Token::Word(at..at + length));
                length
            }
            c if c.is_whitespace() || (c == '-' && at == start) => c.len_utf8(),
            c => {
                tokens.push(Token::Sign(c));
                c.len_utf8()
            }
        };
        at += length;
    }
    (tokens, source.len())
}

/// Bytes up to the closing quote, which backslashes may hide.
fn quoted(text: &str, quote: char) -> usize {
    let mut hidden = false;
    for (i, c) in text.char_indices() {
        match c {
            _ if hidden => hidden = false,
            '\\' => hidden = true,
            c if c == quote => return i,
            _ => {}
        }
    }
    text.len()
}

fn collect(source: &str, tokens: &[Token], statement: bool, found: &mut Vec<Mention>) {
    for (i, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let word = word.clone();
        let before = i.checked_sub(1).map(|j| &tokens[j]);
        let is =
            |token: Option<&Token>, text: &str| matches!(token, Some(Token::Word(w)) if &source[w.clone()] == text);
        let earlier = i.checked_sub(2).map(|j| &tokens[j]);
        if statement && i == 0 {
            found.push(Mention::Statement(word));
        } else if before == Some(&Token::Sign('|')) {
            found.push(Mention::Filter(word));
        } else if (is(before, "is") && &source[word.clone()] != "not") || (is(before, "not") && is(earlier, "is")) {
            found.push(Mention::Test(word));
        } else if tokens.get(i + 1) == Some(&Token::Sign('('))
            && before != Some(&Token::Sign('.'))
            && !is_operator(&source[word.clone()])
        {
            found.push(call(source, tokens, i, word));
        }
    }
}

/// The call of a function whose name is token `i`.
fn call(source: &str, tokens: &[Token], i: usize, word: Range<usize>) -> Mention {
    let function = &source[word.clone()];
    match (tokens.get(i + 2), tokens.get(i + 3)) {
        _ if !FUNCTIONS.contains(&function) => Mention::Function(word),
        (Some(Token::Quoted(name)), Some(Token::Sign(')'))) if function == "variant" => {
            Mention::Variant(name.clone(), compared(&tokens[i + 4..]).or_else(|| compared_before(&tokens[..i])))
        }
        (Some(Token::Quoted(name)), Some(Token::Sign(')'))) => Mention::Segment(name.clone()),
        _ => Mention::BadArgument(word),
    }
}

/// The text of `== "text"` or `!= "text"` at the beginning.
fn compared(rest: &[Token]) -> Option<Range<usize>> {
    match rest {
        [Token::Sign('=' | '!'), Token::Sign('='), Token::Quoted(text), ..] => Some(text.clone()),
        _ => None,
    }
}

/// The text of `"text" ==` or `"text" !=` at the end.
fn compared_before(before: &[Token]) -> Option<Range<usize>> {
    match before {
        [.., Token::Quoted(text), Token::Sign('=' | '!'), Token::Sign('=')] => Some(text.clone()),
        _ => None,
    }
}

fn is_operator(word: &str) -> bool {
    matches!(word, "and" | "or" | "not" | "in" | "if" | "else" | "elif" | "is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_their_places() {
        let source = r#"| a {{ user.x | default("| b") | plural('a', 'b') }} {% if segment("vip") and not (user.y is defined) %}{% if x is not odd %}{# | c #}{% raw %}{{ z | q }}{% endraw %}{{ segment(x) }}{{ range(3) }}{{ variant('a') }}{% if variant("a") == "b" or "c" != variant("a") %}{{ variant(a) }}{{ variant() }}"#;
        let text = |range: &Range<usize>| source[range.clone()].to_owned();
        let list: Vec<String> = mentions(source)
            .iter()
            .map(|mention| match mention {
                Mention::Filter(r) => format!("filter {}", text(r)),
                Mention::Test(r) => format!("test {}", text(r)),
                Mention::Function(r) => format!("function {}", text(r)),
                Mention::Statement(r) => format!("statement {}", text(r)),
                Mention::Segment(r) => format!("segment {}", text(r)),
                Mention::Variant(r, None) => format!("variant {}", text(r)),
                Mention::Variant(r, Some(with)) => format!("variant {} with {}", text(r), text(with)),
                Mention::BadArgument(r) => format!("bad {}", text(r)),
                Mention::TooMuch(r) => format!("too much {}", text(r)),
            })
            .collect();
        let expected = [
            "filter default",
            "filter plural",
            "statement if",
            "segment vip",
            "test defined",
            "statement if",
            "test odd",
            "bad segment",
            "function range",
            "variant a",
            "statement if",
            "variant a with b",
            "variant a with c",
            "bad variant",
            "bad variant",
        ];
        assert_eq!(list, expected);
    }
}
