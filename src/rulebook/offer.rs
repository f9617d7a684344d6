//! What a product costs one user now, and the invoice that says so.
//!
//! A personal discount counts while `discount_until` is ahead. It is taken off
//! and what is left is rounded down to a whole kopeck or Star, but never to
//! nothing: Telegram has no invoice of zero.

use super::{Product, RenderError, Rulebook};
use crate::condition::{Row, Truth};
use crate::model::{Invoice, Lang, Media, Message, Profile, TimeDelta, UserId, Value, builtin};
use std::fmt;

/// Before the name of a product where the name of a template stands: no file
/// can have this name.
pub const INVOICE: &str = "invoice:";
/// The name under which an invoice is told how it will be paid.
pub const PAY: &str = "pay";
/// A discount that ended since the invoice was sent is honoured for so long.
const GRACE: TimeDelta = TimeDelta::minutes(15);

/// How something is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pay {
    /// With Telegram's Stars.
    Stars,
    /// In roubles, through a provider.
    Card,
}

/// What a product costs a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Kopecks or Stars.
    pub amount: i64,
    /// The discount that is in it; 0 for none.
    pub percent: u8,
}

/// What an invoice says of itself to the bot, in its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Who may pay it.
    pub user: UserId,
    /// What is sold.
    pub product: String,
    /// How it is paid.
    pub pay: Pay,
    /// The discount in its price.
    pub percent: u8,
}

impl Pay {
    /// The word in rule files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stars => "stars",
            Self::Card => "card",
        }
    }

    /// The way called `word`.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Stars, Self::Card].into_iter().find(|pay| pay.as_str() == word)
    }

    /// Telegram's name of its currency.
    pub const fn currency(self) -> &'static str {
        match self {
            Self::Stars => "XTR",
            Self::Card => "RUB",
        }
    }
}

impl Product {
    /// The price without a discount, if it is sold so.
    pub fn price(&self, pay: Pay) -> Option<i64> {
        match pay {
            Pay::Stars => self.stars,
            Pay::Card => self.rub,
        }
    }

    /// Whether a user may buy it: who is unknown may not.
    pub fn is_for<R: Row>(&self, row: &R) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.judge(row) == Truth::True)
    }

    /// What it costs with a discount.
    pub fn offer(&self, pay: Pay, percent: u8) -> Option<Offer> {
        let left = 100 - i64::from(percent.min(100));
        let amount = self.price(pay)?.checked_mul(left)? / 100;
        Some(Offer { amount: amount.max(1), percent })
    }
}

impl Rulebook {
    /// The product called `name`.
    pub fn product(&self, name: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.name == name)
    }

    /// Whether there is something to send under the name of a template, which
    /// may be that of an invoice.
    pub fn can_render(&self, template: &str) -> bool {
        match template.strip_prefix(INVOICE) {
            Some(product) => self.product(product).is_some(),
            None => self.catalogue.templates.find(template).is_some(),
        }
    }

    /// The discount that a user has now.
    pub fn discount<R: Row>(&self, row: &R) -> u8 {
        self.discount_since(row, TimeDelta(0))
    }

    /// The discount that a user has now, or had until a moment ago.
    pub fn honoured_discount<R: Row>(&self, row: &R) -> u8 {
        self.discount_since(row, GRACE)
    }

    fn discount_since<R: Row>(&self, row: &R, grace: TimeDelta) -> u8 {
        let field = |name| self.schema.find(name).map_or(&Value::Missing, |field| row.field(field));
        match (field("discount_percent"), field("discount_until")) {
            (Value::Int(percent), Value::Time(until)) if *until + grace > row.now() => {
                u8::try_from((*percent).clamp(0, 100)).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// The invoice for a product, as a message.
    pub(super) fn invoice<R: Row>(
        &self,
        product: &str,
        profile: &Profile,
        row: &R,
        vars: &[(String, Value)],
    ) -> Result<Message, RenderError> {
        let unknown = || RenderError::Unknown(format!("{INVOICE}{product}"));
        let product = self.product(product).ok_or_else(unknown)?;
        let pay = vars.iter().find(|(name, _)| name == PAY).map(|(_, value)| value);
        let pay = if let Some(Value::String(word)) = pay { Pay::parse(word) } else { None };
        let pay = pay.ok_or_else(unknown)?;
        let offer = product.offer(pay, self.discount(row)).ok_or_else(unknown)?;
        let own = profile.text(builtin::LANGUAGE).and_then(Lang::of_code);
        let lang = own.unwrap_or(self.settings.language);
        let ticket = Ticket { user: profile.user(), product: product.name.clone(), pay, percent: offer.percent };
        let invoice = Invoice {
            title: product.title.get(lang).to_owned(),
            description: product.description.get(lang).to_owned(),
            payload: ticket.to_string(),
            currency: pay.currency().to_owned(),
            amount: offer.amount,
            photo: product.photo.clone(),
        };
        Ok(Message { media: Media::Invoice(Box::new(invoice)), ..Message::default() })
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1 {} {} {} {}", self.user, self.product, self.pay.as_str(), self.percent)
    }
}

impl Ticket {
    /// What a payload says; nothing if it is not one of ours.
    pub fn parse(payload: &str) -> Option<Self> {
        let mut words = payload.split(' ');
        let (version, user, product) = (words.next()?, words.next()?, words.next()?);
        let (pay, percent) = (words.next()?, words.next()?);
        if version != "v1" || words.next().is_some() {
            return None;
        }
        Some(Self {
            user: UserId(user.parse().ok()?),
            product: product.to_owned(),
            pay: Pay::parse(pay)?,
            percent: percent.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;

    #[test]
    fn discounts_are_taken_off_and_rounded_down() {
        let product = Product {
            name: "month".into(),
            title: Text::same("Month"),
            description: Text::same("30 days"),
            rub: Some(29_999),
            stars: Some(249),
            condition: None,
            photo: None,
        };
        for (pay, percent, amount) in [
            (Pay::Card, 0, 29_999),
            (Pay::Card, 20, 23_999),
            (Pay::Stars, 20, 199),
            (Pay::Stars, 100, 1),
            (Pay::Card, 255, 1),
        ] {
            assert_eq!(product.offer(pay, percent), Some(Offer { amount, percent }), "{percent}");
        }
        assert_eq!(Product { stars: None, ..product }.offer(Pay::Stars, 0), None);
    }

    #[test]
    fn payloads_come_back_and_others_are_nobodys() {
        let ticket = Ticket { user: UserId(i64::MAX), product: "m".repeat(32), pay: Pay::Stars, percent: 100 };
        assert_eq!(Ticket::parse(&ticket.to_string()), Some(ticket.clone()));
        assert!(ticket.to_string().len() <= 128);
        for payload in
            ["", "v1", "v2 1 month stars 0", "v1 x month stars 0", "v1 1 month coins 0", "v1 1 month card 0 9"]
        {
            assert_eq!(Ticket::parse(payload), None, "{payload}");
        }
    }
}
