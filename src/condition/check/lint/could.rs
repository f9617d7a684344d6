//! What a part of a condition may come to, whoever it is asked about: an
//! outline of its values, never too narrow.

use crate::condition::Truth;
use crate::condition::datum::Datum;
use crate::condition::syntax::Relation;
use std::cmp::Ordering;
use std::rc::Rc;

/// Which of the three answers a test may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answers(u8);

/// What a value may be.
#[derive(Clone, Debug)]
pub(super) struct Could<'e> {
    pub missing: bool,
    pub values: Values<'e>,
}

/// What a value may be where it is not missing.
#[derive(Clone, Debug)]
pub(super) enum Values<'e> {
    /// It is always missing.
    None,
    /// From one to the other, both included.
    Range(Datum<'e>, Datum<'e>),
    /// A moment from so many milliseconds after now to so many.
    FromNow(i128, i128),
    /// Any text but these.
    Except(Rc<[Datum<'e>]>),
    Any,
}

impl Answers {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self(0b111);

    pub fn one(truth: Truth) -> Self {
        Self(1 << truth as u8)
    }

    pub fn may(self, truth: Truth) -> bool {
        self.0 & Self::one(truth).0 != 0
    }

    pub fn or_also(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn but_only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn is_settled(self) -> bool {
        self.0.count_ones() <= 1
    }

    pub fn never_true(self) -> bool {
        self != Self::NONE && !self.may(Truth::True)
    }

    pub fn always_true(self) -> bool {
        self == Self::one(Truth::True)
    }

    pub fn negated(self) -> Self {
        self.each().fold(Self::NONE, |sum, truth| sum.or_also(Self::one(!truth)))
    }

    /// The answers of two tests joined.
    pub fn joined(self, other: Self, join: fn(Truth, Truth) -> Truth) -> Self {
        let pairs = self.each().flat_map(|a| other.each().map(move |b| join(a, b)));
        pairs.fold(Self::NONE, |sum, truth| sum.or_also(Self::one(truth)))
    }

    fn each(self) -> impl Iterator<Item = Truth> {
        [Truth::False, Truth::Unknown, Truth::True].into_iter().filter(move |truth| self.may(*truth))
    }
}

impl<'e> Could<'e> {
    pub fn exactly(datum: Datum<'e>) -> Self {
        match datum {
            Datum::Missing => Self { missing: true, values: Values::None },
            datum => Self { missing: false, values: Values::Range(datum.clone(), datum) },
        }
    }

    pub fn anything() -> Self {
        Self { missing: true, values: Values::Any }
    }

    /// A truth as a value.
    pub fn from_answers(answers: Answers) -> Self {
        let (no, yes) = (answers.may(Truth::False), answers.may(Truth::True));
        let values = if no || yes { Values::Range(Datum::Bool(!no), Datum::Bool(yes)) } else { Values::None };
        Self { missing: answers.may(Truth::Unknown), values }
    }

    /// A value as a truth.
    pub fn answers(&self) -> Answers {
        let yes = Self::exactly(Datum::Bool(true));
        self.compare(Relation::Equal, &yes)
    }

    pub fn is_missing(&self) -> Answers {
        let set = if matches!(self.values, Values::None) { Answers::NONE } else { Answers::one(Truth::False) };
        if self.missing { set.or_also(Answers::one(Truth::True)) } else { set }
    }

    pub fn compare(&self, relation: Relation, other: &Self) -> Answers {
        let unknown = if self.missing || other.missing { Answers::one(Truth::Unknown) } else { Answers::NONE };
        let orders = match (&self.values, &other.values) {
            (Values::None, _) | (_, Values::None) => return unknown,
            (Values::Range(a, b), Values::Range(c, d)) => orders(a.order(d), b.order(c)),
            (Values::FromNow(a, b), Values::FromNow(c, d)) => orders(Some(a.cmp(d)), Some(b.cmp(c))),
            (Values::Except(others), Values::Range(a, b)) | (Values::Range(a, b), Values::Except(others))
                if a == b && others.contains(a) =>
            {
                vec![Ordering::Less, Ordering::Greater]
            }
            _ => orders(None, None),
        };
        let known = orders.into_iter().map(|order| Answers::one(Truth::from(relation.holds(order))));
        known.fold(unknown, Answers::or_also)
    }
}

/// How two values may stand to each other, from the order of the lowest left
/// to the highest right one and that of the highest left to the lowest right.
fn orders(low_to_high: Option<Ordering>, high_to_low: Option<Ordering>) -> Vec<Ordering> {
    let (Some(low), Some(high)) = (low_to_high, high_to_low) else {
        return vec![Ordering::Less, Ordering::Equal, Ordering::Greater];
    };
    let possible = [
        (low.is_lt(), Ordering::Less),
        (low.is_le() && high.is_ge(), Ordering::Equal),
        (high.is_gt(), Ordering::Greater),
    ];
    possible.into_iter().filter(|(may, _)| *may).map(|(_, order)| order).collect()
}
