//! The keys of the section `tests`.

use super::DRIP_STATES;
use crate::rulebook::shape::{Shape, Takes, optional, required};

const VALUE: Takes = Takes::Either(&[Takes::Text, Takes::List(&Takes::Text)]);

/// One test.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("a test", "тест"),
    keys: &[
        optional("user", Takes::Named(&VALUE), "the fields of the user", "поля пользователя"),
        optional(
            "variant",
            Takes::Named(&Takes::Name),
            "the variant of an experiment that the user is given",
            "какой вариант эксперимента достался пользователю",
        ),
        required(
            "steps",
            Takes::List(&Takes::Map(&STEP)),
            "what happens, and what is expected",
            "что происходит и чего ждём",
        ),
    ],
};

/// One step of a test.
pub(super) static STEP: Shape = Shape {
    what: ("a step of a test", "шаг теста"),
    keys: &[
        optional("after", Takes::Duration, "how long after the step before", "через сколько после прошлого шага"),
        optional(
            "at",
            Takes::Moment,
            "when: `10:00` is the next time the clock shows it",
            "когда: `10:00` — ближайшие десять часов",
        ),
        optional(
            "event",
            Takes::Either(&[Takes::Name, Takes::Named(&Takes::Named(&Takes::Text))]),
            "an event with its properties",
            "событие и его свойства",
        ),
        optional(
            "press",
            Takes::Text,
            "the user presses the button with this data",
            "пользователь нажимает кнопку с этими данными",
        ),
        optional("text", Takes::Text, "the user writes this", "пользователь пишет это"),
        optional("command", Takes::Text, "the user sends a command: `/start`", "пользователь шлёт команду: `/start`"),
        optional("expect", Takes::Map(&EXPECT), "what must be so after it", "что должно быть после этого"),
    ],
};

/// What a step expects.
pub(super) static EXPECT: Shape = Shape {
    what: ("`expect`", "`expect`"),
    keys: &[
        optional(
            "sent",
            Takes::List(&Takes::Name),
            "the templates that went out, all of them, in order",
            "какие шаблоны ушли: все, по порядку",
        ),
        optional("set", Takes::Named(&VALUE), "fields and the values they have", "поля и их значения"),
        optional("unset", Takes::List(&Takes::Name), "fields that are missing", "поля, которые не заданы"),
        optional("tags", Takes::List(&Takes::Text), "tags that the user has", "метки, которые есть у пользователя"),
        optional("if", Takes::Condition, "a condition that is true", "условие, которое истинно"),
        optional(
            "drip",
            Takes::Named(&Takes::Words(&DRIP_STATES)),
            "drips, and whether the user is `inside`, has `finished` or is `outside`",
            "цепочки: пользователь внутри (`inside`), прошёл (`finished`) или вне (`outside`)",
        ),
    ],
};
