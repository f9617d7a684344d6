//! Actions: what a rule, a drip's step or a task does, as checked data.
//!
//! One file for each action holds its keys, what they mean and its check; the
//! list below is the only place that names them all. Nothing is carried out
//! here.

mod add_discount;
mod backup;
mod broadcast;
mod cleanup;
mod drip;
mod emit;
mod invoice;
mod log;
mod notice;
mod report;
mod run;
mod scope;
mod send;
mod set;
mod tag;
mod webhook;

pub use add_discount::Discount;
pub use backup::Backup;
pub use cleanup::Cleanup;
pub use emit::Emit;
pub use invoice::Invoice;
pub use report::Report;
pub use run::Run;
pub(in crate::rulebook) use scope::Scope;
pub use scope::Subject;
pub use send::{Content, Send};
pub(in crate::rulebook) use send::{SEND, send, topic};
pub use webhook::{Webhook, webhook_host};

use super::codes;
use super::raw::{Reader, suggest};
use super::shape::{Shape, Takes, optional};
use super::yaml::{Entry, Node, Scalar};
use crate::condition::Expression;
use crate::diagnostic::{Diagnostic, Place};
use crate::model::{DripId, FieldId, Text};

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Action {
    /// `send: hello`
    Send(Box<Send>),
    /// `set: {balance: balance + 3}`
    Set(Vec<(FieldId, Expression)>),
    /// `add: {visits: 1}`; a missing field counts as 0.
    Add(Vec<(FieldId, Expression)>),
    /// `unset: trial_used`
    Unset(Vec<FieldId>),
    /// `tag: beta`
    Tag(Vec<String>),
    /// `untag: beta`
    Untag(Vec<String>),
    /// `add_discount: {percent: 20, for: 7 days}`
    AddDiscount(Discount),
    /// `start: onboarding`
    Start(DripId),
    /// `stop: onboarding`
    Stop(DripId),
    /// `emit: {won: {amount: 3}}`
    Emit(Emit),
    /// `invoice: {product: month, pay: stars}`
    Invoice(Invoice),
    /// `run: rewards.rhai`
    Run(Run),
    /// `notify: a text for the admins`
    Notify(String),
    /// `broadcast: spring_sale`
    Broadcast(String),
    /// `report: {period: 7 days}`
    Report(Report),
    /// `webhook: {url: …, body: …}`
    Webhook(Webhook),
    /// `cleanup: {events: 400 days}`
    Cleanup(Cleanup),
    /// `backup: {keep: 7}`
    Backup(Backup),
    /// `log: a text`
    Log(String),
}

impl Action {
    /// Whether it changes the user's fields and does nothing else.
    pub fn changes_profile(&self) -> bool {
        match self {
            Self::Set(_) | Self::Add(_) | Self::Unset(_) | Self::Tag(_) | Self::Untag(_) => true,
            Self::Send(_)
            | Self::AddDiscount(_)
            | Self::Start(_)
            | Self::Stop(_)
            | Self::Emit(_)
            | Self::Invoice(_)
            | Self::Run(_)
            | Self::Notify(_)
            | Self::Broadcast(_)
            | Self::Report(_)
            | Self::Webhook(_)
            | Self::Cleanup(_)
            | Self::Backup(_)
            | Self::Log(_) => false,
        }
    }
}

/// What `then` takes.
pub(in crate::rulebook) const ACTION_LIST: Takes = Takes::List(&Takes::Map(&ITEM));

/// One item of `then`: one of these keys, and perhaps `topic` beside `send` or
/// `user` beside `emit`.
pub(in crate::rulebook) static ITEM: Shape = Shape {
    what: ("an action", "действие"),
    keys: &[
        send::KEY,
        set::SET,
        set::ADD,
        set::UNSET,
        tag::TAG,
        tag::UNTAG,
        add_discount::KEY,
        drip::START,
        drip::STOP,
        emit::KEY,
        invoice::KEY,
        run::KEY,
        notice::KEY,
        broadcast::KEY,
        report::KEY,
        webhook::KEY,
        cleanup::KEY,
        backup::KEY,
        log::KEY,
        optional(TOPIC, Takes::Name, "beside `send`: its topic", "рядом с `send`: тема сообщения"),
        optional(
            USER,
            Takes::Expression,
            "beside `emit`: the id of the user to whom it happens",
            "рядом с `emit`: id пользователя, с которым это происходит",
        ),
    ],
};
const TOPIC: &str = "topic";
const USER: &str = "user";
const ACTION: (&str, &str) = ("action", "действие");
/// Actions that make no sense without a user.
const ABOUT_USERS: [&str; 12] =
    ["send", "set", "add", "unset", "tag", "untag", "add_discount", "start", "stop", "emit", "invoice", "run"];

/// Reads a list of actions.
pub(in crate::rulebook) fn actions(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Vec<Action>> {
    let items = reader.list(node, ("a list of actions", "список действий"))?;
    let actions: Vec<_> = items
        .iter()
        .map(|item| {
            let entries: Vec<&Entry> = reader.map(item, ITEM.what)?.iter().collect();
            action(&entries, item.place, scope, reader)
        })
        .collect();
    actions.into_iter().collect()
}

/// A list of actions of a rule or task, of which an empty one is warned of.
pub(in crate::rulebook) fn deeds(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Vec<Action>> {
    let actions = actions(node, scope, reader)?;
    if actions.is_empty() {
        let text = Text::new("nothing is done here", "здесь ничего не делается");
        let help = Text::new("write `then: [{send: TEMPLATE}]`", "напишите `then: [{send: ШАБЛОН}]`");
        reader.found.push(Diagnostic::warning(codes::ONE_ACTION, text, node.place).help(help));
    }
    Some(actions)
}

/// Reads one action out of the entries of its item, which stands at `place`.
pub(in crate::rulebook) fn action(
    entries: &[&Entry],
    place: Place,
    scope: &Scope<'_>,
    reader: &mut Reader,
) -> Option<Action> {
    let (beside, keys): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|entry| [TOPIC, USER].contains(&entry.key.text.as_str()));
    let of = |name: &str| beside.iter().find(|entry| entry.key.text == name);
    let [entry] = keys[..] else {
        reader.found.push(one_only(keys.iter().map(|entry| &entry.key), place, ACTION));
        return None;
    };
    let topic = of(TOPIC).map(|entry| (entry, send::topic(&entry.value, scope, reader)));
    let user = of(USER).map(|entry| (entry, emit::user(&entry.value, scope, reader)));
    let action = one(entry, scope, reader);
    match (topic, user, action?) {
        (None, None, action) => Some(action),
        (Some((_, topic)), None, Action::Send(send)) => {
            Some(Action::Send(Box::new(Send { topic: Some(topic?), ..*send })))
        }
        (None, Some((_, user)), Action::Emit(emit)) => Some(Action::Emit(Emit { user: Some(user?), ..emit })),
        (Some((topic, _)), _, Action::Emit(_)) | (Some((topic, _)), None, _) => {
            reader.found.push(stray_topic(topic.key.place));
            None
        }
        (_, Some((user, _)), _) => {
            reader.found.push(stray_user(user.key.place));
            None
        }
    }
}

fn one(entry: &Entry, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    let (name, node) = (entry.key.text.as_str(), &entry.value);
    if scope.subject == Subject::Nobody && ABOUT_USERS.contains(&name) {
        reader.found.push(needs_user(&entry.key));
        return None;
    }
    let check = match name {
        "send" => send::check,
        "set" => set::set,
        "add" => set::add,
        "unset" => set::unset,
        "tag" => tag::tag,
        "untag" => tag::untag,
        "add_discount" => add_discount::check,
        "start" => drip::start,
        "stop" => drip::stop,
        "emit" => emit::check,
        "invoice" => invoice::check,
        "run" => run::check,
        "notify" => notice::check,
        "broadcast" => broadcast::check,
        "report" => report::check,
        "webhook" => webhook::check,
        "cleanup" => cleanup::check,
        "backup" => backup::check,
        "log" => log::check,
        _ => {
            reader.found.push(unknown_action(&entry.key));
            return None;
        }
    };
    check(node, scope, reader)
}

fn unknown_action(key: &Scalar) -> Diagnostic {
    let text = Text::new(format!("unknown action `{}`", key.text), format!("неизвестное действие `{}`", key.text));
    let known = ITEM.names().into_iter().filter(|name| ![TOPIC, USER].contains(name));
    suggest(Diagnostic::error(codes::UNKNOWN_ACTION, text, key.place), &key.text, known)
}

fn needs_user(key: &Scalar) -> Diagnostic {
    let text = Text::new(
        format!("a task has no user, so it cannot `{}`", key.text),
        format!("у задачи нет пользователя, `{}` в ней невозможно", key.text),
    );
    let help = Text::new(
        "write a rule with this schedule and `for:`, which says for whom",
        "напишите правило с этим расписанием и `for:` — для кого оно",
    );
    Diagnostic::error(codes::NEEDS_USER, text, key.place).help(help)
}

fn stray_topic(place: Place) -> Diagnostic {
    let text = Text::new("only `send` has a topic", "тема бывает только у `send`");
    let help = Text::new("remove it, or put it beside `send`", "удалите её или поставьте рядом с `send`");
    Diagnostic::error(codes::ONE_ACTION, text, place).help(help)
}

fn stray_user(place: Place) -> Diagnostic {
    let text = Text::new("only `emit` happens to another user", "другому пользователю бывает только `emit`");
    let help = Text::new("remove it, or put it beside `emit`", "удалите его или поставьте рядом с `emit`");
    Diagnostic::error(codes::ONE_ACTION, text, place).help(help)
}

/// The finding that a mapping has none or several keys where it has one.
fn one_only<'n>(keys: impl Iterator<Item = &'n Scalar>, place: Place, what: (&str, &str)) -> Diagnostic {
    let keys: Vec<&Scalar> = keys.collect();
    let (Some(first), Some(second)) = (keys.first(), keys.get(1)) else {
        let text = Text::new(format!("no {} stands here", what.0), format!("здесь не хватает: {}", what.1));
        return Diagnostic::error(codes::ONE_ACTION, text, place);
    };
    let text = Text::new(
        format!("one {} stands here already: `{}`", what.0, first.text),
        format!("здесь уже есть {}: `{}`", what.1, first.text),
    );
    let help = Text::new(
        format!("give each an item of its own: `- {}: …`", second.text),
        format!("отведите каждому отдельный пункт: `- {}: …`", second.text),
    );
    Diagnostic::error(codes::ONE_ACTION, text, second.place)
        .also(first.place, Text::new("the first", "первое"))
        .help(help)
}
