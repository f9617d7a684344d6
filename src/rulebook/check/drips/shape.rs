//! The keys of drips and of their steps. Steps hold steps, so these tables
//! refer to each other.

use super::{AGAIN, FAILURES};
use crate::rulebook::action::{ITEM, SEND};
use crate::rulebook::shape::{Shape, Takes, optional, required};

/// One drip.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("a drip", "цепочка"),
    keys: &[
        required("when", Takes::Trigger, "what brings a user in", "что вводит пользователя"),
        optional(
            "exit if",
            Takes::Condition,
            "when this holds the user leaves, wherever he is",
            "когда это верно, пользователь выходит, где бы он ни был",
        ),
        optional(
            "goal",
            Takes::Goal,
            "what the drip is for; who reaches it leaves",
            "ради чего цепочка; достигший выходит",
        ),
        optional(
            "again",
            Takes::Either(&[Takes::Words(&AGAIN), Takes::Text]),
            "whether a user may come in again: `never` (if absent), `after 30 days`, `always`",
            "можно ли войти ещё раз: `never` (без него), `after 30 days`, `always`",
        ),
        required("steps", Takes::List(&STEP), "what happens, in order", "что происходит, по порядку"),
    ],
};

/// A step: a name with what it does, or what it does alone.
pub(super) static STEP: Takes = Takes::Either(&[
    Takes::Map(&WAIT),
    Takes::Map(&WAIT_UNTIL),
    Takes::Map(&WAIT_FOR),
    Takes::Map(&BRANCH),
    Takes::Map(&SPLIT),
    Takes::Map(&FORK),
    Takes::Map(&SEND_STEP),
    Takes::Map(&ITEM),
    Takes::Named(&BODY),
]);

static BODY: Takes = Takes::Either(&[
    Takes::Map(&WAIT),
    Takes::Map(&WAIT_UNTIL),
    Takes::Map(&WAIT_FOR),
    Takes::Map(&BRANCH),
    Takes::Map(&SPLIT),
    Takes::Map(&FORK),
    Takes::Map(&SEND_STEP),
    Takes::Map(&ITEM),
]);

pub(super) static WAIT: Shape = Shape {
    what: ("a step", "шаг"),
    keys: &[required("wait", Takes::Duration, "how long to wait", "сколько ждать")],
};

pub(super) static WAIT_UNTIL: Shape = Shape {
    what: ("a step", "шаг"),
    keys: &[required(
        "wait until",
        Takes::Moment,
        "the moment to wait for; a past one is not waited for",
        "какого момента ждать; прошедшего не ждут",
    )],
};

pub(super) static WAIT_FOR: Shape = Shape {
    what: ("a step", "шаг"),
    keys: &[
        required(
            "wait for",
            Takes::Map(&AWAITED),
            "what to wait for, and how long at most",
            "чего ждать и сколько самое большее",
        ),
        optional("then", Takes::List(&STEP), "what follows if it happens", "что дальше, если это случится"),
        optional("else", Takes::List(&STEP), "what follows if it does not", "что дальше, если нет"),
    ],
};

pub(super) static AWAITED: Shape = Shape {
    what: ("`wait for`", "`wait for`"),
    keys: &[
        optional("event", Takes::Name, "an event of the user", "событие пользователя"),
        optional(
            "if",
            Takes::Condition,
            "a condition: of the event, or without one of the user",
            "условие: на событие, а без него — на пользователя",
        ),
        required("up to", Takes::Duration, "how long at most", "сколько самое большее"),
    ],
};

pub(super) static BRANCH: Shape = Shape {
    what: ("a step", "шаг"),
    keys: &[
        required("if", Takes::Condition, "a question about the user", "вопрос о пользователе"),
        optional("then", Takes::List(&STEP), "what follows if it holds", "что дальше, если верно"),
        optional("else", Takes::List(&STEP), "what follows if not", "что дальше, если нет"),
    ],
};

pub(super) static SPLIT: Shape = Shape {
    what: ("a step", "шаг"),
    keys: &[required(
        "split",
        Takes::Open(&VARIANTS, &Takes::List(&STEP)),
        "the steps of each variant of an experiment",
        "шаги для каждого варианта эксперимента",
    )],
};

/// Beside this key stand the variants.
pub(super) static VARIANTS: Shape = Shape {
    what: ("`split`", "`split`"),
    keys: &[required(
        "experiment",
        Takes::Name,
        "the experiment; each of its variants is a key with a list of steps",
        "эксперимент; каждый его вариант — ключ со списком шагов",
    )],
};

pub(super) static FORK: Shape = Shape {
    what: ("a step", "шаг"),
    keys: &[required(
        "fork",
        Takes::Map(&BRANCH),
        "two ways, by a question about the user",
        "два пути, по вопросу о пользователе",
    )],
};

pub(super) static SEND_STEP: Shape = Shape {
    what: ("a step", "шаг"),
    keys: &[
        required("send", SEND, "sends the user a message", "отправляет пользователю сообщение"),
        optional("topic", Takes::Name, "its topic", "тема сообщения"),
        optional(
            "on_failure",
            Takes::Words(&FAILURES),
            "if it cannot be delivered: go on (`skip`, if absent), try later (`retry`), or leave the drip (`exit`)",
            "если не доставлено: дальше (`skip`, без него), повторить позже (`retry`) или выйти (`exit`)",
        ),
    ],
};
