//! Products and the invoices that sell them: what is wrong, and what a right
//! one becomes.

use crate::mistakes::{compare, told};
use vestnik::model::Text;
use vestnik::rulebook::offer::Pay;
use vestnik::rulebook::{Action, Files, Loaded, load_files};

/// A project with a provider for cards, if so.
fn load(rules: &str, has_provider: bool) -> Loaded {
    let settings = if has_provider { "payments: {provider_token_env: PROVIDER}\n" } else { "language: en\n" };
    load_files(&Files::from_list([("vestnik.yaml", settings), ("rules/x.yaml", rules)]))
}

#[test]
fn mistakes() {
    let long = "x".repeat(33);
    let product = |keys: &str| format!("products:\n  p: {{{keys}}}\n");
    let invoice = |keys: &str| {
        format!(
            "products:\n  month: {{title: M, description: D, price: {{stars: 250}}}}\nrules:\n  \
             r: {{when: button b, then: [{{invoice: {{{keys}}}}}]}}\n"
        )
    };
    for (rules, expected) in [
        (product("title: M, description: D, price: {rub: 299, stars: 250}"), ""),
        (
            product("title: M, price: {stars: 1}"),
            "R003 rules/x.yaml:2:3 ‹p› a product needs the key `description` => add `description: …`",
        ),
        (
            product("title: M, description: D, price: {}"),
            "R150 rules/x.yaml:2:40 ‹{}› a product needs a price => write `price: {rub: 299, stars: 250}`",
        ),
        (
            product("title: M, description: D, price: {rub: 2.999}"),
            "R074 rules/x.yaml:2:46 ‹2.999› `rub` cannot be `2.999` => write roubles, such as `299` or `299.50`",
        ),
        (
            product("title: M, description: D, price: {stars: 0}"),
            "R074 rules/x.yaml:2:48 ‹0› `stars` cannot be `0` => write a number from 1 to 1000000",
        ),
        (
            product(&format!("title: {long}, description: D, price: {{stars: 1}}")),
            &format!(
                "R150 rules/x.yaml:2:14 ‹{long}› the title of a product has at most 32 characters => Telegram takes no more in an invoice"
            ),
        ),
        (
            product("title: M, description: D, price: {stars: 1}, photo: m.jpg"),
            "R150 rules/x.yaml:2:59 ‹m.jpg› `m.jpg` is not the address of a picture => an invoice shows a picture from the web: write its address with https://",
        ),
        (
            product("title: M, description: D, price: {stars: 1}, if: balance > 0"),
            "C010 rules/x.yaml:2:56 ‹balance› there is no field `balance` => declare it in the section `profile`; text stands in quotes",
        ),
        (invoice("product: month, pay: stars"), ""),
        (
            invoice("product: moth, pay: stars"),
            "R072 rules/x.yaml:4:50 ‹moth› unknown product `moth` => did you mean `month`?",
        ),
        (
            invoice("product: month, pay: card"),
            "R150 rules/x.yaml:4:62 ‹card› `month` has no price in roubles => add `rub` to its `price`",
        ),
        (
            invoice("product: month, pay: cash"),
            "R002 rules/x.yaml:4:62 ‹cash› `pay` cannot be `cash` => known here: `stars`, `card`",
        ),
    ] {
        compare(&rules, &told(&load(&rules, true)), expected);
    }
    let rules = invoice("product: month, pay: card").replace("{stars: 250}", "{rub: 299}");
    compare(
        &rules,
        &told(&load(&rules, false)),
        "R150 rules/x.yaml:4:62 ‹card› there is no provider for payments by card => name the variable with its token in \
         vestnik.yaml: `payments: {provider_token_env: PROVIDER_TOKEN}`",
    );
}

#[test]
fn a_product_is_what_it_says() {
    let rules = "products:\n  month:\n    title: {en: Month, ru: Месяц}\n    description: {en: 30 days, ru: 30 дней}\n    \
                 price: {rub: 299.50, stars: 250}\n    photo: https://e.ru/m.jpg\nrules:\n  \
                 r: {when: button b, then: [{invoice: {product: month, pay: stars}}]}\n";
    let rulebook = load(rules, false).rulebook.expect("sound");
    let month = rulebook.product("month").expect("there");
    assert_eq!((&month.title, month.rub, month.stars), (&Text::new("Month", "Месяц"), Some(29_950), Some(250)));
    let [Action::Invoice(invoice)] = &rulebook.rules[0].then[..] else { panic!("an invoice") };
    assert_eq!((invoice.product.as_str(), invoice.pay), ("month", Pay::Stars));
}
