//! What a step of a test expects.

use super::shape::EXPECT;
use super::{DRIP_STATES, codes, values};
use crate::condition::Condition;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{DripId, FieldId, Text, Value};
use crate::rulebook::action::Scope;
use crate::rulebook::check::conditions::compile;
use crate::rulebook::check::lookup;
use crate::rulebook::offer::INVOICE;
use crate::rulebook::raw::{Reader, find, suggest};
use crate::rulebook::yaml::{Entry, Node};

/// What must be so at the end of a step; absent parts are not looked at.
#[derive(Debug, Default)]
pub struct Expect {
    /// The templates that passed all gates in this step, all of them, in order.
    pub sent: Option<Placed<Vec<String>>>,
    /// Fields with their values.
    pub set: Vec<Placed<(FieldId, Value)>>,
    /// Fields that are missing.
    pub unset: Vec<Placed<FieldId>>,
    /// Tags that the user has.
    pub tags: Vec<Placed<String>>,
    /// A condition that is true.
    pub condition: Option<Placed<Condition>>,
    /// Where the user is in drips.
    pub drips: Vec<Placed<(DripId, DripState)>>,
}

/// Something expected, and where that stands.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// What.
    pub value: T,
    /// Where.
    pub place: Place,
}

impl<T> Placed<T> {
    fn at(place: Place) -> impl Fn(T) -> Self {
        move |value| Self { value, place }
    }
}

/// Where a user is in a drip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DripState {
    /// Between two of its steps.
    Inside,
    /// Past its end, or its goal reached.
    Finished,
    /// Neither.
    Outside,
}

impl DripState {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Finished => "finished",
            Self::Outside => "outside",
        }
    }
}

/// Reads what is expected.
pub(super) fn expect(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Expect> {
    let entries = reader.shape(node, node.place, &EXPECT)?;
    let sent = find(entries, "sent").map(|node| {
        let list = each(node, ("`sent`", "`sent`"), reader, |n, r| template(n, scope, r))?;
        Some(Placed { value: list.into_iter().map(|template| template.value).collect(), place: node.place })
    });
    let set = find(entries, "set").map(|node| values::expected(node, ("`set`", "`set`"), scope, reader));
    let unset =
        find(entries, "unset").map(|node| each(node, ("`unset`", "`unset`"), reader, |n, r| field(n, scope, r)));
    let tags = find(entries, "tags").map(|node| each(node, ("`tags`", "`tags`"), reader, tag));
    let condition =
        find(entries, "if").map(|node| compile(node, scope.names(), scope.sources, reader).map(Placed::at(node.place)));
    let drips = find(entries, "drip").map(|node| drips(node, scope, reader));
    Some(Expect {
        sent: sent.map_or(Some(None), |sent| sent.map(Some))?,
        set: set.unwrap_or_else(|| Some(Vec::new()))?,
        unset: unset.unwrap_or_else(|| Some(Vec::new()))?,
        tags: tags.unwrap_or_else(|| Some(Vec::new()))?,
        condition: condition.map_or(Some(None), |condition| condition.map(Some))?,
        drips: drips.unwrap_or_else(|| Some(Vec::new()))?,
    })
}

/// All items of a list, each read; nothing if one is wrong.
fn each<T>(
    node: &Node,
    what: (&str, &str),
    reader: &mut Reader,
    mut one: impl FnMut(&Node, &mut Reader) -> Option<T>,
) -> Option<Vec<Placed<T>>> {
    let items = reader.list(node, what)?;
    let item = |item: &Node| one(item, reader).map(Placed::at(item.place));
    let list: Vec<_> = items.iter().map(item).collect();
    list.into_iter().collect()
}

fn template(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<String> {
    let name = reader.text(node, ("a template", "шаблон"))?;
    if scope.templates.contains(&name.text) {
        reader.used.template(&name.text, scope.names.catalogue);
        return Some(name.text.clone());
    }
    let is_invoice = |product: &str| scope.product_names.find(product).is_some();
    if name.text.strip_prefix(INVOICE).is_some_and(is_invoice) {
        return Some(name.text.clone());
    }
    let text = Text::new(format!("unknown template `{}`", name.text), format!("неизвестный шаблон `{}`", name.text));
    let diagnostic = Diagnostic::error(codes::UNKNOWN_TEMPLATE, text, name.place);
    reader.found.push(suggest(diagnostic, &name.text, scope.templates.names()));
    None
}

fn field(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<FieldId> {
    let name = reader.text(node, ("a field", "поле"))?;
    values::field(name, scope, reader)
}

fn tag(node: &Node, reader: &mut Reader) -> Option<String> {
    reader.text(node, ("a tag", "метка")).map(|scalar| scalar.text.trim().to_owned())
}

/// `drip: {onboarding: inside}`
fn drips(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Vec<Placed<(DripId, DripState)>>> {
    let entries = reader.map(node, ("`drip`", "`drip`"))?;
    let one = |entry: &Entry| {
        let id = lookup::drip_named(&entry.key, scope.names(), reader);
        let what = ("the user's place in a drip", "место пользователя в цепочке");
        let state = match reader.word(&entry.value, what, &DRIP_STATES)? {
            "inside" => DripState::Inside,
            "finished" => DripState::Finished,
            _ => DripState::Outside,
        };
        Some(Placed { value: (id?, state), place: entry.key.place })
    };
    let list: Vec<_> = entries.iter().map(one).collect();
    list.into_iter().collect()
}
