//! Tests of texts that are judged text by text, straight over the bytes of
//! their column: what is looked for is made ready once a pass, and a pattern
//! once a condition.

use crate::condition::ir::{Pattern, Within};
use memchr::memmem::Finder;
use regex::Regex;
use regex_automata::dfa::dense::{Config, DFA};
use regex_automata::dfa::{Automaton, StartKind};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::util::syntax;
use std::collections::HashMap;
use std::str::from_utf8;
use std::sync::Arc;

/// A test of one text.
pub(super) enum Matcher<'a> {
    Equal(Arc<str>),
    Contains(Box<Finder<'static>>),
    Starts(Arc<str>),
    Ends(Arc<str>),
    Matches(&'a Scanner),
}

/// A pattern as a table: from a state and a byte to the next state.
#[derive(Debug)]
pub(in crate::condition) enum Scanner {
    Table(Table),
    /// A pattern whose table would be large.
    Regex(Regex),
}

/// States are numbered so that the last two are never left.
#[derive(Debug)]
pub(in crate::condition) struct Table {
    /// 256 following states for each state.
    next: Box<[u8]>,
    /// Whether a text that ends in the state matches.
    accepts: Box<[bool]>,
    start: u8,
}

/// No text that came here matches.
const DEAD: u8 = 254;
/// Each text that came here matches.
const FOUND: u8 = 255;
/// Memory for building; what needs more has too many states anyway.
const BUILDING: usize = 1 << 20;

impl<'a> Matcher<'a> {
    pub fn within(test: Within, part: Arc<str>) -> Self {
        match test {
            Within::Anywhere => Self::Contains(Box::new(Finder::new(&*part).into_owned())),
            Within::Start => Self::Starts(part),
            Within::End => Self::Ends(part),
        }
    }

    pub fn pattern(pattern: &'a Pattern) -> Self {
        Self::Matches(pattern.scanner.get_or_init(|| Scanner::new(&pattern.regex)))
    }

    /// The answer for the bytes of one text.
    #[inline]
    pub fn holds(&self, text: &[u8]) -> bool {
        match self {
            Self::Equal(other) => text == other.as_bytes(),
            Self::Contains(finder) => finder.find(text).is_some(),
            Self::Starts(part) => text.starts_with(part.as_bytes()),
            Self::Ends(part) => text.ends_with(part.as_bytes()),
            Self::Matches(Scanner::Table(table)) => table.matches(text),
            Self::Matches(Scanner::Regex(regex)) => from_utf8(text).is_ok_and(|text| regex.is_match(text)),
        }
    }
}

impl Scanner {
    fn new(regex: &Regex) -> Self {
        Table::new(regex.as_str()).map_or_else(|| Self::Regex(regex.clone()), Self::Table)
    }
}

impl Table {
    /// Nothing if the pattern needs too many states or cannot be read byte by
    /// byte.
    fn new(pattern: &str) -> Option<Self> {
        let config = Config::new()
            .start_kind(StartKind::Unanchored)
            .dfa_size_limit(Some(BUILDING))
            .determinize_size_limit(Some(BUILDING));
        let dfa = DFA::builder()
            .configure(config)
            .syntax(syntax::Config::new())
            .thompson(thompson::Config::new().nfa_size_limit(Some(BUILDING)))
            .build(pattern)
            .ok()?;
        // A place between two bytes of one character is no empty match, which
        // only assertions about words could find there.
        let between_bytes = dfa.has_empty() && (pattern.contains(r"\b") || pattern.contains(r"\B"));
        if between_bytes { None } else { Self::of(&dfa) }
    }

    fn of(dfa: &DFA<Vec<u32>>) -> Option<Self> {
        let (mut places, mut states) = (HashMap::new(), Vec::new());
        let start = dfa.start_state(&start::Config::new()).ok()?;
        let start = place(dfa, start, &mut places, &mut states)?;
        let mut next = Vec::new();
        let mut at = 0;
        while let Some(state) = states.get(at).copied() {
            at += 1;
            for byte in 0..=u8::MAX {
                let to = dfa.next_state(state, byte);
                next.push(place(dfa, to, &mut places, &mut states)?);
            }
        }
        let mut accepts: Vec<bool> =
            states.iter().map(|state| dfa.is_match_state(dfa.next_eoi_state(*state))).collect();
        next.resize(usize::from(DEAD) * 256, DEAD);
        next.extend([DEAD; 256]);
        next.extend([FOUND; 256]);
        accepts.resize(usize::from(FOUND), false);
        accepts.push(true);
        Some(Self { next: next.into(), accepts: accepts.into(), start })
    }

    #[inline]
    fn matches(&self, text: &[u8]) -> bool {
        let mut state = self.start;
        for byte in text {
            state = self.next[usize::from(state) << 8 | usize::from(*byte)];
            if state >= DEAD {
                return state == FOUND;
            }
        }
        self.accepts[usize::from(state)]
    }
}

/// The number of a state, a new one if it was not met before.
fn place(
    dfa: &DFA<Vec<u32>>,
    state: StateID,
    places: &mut HashMap<StateID, u8>,
    states: &mut Vec<StateID>,
) -> Option<u8> {
    if dfa.is_match_state(state) {
        return Some(FOUND);
    }
    if dfa.is_dead_state(state) {
        return Some(DEAD);
    }
    if dfa.is_quit_state(state) {
        return None;
    }
    if let Some(known) = places.get(&state) {
        return Some(*known);
    }
    let new = u8::try_from(states.len()).ok().filter(|new| *new < DEAD)?;
    places.insert(state, new);
    states.push(state);
    Some(new)
}
