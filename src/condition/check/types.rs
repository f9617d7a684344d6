//! Which types go together, and the literals that adapt to their neighbour.

use super::{Checked, Checker, say};
use crate::condition::ir::{Expr, Op};
use crate::condition::literal;
use crate::condition::syntax::{Kind, Node, Operator, Relation};
use crate::model::{Type, Value};

/// A checked part and what the user wrote for it.
pub(super) type Side<'n> = (Expr, &'n Node);

pub(super) fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::String | Type::Enum(_))
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Float | Type::Money)
}

pub(super) fn has_order(ty: &Type) -> bool {
    is_number(ty) || matches!(ty, Type::Time | Type::Duration)
}

pub(super) fn has_equality(ty: &Type) -> bool {
    *ty != Type::List
}

/// Whether a relation takes a type.
pub(super) fn takes(relation: Relation) -> fn(&Type) -> bool {
    match relation {
        Relation::Equal | Relation::NotEqual => has_equality,
        Relation::Less | Relation::LessOrEqual | Relation::Greater | Relation::GreaterOrEqual => has_order,
    }
}

impl Checker<'_> {
    /// Two sides of a comparison, adapted to each other. `sign` is what the
    /// user wrote, `fits` says which types it takes.
    pub(super) fn comparable(
        &mut self,
        sign: &str,
        fits: fn(&Type) -> bool,
        left: Side<'_>,
        right: Side<'_>,
    ) -> Option<(Expr, Expr)> {
        let (left, right) = self.adapt(left, right)?;
        for (expr, node) in [&left, &right] {
            if !fits(&expr.ty) {
                self.report(say::no_comparison(self.ast, sign, node, &expr.ty));
                return None;
            }
        }
        let ((a, left), (b, right)) = (left, right);
        let same = match (&a.ty, &b.ty) {
            (Type::Int, Type::Float | Type::Money) | (Type::Float | Type::Money, Type::Int) => true,
            (Type::Enum(_), Type::String) => return self.enum_literal((a, left), (b, right)),
            (Type::String, Type::Enum(_)) => {
                return self.enum_literal((b, right), (a, left)).map(|(b, a)| (a, b));
            }
            (x, y) => x == y,
        };
        if !same {
            self.report(say::mismatch(self.ast, (left, &a.ty), (right, &b.ty)));
            return None;
        }
        Some((a, b))
    }

    fn enum_literal(&mut self, field: Side<'_>, text: Side<'_>) -> Option<(Expr, Expr)> {
        let (Type::Enum(set), Kind::String(value)) = (&field.0.ty, &text.1.kind) else {
            self.report(say::mismatch(self.ast, (field.1, &field.0.ty), (text.1, &text.0.ty)));
            return None;
        };
        if !set.values.contains(value) {
            self.report(say::not_in_enum(text.1, value, set));
            return None;
        }
        Some((field.0, text.0))
    }

    /// Literals beside their neighbour's type: `999.50` beside money is money,
    /// a date in quotes beside a time is a mistake of its own.
    pub(super) fn adapt<'n>(&mut self, left: Side<'n>, right: Side<'n>) -> Option<(Side<'n>, Side<'n>)> {
        let (left_ty, right_ty) = (left.0.ty.clone(), right.0.ty.clone());
        let left = self.beside(left, &right_ty);
        let right = self.beside(right, &left_ty);
        left.zip(right)
    }

    fn beside<'n>(&mut self, (expr, node): Side<'n>, neighbour: &Type) -> Option<Side<'n>> {
        match (&node.kind, neighbour) {
            (Kind::Float { hundredths: Some(hundredths), .. }, Type::Money) => {
                Some((Expr::constant(Value::Money(*hundredths), Type::Money).at(node.span), node))
            }
            (Kind::Float { hundredths: None, .. }, Type::Money) => {
                self.report(say::money_has_two_decimals(self.ast, node));
                None
            }
            (Kind::String(text), Type::Time) if literal::looks_like_date(text) => {
                self.report(say::quoted_time(text, node));
                None
            }
            (Kind::String(text), Type::Int | Type::Float | Type::Money) if text.parse::<f64>().is_ok() => {
                self.report(say::quoted_number(text, node, neighbour));
                None
            }
            _ => Some((expr, node)),
        }
    }

    pub(super) fn negate(&mut self, inner: &Node) -> Checked {
        let expr = self.expr(inner)?;
        if !is_number(&expr.ty) && expr.ty != Type::Duration {
            return self.report(say::no_arithmetic(self.ast, Operator::Subtract, inner, &expr.ty));
        }
        Some(Expr::new(expr.ty.clone(), Op::Negate(Box::new(expr))))
    }

    pub(super) fn chain(&mut self, first: &Node, rest: &[(Operator, Node)]) -> Checked {
        let head = self.expr(first);
        let tail: Vec<Checked> = rest.iter().map(|(_, node)| self.expr(node)).collect();
        let tail: Option<Vec<Expr>> = tail.into_iter().collect();
        let (mut head, tail) = head.zip(tail)?;
        let mut ty = head.ty.clone();
        let mut steps = Vec::with_capacity(tail.len());
        for (at, (expr, (operator, node))) in tail.into_iter().zip(rest).enumerate() {
            let mut expr = expr;
            if matches!(operator, Operator::Add | Operator::Subtract) {
                (expr, _) = self.beside((expr, node), &ty)?;
                if at == 0 {
                    (head, _) = self.beside((head, first), &expr.ty)?;
                    ty = head.ty.clone();
                }
            }
            let Some(result) = result(*operator, &ty, &expr.ty) else {
                return self.report(say::bad_arithmetic(self.ast, *operator, (first, &ty), (node, &expr.ty)));
            };
            ty = result;
            steps.push((*operator, expr));
        }
        Some(Expr::new(ty, Op::Chain { first: Box::new(head), rest: steps.into() }))
    }

    /// One type for all arguments, ints widened and enums read as text.
    pub(super) fn alike(&mut self, arguments: Vec<Side<'_>>) -> Option<Vec<Expr>> {
        let mut common: Option<Type> = None;
        for (expr, node) in &arguments {
            let next = match &common {
                None => Some(expr.ty.clone()),
                Some(ty) => joined(ty, &expr.ty, &node.kind),
            };
            let Some(next) = next else {
                let (first, before) = (arguments.first()?.1, common?);
                self.report(say::mismatch(self.ast, (first, &before), (node, &expr.ty)));
                return None;
            };
            common = Some(next);
        }
        let common = common?;
        let fitted: Vec<Checked> = arguments.into_iter().map(|side| self.widened(side, &common)).collect();
        fitted.into_iter().collect()
    }

    fn widened(&mut self, side: Side<'_>, ty: &Type) -> Checked {
        let (expr, node) = self.beside(side, ty)?;
        match (&expr.ty, ty) {
            (Type::Int, Type::Float | Type::Money) => {
                Some(Expr::new(ty.clone(), Op::Widen(Box::new(expr))).at(node.span))
            }
            (Type::Enum(_), Type::String) => Some(Expr { ty: Type::String, ..expr }),
            (a, b) if a == b => Some(expr),
            _ => self.report(say::wants(self.ast, node, ty, &expr.ty)),
        }
    }

    /// A value for a place of type `ty`.
    pub(super) fn fit(&mut self, expr: Expr, node: &Node, ty: &Type) -> Checked {
        match (ty, &node.kind) {
            (Type::Enum(set), Kind::String(value)) if !set.values.contains(value) => {
                self.report(say::not_in_enum(node, value, set))
            }
            (Type::Enum(_), Kind::String(_)) => Some(Expr { ty: ty.clone(), ..expr }),
            _ => self.widened((expr, node), ty),
        }
    }
}

/// The type that holds both; a float literal beside money is money.
fn joined(a: &Type, b: &Type, literal: &Kind) -> Option<Type> {
    match (a, b) {
        (Type::Int, Type::Float | Type::Money) => Some(b.clone()),
        (Type::Float | Type::Money, Type::Int) => Some(a.clone()),
        (Type::Float, Type::Money) => Some(Type::Money),
        (Type::Money, Type::Float) if matches!(literal, Kind::Float { .. }) => Some(Type::Money),
        (Type::Enum(x), Type::Enum(y)) if x == y => Some(a.clone()),
        (Type::Enum(_) | Type::String, Type::Enum(_) | Type::String) => Some(Type::String),
        (x, y) => (x == y).then(|| x.clone()),
    }
}

/// The type of `a operator b`, if there is one.
fn result(operator: Operator, a: &Type, b: &Type) -> Option<Type> {
    use Type::{Duration, Float, Int, Money, Time};
    let sum = matches!(operator, Operator::Add | Operator::Subtract);
    match (operator, a, b) {
        (Operator::Remainder, Int, Int) => Some(Int),
        (Operator::Remainder, ..) => None,
        (Operator::Divide, Int | Float, Int | Float) | (Operator::Divide, Money, Money | Int) => Some(Float),
        (Operator::Divide, ..) => None,
        (_, Int, Int) => Some(Int),
        (_, Int | Float, Int | Float) => Some(Float),
        (Operator::Multiply, Money, Int) | (Operator::Multiply, Int, Money) => Some(Money),
        (_, Money, Money) | (_, Money, Int) | (_, Int, Money) if sum => Some(Money),
        (_, Time, Duration) if sum => Some(Time),
        (Operator::Add, Duration, Time) => Some(Time),
        (Operator::Subtract, Time, Time) => Some(Duration),
        (_, Duration, Duration) if sum => Some(Duration),
        _ => None,
    }
}
