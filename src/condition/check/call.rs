//! Calls of functions.

use super::{Checked, Checker, misuse, types, unknown};
use crate::condition::function::{self, Behaviour, Form, Function, Takes};
use crate::condition::ir::{Call, Expr, Op};
use crate::condition::syntax::{Kind, Node, Word};
use crate::model::Type;

impl Checker<'_> {
    pub(super) fn call(&mut self, name: &Word, arguments: &[Node]) -> Checked {
        let Some(function) = function::find(&name.text) else {
            // The arguments' own mistakes are worth hearing all the same; a bare
            // name may be that of an event.
            for node in arguments.iter().filter(|node| !matches!(node.kind, Kind::Name(_) | Kind::Path(_))) {
                self.expr(node);
            }
            return self.report(unknown::function(name));
        };
        let (least, most) = function.form.arity();
        let fits = (least..=most).contains(&arguments.len());
        match function.form {
            Form::Asked(asks) if fits => self.asked(function, asks, arguments.first()?, arguments.get(1)),
            Form::Asked(_) => self.report(misuse::argument_count(function, name, arguments.len())),
            Form::Computed(takes, behaviour) => {
                let checked = self.each(arguments, Self::expr);
                if !fits {
                    return self.report(misuse::argument_count(function, name, arguments.len()));
                }
                let arguments = checked?.into_vec().into_iter().zip(arguments).collect();
                self.computed(function, takes, behaviour, arguments)
            }
        }
    }

    fn computed(
        &mut self,
        function: &'static Function,
        takes: Takes,
        behaviour: Behaviour,
        arguments: Vec<types::Side<'_>>,
    ) -> Checked {
        let mut sound = true;
        for (expr, node) in &arguments {
            let literal = takes != Takes::Salt || matches!(node.kind, Kind::String(_));
            if !takes.accepts(&expr.ty) || !literal {
                self.report(misuse::bad_argument(self.ast, function, takes, node, &expr.ty));
                sound = false;
            }
        }
        if !sound {
            return None;
        }
        let arguments = match takes {
            Takes::Alike | Takes::Ordered => self.alike(arguments)?,
            Takes::Number
            | Takes::Rounded
            | Takes::Text
            | Takes::Texts
            | Takes::Written
            | Takes::Sized
            | Takes::Time
            | Takes::Salt => arguments.into_iter().map(|(expr, _)| expr).collect(),
        };
        let ty = match takes {
            Takes::Alike | Takes::Ordered | Takes::Number => arguments.first()?.ty.clone(),
            Takes::Rounded | Takes::Written | Takes::Sized | Takes::Time => Type::Int,
            Takes::Text | Takes::Texts => Type::String,
            Takes::Salt => Type::Float,
        };
        Some(Expr::new(ty, Op::Call(Call { function, behaviour, arguments: arguments.into() })))
    }
}
