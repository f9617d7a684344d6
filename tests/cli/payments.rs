//! Payments with a running engine and Telegram's part played by the sandbox:
//! from the button to the receipt, refused, repeated, given back, over restarts.

use crate::support::{Api, Engine, Project, wait};
use serde_json::{Value, json};
use vestnik::sandbox::{ChatState, CheckoutState, DEFAULT_TOKEN, Fault, FaultEffect, NewChat};

const PRODUCTS: &str = "\
products:
  month:
    title: {en: A month, ru: Месяц}
    description: {en: 30 days of everything, ru: 30 дней без ограничений}
    price: {rub: 299.99, stars: 249}
    if: not coalesce(barred, false)
rules:
  stars: {when: button buy, then: [{invoice: {product: month, pay: stars}}]}
  card: {when: button buy_card, then: [{invoice: {product: month, pay: card}}]}
  offer: {when: text \"offer\", then: [{add_discount: {percent: 20, for: 1 day}}]}
  bar: {when: text \"bar\", then: [{set: {barred: true}}]}
  paid: {when: event payment, then: [{add: {bought: 1}}]}
  back: {when: event refund, then: [{add: {returned: 1}}]}
profile: {bought: int, returned: int, barred: bool}
segments:
  buyers: bought = 1
  twice: bought = 2
  given_back: returned > 0
  discounted: discount_percent > 0
  barred_now: barred
";
const ANNA: i64 = 77;

struct Scene {
    api: Api,
    project: Project,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { api: Api::start(), project: Project::new() };
        scene.project.connect(&scene.api.url());
        scene.project.edit(
            "vestnik.yaml",
            "{rub_per_star: 1.50}",
            "{rub_per_star: 1.50, provider_token_env: PROVIDER}",
        );
        scene.project.write("rules/products.yaml", PRODUCTS);
        scene.project.write(
            "templates/shop.en.html",
            "---\nbuttons:\n  - [{text: Stars, press: buy}]\n  - [{text: Card, press: buy_card}]\n---\nShop\n",
        );
        scene.project.write(
            "rules/shop.yaml",
            "rules:\n  shop: {when: command /shop, then: [{send: {template: shop, transactional: true}}]}\n",
        );
        let anna = NewChat { language_code: Some("ru".into()), ..NewChat::user(ANNA, "Anna", ChatState::Active) };
        scene.api.sandbox().add_chats([anna]);
        scene
    }

    fn engine(&self) -> Engine {
        Engine::start(&self.project)
    }

    fn in_segment(&self, name: &str, count: u64) {
        wait(&format!("segment {name} to be {count}"), || self.project.count(name) == Some(count));
    }

    fn say(&self, text: &str, segment: &str) {
        self.api.sandbox().user_says(ANNA, text).unwrap();
        self.in_segment(segment, 1);
    }

    /// Presses a button of the shop; the id of the invoice that comes.
    fn invoice(&self, button: &str) -> (i32, Value) {
        let sandbox = self.api.sandbox();
        let shop = || sandbox.received(ANNA).into_iter().find(|message| message.text == "Shop");
        if shop().is_none() {
            sandbox.user_says(ANNA, "/shop").unwrap();
            wait("the shop", || shop().is_some());
        }
        let before = sandbox.received(ANNA).len();
        sandbox.press(ANNA, shop().unwrap().message_id, button).unwrap();
        wait("the invoice", || sandbox.received(ANNA).len() > before);
        let invoice = sandbox.received(ANNA).pop().unwrap();
        (invoice.message_id, invoice.payment.unwrap()["invoice"].clone())
    }

    /// Taps the invoice, and waits for what comes of it.
    fn pay(&self, invoice: i32) -> CheckoutState {
        let checkout = self.api.sandbox().pay(ANNA, invoice).unwrap();
        let state = || self.api.sandbox().checkout(&checkout).unwrap();
        wait("the checkout to end", || state() != CheckoutState::Waiting);
        state()
    }

    fn payments(&self) -> Vec<Value> {
        self.project.run("payments list --format json").json().as_array().unwrap().clone()
    }
}

fn refused(words: &str) -> CheckoutState {
    CheckoutState::Refused { error: words.into() }
}

#[test]
fn stars_are_paid_with_a_discount_once_and_given_back_over_a_restart() {
    let scene = Scene::new();
    let engine = scene.engine();
    scene.say("offer", "discounted");
    let (id, invoice) = scene.invoice("buy");
    assert_eq!((&invoice["title"], &invoice["currency"]), (&json!("Месяц"), &json!("XTR")));
    assert_eq!(invoice["total_amount"], 199, "20 % off 249, rounded down");
    let (second, _) = scene.invoice("buy");
    assert!(matches!(scene.pay(id), CheckoutState::Paid { .. }));
    scene.in_segment("buyers", 1);
    scene.in_segment("discounted", 0);
    assert_eq!(scene.pay(second), refused("Цена изменилась. Попросите новый счёт."), "the discount is used up");

    let payments = scene.payments();
    assert_eq!(payments.len(), 1);
    let payment = &payments[0];
    for (key, expected) in [
        ("currency", json!("XTR")),
        ("amount", json!(199)),
        ("rub_per_star", json!(150)),
        ("status", json!("succeeded")),
        ("product", json!("month")),
        ("discount_percent", json!(20)),
        ("first", json!(true)),
    ] {
        assert_eq!(payment[key], expected, "{key}");
    }
    scene.project.expect(&[
        ("payments list --user 77", 0, &["199 ⭐", "paid"]),
        ("payments list --user 78", 0, &["nobody has paid"]),
        ("payments refund 9 --yes", 2, &["there is no payment 9"]),
        ("payments refund 1", 2, &["--yes"]),
        ("revenue", 0, &["199 ⭐", "298.50 ₽"]),
        ("revenue --by product", 0, &["month"]),
    ]);
    assert_eq!(engine.stop(), 0);

    // asked for while no engine runs; carried out by the next, whose first answer is lost
    scene.project.run("payments refund 1 --yes").expect(0, &["as soon as an engine runs"]);
    let lost = Fault { count: Some(1), ..Fault::every("refundStarPayment", FaultEffect::DropAfter) };
    scene.api.sandbox().add_fault(lost);
    let engine = scene.engine();
    scene.in_segment("given_back", 1);
    wait("the refund to be written down", || scene.payments()[0]["status"] == "refunded");
    assert_eq!(scene.payments()[0]["refunds"].as_array().unwrap().len(), 1);
    scene.project.run("payments refund 1 --yes").expect(2, &["is refunded already"]);
    let json = scene.project.run("revenue --format json").json();
    assert_eq!((&json["all"]["stars"], &json["all"]["stars_refunded"]), (&json!(0), &json!(199)));
    assert_eq!(engine.stop(), 0);
}

#[test]
fn who_may_not_buy_reads_why() {
    let scene = Scene::new();
    let engine = scene.engine();
    let (id, _) = scene.invoice("buy");
    scene.project.edit("rules/products.yaml", "stars: 249", "stars: 300");
    scene.project.run("reload").expect(0, &[]);
    assert_eq!(scene.pay(id), refused("Цена изменилась. Попросите новый счёт."));
    scene.project.edit("rules/products.yaml", "stars: 300", "stars: 249");
    scene.project.run("reload").expect(0, &[]);
    scene.say("bar", "barred_now");
    assert_eq!(scene.pay(id), refused("Сейчас вам это недоступно."));
    scene.project.edit("rules/products.yaml", "  month:\n", "  week:\n");
    scene.project.edit("rules/products.yaml", "product: month, pay: stars", "product: week, pay: stars");
    scene.project.edit("rules/products.yaml", "product: month, pay: card", "product: week, pay: card");
    scene.project.run("reload").expect(0, &[]);
    assert_eq!(scene.pay(id), refused("Это больше не продаётся."));
    assert_eq!(scene.payments(), Vec::<Value>::new());
    assert_eq!(engine.stop(), 0);
}

#[test]
fn roubles_go_through_the_provider_and_back_elsewhere() {
    let scene = Scene::new();
    let engine = scene.engine();
    let (id, invoice) = scene.invoice("buy_card");
    assert_eq!((&invoice["currency"], &invoice["total_amount"]), (&json!("RUB"), &json!(29_999)));
    assert!(matches!(scene.pay(id), CheckoutState::Paid { .. }));
    scene.in_segment("buyers", 1);
    let charge = scene.payments()[0]["provider_charge"].as_str().unwrap().to_owned();
    scene.project.expect(&[
        ("payments list", 0, &["299.99 ₽", "telegram_provider"]),
        ("payments refund 1 --yes", 2, &[&charge, "--recorded"]),
        ("payments refund 1 --yes --recorded", 0, &["written down as refunded"]),
    ]);
    scene.in_segment("given_back", 1);
    assert_eq!(engine.stop(), 0);
}

#[test]
fn a_payment_told_while_nobody_listens_counts_once() {
    let scene = Scene::new();
    let engine = scene.engine();
    let (id, _) = scene.invoice("buy");
    let checkout = scene.api.sandbox().pay(ANNA, id).unwrap();
    let is_paid = || matches!(scene.api.sandbox().checkout(&checkout), Some(CheckoutState::Paid { .. }));
    wait("the payment", is_paid);
    // the process dies right after, whatever of it was stored
    drop(engine);
    for _ in 0..2 {
        let engine = scene.engine();
        scene.in_segment("buyers", 1);
        assert_eq!(scene.payments().len(), 1);
        assert_eq!(engine.stop(), 0);
    }
    assert_eq!(scene.project.count("twice"), Some(0));
}

#[test]
fn a_backlog_is_skipped_without_its_payments() {
    let scene = Scene::new();
    let engine = scene.engine();
    let (first, _) = scene.invoice("buy");
    let (second, _) = scene.invoice("buy");
    assert!(matches!(scene.pay(first), CheckoutState::Paid { .. }));
    scene.in_segment("buyers", 1);
    assert_eq!(engine.stop(), 0);

    // while nobody listens: much talk, a refund that somebody else makes, and a tap on the other invoice
    let sandbox = scene.api.sandbox();
    for _ in 0..120 {
        sandbox.user_says(ANNA, "offer").unwrap();
    }
    let charge = scene.payments()[0]["telegram_charge"].clone();
    let url = format!("{}/bot{DEFAULT_TOKEN}/refundStarPayment", scene.api.url());
    let body = json!({"user_id": ANNA, "telegram_payment_charge_id": charge});
    scene.api.runtime.block_on(async {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        assert!(http.post(url).json(&body).send().await.unwrap().status().is_success());
    });
    let checkout = sandbox.pay(ANNA, second).unwrap();
    for _ in 0..120 {
        sandbox.user_says(ANNA, "bar").unwrap();
    }
    scene.project.edit("vestnik.yaml", "drop_pending: false", "drop_pending: true");

    let engine = scene.engine();
    scene.in_segment("given_back", 1);
    wait("the payment", || matches!(sandbox.checkout(&checkout), Some(CheckoutState::Paid { .. })));
    scene.in_segment("twice", 1);
    assert!(engine.log().contains("skipped=240 kept="), "{}", engine.log());
    assert_eq!((scene.project.count("discounted"), scene.project.count("barred_now")), (Some(0), Some(0)));
    let statuses: Vec<_> = scene.payments().iter().map(|payment| payment["status"].clone()).collect();
    assert_eq!(statuses, [json!("succeeded"), json!("refunded")]);
    assert_eq!(engine.stop(), 0);
}
