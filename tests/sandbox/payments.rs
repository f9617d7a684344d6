//! Payments: an invoice is tapped, the bot is asked, money moves, and goes back.

use crate::harness::Harness;
use serde_json::{Value, json};
use vestnik::model::TimeDelta;
use vestnik::sandbox::{ActError, ChatState, CheckoutState};

fn stars() -> Value {
    json!({
        "chat_id": 7, "title": "Месяц", "description": "30 дней", "payload": "order 1", "currency": "XTR",
        "prices": [{"label": "Месяц", "amount": 250}],
    })
}

async fn shop() -> Harness {
    let harness = Harness::start().await;
    harness.sandbox().add_users([(7, "Анна", ChatState::Active), (8, "Борис", ChatState::Active)]);
    harness
}

/// What waits for the bot, which then has it.
async fn updates(harness: &Harness) -> Vec<Value> {
    let all = harness.result("getUpdates", json!({})).await.as_array().unwrap().clone();
    if let Some(last) = all.last() {
        harness.result("getUpdates", json!({"offset": last["update_id"].as_i64().unwrap() + 1})).await;
    }
    all
}

async fn answer(harness: &Harness, id: &str, error: Option<&str>) -> (u16, Value) {
    let params = json!({"pre_checkout_query_id": id, "ok": error.is_none(), "error_message": error});
    harness.call("answerPreCheckoutQuery", params).await
}

#[tokio::test]
async fn stars_are_paid_once_and_given_back_once() {
    let harness = shop().await;
    let sent = harness.result("sendInvoice", stars()).await;
    let shown = json!({"title": "Месяц", "description": "30 дней", "start_parameter": "", "currency": "XTR", "total_amount": 250});
    assert_eq!((&sent["invoice"], &sent["text"]), (&shown, &Value::Null), "the payload is the bot's own");
    let checkout = harness.sandbox().pay(7, 1).unwrap();
    let asked = updates(&harness).await;
    let query = &asked[0]["pre_checkout_query"];
    assert_eq!((&query["id"], &query["from"]["id"]), (&json!(checkout), &json!(7)));
    assert_eq!(
        (&query["currency"], &query["total_amount"], &query["invoice_payload"]),
        (&json!("XTR"), &json!(250), &json!("order 1"))
    );
    assert_eq!(harness.sandbox().checkout(&checkout), Some(CheckoutState::Waiting));
    assert_eq!(harness.result("getMyStarBalance", json!({})).await, json!({"amount": 0}));
    assert_eq!(answer(&harness, &checkout, None).await.0, 200);
    let told = updates(&harness).await;
    let payment = &told[0]["message"]["successful_payment"];
    let charge = payment["telegram_payment_charge_id"].as_str().unwrap();
    assert!(charge.starts_with("stx") && !payment["provider_payment_charge_id"].as_str().unwrap().is_empty());
    assert_eq!((&payment["invoice_payload"], &payment["total_amount"]), (&json!("order 1"), &json!(250)));
    let state = CheckoutState::Paid { message_id: 2, charge: charge.to_owned() };
    assert_eq!(harness.sandbox().checkout(&checkout), Some(state));
    assert_eq!(answer(&harness, &checkout, None).await.0, 400, "it was answered");
    assert_eq!(harness.sandbox().pay(7, 1), Err(ActError::AlreadyPaid { chat: 7, message_id: 1 }));
    let balance = || harness.result("getMyStarBalance", json!({}));
    assert_eq!(balance().await, json!({"amount": 250}));

    let refund = json!({"user_id": 7, "telegram_payment_charge_id": charge});
    assert_eq!(harness.result("refundStarPayment", refund.clone()).await, json!(true));
    let back = updates(&harness).await;
    assert_eq!(back[0]["message"]["refunded_payment"]["telegram_payment_charge_id"], charge);
    let (status, again) = harness.call("refundStarPayment", refund).await;
    assert_eq!((status, &again["description"]), (400, &json!("Bad Request: CHARGE_ALREADY_REFUNDED")));
    let other = json!({"user_id": 8, "telegram_payment_charge_id": charge});
    assert_eq!(harness.call("refundStarPayment", other).await.0, 400, "it was not theirs");
    assert_eq!((balance().await, updates(&harness).await), (json!({"amount": 0}), Vec::new()));
    let list = harness.result("getStarTransactions", json!({})).await;
    let list = list["transactions"].as_array().unwrap();
    let sides = [&list[0]["source"], &list[1]["receiver"]].map(|side| side["user"]["id"].as_i64().unwrap());
    assert_eq!((sides, &list[0]["id"], &list[1]["id"]), ([7, 7], &json!(charge), &json!(charge)));
}

#[tokio::test]
async fn the_bot_says_no_or_nothing() {
    let harness = shop().await;
    harness.result("sendInvoice", stars()).await;
    let first = harness.sandbox().pay(7, 1).unwrap();
    assert_eq!(answer(&harness, &first, Some("")).await.0, 400, "no needs a reason");
    assert_eq!(answer(&harness, &first, Some("цена изменилась")).await.0, 200);
    let refused = CheckoutState::Refused { error: "цена изменилась".into() };
    assert_eq!(harness.sandbox().checkout(&first), Some(refused));
    let second = harness.sandbox().pay(7, 1).unwrap();
    harness.clock.advance(TimeDelta::seconds(10));
    assert_eq!(harness.sandbox().checkout(&second), Some(CheckoutState::Waiting));
    harness.clock.advance(TimeDelta(1));
    assert_eq!(harness.sandbox().checkout(&second), Some(CheckoutState::Expired));
    let (status, late) = answer(&harness, &second, None).await;
    let words = "Bad Request: query is too old and response timeout expired or query ID is invalid";
    assert_eq!((status, &late["description"]), (400, &json!(words)));
    assert_eq!(updates(&harness).await.len(), 2, "two questions and no payment");
}

#[tokio::test]
async fn roubles_go_through_a_provider_and_links_are_for_everybody() {
    let harness = shop().await;
    let mut params = stars();
    params["currency"] = json!("RUB");
    params["provider_token"] = json!("381764678:TEST:1");
    params["prices"] = json!([{"label": "Месяц", "amount": 29_900}, {"label": "Доставка", "amount": 100}]);
    params.as_object_mut().unwrap().remove("chat_id");
    let link = harness.result("createInvoiceLink", params).await;
    let link = link.as_str().unwrap();
    for chat in [7, 8, 8] {
        let checkout = harness.sandbox().pay_link(chat, link).unwrap();
        assert_eq!(answer(&harness, &checkout, None).await.0, 200);
    }
    let told = updates(&harness).await;
    let payments: Vec<_> = told.iter().filter_map(|update| update["message"].get("successful_payment")).collect();
    assert_eq!(payments.len(), 3);
    let mut ids: Vec<_> = payments.iter().map(|payment| payment["provider_payment_charge_id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), &payments[0]["total_amount"], &payments[0]["currency"]), (3, &json!(30_000), &json!("RUB")));
    assert_eq!(harness.result("getStarTransactions", json!({})).await, json!({"transactions": []}));
    assert!(harness.sandbox().pay_link(7, "https://t.me/$x").is_err());
}

#[tokio::test]
async fn people_pay_through_control_and_page() {
    let harness = shop().await;
    harness.result("sendInvoice", stars()).await;
    let url = |path: &str| harness.running.url() + path;
    let act = harness.client.post(url("/ctl/act")).json(&json!({"do": "pay", "chat": 7, "message_id": 1}));
    let begun: Value = act.send().await.unwrap().json().await.unwrap();
    let checkout = begun["checkout"].as_str().unwrap();
    answer(&harness, checkout, Some("нет <b>")).await;
    let state = harness.client.get(url(&format!("/ctl/checkouts/{checkout}"))).send().await.unwrap();
    assert_eq!(state.json::<Value>().await.unwrap(), json!({"state": "refused", "error": "нет <b>"}));
    let page = harness.client.get(url("/chat/7")).header("accept-language", "ru").send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("data-pay=\"1\">Заплатить 250 ⭐") && page.contains("<b>Месяц</b>"), "{page}");
    let conversation = harness.sandbox().conversation(7);
    assert_eq!(conversation[0].payment.as_ref().unwrap()["invoice"]["invoice_payload"], "order 1");
}

#[tokio::test]
async fn invoices_are_not_edited_or_copied_and_their_first_button_pays() {
    let harness = shop().await;
    let with = |keys: Value| {
        let mut params = stars();
        params["reply_markup"] = json!({"inline_keyboard": keys});
        params
    };
    let rows = [
        (
            "sendInvoice",
            with(json!([[{"text": "Купить", "pay": true}], [{"text": "Нет", "callback_data": "n"}]])),
            "ok",
        ),
        ("sendInvoice", with(json!([[{"text": "Нет", "callback_data": "n"}]])), "REPLY_MARKUP_BUY_EMPTY"),
        ("editMessageText", json!({"chat_id": 7, "message_id": 1, "text": "x"}), "message can't be edited"),
        ("copyMessage", json!({"chat_id": 8, "from_chat_id": 7, "message_id": 1}), "message can't be copied"),
        ("deleteMessage", json!({"chat_id": 7, "message_id": 1}), "ok"),
    ];
    for (method, params, expected) in rows {
        let (_, answer) = harness.call(method, params).await;
        let said = answer["description"].as_str().unwrap_or("Bad Request: ok");
        assert_eq!(said, format!("Bad Request: {expected}"), "{method}");
    }
}
