//! `invoice: {product: month, pay: stars}`: asks the user to pay for something.

use super::{Action, Scope};
use crate::diagnostic::Diagnostic;
use crate::model::Text;
use crate::rulebook::codes;
use crate::rulebook::offer::Pay;
use crate::rulebook::phrases::known;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Key, Shape, Takes, optional, required};
use crate::rulebook::yaml::Node;

pub(super) const KEY: Key =
    optional("invoice", Takes::Map(&SHAPE), "asks the user to pay for a product", "выставляет пользователю счёт");

const WAYS: [&str; 2] = ["stars", "card"];

static SHAPE: Shape = Shape {
    what: ("`invoice`", "`invoice`"),
    keys: &[
        required("product", Takes::Name, "one of `products`", "один из `products`"),
        required(
            "pay",
            Takes::Words(&WAYS),
            "with Telegram's Stars, or by card through the provider of `payments`",
            "звёздами Telegram или картой через провайдера из `payments`",
        ),
    ],
};

/// An invoice to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// The product.
    pub product: String,
    /// How it is paid.
    pub pay: Pay,
}

pub(super) fn check(node: &Node, scope: &Scope<'_>, reader: &mut Reader) -> Option<Action> {
    let entries = reader.shape(node, node.place, &SHAPE)?;
    let product = find(entries, "product").and_then(|node| {
        known(node, ("product", "товар"), codes::UNKNOWN_TARGET, &scope.product_names.names(), reader)
    });
    let pay = find(entries, "pay").and_then(|node| Some((reader.word(node, ("`pay`", "`pay`"), &WAYS)?, node.place)));
    let (product, (pay, place)) = (product?, pay?);
    let pay = if pay == "stars" { Pay::Stars } else { Pay::Card };
    let sold = scope.products.iter().find(|known| known.name == product.text);
    if sold.is_some_and(|sold| sold.price(pay).is_none()) {
        let name = &product.text;
        let (text, key) = match pay {
            Pay::Stars => (
                Text::new(format!("`{name}` has no price in Stars"), format!("у `{name}` нет цены в звёздах")),
                "stars",
            ),
            Pay::Card => {
                (Text::new(format!("`{name}` has no price in roubles"), format!("у `{name}` нет цены в рублях")), "rub")
            }
        };
        let help = Text::new(format!("add `{key}` to its `price`"), format!("добавьте `{key}` в его `price`"));
        reader.found.push(Diagnostic::error(codes::PRODUCT, text, place).help(help));
        return None;
    }
    if pay == Pay::Card && scope.settings.payments.provider_token_env.is_none() {
        let text = Text::new("there is no provider for payments by card", "провайдера для оплаты картой нет");
        let help = Text::new(
            "name the variable with its token in vestnik.yaml: `payments: {provider_token_env: PROVIDER_TOKEN}`",
            "назовите переменную с его токеном в vestnik.yaml: `payments: {provider_token_env: PROVIDER_TOKEN}`",
        );
        reader.found.push(Diagnostic::error(codes::PRODUCT, text, place).help(help));
        return None;
    }
    Some(Action::Invoice(Invoice { product: product.text.clone(), pay }))
}
