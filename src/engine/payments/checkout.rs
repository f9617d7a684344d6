//! The question before a payment: whether what the invoice says still holds.
//!
//! Nothing waits here: everybody is in memory, and the writer is not asked.

use super::super::{Engine, EngineError};
use crate::model::{Lang, Text, UserId, builtin};
use crate::rulebook::Rulebook;
use crate::rulebook::offer::Ticket;

/// Somebody is about to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Who.
    pub user: UserId,
    /// The language that Telegram tells.
    pub language: Option<String>,
    /// What the invoice said of itself.
    pub payload: String,
    /// `RUB`, `XTR`.
    pub currency: String,
    /// Smallest units.
    pub amount: i64,
}

/// Why nobody may pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Objection {
    /// The invoice is not one of ours.
    Strange,
    /// It is somebody else's.
    NotYours,
    /// It is not sold any more, or not so.
    Gone,
    /// The user may not buy it now.
    NotForYou,
    /// It costs another price.
    Price,
}

impl Engine {
    /// Whether somebody may pay; if not, what they read, in their language.
    pub fn judge_checkout(&self, question: &Question) -> Result<Result<(), String>, EngineError> {
        let audience = match self.crowd.loaded() {
            Some(audience) => audience,
            None => self.audience()?,
        };
        let (objection, own) = audience
            .with_row(question.user, |person| {
                let rulebook = person.rulebook();
                let objection = object(rulebook, question, |ticket, product| {
                    if !product.is_for(person) {
                        return Some(Objection::NotForYou);
                    }
                    // a discount that was used or has ended is in no price
                    let percent = ticket.percent;
                    (percent > 0 && rulebook.honoured_discount(person) != percent).then_some(Objection::Price)
                });
                (objection, person.profile().text(builtin::LANGUAGE).map(str::to_owned))
            })
            .unwrap_or((Some(Objection::NotForYou), None));
        let own = own.or_else(|| question.language.clone());
        let lang = own.as_deref().and_then(Lang::of_code).unwrap_or(self.live.current().settings.language);
        Ok(objection.map_or(Ok(()), |objection| Err(objection.text().get(lang).to_owned())))
    }
}

fn object(
    rulebook: &Rulebook,
    question: &Question,
    of_user: impl FnOnce(&Ticket, &crate::rulebook::Product) -> Option<Objection>,
) -> Option<Objection> {
    let Some(ticket) = Ticket::parse(&question.payload) else { return Some(Objection::Strange) };
    if ticket.user != question.user {
        return Some(Objection::NotYours);
    }
    let Some(product) = rulebook.product(&ticket.product) else { return Some(Objection::Gone) };
    let Some(offer) = product.offer(ticket.pay, ticket.percent) else { return Some(Objection::Gone) };
    of_user(&ticket, product).or_else(|| {
        let same = offer.amount == question.amount && ticket.pay.currency() == question.currency;
        (!same).then_some(Objection::Price)
    })
}

impl Objection {
    fn text(self) -> Text {
        match self {
            Self::Strange => Text::new(
                "This invoice is not valid any more. Please ask for a new one.",
                "Этот счёт больше не действует. Попросите новый.",
            ),
            Self::NotYours => Text::new(
                "This invoice was made out to somebody else. Please ask for your own.",
                "Этот счёт выставлен другому человеку. Попросите свой.",
            ),
            Self::Gone => Text::new("This is not on sale any more.", "Это больше не продаётся."),
            Self::NotForYou => Text::new("You cannot buy this at the moment.", "Сейчас вам это недоступно."),
            Self::Price => Text::new(
                "The price has changed. Please ask for a new invoice.",
                "Цена изменилась. Попросите новый счёт.",
            ),
        }
    }
}
