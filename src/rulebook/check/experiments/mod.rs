//! The section `experiments`: who takes part, the variants with their weights,
//! and what is compared; how the winner is found is read in `decide`.
//!
//! Names and variants are read first, since conditions ask for them; the rest
//! is checked once every name is known.

mod decide;
mod measure;
pub(in crate::rulebook) mod shape;

pub use decide::{Decide, Method};
pub use measure::Measure;

use super::order::{Defines, Item};
use super::{Names, codes, conditions, names, read};
use crate::condition::{Ast, Condition};
use crate::diagnostic::{Diagnostic, Sources};
use crate::model::{EnumType, Share, Text};
use crate::rulebook::phrases::integer;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::trigger::{Goal, goal};
use crate::rulebook::yaml::{Entry, Node, Scalar};
use shape::{SHAPE, VARIANT};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// More experiments than this, or more variants of one, are refused.
const MOST: usize = 1_000;
const VARIANTS: usize = 100;

/// One experiment.
#[derive(Debug)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// Who takes part; absent for everybody.
    pub to: Option<Condition>,
    /// Which share of them.
    pub coverage: Share,
    /// The variants in the order of their buckets; the first is the control.
    pub variants: Vec<Variant>,
    /// Part of the salt that deals users to variants.
    pub version: u32,
    /// Experiments of one group never share a user.
    pub group: Option<String>,
    /// What counts as success.
    pub goal: Option<Goal>,
    /// What the verdict is about.
    pub measure: Measure,
    /// What must not happen more often.
    pub guardrails: Vec<Goal>,
    /// How the winner is found.
    pub decide: Decide,
}

/// One variant of an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Its share against the sum of all weights; at least one.
    pub weight: u32,
    /// Whether it says that it sends nothing.
    pub silent: bool,
}

/// The experiments as written, with the variants that could be read.
#[derive(Default)]
pub(in crate::rulebook) struct Drafts<'a> {
    drafts: Vec<Draft<'a>>,
}

struct Draft<'a> {
    entry: &'a Entry,
    named: bool,
    variants: Vec<Variant>,
    /// Whether all variants could be read.
    whole: bool,
    to: Option<To<'a>>,
}

/// Who takes part, as written.
struct To<'a> {
    text: &'a Scalar,
    ast: Option<Arc<Ast>>,
}

/// Reads names and variants.
pub(in crate::rulebook) fn read<'a>(entries: &[&'a Entry], sources: &Sources, reader: &mut Reader) -> Drafts<'a> {
    if let Some(entry) = entries.get(MOST) {
        reader.found.push(too_many(&entry.key, MOST));
    }
    Drafts { drafts: entries.iter().take(MOST).map(|entry| draft(entry, sources, reader)).collect() }
}

fn draft<'a>(entry: &'a Entry, sources: &Sources, reader: &mut Reader) -> Draft<'a> {
    let named = names::name(&entry.key, reader);
    let read = entry.value.get("variants").map(|node| variants(node, &entry.key, reader));
    let (variants, whole) = read.unwrap_or_default();
    let text = entry.value.get("to").and_then(|node| conditions::text(node, reader));
    let to = text.map(|text| To { text, ast: conditions::parse(text, sources, reader) });
    Draft { entry, named, variants, whole, to }
}

/// The variants, and whether none of them was left out.
fn variants(node: &Node, experiment: &Scalar, reader: &mut Reader) -> (Vec<Variant>, bool) {
    let Some(entries) = reader.map(node, ("`variants`", "`variants`")) else { return (Vec::new(), false) };
    if entries.len() < 2 {
        let text = Text::new(
            format!("`{}` needs two variants at least", experiment.text),
            format!("в `{}` должно быть не меньше двух вариантов", experiment.text),
        );
        let help =
            Text::new("write `variants: {control: 50, short: 50}`", "пишите `variants: {control: 50, short: 50}`");
        reader.found.push(Diagnostic::error(codes::BAD_VARIANTS, text, node.place).help(help));
    } else if let Some(entry) = entries.get(VARIANTS) {
        reader.found.push(too_many(&entry.key, VARIANTS));
    }
    let list: Vec<Variant> = entries.iter().take(VARIANTS).filter_map(|entry| variant(entry, reader)).collect();
    let whole = list.len() == entries.len();
    (list, whole)
}

/// `control: 50` or `control: {weight: 50, send: none}`.
fn variant(entry: &Entry, reader: &mut Reader) -> Option<Variant> {
    let free = names::name(&entry.key, reader) && names::variant(&entry.key, reader);
    let what = ("a weight", "вес");
    let bounds = 1..=1_000_000;
    let (weight, silent) = match entry.value.map() {
        None => (whole(&entry.value, what, bounds, reader), false),
        Some(_) => {
            let entries = reader.shape(&entry.value, entry.key.place, &VARIANT)?;
            let silent = find(entries, "send").map(|node| reader.word(node, ("`send`", "`send`"), &["none"]));
            (find(entries, "weight").and_then(|node| whole(node, what, bounds, reader)), silent.is_some())
        }
    };
    weight.filter(|_| free).map(|weight| Variant { name: entry.key.text.clone(), weight, silent })
}

fn whole(node: &Node, what: (&str, &str), bounds: RangeInclusive<i64>, reader: &mut Reader) -> Option<u32> {
    integer(node, what, bounds, reader).and_then(|number| u32::try_from(number).ok())
}

impl Draft<'_> {
    fn item(&self) -> Item<'_> {
        let formula = self.to.as_ref().and_then(|to| Some((to.text, to.ast.as_deref()?)));
        Item { defines: Defines::Experiment, name: &self.entry.key, formulas: formula.into_iter().collect() }
    }
}

impl Drafts<'_> {
    /// All names that were written, also of experiments with mistakes.
    pub fn names(&self) -> Vec<String> {
        self.drafts.iter().map(|draft| draft.entry.key.text.clone()).collect()
    }

    /// The names of the variants of each.
    pub fn variants(&self) -> Vec<Arc<EnumType>> {
        let names = |draft: &Draft<'_>| draft.variants.iter().map(|variant| variant.name.as_str().into()).collect();
        self.drafts.iter().map(|draft| Arc::new(EnumType { values: names(draft) })).collect()
    }

    /// The experiments as parts of the definitions that are ordered together.
    pub(super) fn items(&self) -> Vec<Item<'_>> {
        self.drafts.iter().map(Draft::item).collect()
    }

    /// The experiments whose variants could not all be read.
    pub fn broken(&self) -> impl Iterator<Item = &str> {
        self.drafts.iter().filter(|draft| !draft.whole).map(|draft| draft.entry.key.text.as_str())
    }

    /// The experiments, checked.
    pub fn check(self, names: &Names<'_>, sources: &Sources, reader: &mut Reader) -> Vec<Experiment> {
        let coverage = groups(&self.drafts, reader);
        let list = self.drafts.into_iter().zip(coverage);
        list.filter_map(|(draft, coverage)| experiment(draft, coverage, names, sources, reader)).collect()
    }
}

fn experiment(
    draft: Draft<'_>,
    coverage: Option<Share>,
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Option<Experiment> {
    let entries = reader.shape(&draft.entry.value, draft.entry.key.place, &SHAPE)?;
    let to = find(entries, "to").map(|_| {
        let To { text, ast } = draft.to.as_ref()?;
        conditions::check(ast.as_deref()?, text, names, sources, reader)
    });
    let version = find(entries, "version").map(|node| whole(node, ("`version`", "`version`"), 1..=1_000_000, reader));
    let group = find(entries, "group").map(|node| group(node, reader));
    let goal = find(entries, "goal").map(|node| goal(node, names, sources, reader));
    let measure = find(entries, "measure").map(|node| measure::read(node, goal.as_ref(), names, reader));
    let measured = measure.unwrap_or(Some(Measure::Converted));
    let guardrails = find(entries, "guardrails").map(|node| guardrails(node, names, sources, reader));
    let decide = find(entries, "decide").map(|node| decide::read(node, entries, measured, reader));
    let (to, group) = (to.map_or(Some(None), |to| to.map(Some))?, group.map_or(Some(None), |group| group.map(Some))?);
    Some(Experiment {
        name: draft.named.then(|| draft.entry.key.text.clone())?,
        to,
        coverage: coverage?,
        variants: Some(draft.variants).filter(|_| draft.whole)?,
        version: version.unwrap_or(Some(1))?,
        group,
        goal: goal.map_or(Some(None), |goal| goal.map(Some))?,
        measure: measured?,
        guardrails: guardrails.unwrap_or_else(|| Some(Vec::new()))?,
        decide: decide.unwrap_or(Some(Decide::default()))?,
    })
}

fn guardrails(node: &Node, names: &Names<'_>, sources: &Sources, reader: &mut Reader) -> Option<Vec<Goal>> {
    let items = reader.list(node, ("`guardrails`", "`guardrails`"))?;
    let list: Vec<_> = items.iter().map(|item| goal(item, names, sources, reader)).collect();
    list.into_iter().collect()
}

fn group(node: &Node, reader: &mut Reader) -> Option<String> {
    let scalar = reader.text(node, ("`group`", "`group`"))?;
    names::name(scalar, reader).then(|| scalar.text.clone())
}

/// The coverage of each experiment. The experiments of a group share out the
/// users, so together they cover at most everybody.
fn groups(drafts: &[Draft<'_>], reader: &mut Reader) -> Vec<Option<Share>> {
    let mut taken: HashMap<&str, u32> = HashMap::new();
    let mut list = Vec::new();
    for draft in drafts {
        let node = draft.entry.value.get("coverage");
        let bounds = Share::NONE..=Share::ALL;
        let share =
            node.map_or(Some(Share::ALL), |node| read::share(node, ("`coverage`", "`coverage`"), bounds, reader));
        list.push(share);
        let group = draft.entry.value.get("group").and_then(Node::scalar);
        if let (Some(group), Some(share)) = (group, share) {
            let sum = taken.entry(&group.text).or_default();
            let before = *sum;
            *sum += u32::from(share.of_ten_thousand());
            let full = u32::from(Share::ALL.of_ten_thousand());
            if before <= full && *sum > full {
                reader.found.push(group_is_full(group, node.map_or(group.place, |node| node.place)));
            }
        }
    }
    list
}

fn group_is_full(group: &Scalar, place: crate::diagnostic::Place) -> Diagnostic {
    let text = Text::new(
        format!("the experiments of the group `{}` cover more than 100% of the users", group.text),
        format!("эксперименты группы `{}` охватывают больше 100% пользователей", group.text),
    );
    let help = Text::new(
        "they share no user: give each a `coverage` so that the sum is 100% at most",
        "общих пользователей у них нет: задайте каждому `coverage`, чтобы сумма не превысила 100%",
    );
    Diagnostic::error(codes::GROUP_FULL, text, place).help(help)
}

fn too_many(key: &Scalar, most: usize) -> Diagnostic {
    let text = Text::new(
        format!("there are more than {most} of them, from `{}` on", key.text),
        format!("их больше {most}, начиная с `{}`", key.text),
    );
    let help = Text::new("remove those that are over", "удалите завершённые");
    Diagnostic::error(codes::TOO_MANY, text, key.place).help(help)
}
