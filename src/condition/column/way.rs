//! How a condition is judged over columns, for those who ask where the time
//! goes.

use super::Columns;
use super::bind::Binder;
use super::leaf::Test;
use super::node::Node;
use crate::condition::Condition;

/// How a condition is judged, from the cheapest way to the dearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// It depends on no user.
    Once,
    /// By whole columns.
    Columns,
    /// Once for each distinct value of a column.
    Values,
    /// User by user.
    Rows,
}

impl Condition {
    /// How it is judged over these columns; of several parts, the dearest.
    pub fn way<C: Columns>(&self, columns: &C) -> Way {
        way(&Binder::new(columns, columns.rows()).node(&self.program.root, false))
    }
}

fn way(node: &Node<'_>) -> Way {
    match node {
        Node::Constant(_) => Way::Once,
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().map(way).max().unwrap_or(Way::Once),
        Node::Unknown { inner, .. } => way(inner),
        Node::Leaf(leaf) => match leaf.test {
            Test::Coded(_) => Way::Values,
            Test::Rows(_) => Way::Rows,
            Test::Bits(_)
            | Test::Range { .. }
            | Test::Float { .. }
            | Test::Element { .. }
            | Test::Text { .. }
            | Test::Compare(_)
            | Test::Missing(_) => Way::Columns,
        },
    }
}
