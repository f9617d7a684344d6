//! Tests whose answer is settled before anybody is asked: always true, never
//! true, against each other, over nothing, or said twice.
//!
//! Of nested parts only the innermost is told: what follows from it is no
//! mistake of its own. A literal `true` or `false` is meant.

use super::cases::answers;
use super::could::Values;
use super::outlook::{Nobody, Outlook, is_constant};
use crate::condition::codes;
use crate::condition::ir::{Call, Expr, Op};
use crate::condition::syntax::{Ast, Relation, Span};
use crate::condition::{Fact, Truth};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Schema, Text, Type, Value, builtin};

/// The settled parts of a condition.
pub(super) fn settled(ast: &Ast, root: &Expr, schema: &Schema) -> Vec<Diagnostic> {
    let nobody = Nobody;
    let mut search = Search { ast, schema, outlook: Outlook::new(schema, &nobody), found: Vec::new() };
    search.visit(root);
    search.found
}

struct Search<'e> {
    ast: &'e Ast,
    schema: &'e Schema,
    outlook: Outlook<'e>,
    found: Vec<Diagnostic>,
}

impl<'e> Search<'e> {
    /// Whether something in this part is settled.
    fn visit(&mut self, expr: &'e Expr) -> bool {
        let test = self.positive(expr);
        let mut below = false;
        for child in test.children() {
            below |= self.visit(child);
        }
        if let Op::All(list) | Op::Any(list) = &test.op {
            self.repeated(list);
        }
        let literal = matches!(expr.op, Op::Constant(_));
        if below || literal || expr.ty != Type::Bool || expr.span.range().is_empty() {
            return below;
        }
        if self.is_never_missing(test) {
            return true;
        }
        let verdict = self.verdict(expr, test);
        let settled = verdict.is_some();
        self.found.extend(verdict);
        settled
    }

    /// A test for being set that another warning is about.
    fn is_never_missing(&self, expr: &Expr) -> bool {
        let Op::Missing(inner) = &expr.op else { return false };
        let Op::Field(id) = inner.op else { return false };
        id == builtin::ID || !self.schema.field(id).default.is_missing()
    }

    fn verdict(&self, expr: &'e Expr, test: &'e Expr) -> Option<Diagnostic> {
        if let Some(found) = self.empty_range(test).or_else(|| self.whole_enum(expr)) {
            return Some(found);
        }
        let answers = answers(&self.outlook, &[expr]);
        if answers.always_true() {
            return Some(self.always_true(expr, test));
        }
        if !answers.never_true() {
            return None;
        }
        let contradiction = match &expr.op {
            Op::All(list) => self.contradiction(list),
            _ => None,
        };
        Some(contradiction.unwrap_or_else(|| self.never_true(expr, test)))
    }

    fn empty_range(&self, test: &'e Expr) -> Option<Diagnostic> {
        let Op::Between { low, high, .. } = &test.op else { return None };
        let (from, to) = (self.outlook.could(low, &None), self.outlook.could(high, &None));
        // The ends of `within` are not written: they follow from its length.
        let is_length = low.span.range().is_empty() && high.span.range().is_empty();
        let one_moment = matches!((&from.values, &to.values), (Values::FromNow(0, 0), Values::FromNow(0, 0)));
        let answers = from.compare(Relation::LessOrEqual, &to);
        if !(answers.never_true() && answers.may(Truth::False) || is_length && one_moment) {
            return None;
        }
        let place = test.span.place();
        if is_length {
            let message = Text::new("the length of time is not longer than zero", "эта длительность не больше нуля");
            return Some(Diagnostic::warning(codes::EMPTY_RANGE, message, place).help(Text::new(
                "for the time ahead write `within next 3 days`",
                "для времени вперёд пишите `within next 3 days`",
            )));
        }
        let (low, high) = (self.shown(low.span), self.shown(high.span));
        let message = Text::new(
            format!("nothing lies between `{low}` and `{high}`"),
            format!("между `{low}` и `{high}` ничего нет"),
        );
        Some(Diagnostic::warning(codes::EMPTY_RANGE, message, place).help(Text::new(
            format!("the lower end comes first: `between {high} and {low}`"),
            format!("сначала пишется нижняя граница: `between {high} and {low}`"),
        )))
    }

    /// `in` with all values of an enum that may be missing.
    fn whole_enum(&self, expr: &'e Expr) -> Option<Diagnostic> {
        let Op::OneOf { item, elements } = &expr.op else { return None };
        let Type::Enum(set) = &item.ty else { return None };
        let listed = |value: &str| {
            elements.iter().any(|e| matches!(&e.op, Op::Constant(Value::String(text)) if **text == *value))
        };
        if !set.values.iter().all(|value| listed(value)) || !self.outlook.could(item, &None).missing {
            return None;
        }
        let item = self.shown(item.span);
        let rewrite = format!("{item} is set");
        let message =
            Text::new(format!("the list holds every value of `{item}`"), format!("в списке все значения `{item}`"));
        let found = Diagnostic::warning(codes::WHOLE_ENUM, message, expr.span.place());
        Some(found.help(Text::new(format!("write `{rewrite}`"), format!("напишите `{rewrite}`"))).replace(rewrite))
    }

    /// Two of the tests that never hold together.
    fn contradiction(&self, list: &'e [Expr]) -> Option<Diagnostic> {
        for (at, second) in list.iter().enumerate() {
            for first in list.iter().take(at) {
                if answers(&self.outlook, &[first, second]).never_true() {
                    return Some(self.contradicts(first, second));
                }
            }
        }
        None
    }

    fn contradicts(&self, first: &Expr, second: &Expr) -> Diagnostic {
        let (a, b) = (self.shown(first.span), self.shown(second.span));
        let message =
            Text::new(format!("`{a}` and `{b}` are never both true"), format!("`{a}` и `{b}` не выполняются вместе"));
        Diagnostic::warning(codes::CONTRADICTION, message, second.span.place())
            .also(first.span.place(), Text::new("never together with this", "никогда вместе с этим"))
            .help(Text::new("for either of the two write `or`", "если подходит любое из двух, пишите `or`"))
    }

    fn always_true(&self, expr: &Expr, test: &Expr) -> Diagnostic {
        let text = self.shown(expr.span);
        let message = Text::new(format!("`{text}` is always true"), format!("`{text}` всегда истинно"));
        self.because(codes::ALWAYS_TRUE, message, expr, test)
    }

    fn never_true(&self, expr: &Expr, test: &Expr) -> Diagnostic {
        let text = self.shown(expr.span);
        let message = Text::new(format!("`{text}` is never true"), format!("`{text}` никогда не истинно"));
        self.because(codes::NEVER_TRUE, message, expr, test)
    }

    fn because(&self, code: Code, message: Text, expr: &Expr, test: &Expr) -> Diagnostic {
        let found = Diagnostic::warning(code, message, expr.span.place());
        let asked = test.children().into_iter().filter(|part| !is_constant(part));
        let reason = asked.filter_map(|part| bounds(part).map(|range| (part, range))).next();
        let Some((part, range)) = reason.filter(|_| !matches!(test.op, Op::Missing(_))) else { return found };
        let text = self.shown(part.span);
        found.help(match range {
            (low, i64::MAX) => {
                Text::new(format!("`{text}` is never less than {low}"), format!("`{text}` не бывает меньше {low}"))
            }
            (low, high) => {
                Text::new(format!("`{text}` is from {low} to {high}"), format!("`{text}` бывает от {low} до {high}"))
            }
        })
    }

    /// Operands that stand before already.
    fn repeated(&mut self, list: &'e [Expr]) {
        for (at, second) in list.iter().enumerate() {
            let first = list.iter().take(at).find(|first| *first == second);
            let Some(first) = first.filter(|_| !is_constant(second)) else { continue };
            let text = self.shown(second.span);
            let message = Text::new(format!("`{text}` stands twice"), format!("`{text}` стоит дважды"));
            let found = Diagnostic::warning(codes::REPEATED, message, second.span.place())
                .label(Text::new("the second time", "второй раз"))
                .also(first.span.place(), Text::new("first here", "впервые здесь"))
                .help(Text::new("remove one of the two", "уберите одно из двух"));
            self.found.push(found);
        }
    }

    /// The test that a negated form such as `x not in y` turns round, else the
    /// part itself.
    fn positive(&self, expr: &'e Expr) -> &'e Expr {
        let Op::Not(inner) = &expr.op else { return expr };
        let before = Span { start: expr.span.start, end: inner.span.start };
        let is_written = self.shown(before).trim_start_matches(['(', ' ', '\n']).starts_with("not");
        if is_written { expr } else { inner }
    }

    fn shown(&self, span: Span) -> &'e str {
        self.ast.slice(span)
    }
}

/// From where to where the values of a part lie, if that is less than its
/// type holds.
fn bounds(expr: &Expr) -> Option<(i64, i64)> {
    match &expr.op {
        Op::Call(Call { function, .. }) => function.bounds,
        Op::Fact(Fact::Count { .. } | Fact::Received { .. } | Fact::Clicked { .. }) => Some((0, i64::MAX)),
        _ => None,
    }
}
