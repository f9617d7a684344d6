//! YooKassa's API through our client, against a stand-in: sums, keys that make
//! the same thing once, and every way in which an answer goes wrong.

use crate::yookassa_stand_in::{KEY, SHOP, Trouble, YooKassa};
use serde_json::json;
use std::time::Duration;
use vestnik::engine::yookassa::{Ask, Fault, Kopecks, Receipt, Shop, State};
use vestnik::model::Time;
use vestnik::rulebook::YooKassa as Settings;

const NOON: Time = Time(1_772_366_400_000);

async fn shop(secret: &str) -> (YooKassa, Shop) {
    let stand_in = YooKassa::default();
    let settings = Settings {
        shop_id: SHOP.into(),
        secret_env: Settings::SECRET_ENV.into(),
        return_url: "https://t.me/our_bot".into(),
        api_url: stand_in.start().await,
    };
    let shop = Shop::new(&settings, secret.to_owned()).unwrap();
    (stand_in, shop)
}

fn ask(order: u64) -> Ask {
    Ask {
        key: format!("order-{order}"),
        order,
        amount: Kopecks(29_900),
        description: "Месяц".into(),
        return_url: "https://t.me/our_bot".into(),
        receipt: None,
    }
}

#[tokio::test]
async fn a_payment_is_made_paid_and_given_back_in_parts() {
    let (stand_in, shop) = shop(KEY).await;
    let receipt = Some(Receipt { email: "a@example.com".into(), vat_code: 1 });
    let made = shop.create(&Ask { receipt, ..ask(7) }).await.unwrap();
    let sent = &stand_in.requests()[0];
    assert_eq!(sent["amount"], json!({"value": "299.00", "currency": "RUB"}));
    assert_eq!((&sent["capture"], &sent["metadata"]["order_id"]), (&json!(true), &json!("7")));
    assert_eq!(sent["receipt"]["items"][0]["amount"]["value"], "299.00");
    assert_eq!((made.state, made.order, made.amount), (State::Pending, Some(7), Kopecks(29_900)));
    assert!(made.pay_at.unwrap().starts_with("https://yoomoney.ru/"));
    stand_in.settle(&made.id, "succeeded");
    let paid = shop.payment(&made.id).await.unwrap();
    assert_eq!((paid.state, paid.paid_at), (State::Succeeded, Some(Time(NOON.0 + 5_000))));
    let part = shop.refund("r1", &made.id, Kopecks(10_000)).await.unwrap();
    assert_eq!(shop.refund("r1", &made.id, Kopecks(10_000)).await.unwrap(), part, "the same key is the same refund");
    assert_eq!(shop.returned(&part.id).await.unwrap(), part);
    let too_much = shop.refund("r2", &made.id, Kopecks(29_900)).await.unwrap_err();
    assert_eq!(too_much, Fault::Refused("The refund amount exceeds what is left, invalid_request".into()));
    shop.refund("r3", &made.id, Kopecks(19_900)).await.unwrap();
    assert_eq!(shop.payment(&made.id).await.unwrap().refunded, Kopecks(29_900));
    let all: i64 = shop.returned_since(NOON).await.unwrap().iter().map(|refund| refund.amount.0).sum();
    assert_eq!(all, 29_900);
}

#[tokio::test]
async fn whatever_goes_wrong_the_same_key_makes_one_payment() {
    let rows = [Trouble::Broken, Trouble::Lost, Trouble::Processing, Trouble::TooMany, Trouble::Garbage];
    for (number, trouble) in (1..).zip(rows) {
        let (stand_in, shop) = shop(KEY).await;
        stand_in.trouble(&[trouble]);
        let fault = shop.create(&ask(number)).await.unwrap_err();
        assert!(matches!(fault, Fault::Later { .. }), "{trouble:?}: {fault:?}");
        if let (Trouble::Processing, Fault::Later { wait, .. }) = (trouble, &fault) {
            assert_eq!(*wait, Some(Duration::from_millis(1_800)));
        }
        let made = shop.create(&ask(number)).await.unwrap();
        assert_eq!(shop.create(&ask(number)).await.unwrap().id, made.id);
        assert_eq!(stand_in.payments(), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn what_never_will_be_is_told_apart_and_no_error_holds_the_key() {
    let (_, stranger) = shop("another").await;
    let fault = stranger.create(&ask(1)).await.unwrap_err();
    assert_eq!(fault, Fault::Access("Login has illegal format, invalid_credentials".into()));
    let (_, shop) = shop(KEY).await;
    let nothing = shop.create(&Ask { amount: Kopecks(0), ..ask(1) }).await.unwrap_err();
    assert_eq!(nothing, Fault::Refused("Amount must be positive, invalid_request".into()));
    for id in ["22e12f66", "", "../refunds", "a?b=c"] {
        assert_eq!(shop.payment(id).await.unwrap_err(), Fault::Unknown, "{id}");
    }
    let settings = Settings {
        shop_id: SHOP.into(),
        secret_env: Settings::SECRET_ENV.into(),
        return_url: "https://t.me/our_bot".into(),
        api_url: "http://127.0.0.1:9/v3".into(),
    };
    let fault = Shop::new(&settings, KEY.into()).unwrap().payment("x").await.unwrap_err();
    let text = fault.text();
    assert!(matches!(fault, Fault::Later { .. }));
    assert!(!format!("{} {}", text.en, text.ru).contains(KEY) && !text.en.contains("127.0.0.1:9/v3"), "{}", text.en);
}

#[tokio::test]
async fn payments_since_a_moment_come_from_all_pages() {
    let (_, shop) = shop(KEY).await;
    for order in 1..=5 {
        shop.create(&ask(order)).await.unwrap();
    }
    let orders = |found: Vec<vestnik::engine::yookassa::Found>| -> Vec<u64> {
        found.into_iter().filter_map(|payment| payment.order).collect()
    };
    assert_eq!(orders(shop.payments_since(NOON).await.unwrap()), [1, 2, 3, 4, 5]);
    assert_eq!(orders(shop.payments_since(Time(NOON.0 + 180_000)).await.unwrap()), [4, 5]);
}
