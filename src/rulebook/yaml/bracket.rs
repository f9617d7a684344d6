//! Which bracket stays open: the parser of YAML stumbles only over what comes
//! after it.

use super::trap::value_of;

/// The first bracket that begins a value of these lines and is not closed in
/// them: the parser stumbles only over what follows.
pub(super) fn open_bracket(text: &str) -> Option<usize> {
    let mut open: Vec<usize> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let value = value_of(line).unwrap_or_default();
        if !open.is_empty() || line[value..].starts_with(['[', '{']) {
            let from = if open.is_empty() { value } else { 0 };
            brackets(&line[from..], start + from, &mut open);
        }
        start += line.len();
    }
    open.first().copied()
}

/// Adds the brackets that a piece of text at `start` opens and takes away those
/// that it closes; quoted ones are text.
fn brackets(piece: &str, start: usize, open: &mut Vec<usize>) {
    let mut quote = None;
    for (at, c) in piece.char_indices() {
        match (quote, c) {
            (Some(begun), c) if begun == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => open.push(start + at),
            (None, ']' | '}') => drop(open.pop()),
            (None, '#') if piece[..at].ends_with(' ') => return,
            (Some(_) | None, _) => {}
        }
    }
}
