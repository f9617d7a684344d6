//! A condition taken apart into the conditions that it joins.

use super::ir::{Expr, Op};
use super::{Condition, Program};
use std::sync::Arc;

/// A condition inside another.
#[derive(Clone, Debug)]
pub struct Part {
    /// How many `and`, `or` and `not` it stands in; 0 for the whole.
    pub depth: usize,
    /// The part as a condition of its own; its text is the piece that was
    /// written.
    pub condition: Condition,
}

impl Condition {
    /// The condition and what its `and`, `or` and `not` join, from the outside
    /// in and from the left; each followed by what it joins itself.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = vec![Part { depth: 0, condition: self.clone() }];
        self.add_parts(&self.program.root, 1, &mut parts);
        parts
    }

    fn add_parts(&self, expr: &Expr, depth: usize, parts: &mut Vec<Part>) {
        let inner: &[Expr] = match &expr.op {
            Op::All(list) | Op::Any(list) => list,
            Op::Not(inner) => std::slice::from_ref(&**inner),
            _ => return,
        };
        for part in inner {
            // what a shorthand stands for was written nowhere
            let Some(text) = self.text().get(part.span.start..part.span.end).filter(|text| !text.is_empty()) else {
                continue;
            };
            let program = Program::new(Arc::from(text), part.clone());
            parts.push(Part { depth, condition: Condition { program } });
            self.add_parts(part, depth + 1, parts);
        }
    }
}
