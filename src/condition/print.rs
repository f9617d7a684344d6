//! A condition in its canonical spelling: one space where white space stands,
//! brackets only where the meaning needs them, literals in one form.
//!
//! What is printed parses to an equal tree. Lengths of time are written in
//! full, so the text of a condition that is near a bound may lie beyond it.

use super::syntax::{Ast, Kind, Node, Operator, Presence, Side};
use crate::model::TimeDelta;
use std::fmt::{Display, Formatter, Result, Write};

/// How tightly a form holds together, loosest first, as in the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Any,
    All,
    Not,
    Comparison,
    Sum,
    Product,
    Signed,
    Operand,
}

/// A node where the grammar wants something of at least this level.
struct At<'a>(Level, &'a Node);

/// Nodes with a separator between them.
struct Joined<'a>(Level, &'a str, &'a [Node]);

/// A text in quotes.
struct Quoted<'a>(&'a str);

/// A length of time in words, without its sign.
struct Length(TimeDelta);

impl Display for Ast {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.root().fmt(f)
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        use Level::{All, Not, Signed, Sum};
        match &self.kind {
            Kind::Bool(x) => write!(f, "{x}"),
            Kind::Int(x) => write!(f, "{x}"),
            Kind::Float { value, hundredths } => decimal(f, *value, *hundredths),
            Kind::String(x) => Quoted(x).fmt(f),
            Kind::Duration(x) if x.0 < 0 => negative(f, *x),
            Kind::Duration(x) => Length(*x).fmt(f),
            Kind::Date(x) => x.fmt(f),
            Kind::Null => f.write_str("null"),
            Kind::Now => f.write_str("now"),
            Kind::Today => f.write_str("today"),
            Kind::Relative(x) if x.0 < 0 => write!(f, "{} ago", Length(*x)),
            Kind::Relative(x) => write!(f, "{} from now", Length(*x)),
            Kind::Name(x) | Kind::Path(x) => f.write_str(x),
            Kind::Call { function, arguments } => {
                write!(f, "{}({})", function.text, Joined(Level::Any, ", ", arguments))
            }
            Kind::Segment(name) => write!(f, "segment({})", name.text),
            Kind::List(elements) => write!(f, "[{}]", Joined(Level::Any, ", ", elements)),
            Kind::Not(inner) if has_negated_form(inner) => test(f, inner, "not "),
            Kind::Not(inner) => write!(f, "not {}", At(Not, inner)),
            Kind::All(nodes) => Joined(Not, " and ", nodes).fmt(f),
            Kind::Any(nodes) => Joined(All, " or ", nodes).fmt(f),
            Kind::Negate(inner) if takes_the_minus(inner) => write!(f, "-({inner})"),
            Kind::Negate(inner) => write!(f, "-{}", At(Signed, inner)),
            Kind::Chain { first, rest } => {
                let operand = if level(self) == Sum { Level::Product } else { Signed };
                write!(f, "{}", At(operand, first))?;
                rest.iter().try_for_each(|(operator, node)| write!(f, " {} {}", operator.as_str(), At(operand, node)))
            }
            Kind::Compare { .. }
            | Kind::Presence { .. }
            | Kind::In { .. }
            | Kind::Between { .. }
            | Kind::Text { .. }
            | Kind::Within { .. }
            | Kind::OlderThan { .. } => test(f, self, ""),
        }
    }
}

/// A test of some operands, with `not` inside if it has such a form.
fn test(f: &mut Formatter<'_>, node: &Node, not: &str) -> Result {
    let sum = |node| At(Level::Sum, node);
    match &node.kind {
        Kind::Compare { relation, left, right } => write!(f, "{} {} {}", sum(left), relation.as_str(), sum(right)),
        Kind::Presence { value, presence: Presence::Missing } => write!(f, "{} is missing", sum(value)),
        Kind::Presence { value, presence: Presence::Set } => write!(f, "{} is set", sum(value)),
        Kind::In { item, list } => write!(f, "{} {not}in {}", sum(item), sum(list)),
        Kind::Between { value, low, high } => {
            write!(f, "{} {not}between {} and {}", sum(value), sum(low), sum(high))
        }
        Kind::Text { test, value, part } => write!(f, "{} {not}{} {}", sum(value), test.as_str(), sum(part)),
        Kind::Within { value, side: Side::Future, length } => {
            write!(f, "{} {not}within next {}", sum(value), sum(length))
        }
        // A name at the start of the length would be read as the word.
        Kind::Within { value, side: Side::Past, length } if begins_with_next(length) => {
            write!(f, "{} {not}within ({length})", sum(value))
        }
        Kind::Within { value, side: Side::Past, length } => write!(f, "{} {not}within {}", sum(value), sum(length)),
        Kind::OlderThan { value, length } => write!(f, "{} older than {}", sum(value), sum(length)),
        _ => node.fmt(f),
    }
}

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self(wanted, node) = self;
        if level(node) < *wanted { write!(f, "({node})") } else { node.fmt(f) }
    }
}

impl Display for Joined<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self(wanted, separator, nodes) = self;
        for (at, node) in nodes.iter().enumerate() {
            write!(f, "{}{}", if at == 0 { "" } else { separator }, At(*wanted, node))?;
        }
        Ok(())
    }
}

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}"),
                '\n' => f.write_str("\\n"),
                '\t' => f.write_str("\\t"),
                // What ends a line or cannot be seen.
                c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                    write!(f, "\\u{{{:x}}}", u32::from(c))
                }
                c => f.write_char(c),
            }?;
        }
        f.write_char('"')
    }
}

impl Display for Length {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let mut first = true;
        for (count, unit) in parts(self.0).into_iter().filter(|(count, _)| *count > 0) {
            let (space, plural) = (if first { "" } else { " " }, if count == 1 { "" } else { "s" });
            write!(f, "{space}{count} {unit}{plural}")?;
            first = false;
        }
        if first { f.write_str("0 seconds") } else { Ok(()) }
    }
}

fn level(node: &Node) -> Level {
    match &node.kind {
        Kind::Any(_) => Level::Any,
        Kind::All(_) => Level::All,
        Kind::Not(inner) if has_negated_form(inner) => Level::Comparison,
        Kind::Not(_) => Level::Not,
        Kind::Compare { .. }
        | Kind::Presence { .. }
        | Kind::In { .. }
        | Kind::Between { .. }
        | Kind::Text { .. }
        | Kind::Within { .. }
        | Kind::OlderThan { .. } => Level::Comparison,
        Kind::Chain { rest, .. } => match rest.first() {
            Some((Operator::Add | Operator::Subtract, _)) | None => Level::Sum,
            Some((Operator::Multiply | Operator::Divide | Operator::Remainder, _)) => Level::Product,
        },
        Kind::Negate(_) => Level::Signed,
        Kind::Bool(_)
        | Kind::Int(_)
        | Kind::Float { .. }
        | Kind::String(_)
        | Kind::Duration(_)
        | Kind::Date(_)
        | Kind::Null
        | Kind::Now
        | Kind::Today
        | Kind::Relative(_)
        | Kind::Name(_)
        | Kind::Path(_)
        | Kind::Call { .. }
        | Kind::Segment(_)
        | Kind::List(_) => Level::Operand,
    }
}

/// Whether `not` may stand inside: `x not in y`.
fn has_negated_form(node: &Node) -> bool {
    matches!(node.kind, Kind::In { .. } | Kind::Between { .. } | Kind::Text { .. } | Kind::Within { .. })
}

/// Whether a minus before the node's own text would become part of a number.
fn takes_the_minus(node: &Node) -> bool {
    match &node.kind {
        Kind::Int(x) => *x >= 0,
        Kind::Float { value, .. } => value.is_sign_positive(),
        _ => false,
    }
}

fn begins_with_next(node: &Node) -> bool {
    let text = node.to_string();
    let word = text.find(|c: char| !c.is_alphanumeric() && c != '_').map_or(&*text, |end| &text[..end]);
    word == "next"
}

/// A number whose digits give both the float and the hundredths again. More
/// than two decimals say that it has no exact hundredths.
fn decimal(f: &mut Formatter<'_>, value: f64, hundredths: Option<i64>) -> Result {
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let Some(hundredths) = hundredths.map(i64::unsigned_abs) else {
        let digits = value.abs().to_string();
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        return write!(f, "{sign}{whole}.{fraction:0<3}");
    };
    match (hundredths / 100, hundredths % 100) {
        (whole, rest) if rest % 10 == 0 => write!(f, "{sign}{whole}.{}", rest / 10),
        (whole, rest) => write!(f, "{sign}{whole}.{rest:02}"),
    }
}

/// A negative length: only the short form takes the minus into the literal.
fn negative(f: &mut Formatter<'_>, length: TimeDelta) -> Result {
    f.write_char('-')?;
    for (count, unit) in parts(length).into_iter().filter(|(count, _)| *count > 0) {
        write!(f, "{count}{}", &unit[..1])?;
    }
    Ok(())
}

fn parts(length: TimeDelta) -> [(u64, &'static str); 4] {
    let seconds = length.0.unsigned_abs() / 1_000;
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    [(hours / 24, "day"), (hours % 24, "hour"), (minutes % 60, "minute"), (seconds % 60, "second")]
}
