//! The section `products`: what users can buy, for how much, and who may.

use super::conditions::compile;
use super::{codes, names, title};
use crate::condition::Condition;
use crate::diagnostic::{Diagnostic, Place, Sources};
use crate::model::Text;
use crate::rulebook::catalogue::Names;
use crate::rulebook::phrases::integer;
use crate::rulebook::raw::{Reader, find};
use crate::rulebook::shape::{Shape, Takes, optional, required};
use crate::rulebook::words;
use crate::rulebook::yaml::{Entry, Node};

/// Telegram's limits of an invoice, in characters.
const LONGEST_TITLE: usize = 32;
const LONGEST_DESCRIPTION: usize = 255;
/// A product's name goes into the invoice's payload.
const LONGEST_NAME: usize = 32;
/// No price is higher: a million roubles, a million Stars.
const HIGHEST: i64 = 1_000_000;

/// One product.
pub(in crate::rulebook) static PRODUCT: Shape = Shape {
    what: ("a product", "товар"),
    keys: &[
        required("title", Takes::Title, "what the invoice is headed with", "заголовок счёта"),
        required("description", Takes::Title, "what the invoice says of it", "что о товаре сказано в счёте"),
        required("price", Takes::Map(&PRICE), "what it costs", "сколько он стоит"),
        optional("if", Takes::Condition, "who may buy it; everybody if absent", "кто может купить; без него все"),
        optional("photo", Takes::Text, "the address of a picture for the invoice", "адрес картинки для счёта"),
    ],
};

static PRICE: Shape = Shape {
    what: ("`price`", "`price`"),
    keys: &[
        optional("rub", Takes::Number, "roubles, such as `299` or `299.50`", "рубли, например `299` или `299.50`"),
        optional("stars", Takes::Int, "Telegram's Stars", "звёзды Telegram"),
    ],
};

/// What users can buy.
#[derive(Debug)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// The heading of its invoice.
    pub title: Text,
    /// What the invoice says of it.
    pub description: Text,
    /// Its price in hundredths of a rouble, if it is sold for roubles.
    pub rub: Option<i64>,
    /// Its price in Stars, if it is sold for them.
    pub stars: Option<i64>,
    /// Who may buy it.
    pub condition: Option<Condition>,
    /// The address of a picture.
    pub photo: Option<String>,
}

/// Checks all products.
pub(in crate::rulebook) fn check(
    entries: &[&Entry],
    names: &Names<'_>,
    sources: &Sources,
    reader: &mut Reader,
) -> Vec<Product> {
    entries.iter().filter_map(|entry| product(entry, names, sources, reader)).collect()
}

fn product(entry: &Entry, known: &Names<'_>, sources: &Sources, reader: &mut Reader) -> Option<Product> {
    let named = names::name(&entry.key, reader);
    let name = entry.key.text.as_str();
    if named && name.len() > LONGEST_NAME {
        reader.found.push(too_long(("the name", "имя"), LONGEST_NAME, entry.key.place));
    }
    let entries = reader.shape(&entry.value, entry.key.place, &PRODUCT)?;
    let short = |key: &str, what, most, reader: &mut Reader| {
        let node = find(entries, key)?;
        let text = title(node, reader)?;
        if [&text.en, &text.ru].iter().any(|text| text.chars().count() > most) {
            reader.found.push(too_long(what, most, node.place));
        }
        Some(text)
    };
    let title = short("title", ("the title", "заголовок"), LONGEST_TITLE, reader);
    let description = short("description", ("the description", "описание"), LONGEST_DESCRIPTION, reader);
    let price = find(entries, "price").map(|node| price(node, reader));
    let condition = find(entries, "if").map(|node| compile(node, known, sources, reader));
    let photo = find(entries, "photo").map(|node| photo(node, reader));
    let (rub, stars) = price??;
    named.then_some(())?;
    Some(Product {
        name: name.to_owned(),
        title: title?,
        description: description?,
        rub,
        stars,
        condition: condition.map_or(Some(None), |condition| condition.map(Some))?,
        photo: photo.map_or(Some(None), |photo| photo.map(Some))?,
    })
}

fn price(node: &Node, reader: &mut Reader) -> Option<(Option<i64>, Option<i64>)> {
    let entries = reader.shape(node, node.place, &PRICE)?;
    if entries.is_empty() {
        let text = Text::new("a product needs a price", "товару нужна цена");
        let help = Text::new("write `price: {rub: 299, stars: 250}`", "напишите `price: {rub: 299, stars: 250}`");
        reader.found.push(Diagnostic::error(codes::PRODUCT, text, node.place).help(help));
        return None;
    }
    let rub = find(entries, "rub").map(|node| roubles(node, reader));
    let stars = find(entries, "stars").map(|node| integer(node, ("`stars`", "`stars`"), 1..=HIGHEST, reader));
    let all = |price: Option<Option<i64>>| price.map_or(Some(None), |price| price.map(Some));
    all(rub).zip(all(stars))
}

fn roubles(node: &Node, reader: &mut Reader) -> Option<i64> {
    let scalar = reader.text(node, ("`rub`", "`rub`"))?;
    let amount = words::money(&scalar.text).filter(|amount| (1..=HIGHEST * 100).contains(amount));
    if amount.is_none() {
        let text =
            Text::new(format!("`rub` cannot be `{}`", scalar.text), format!("`rub`: `{}` не подходит", scalar.text));
        let help = Text::new("write roubles, such as `299` or `299.50`", "напишите рубли, например `299` или `299.50`");
        reader.found.push(Diagnostic::error(codes::BAD_AMOUNT, text, scalar.place).help(help));
    }
    amount
}

fn photo(node: &Node, reader: &mut Reader) -> Option<String> {
    let scalar = reader.text(node, ("`photo`", "`photo`"))?;
    if ["https://", "http://"].iter().any(|scheme| scalar.text.starts_with(scheme)) {
        return Some(scalar.text.clone());
    }
    let text = Text::new(
        format!("`{}` is not the address of a picture", scalar.text),
        format!("`{}` — не адрес картинки", scalar.text),
    );
    let help = Text::new(
        "an invoice shows a picture from the web: write its address with https://",
        "счёт показывает картинку из интернета: напишите её адрес с https://",
    );
    reader.found.push(Diagnostic::error(codes::PRODUCT, text, scalar.place).help(help));
    None
}

fn too_long(what: (&str, &str), most: usize, place: Place) -> Diagnostic {
    let text = Text::new(
        format!("{} of a product has at most {most} characters", what.0),
        format!("{} товара — не больше {most} знаков", what.1),
    );
    let help = Text::new("Telegram takes no more in an invoice", "больше Telegram в счёт не принимает");
    Diagnostic::error(codes::PRODUCT, text, place).help(help)
}
