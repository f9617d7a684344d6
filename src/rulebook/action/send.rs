//! `send: hello`, `send: {template: hello, after: 2 hours}`,
//! `send: {experiment: welcome_text, control: bye, short: bye_short}`: a
//! message to the user.

use super::run::values;
use super::{Action, Scope};
use crate::condition::Expression;
use crate::diagnostic::Diagnostic;
use crate::model::{ExperimentId, Text, TimeDelta};
use crate::rulebook::codes;
use crate::rulebook::phrases::{duration, integer, known};
use crate::rulebook::raw::{Reader, find, suggest};
use crate::rulebook::shape::{Key, Shape, Takes, optional, required};
use crate::rulebook::template::Sent;
use crate::rulebook::trigger::{Moment, moment};
use crate::rulebook::yaml::{Entry, Node};

/// What `send` takes.
pub(in crate::rulebook) const SEND: Takes =
    Takes::Either(&[Takes::Name, Takes::Map(&SHAPE), Takes::Open(&EXPERIMENT, &Takes::Name)]);
pub(super) const KEY: Key = optional("send", SEND, "sends the user a message", "отправляет пользователю сообщение");

const TRANSACTIONAL: Key = optional(
    "transactional",
    Takes::Flag,
    "reaches also those who opted out of marketing",
    "доходит и до отказавшихся от рекламы",
);
const AFTER: Key = optional("after", Takes::Duration, "how long to wait", "сколько подождать");
const AT: Key = optional("at", Takes::Moment, "when", "когда");
const PRIORITY: Key = optional("priority", Takes::Int, "which goes first", "что уходит раньше");
const EXPIRES: Key =
    optional("expires", Takes::Duration, "how long it is worth sending", "сколько времени её стоит отправлять");
const VARS: Key = optional("vars", Takes::Named(&Takes::Expression), "values for the template", "значения для шаблона");

static SHAPE: Shape = Shape {
    what: ("`send`", "`send`"),
    keys: &[
        required("template", Takes::Name, "the template", "шаблон"),
        TRANSACTIONAL,
        AFTER,
        AT,
        PRIORITY,
        EXPIRES,
        VARS,
    ],
};

/// The form for an experiment; beside these keys stand its variants.
static EXPERIMENT: Shape = Shape {
    what: ("`send`", "`send`"),
    keys: &[
        required(
            "experiment",
            Takes::Name,
            "the experiment; each of its variants is a key with a template, or `none`",
            "эксперимент; каждый его вариант — ключ с шаблоном или `none`",
        ),
        TRANSACTIONAL,
        AFTER,
        AT,
        PRIORITY,
        EXPIRES,
        VARS,
    ],
};

/// A message to one user.
#[derive(Clone, Debug)]
pub struct Send {
    /// What is sent.
    pub content: Content,
    /// What the user may opt out of apart.
    pub topic: Option<String>,
    /// How long to wait.
    pub after: Option<TimeDelta>,
    /// The moment to wait for.
    pub at: Option<Moment>,
    /// Which of several goes first: the greater.
    pub priority: Option<i32>,
    /// How long it is worth sending.
    pub expires: Option<TimeDelta>,
    /// Whether it reaches users who opted out of marketing.
    pub transactional: bool,
    /// Values for the template.
    pub vars: Vec<(String, Expression)>,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The same to everybody: a template.
    Template(String),
    /// The template of the user's variant.
    Experiment {
        /// The experiment.
        experiment: ExperimentId,
        /// For each variant, in their order, its template, or nothing.
        variants: Vec<Option<String>>,
    },
}

impl Send {
    /// A template sent at once.
    fn plain(content: Content, transactional: bool) -> Self {
        let (topic, after, at, priority, expires, vars) = (None, None, None, None, None, Vec::new());
        Self { content, topic, after, at, priority, expires, transactional, vars }
    }

    /// The template that everybody gets, if there is one.
    pub fn template(&self) -> Option<&str> {
        match &self.content {
            Content::Template(name) => Some(name),
            Content::Experiment { .. } => None,
        }
    }

    /// The first of its keys that asks for more than sending messages, soon or
    /// after a length of time.
    pub fn beyond_template(&self) -> Option<&'static str> {
        self.at.is_some().then_some("at")
    }
}

pub(super) fn check(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    send(node, scope, reader).map(|send| Action::Send(Box::new(send)))
}

/// Reads what stands at `send`.
pub(in crate::rulebook) fn send(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Send> {
    let Some(written) = node.map() else {
        let name = template(node, ("`send`", "`send`"), scope, reader)?;
        let transactional = scope.templates.transactional(&name);
        reader.sent.push(Sent { template: name.clone(), names: Vec::new(), place: node.place });
        return Some(Send::plain(Content::Template(name), transactional));
    };
    let content = match find(written, "experiment") {
        Some(experiment) => variants(experiment, node, written, scope, reader),
        None => {
            let entries = reader.shape(node, node.place, &SHAPE)?;
            let name = find(entries, "template").and_then(|n| template(n, ("`template`", "`template`"), scope, reader));
            name.map(Content::Template)
        }
    };
    let send = options(content, written, scope, reader)?;
    let names: Vec<String> = send.vars.iter().map(|(name, _)| name.clone()).collect();
    let sent = |template: &str| Sent { template: template.to_owned(), names: names.clone(), place: node.place };
    reader.sent.extend(send.content.templates().map(sent));
    Some(send)
}

/// The keys that both forms have.
fn options(content: Option<Content>, entries: &[Entry], scope: &Scope<'_>, reader: &mut Reader) -> Option<Send> {
    let flag = find(entries, "transactional").map(|n| reader.flag(n, ("`transactional`", "`transactional`")));
    let after = find(entries, "after").map(|n| duration(n, ("`after`", "`after`"), reader));
    let at = find(entries, "at").map(|n| moment(n, scope.names(), scope.sources, reader));
    let bounds = i64::from(i32::MIN)..=i64::from(i32::MAX);
    let priority = find(entries, "priority").map(|n| integer(n, ("`priority`", "`priority`"), bounds, reader));
    let expires = find(entries, "expires").map(|n| duration(n, ("`expires`", "`expires`"), reader));
    let vars = find(entries, "vars").map(|n| values(n, ("`vars`", "`vars`"), scope, reader));
    let content = content?;
    let transactional = match flag {
        Some(flag) => flag?,
        None => content.templates().any(|name| scope.templates.transactional(name)),
    };
    Some(Send {
        content,
        topic: None,
        after: after.map_or(Some(None), |after| after.map(Some))?,
        at: at.map_or(Some(None), |at| at.map(Some))?,
        priority: priority.map_or(Some(None), |priority| priority.map(Some))?.and_then(|n| i32::try_from(n).ok()),
        expires: expires.map_or(Some(None), |expires| expires.map(Some))?,
        transactional,
        vars: vars.unwrap_or_else(|| Some(Vec::new()))?,
    })
}

impl Content {
    /// The templates that may be sent.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        let (one, many) = match self {
            Self::Template(name) => (Some(name), &[][..]),
            Self::Experiment { variants, .. } => (None, variants.as_slice()),
        };
        one.into_iter().chain(many.iter().flatten()).map(String::as_str)
    }
}

/// The name of a template that exists.
fn template(node: &Node, what: (&str, &str), scope: &Scope<'_>, reader: &mut Reader) -> Option<String> {
    let name = reader.text(node, what)?;
    if scope.templates.contains(&name.text) {
        reader.used.template(&name.text, scope.names.catalogue);
        return Some(name.text.clone());
    }
    let text = Text::new(format!("unknown template `{}`", name.text), format!("неизвестный шаблон `{}`", name.text));
    let diagnostic = Diagnostic::error(codes::UNKNOWN_TEMPLATE, text, name.place);
    let help =
        Text::new(format!("create `templates/{}.html`", name.text), format!("создайте `templates/{}.html`", name.text));
    let diagnostic = suggest(diagnostic, &name.text, scope.templates.names());
    let could_be = name.text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    reader.found.push(if could_be { diagnostic.help(help) } else { diagnostic });
    None
}

/// `{experiment: NAME, VARIANT: TEMPLATE, …}`
fn variants(
    experiment: &Node,
    node: &Node,
    entries: &[Entry],
    scope: &Scope<'_>,
    reader: &mut Reader,
) -> Option<Content> {
    let catalogue = scope.names.catalogue;
    let what = ("experiment", "эксперимент");
    let name = known(experiment, what, codes::UNKNOWN_TARGET, &catalogue.experiments.names(), reader)?;
    let id = catalogue.experiments.find(&name.text)?;
    reader.used.experiment(ExperimentId(id));
    let declared = catalogue.variants.get(usize::from(id))?;
    let all: Vec<&str> = declared.values.iter().map(|variant| &**variant).chain(EXPERIMENT.names()).collect();
    reader.only(entries, &all, EXPERIMENT.what);
    let absent: Vec<&str> =
        declared.values.iter().map(|variant| &**variant).filter(|variant| find(entries, variant).is_none()).collect();
    if !absent.is_empty() {
        let list = absent.iter().map(|variant| format!("`{variant}`")).collect::<Vec<_>>().join(", ");
        let text = Text::new(
            format!("variants of `{}` are not covered: {list}", name.text),
            format!("не охвачены варианты эксперимента `{}`: {list}", name.text),
        );
        let help = Text::new(
            format!("add `{}: TEMPLATE`, or `none` where nothing is sent", absent[0]),
            format!("добавьте `{}: ШАБЛОН` или `none`, если ничего не отправляется", absent[0]),
        );
        reader.found.push(Diagnostic::error(codes::VARIANT_UNCOVERED, text, node.place).help(help));
    }
    let one = |variant: &str, reader: &mut Reader| {
        let node = find(entries, variant)?;
        match node.scalar().is_some_and(|scalar| scalar.text == "none") {
            true => Some(None),
            false => template(node, (variant, variant), scope, reader).map(Some),
        }
    };
    let variants: Vec<_> = declared.values.iter().map(|variant| one(variant, reader)).collect();
    let variants = variants.into_iter().collect::<Option<_>>()?;
    Some(Content::Experiment { experiment: ExperimentId(id), variants })
}

/// The topic beside `send`.
pub(in crate::rulebook) fn topic(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<String> {
    let name = known(node, ("topic", "тема"), codes::UNKNOWN_TARGET, &scope.topics.names(), reader)?;
    Some(name.text.clone())
}
