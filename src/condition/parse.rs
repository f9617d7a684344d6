//! Text to syntax tree. The only file that knows the parser generator.

use super::syntax::{Ast, Kind, Node, Operator, Presence, Relation, Side, Span, TextTest, Word};
use super::{codes, expected, literal, scan};
use crate::diagnostic::Diagnostic;
use crate::model::{Text, TimeDelta};
use pest::Parser;
use pest::iterators::Pair;
use std::sync::Arc;

#[derive(pest_derive::Parser)]
#[grammar = "grammar/condition.pest"]
pub(super) struct Grammar;

/// Words that the language keeps for itself: nothing can be named so.
pub const RESERVED: [&str; 18] = [
    "and", "or", "not", "in", "is", "between", "contains", "starts", "ends", "matches", "within", "older", "true",
    "false", "null", "missing", "now", "today",
];

/// Reads a condition or expression. Places in the findings are byte offsets
/// in `text` under `SourceId(0)`; the caller moves them into its file.
pub fn parse(text: &str) -> Result<Ast, Vec<Diagnostic>> {
    let fenced = scan::fence(text);
    if !fenced.is_empty() {
        return Err(fenced);
    }
    let mut pairs = Grammar::parse(Rule::condition, text).map_err(|error| vec![expected::explain(text, &error)])?;
    let mut builder = Builder { found: Vec::new() };
    let root = pairs.next().and_then(|condition| condition.into_inner().next());
    let root = root.map_or_else(|| lost(Span::default()), |pair| builder.node(pair));
    if builder.found.is_empty() { Ok(Ast { text: Arc::from(text), root }) } else { Err(builder.found) }
}

struct Builder {
    found: Vec<Diagnostic>,
}

impl Builder {
    fn node(&mut self, pair: Pair<'_, Rule>) -> Node {
        let span = span(&pair);
        let kind = match pair.as_rule() {
            Rule::expression => return self.junction(pair, Kind::Any),
            Rule::conjunction => return self.junction(pair, Kind::All),
            Rule::negation => return self.negation(pair),
            Rule::comparison => return self.comparison(pair),
            Rule::sum | Rule::product => return self.chain(pair),
            Rule::signed => return self.signed(pair),
            Rule::group => return self.group(pair),
            Rule::list => Kind::List(pair.into_inner().map(|inner| self.node(inner)).collect()),
            Rule::call => self.call(pair),
            Rule::relative => self.relative(pair),
            Rule::duration => self.duration(pair),
            Rule::number => self.read(literal::number(pair.as_str(), false, span)),
            Rule::string => self.read(literal::string(pair.as_str(), span).map(Kind::String)),
            Rule::date => self.read(literal::date(pair.as_str(), span).map(Kind::Date)),
            Rule::truth => Kind::Bool(pair.as_str() == "true"),
            Rule::now => Kind::Now,
            Rule::today => Kind::Today,
            Rule::path if pair.as_str().contains('.') => Kind::Path(Arc::from(pair.as_str())),
            Rule::path => Kind::Name(Arc::from(pair.as_str())),
            _ => Kind::Null,
        };
        Node { kind, span }
    }

    fn read(&mut self, kind: Result<Kind, Box<Diagnostic>>) -> Kind {
        kind.unwrap_or_else(|diagnostic| {
            self.found.push(*diagnostic);
            Kind::Null
        })
    }

    fn junction(&mut self, pair: Pair<'_, Rule>, chain: fn(Vec<Node>) -> Kind) -> Node {
        let span = span(&pair);
        let operands = pair.into_inner().filter(|p| !matches!(p.as_rule(), Rule::and | Rule::or));
        let mut nodes: Vec<Node> = operands.map(|p| self.node(p)).collect();
        match nodes.pop() {
            Some(only) if nodes.is_empty() => only,
            Some(last) => {
                nodes.push(last);
                Node { kind: chain(nodes), span }
            }
            None => lost(span),
        }
    }

    fn negation(&mut self, pair: Pair<'_, Rule>) -> Node {
        let whole = span(&pair);
        let mut starts = Vec::new();
        let mut operand = lost(whole);
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::not => starts.push(span(&inner).start),
                _ => operand = self.node(inner),
            }
        }
        for start in starts.into_iter().rev() {
            let span = Span { start, end: operand.span.end };
            operand = Node { kind: Kind::Not(Box::new(operand)), span };
        }
        operand
    }

    fn comparison(&mut self, pair: Pair<'_, Rule>) -> Node {
        let mut inner = pair.into_inner();
        let left = inner.next().map_or_else(|| lost(Span::default()), |p| self.node(p));
        match inner.next() {
            Some(tail) => self.tail(left, tail),
            None => left,
        }
    }

    fn tail(&mut self, left: Node, pair: Pair<'_, Rule>) -> Node {
        let span = left.span.to(span(&pair));
        let rule = pair.as_rule();
        let words: Vec<(Rule, &str)> = pair.clone().into_inner().map(|p| (p.as_rule(), p.as_str())).collect();
        let has = |rule| words.iter().any(|(word, _)| *word == rule);
        let mut operands = pair.into_inner().filter(|p| p.as_rule() == Rule::sum).map(|p| self.node(p));
        let mut operand = || Box::new(operands.next().unwrap_or_else(|| lost(span)));
        let value = Box::new(left);
        let kind = match rule {
            Rule::presence => Kind::Presence { value, presence: presence(has(Rule::set) != has(Rule::not)) },
            Rule::relation => {
                let sign = words.first().map_or("=", |(_, sign)| sign);
                Kind::Compare { relation: relation(sign), left: value, right: operand() }
            }
            Rule::membership => Kind::In { item: value, list: operand() },
            Rule::range => Kind::Between { value, low: operand(), high: operand() },
            Rule::recency => {
                let side = if has(Rule::next) { Side::Future } else { Side::Past };
                Kind::Within { value, side, length: operand() }
            }
            Rule::age => Kind::OlderThan { value, length: operand() },
            _ => {
                let test = [
                    (Rule::contains, TextTest::Contains),
                    (Rule::starts, TextTest::StartsWith),
                    (Rule::ends, TextTest::EndsWith),
                ];
                let test = test.into_iter().find(|(rule, _)| has(*rule)).map_or(TextTest::Matches, |(_, test)| test);
                Kind::Text { test, value, part: operand() }
            }
        };
        let node = Node { kind, span };
        if has(Rule::not) && rule != Rule::presence {
            return Node { kind: Kind::Not(Box::new(node)), span };
        }
        node
    }

    fn chain(&mut self, pair: Pair<'_, Rule>) -> Node {
        let span = span(&pair);
        let mut inner = pair.into_inner();
        let first = inner.next().map_or_else(|| lost(span), |p| self.node(p));
        let mut rest = Vec::new();
        while let (Some(sign), Some(operand)) = (inner.next(), inner.next()) {
            rest.push((operator(sign.as_rule()), self.node(operand)));
        }
        if rest.is_empty() { first } else { Node { kind: Kind::Chain { first: Box::new(first), rest }, span } }
    }

    fn signed(&mut self, pair: Pair<'_, Rule>) -> Node {
        let whole = span(&pair);
        let mut inner: Vec<Pair<'_, Rule>> = pair.into_inner().collect();
        let Some(operand) = inner.pop() else { return lost(whole) };
        let mut node = match inner.last() {
            // A minus before digits belongs to the number, so that the least
            // int can be written.
            Some(minus) if operand.as_rule() == Rule::number => {
                let span = span(minus).to(span(&operand));
                let kind = self.read(literal::number(operand.as_str(), true, span));
                inner.pop();
                Node { kind, span }
            }
            _ => self.node(operand),
        };
        for minus in inner.iter().rev() {
            let span = span(minus).to(node.span);
            node = Node { kind: Kind::Negate(Box::new(node)), span };
        }
        node
    }

    fn group(&mut self, pair: Pair<'_, Rule>) -> Node {
        let span = span(&pair);
        let inner = pair.into_inner().next().map_or_else(|| lost(span), |p| self.node(p));
        Node { kind: inner.kind, span }
    }

    fn call(&mut self, pair: Pair<'_, Rule>) -> Kind {
        let whole = span(&pair);
        let mut inner = pair.into_inner();
        let function = inner.next().map_or_else(|| Word { text: Arc::from(""), span: whole }, |p| word(&p));
        let arguments: Vec<Node> = inner.map(|p| self.node(p)).collect();
        if &*function.text != "segment" {
            return Kind::Call { function, arguments };
        }
        match arguments.as_slice() {
            [Node { kind: Kind::Name(name), span }] => Kind::Segment(Word { text: name.clone(), span: *span }),
            [Node { kind: Kind::String(name), span }] => {
                let place = span.place();
                let help = Text::new(
                    format!("write it without quotes: `segment({name})`"),
                    format!("пишите его без кавычек: `segment({name})`"),
                );
                self.found.push(segment_takes_a_name(place).help(help).replace(&**name));
                Kind::Null
            }
            [first, ..] => {
                self.found.push(segment_takes_a_name(first.span.place()).help(one_segment()));
                Kind::Null
            }
            [] => {
                self.found.push(segment_takes_a_name(function.span.place()).help(one_segment()));
                Kind::Null
            }
        }
    }

    fn relative(&mut self, pair: Pair<'_, Rule>) -> Kind {
        let mut inner = pair.into_inner();
        let length = inner.next().map(|p| self.node(p));
        let ago = inner.next().is_some_and(|word| word.as_rule() == Rule::ago);
        match length {
            Some(Node { kind: Kind::Duration(length), .. }) => {
                Kind::Relative(if ago { TimeDelta(-length.0) } else { length })
            }
            Some(Node { kind: Kind::Int(_) | Kind::Float { .. }, span }) => {
                let message = Text::new("a unit of time is missing", "не хватает единицы времени");
                let found = Diagnostic::error(codes::BAD_DURATION, message, span.place());
                self.found.push(found.help(literal::how_durations_look()));
                Kind::Null
            }
            _ => Kind::Null,
        }
    }

    fn duration(&mut self, pair: Pair<'_, Rule>) -> Kind {
        let mut inner = pair.into_inner();
        let mut parts = Vec::new();
        while let (Some(number), Some(unit)) = (inner.next(), inner.next()) {
            parts.push((number.as_str(), unit.as_str(), span(&number).to(span(&unit))));
        }
        self.read(literal::duration(&parts).map(Kind::Duration))
    }
}

/// The place of a pair without the white space that the parser skipped in
/// vain after its last part.
fn span(pair: &Pair<'_, Rule>) -> Span {
    let whole = pair.as_span();
    let closed = matches!(pair.as_rule(), Rule::group | Rule::list | Rule::call | Rule::condition);
    let last = if closed { None } else { pair.clone().into_inner().last() };
    Span { start: whole.start(), end: last.map_or(whole.end(), |inner| span(&inner).end) }
}

fn word(pair: &Pair<'_, Rule>) -> Word {
    Word { text: Arc::from(pair.as_str()), span: span(pair) }
}

/// What stands in for a part that the grammar promises; never seen.
fn lost(span: Span) -> Node {
    Node { kind: Kind::Null, span }
}

fn presence(asks_set: bool) -> Presence {
    if asks_set { Presence::Set } else { Presence::Missing }
}

fn relation(sign: &str) -> Relation {
    match sign {
        "!=" | "<>" => Relation::NotEqual,
        "<" => Relation::Less,
        "<=" => Relation::LessOrEqual,
        ">" => Relation::Greater,
        ">=" => Relation::GreaterOrEqual,
        _ => Relation::Equal,
    }
}

fn operator(rule: Rule) -> Operator {
    match rule {
        Rule::minus => Operator::Subtract,
        Rule::times => Operator::Multiply,
        Rule::divide => Operator::Divide,
        Rule::modulo => Operator::Remainder,
        _ => Operator::Add,
    }
}

fn segment_takes_a_name(place: crate::diagnostic::Place) -> Diagnostic {
    let message = Text::new("`segment` takes the name of one segment", "`segment` принимает имя одного сегмента");
    Diagnostic::error(codes::ARGUMENTS, message, place)
}

fn one_segment() -> Text {
    Text::new("it is called `segment(NAME)`", "вызов: `segment(ИМЯ)`")
}
