//! The section `lifecycle`: classes of users of which each user has one, the
//! first that fits. The names of the classes are the values of the built-in
//! field `lifecycle`.

use super::{Names, codes, conditions, names};
use crate::condition::{Ast, Condition, Kind as Part};
use crate::diagnostic::{Diagnostic, Sources};
use crate::model::{EnumType, Schema, Text, Type, Value, builtin};
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::{Entry, Kind, Node, Scalar};
use std::sync::Arc;

const WHAT: (&str, &str) = ("a class of `lifecycle`", "класс в `lifecycle`");
/// Stands for a condition in the last class.
const ELSE: &str = "else";

/// One class of users.
#[derive(Debug)]
pub struct Class {
    /// Its name, a value of the field `lifecycle`.
    pub name: Arc<str>,
    /// Who belongs to it, of those whom no earlier class took; absent for
    /// everybody who is left.
    pub condition: Option<Condition>,
}

/// The classes as written.
#[derive(Default)]
pub(in crate::rulebook) struct Draft<'a> {
    /// The section's own key.
    pub key: Option<&'a Scalar>,
    classes: Vec<Written<'a>>,
    /// Whether a class could not be read at all.
    pub broken: bool,
}

struct Written<'a> {
    name: &'a Scalar,
    rule: Rule<'a>,
}

enum Rule<'a> {
    Else,
    If(&'a Scalar, Arc<Ast>),
    Broken,
}

/// Reads the classes; those that nobody can be in are warned of.
pub(in crate::rulebook) fn read<'a>(section: Option<&'a Entry>, sources: &Sources, reader: &mut Reader) -> Draft<'a> {
    let Some(entry) = section else { return Draft::default() };
    let (mut classes, mut broken): (Vec<Written<'a>>, bool) = (Vec::new(), false);
    let items = reader.list(&entry.value, ("`lifecycle`", "`lifecycle`"));
    broken |= items.is_none();
    for item in items.unwrap_or_default() {
        let Some(class) = class(item, sources, reader) else {
            broken = true;
            continue;
        };
        match classes.iter().find(|before| before.name.text == class.name.text) {
            Some(before) => reader.found.push(super::twice(class.name, before.name.place)),
            None => classes.push(class),
        }
    }
    shadows(&classes, reader);
    Draft { key: Some(&entry.key), classes, broken }
}

/// `- vip_user: segment(vip)`
fn class<'a>(item: &'a Node, sources: &Sources, reader: &mut Reader) -> Option<Written<'a>> {
    let [entry] = reader.map(item, WHAT)? else {
        let text = Text::new(
            "a class of `lifecycle` is one name with one condition",
            "класс в `lifecycle` — одно имя с одним условием",
        );
        let help = Text::new(
            "begin each class with `- ` on a line of its own: their order matters",
            "начинайте каждый класс с `- ` на своей строке: важен их порядок",
        );
        reader.found.push(Diagnostic::error(codes::WRONG_SHAPE, text, item.place).help(help));
        return None;
    };
    names::name(&entry.key, reader);
    let rule = match &entry.value.kind {
        Kind::Scalar(scalar) if scalar.text.trim() == ELSE => Rule::Else,
        Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) | Kind::Refused => condition(&entry.value, sources, reader),
    };
    Some(Written { name: &entry.key, rule })
}

fn condition<'a>(node: &'a Node, sources: &Sources, reader: &mut Reader) -> Rule<'a> {
    let scalar = conditions::text(node, reader);
    let parsed = scalar.and_then(|scalar| Some((scalar, conditions::parse(scalar, sources, reader)?)));
    parsed.map_or(Rule::Broken, |(scalar, ast)| Rule::If(scalar, ast))
}

/// Warns of classes that an earlier one leaves nobody for.
fn shadows(classes: &[Written<'_>], reader: &mut Reader) {
    for (at, class) in classes.iter().enumerate() {
        if let Some(before) = classes[..at].iter().find(|before| before.takes_all_of(class)) {
            reader.found.push(shadowed(class.name, before.name));
        }
    }
}

impl Written<'_> {
    /// Whether everybody whom `later` is for belongs here already.
    fn takes_all_of(&self, later: &Self) -> bool {
        match (&self.rule, &later.rule) {
            (Rule::Else, _) => true,
            (Rule::If(_, ast), _) if ast.root().kind == Part::Bool(true) => true,
            (Rule::If(_, before), Rule::If(_, after)) => before.root() == after.root(),
            (Rule::If(..) | Rule::Broken, _) => false,
        }
    }
}

fn shadowed(class: &Scalar, before: &Scalar) -> Diagnostic {
    let text = Text::new(
        format!("nobody can be `{}`: `{}` stands before it and takes them all", class.text, before.text),
        format!("никто не попадёт в `{}`: раньше стоит `{}` и забирает всех", class.text, before.text),
    );
    Diagnostic::warning(codes::SHADOWED, text, class.place)
        .also(before.place, Text::new("takes them all", "забирает всех"))
        .help(Text::new(
            "the first class that fits wins: put the narrow ones first, `else` last",
            "побеждает первый подходящий класс: узкие ставьте раньше, `else` — последним",
        ))
}

impl<'a> Draft<'a> {
    /// The conditions of the classes.
    pub fn formulas(&self) -> impl Iterator<Item = (&'a Scalar, &Ast)> {
        self.classes.iter().filter_map(|class| match &class.rule {
            Rule::If(text, ast) => Some((*text, ast.as_ref())),
            Rule::Else | Rule::Broken => None,
        })
    }

    /// Makes the names of the classes the values of the field `lifecycle`. With
    /// an `else` it is never missing.
    pub fn declare(&self, schema: &mut Schema) {
        let values: Vec<Arc<str>> = self.classes.iter().map(|class| class.name.text.as_str().into()).collect();
        let rest = self.classes.iter().find(|class| matches!(class.rule, Rule::Else));
        let default = rest.map_or(Value::Missing, |class| Value::text(class.name.text.as_str()));
        if !values.is_empty() {
            schema.redeclare(builtin::LIFECYCLE, |field| {
                field.ty = Type::Enum(Arc::new(EnumType { values }));
                field.default = default;
            });
        }
    }

    /// The classes, checked.
    pub fn check(&self, names: &Names<'_>, sources: &Sources, reader: &mut Reader) -> Vec<Class> {
        let mut list = Vec::new();
        for class in &self.classes {
            let condition = match &class.rule {
                Rule::Else => None,
                Rule::Broken => continue,
                Rule::If(text, ast) => match conditions::check(ast, text, names, sources, reader) {
                    Some(condition) => Some(condition),
                    None => continue,
                },
            };
            list.push(Class { name: class.name.text.as_str().into(), condition });
        }
        list
    }
}
