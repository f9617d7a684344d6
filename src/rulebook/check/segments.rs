//! The section `segments`: conditions with names, checked once every name is
//! known.

use super::order::{Defines, Item};
use super::{Names, codes, conditions, names, title};
use crate::condition::{Ast, Condition};
use crate::diagnostic::{Diagnostic, Sources};
use crate::model::{SegmentId, Text};
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::script::{ScriptRef, Scripts};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::yaml::{Entry, Node, Scalar};
use std::sync::Arc;

/// One segment in its long form.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("a segment", "сегмент"),
    keys: &[
        optional("title", Takes::Title, "what the panel calls it", "название в панели"),
        required(
            "if",
            Takes::Either(&[Takes::Condition, Takes::Map(&BY_SCRIPT)]),
            "who belongs to it",
            "кто в него входит",
        ),
    ],
};

static BY_SCRIPT: Shape = Shape {
    what: ("a script as a condition", "условие-скрипт"),
    keys: &[required("script", Takes::Name, "`file.rhai:function`", "`файл.rhai:функция`")],
};
/// More segments than this are refused.
const SEGMENTS: usize = 10_000;

/// Users for whom a condition is true.
#[derive(Debug)]
pub struct Segment {
    /// Its place among the segments.
    pub id: SegmentId,
    /// Its name.
    pub name: String,
    /// What the panel calls it.
    pub title: Option<Text>,
    /// What makes a user belong.
    pub test: Test,
}

/// What makes a user belong to a segment.
#[derive(Clone, Debug)]
pub enum Test {
    /// A condition.
    Condition(Condition),
    /// A function of a script, which takes users one by one.
    Script(ScriptRef),
}

/// A segment as written.
struct Draft<'a> {
    name: &'a Scalar,
    title: Option<Text>,
    written: Option<Written<'a>>,
    ast: Option<Arc<Ast>>,
}

/// What stands at `if`.
#[derive(Clone, Copy)]
enum Written<'a> {
    Condition(&'a Scalar),
    Script(&'a Scalar),
}

/// The segments as written, and the order that they are judged in.
#[derive(Default)]
pub(in crate::rulebook) struct Drafts<'a> {
    drafts: Vec<Draft<'a>>,
    order: Vec<usize>,
}

/// Reads all segments, in the order of the files.
pub(in crate::rulebook) fn read<'a>(entries: &[&'a Entry], sources: &Sources, reader: &mut Reader) -> Drafts<'a> {
    let mut drafts: Vec<Draft<'_>> = entries.iter().map(|entry| draft(entry, sources, reader)).collect();
    if let Some(draft) = drafts.get(SEGMENTS) {
        let text = Text::new(
            format!("there are more than {SEGMENTS} segments, from `{}` on", draft.name.text),
            format!("сегментов больше {SEGMENTS}, начиная с `{}`", draft.name.text),
        );
        let help = Text::new("remove segments that nothing uses", "удалите ненужные сегменты");
        reader.found.push(Diagnostic::error(codes::TOO_MANY, text, draft.name.place).help(help));
        drafts.truncate(SEGMENTS);
    }
    let order = (0..drafts.len()).collect();
    Drafts { drafts, order }
}

impl<'a> Drafts<'a> {
    /// The segments as parts of the definitions that are ordered together.
    pub(super) fn items(&self) -> Vec<Item<'_>> {
        self.drafts.iter().map(Draft::item).collect()
    }

    /// Takes the order in which each comes after those it asks for.
    pub(super) fn ordered(&mut self, order: Vec<usize>) {
        self.order = order;
    }

    /// All names that were written, also of segments with mistakes, so that one
    /// mistake does not make every other condition fail.
    pub fn names(&self) -> Vec<String> {
        self.order.iter().map(|index| self.drafts[*index].name.text.clone()).collect()
    }

    /// The segments, each after those it asks for.
    pub fn check(
        mut self,
        names: &Names<'_>,
        scripts: &Scripts,
        sources: &Sources,
        reader: &mut Reader,
    ) -> Vec<Segment> {
        let mut list = Vec::with_capacity(self.drafts.len());
        for (id, index) in (0u16..).zip(self.order) {
            let draft = &mut self.drafts[index];
            let test = match (draft.written, &draft.ast) {
                (Some(Written::Condition(text)), Some(ast)) => {
                    conditions::check(ast, text, names, sources, reader).map(Test::Condition)
                }
                (Some(Written::Script(text)), _) => by_script(text, names, scripts, reader).map(Test::Script),
                (Some(Written::Condition(_)), None) | (None, _) => None,
            };
            if let Some(test) = test {
                let title = draft.title.take();
                list.push(Segment { id: SegmentId(id), name: draft.name.text.clone(), title, test });
            }
        }
        list
    }
}

/// A function of a script that reads stored fields alone: so it never asks for
/// anything that could ask for it.
fn by_script(text: &Scalar, names: &Names<'_>, scripts: &Scripts, reader: &mut Reader) -> Option<ScriptRef> {
    let script = scripts.predicate(text, reader)?;
    let schema = &names.catalogue.schema;
    let derived = scripts.reads(&script).find(|id| schema.is_derived(*id));
    if let Some(id) = derived {
        let name = &schema.field(id).name;
        let message = Text::new(
            format!("a script in a condition cannot read `{name}`, which is computed"),
            format!("скрипт в условии не может читать вычисляемое поле `{name}`"),
        );
        let help = Text::new(
            "write this condition in the condition language, or compute it in the script from stored fields",
            "напишите это условие на языке условий или вычислите нужное в скрипте из хранимых полей",
        );
        reader.found.push(Diagnostic::error(codes::SCRIPT_CONDITION, message, text.place).help(help));
        return None;
    }
    let message = Text::new(
        format!("`{script}` judges users one by one, about a thousand times slower than a condition"),
        format!("`{script}` судит пользователей по одному, примерно в тысячу раз медленнее условия"),
    );
    reader.found.push(Diagnostic::info(codes::SCRIPT_ROW_BY_ROW, message, text.place));
    Some(script)
}

impl Draft<'_> {
    fn item(&self) -> Item<'_> {
        let formulas = match (self.written, self.ast.as_deref()) {
            (Some(Written::Condition(text)), Some(ast)) => vec![(text, ast)],
            (Some(Written::Condition(_)), None) | (Some(Written::Script(_)) | None, _) => Vec::new(),
        };
        Item { defines: Defines::Segment, name: self.name, formulas }
    }
}

fn draft<'a>(entry: &'a Entry, sources: &Sources, reader: &mut Reader) -> Draft<'a> {
    names::name(&entry.key, reader);
    let (title, written) = parts(entry, reader);
    let ast = match written {
        Some(Written::Condition(scalar)) => conditions::parse(scalar, sources, reader),
        Some(Written::Script(_)) | None => None,
    };
    Draft { name: &entry.key, title, written, ast }
}

/// `vip: CONDITION` or `vip: {title: …, if: CONDITION}`.
fn parts<'a>(entry: &'a Entry, reader: &mut Reader) -> (Option<Text>, Option<Written<'a>>) {
    if entry.value.map().is_none() {
        return (None, conditions::text(&entry.value, reader).map(Written::Condition));
    }
    let entries = reader.shape(&entry.value, entry.key.place, &SHAPE).unwrap_or_default();
    let title = find(entries, "title").and_then(|node| title(node, reader));
    (title, find(entries, "if").and_then(|node| written(node, reader)))
}

/// A condition, or `{script: FILE:FUNCTION}`.
fn written<'a>(node: &'a Node, reader: &mut Reader) -> Option<Written<'a>> {
    if node.get("script").is_none() {
        return conditions::text(node, reader).map(Written::Condition);
    }
    let entries = reader.shape(node, node.place, &BY_SCRIPT)?;
    reader.text(find(entries, "script")?, ("`script`", "`script`")).map(Written::Script)
}
