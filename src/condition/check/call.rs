//! Calls of functions.

use super::{Checked, Checker, say, types};
use crate::condition::function::{self, Function, Takes};
use crate::condition::ir::{Expr, Op};
use crate::condition::syntax::{Kind, Node, Word};
use crate::model::Type;

impl Checker<'_> {
    pub(super) fn call(&mut self, name: &Word, arguments: &[Node]) -> Checked {
        if function::later(&name.text) {
            return self.report(say::not_yet(&format!("{}(…)", name.text), name.span));
        }
        let Some(function) = function::find(&name.text) else {
            // The arguments' own mistakes are worth hearing all the same.
            self.each(arguments, Self::expr);
            return self.report(say::unknown_function(name));
        };
        let checked = self.each(arguments, Self::expr);
        let (least, most) = function.takes.arity();
        if arguments.len() < least || arguments.len() > most {
            return self.report(say::argument_count(function, name, arguments.len()));
        }
        self.typed_call(function, checked?.into_vec().into_iter().zip(arguments).collect())
    }

    fn typed_call(&mut self, function: &'static Function, arguments: Vec<types::Side<'_>>) -> Checked {
        let takes = function.takes;
        let mut sound = true;
        for (expr, node) in &arguments {
            let literal = takes != Takes::Salt || matches!(node.kind, Kind::String(_));
            if !takes.accepts(&expr.ty) || !literal {
                self.report(say::bad_argument(self.ast, function, node, &expr.ty));
                sound = false;
            }
        }
        if !sound {
            return None;
        }
        let arguments = match takes {
            Takes::Alike | Takes::Ordered => self.alike(arguments)?,
            Takes::Number | Takes::Rounded | Takes::Text | Takes::Sized | Takes::Time | Takes::Salt => {
                arguments.into_iter().map(|(expr, _)| expr).collect()
            }
        };
        let ty = match takes {
            Takes::Alike | Takes::Ordered | Takes::Number => arguments.first()?.ty.clone(),
            Takes::Rounded | Takes::Sized | Takes::Time => Type::Int,
            Takes::Text => Type::String,
            Takes::Salt => Type::Float,
        };
        Some(Expr { ty, op: Op::Call { function, arguments: arguments.into() } })
    }
}
