//! A stand-in for YooKassa's API: payments and refunds, idempotent by key, a payer
//! to play, and answers that go wrong as they are told to.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

/// `shop:key`, as Basic wants it.
const CREDENTIALS: &str = "Basic NTEwMDAwOmxpdmVfS0VZ";
pub const SHOP: &str = "510000";
pub const KEY: &str = "live_KEY";

/// What goes wrong with the next request.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// 500, and nothing happened.
    Broken,
    /// 500, and it happened.
    Lost,
    /// 202: it happened and is told later.
    Processing,
    /// 429.
    TooMany,
    /// A body that is not JSON.
    Garbage,
}

#[derive(Clone, Default)]
pub struct YooKassa(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    payments: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    /// What was made under a key.
    keys: BTreeMap<String, Value>,
    troubles: VecDeque<Trouble>,
    requests: Vec<Value>,
}

type Answer = (StatusCode, Json<Value>);

impl YooKassa {
    /// Starts it; its address.
    pub async fn start(&self) -> String {
        let app = Router::new()
            .route("/v3/payments", post(create).get(list_payments))
            .route("/v3/payments/{id}", get(payment))
            .route("/v3/refunds", post(refund).get(list_refunds))
            .route("/v3/refunds/{id}", get(returned))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v3", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    pub fn trouble(&self, troubles: &[Trouble]) {
        self.0.lock().unwrap().troubles.extend(troubles);
    }

    /// The payer pays, or goes away.
    pub fn settle(&self, id: &str, status: &str) {
        let mut books = self.0.lock().unwrap();
        let payment = books.payments.get_mut(id).unwrap();
        payment["status"] = status.into();
        if status == "succeeded" {
            payment["captured_at"] = "2026-03-01T12:00:05.000Z".into();
        }
    }

    pub fn payments(&self) -> usize {
        self.0.lock().unwrap().payments.len()
    }

    /// The bodies that asked for something.
    pub fn requests(&self) -> Vec<Value> {
        self.0.lock().unwrap().requests.clone()
    }

    /// Does something once for a key, as troubled as it is to be.
    fn once(&self, headers: &HeaderMap, body: &Value, make: fn(&mut Books, &Value) -> Answer) -> Answer {
        let mut books = self.0.lock().unwrap();
        if headers.get("authorization").is_none_or(|given| given != CREDENTIALS) {
            return error(401, "invalid_credentials", "Login has illegal format");
        }
        let Some(key) = headers.get("idempotence-key").map(|key| key.to_str().unwrap().to_owned()) else {
            return error(400, "invalid_request", "Idempotence key is missing");
        };
        let trouble = books.troubles.pop_front();
        match trouble {
            Some(Trouble::Broken) => return error(500, "internal_server_error", "Technical error"),
            Some(Trouble::TooMany) => return error(429, "too_many_requests", "Too many requests"),
            Some(Trouble::Garbage) => return (StatusCode::OK, Json(json!("<html>"))),
            Some(Trouble::Lost | Trouble::Processing) | None => {}
        }
        books.requests.push(body.clone());
        let answer = match books.keys.get(&key) {
            Some(made) => (StatusCode::OK, Json(made.clone())),
            None => {
                let answer = make(&mut books, body);
                if answer.0 == StatusCode::OK {
                    books.keys.insert(key, answer.1.0.clone());
                }
                answer
            }
        };
        match trouble {
            Some(Trouble::Lost) => error(500, "internal_server_error", "Technical error"),
            Some(Trouble::Processing) => {
                (StatusCode::ACCEPTED, Json(json!({"type": "processing", "retry_after": 1_800})))
            }
            Some(Trouble::Broken | Trouble::TooMany | Trouble::Garbage) | None => answer,
        }
    }
}

fn error(status: u16, code: &str, description: &str) -> Answer {
    let body = json!({"type": "error", "id": "ab5a11cd-13cc-4e33-af8b-75a74e18dd09", "code": code, "description": description});
    (StatusCode::from_u16(status).unwrap(), Json(body))
}

async fn create(State(shop): State<YooKassa>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    shop.once(&headers, &body, |books, body| {
        if body["amount"]["value"] == "0.00" {
            return error(400, "invalid_request", "Amount must be positive");
        }
        let id = format!("22e12f66-000f-5000-8000-{:012}", books.payments.len() + 1);
        let mut payment = body.clone();
        payment["id"] = id.clone().into();
        payment["status"] = "pending".into();
        payment["paid"] = false.into();
        payment["created_at"] = format!("2026-03-01T12:{:02}:00.000Z", books.payments.len() % 60).into();
        payment["confirmation"]["confirmation_url"] = format!("https://yoomoney.ru/pay?orderId={id}").into();
        payment["refunded_amount"] = json!({"value": "0.00", "currency": "RUB"});
        books.payments.insert(id, payment.clone());
        (StatusCode::OK, Json(payment))
    })
}

async fn refund(State(shop): State<YooKassa>, headers: HeaderMap, Json(body): Json<Value>) -> Answer {
    shop.once(&headers, &body, |books, body| {
        let id = format!("216749da-0000-5000-a000-{:012}", books.refunds.len() + 1);
        let Some(payment) = books.payments.get_mut(body["payment_id"].as_str().unwrap_or_default()) else {
            return error(404, "not_found", "Payment doesn't exist");
        };
        let sum = |value: &Value| value["value"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        let refunded = sum(&payment["refunded_amount"]) + sum(&body["amount"]);
        if payment["status"] != "succeeded" || refunded > sum(&payment["amount"]) {
            return error(400, "invalid_request", "The refund amount exceeds what is left");
        }
        payment["refunded_amount"]["value"] = format!("{}.{:02}", refunded / 100, refunded % 100).into();
        let mut refund = body.clone();
        refund["id"] = id.clone().into();
        refund["status"] = "succeeded".into();
        refund["created_at"] = "2026-03-02T12:00:00.000Z".into();
        books.refunds.insert(id, refund.clone());
        (StatusCode::OK, Json(refund))
    })
}

async fn payment(State(shop): State<YooKassa>, Path(id): Path<String>) -> Answer {
    found(shop.0.lock().unwrap().payments.get(&id))
}

async fn returned(State(shop): State<YooKassa>, Path(id): Path<String>) -> Answer {
    found(shop.0.lock().unwrap().refunds.get(&id))
}

fn found(thing: Option<&Value>) -> Answer {
    match thing {
        Some(thing) => (StatusCode::OK, Json(thing.clone())),
        None => error(404, "not_found", "Object doesn't exist"),
    }
}

async fn list_payments(State(shop): State<YooKassa>, Query(query): Query<BTreeMap<String, String>>) -> Json<Value> {
    Json(page(&shop.0.lock().unwrap().payments, &query))
}

async fn list_refunds(State(shop): State<YooKassa>, Query(query): Query<BTreeMap<String, String>>) -> Json<Value> {
    Json(page(&shop.0.lock().unwrap().refunds, &query))
}

/// Two things to a page, whatever was asked for.
fn page(all: &BTreeMap<String, Value>, query: &BTreeMap<String, String>) -> Value {
    let since = query["created_at.gte"].trim_end_matches('Z').to_owned();
    let from: usize = query.get("cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let fitting = all.values().filter(|thing| thing["created_at"].as_str().unwrap() >= since.as_str());
    let items: Vec<&Value> = fitting.skip(from).take(2).collect();
    let more = items.len() == 2;
    let mut page = json!({"type": "list", "items": items});
    if more {
        page["next_cursor"] = (from + 2).to_string().into();
    }
    page
}
