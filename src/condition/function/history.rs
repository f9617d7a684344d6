//! Functions of what is recorded of a user besides the profile: events,
//! messages, drips, experiments. Their calls become facts when a condition is
//! checked, and the row answers those.

use super::{Asks, Form, Function};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "count",
        signature: "count(EVENT, WINDOW) -> int",
        doc: [
            "how often the event happened; without a window: ever",
            "сколько раз было событие; без окна — за всё время",
        ],
        example: "count(payment, 30 days) >= 3",
        bounds: Some((0, i64::MAX)),
        form: Form::Asked(Asks::Count),
    },
    Function {
        name: "sum",
        signature: "sum(EVENT.PROPERTY, WINDOW) -> the type of the property",
        doc: [
            "the sum of a numeric property of the event, 0 of nothing",
            "сумма числового свойства события, без событий — 0",
        ],
        example: "sum(payment.rub, 90 days) > 1000",
        bounds: None,
        form: Form::Asked(Asks::Sum),
    },
    Function {
        name: "first",
        signature: "first(EVENT) -> time",
        doc: ["when the event happened first, missing if never", "когда событие было впервые; если не было, не задано"],
        example: "first(payment) within 7 days",
        bounds: None,
        form: Form::Asked(Asks::First),
    },
    Function {
        name: "last",
        signature: "last(EVENT) -> time",
        doc: [
            "when the event happened last, missing if never",
            "когда событие было в последний раз; если не было, не задано",
        ],
        example: "last(payment) older than 30 days",
        bounds: None,
        form: Form::Asked(Asks::Last),
    },
    Function {
        name: "received",
        signature: "received(TEMPLATE, WINDOW) -> int",
        doc: ["how many messages of the template were delivered", "сколько сообщений по шаблону доставлено"],
        example: "received(win_back, 7 days) = 0",
        bounds: Some((0, i64::MAX)),
        form: Form::Asked(Asks::Received),
    },
    Function {
        name: "clicked",
        signature: "clicked(TEMPLATE, WINDOW) -> int",
        doc: [
            "how many buttons of the template's messages were pressed",
            "сколько раз нажали кнопки в сообщениях по шаблону",
        ],
        example: "clicked(win_back) > 0",
        bounds: Some((0, i64::MAX)),
        form: Form::Asked(Asks::Clicked),
    },
    Function {
        name: "in_drip",
        signature: "in_drip(DRIP) -> bool",
        doc: ["the user is in that drip now", "пользователь сейчас проходит эту цепочку"],
        example: "not in_drip(onboarding)",
        bounds: None,
        form: Form::Asked(Asks::InDrip),
    },
    Function {
        name: "finished_drip",
        signature: "finished_drip(DRIP) -> bool",
        doc: ["the user has finished that drip", "пользователь прошёл эту цепочку до конца"],
        example: "finished_drip(onboarding) and balance > 0",
        bounds: None,
        form: Form::Asked(Asks::FinishedDrip),
    },
    Function {
        name: "variant",
        signature: "variant(EXPERIMENT) -> enum",
        doc: ["the assigned variant, missing outside the experiment", "назначенный вариант; вне эксперимента не задан"],
        example: "variant(welcome_text) = \"short\"",
        bounds: None,
        form: Form::Asked(Asks::Variant),
    },
];
