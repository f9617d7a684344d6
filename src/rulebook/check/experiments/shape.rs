//! The keys of experiments.

use crate::rulebook::shape::{Shape, Takes, optional, required};

pub(super) const METHODS: [&str; 3] = ["sequential", "fixed", "bayes"];
pub(super) const MEASURES: [&str; 2] = ["converted", "count"];

/// One experiment.
pub(in crate::rulebook) static SHAPE: Shape = Shape {
    what: ("an experiment", "эксперимент"),
    keys: &[
        optional("to", Takes::Condition, "who takes part; everybody if absent", "кто участвует; без него — все"),
        optional(
            "coverage",
            Takes::Percent,
            "which share of them takes part; 100% if absent",
            "какая доля из них участвует; без него — 100%",
        ),
        required(
            "variants",
            Takes::Named(&Takes::Either(&[Takes::Int, Takes::Map(&VARIANT)])),
            "the variants and their weights, the first is the control",
            "варианты и их веса, первый — контрольный",
        ),
        optional(
            "version",
            Takes::Int,
            "a new number deals everybody anew; 1 if absent",
            "новое число распределяет всех заново; без него — 1",
        ),
        optional(
            "group",
            Takes::Text,
            "experiments of one group never share a user",
            "у экспериментов одной группы нет общих пользователей",
        ),
        optional("goal", Takes::Goal, "what counts as success", "что считается успехом"),
        optional(
            "measure",
            Takes::Either(&[Takes::Words(&MEASURES), Takes::Name]),
            "what is compared: `converted` (the default), `count`, or a number that the goal's event tells, summed",
            "что сравнивается: `converted` (без него), `count` или число из события цели, суммой",
        ),
        optional(
            "guardrails",
            Takes::List(&Takes::Goal),
            "what must not happen more often",
            "что не должно участиться",
        ),
        optional("decide", Takes::Map(&DECIDE), "how the winner is found", "как определяется победитель"),
    ],
};

/// One variant in its long form.
pub(super) static VARIANT: Shape = Shape {
    what: ("a variant", "вариант"),
    keys: &[
        required(
            "weight",
            Takes::Int,
            "how many users, against the other variants",
            "сколько пользователей по сравнению с другими",
        ),
        optional(
            "send",
            Takes::Words(&["none"]),
            "`none`: this variant gets nothing, on purpose",
            "`none`: этот вариант намеренно ничего не получает",
        ),
    ],
};

/// How the winner is found.
pub(super) static DECIDE: Shape = Shape {
    what: ("`decide`", "`decide`"),
    keys: &[
        optional(
            "method",
            Takes::Words(&METHODS),
            "`sequential` may be looked at any time, `fixed` once at the end, `bayes` only shows",
            "`sequential` можно смотреть когда угодно, `fixed` — один раз в конце, `bayes` только показывает",
        ),
        optional(
            "alpha",
            Takes::Number,
            "how often a false winner is put up with; 0.05 if absent",
            "доля ложных побед, с которой мирятся; без него 0.05",
        ),
        optional(
            "min_users",
            Takes::Int,
            "no verdict before so many users; 1000 if absent",
            "нет вывода, пока пользователей меньше; без него 1000",
        ),
        optional(
            "min_days",
            Takes::Int,
            "no verdict before so many days; 3 if absent",
            "нет вывода, пока дней прошло меньше; без него 3",
        ),
        optional(
            "planned",
            Takes::Int,
            "how many users are expected in all, for `sequential`; 5000 if absent",
            "сколько пользователей ожидается всего, для `sequential`; без него 5000",
        ),
        optional(
            "winsorise",
            Takes::Percent,
            "what lies above this percentile counts as the percentile: `99%`",
            "что выше этого процентиля, считается равным ему: `99%`",
        ),
        optional(
            "auto_ship",
            Takes::Flag,
            "whether a sequential win is put into effect by itself",
            "вводить ли победителя в действие без человека",
        ),
    ],
};
