//! The control API under `/ctl`: what the handle can do, for people and for
//! programs in other languages. JSON in, JSON out; a refusal is
//! `{"error": "…"}`.

use crate::model::{Time, TimeDelta};
use crate::sandbox::act::ActError;
use crate::sandbox::chats::{ChatState, NewChat};
use crate::sandbox::face::ClockMode;
use crate::sandbox::faults::Fault;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::limits::Limits;
use crate::sandbox::script::{Script, ScriptError};
use crate::sandbox::stars::PaidBroadcasts;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Why a request to the control API was refused.
struct Problem(StatusCode, String);

type Answer = Result<Json<Value>, Problem>;
type Body<T> = Result<Json<T>, JsonRejection>;
type Asked<T> = Result<Query<T>, QueryRejection>;

/// Chats to add: a list, or many alike.
#[derive(Deserialize)]
#[serde(untagged)]
enum AddChats {
    List(Vec<NewChat>),
    Many(Many),
}

/// `count` people with ids from `from` on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    from: i64,
    count: u32,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    state: ChatState,
}

/// What a person does.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Say {
        chat: i64,
        text: String,
    },
    Press {
        chat: i64,
        message_id: i32,
        data: String,
    },
    Start {
        chat: i64,
        #[serde(default)]
        payload: String,
    },
    Pay {
        chat: i64,
        message_id: i32,
    },
    PayLink {
        chat: i64,
        link: String,
    },
    Block {
        chat: i64,
    },
    Unblock {
        chat: i64,
    },
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    search: String,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    from: usize,
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Wait {
    accepted: u64,
    ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Down {
    ms: u64,
}

/// How the clock is moved: first its mode, then its hands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveClock {
    mode: Option<ClockMode>,
    now: Option<Time>,
    advance_ms: Option<i64>,
}

/// Chats that should have got a message: a list, or `count` ids from `from`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Verify {
    List { chats: Vec<i64> },
    Range { from: i64, count: u32 },
}

/// No parameters: `{}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/ctl/chats", get(chats).post(add_chats))
        .route("/ctl/chats/{id}/messages", get(messages))
        .route("/ctl/act", post(act))
        .route("/ctl/presses/{id}", get(press_answer))
        .route("/ctl/checkouts/{id}", get(checkout))
        .route("/ctl/limits", get(limits).put(set_limits))
        .route("/ctl/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/ctl/faults/script", put(set_script).post(add_script))
        .route("/ctl/clock", get(clock).put(move_clock).post(move_clock))
        .route("/ctl/stars", get(stars).put(set_stars))
        .route("/ctl/verify", post(verify))
        .route("/ctl/down", post(down))
        .route("/ctl/counters", get(counters))
        .route("/ctl/counts", get(counts))
        .route("/ctl/ledger", get(ledger))
        .route("/ctl/duplicates", get(duplicates))
        .route("/ctl/wait", get(wait))
        .route("/ctl/reset", post(reset))
}

async fn chats(State(sandbox): State<Sandbox>, asked: Asked<Search>) -> Answer {
    let Query(asked) = asked?;
    let found = sandbox.chats(&asked.search, asked.limit.unwrap_or(100));
    Ok(Json(json!({"total": sandbox.chat_count(), "chats": found})))
}

async fn add_chats(State(sandbox): State<Sandbox>, body: Body<AddChats>) -> Answer {
    match body?.0 {
        AddChats::List(list) => sandbox.add_chats(list),
        AddChats::Many(many) => {
            let ids = (0..i64::from(many.count)).map(|n| many.from.saturating_add(n));
            sandbox.add_chats(ids.map(|id| NewChat::user(id, many.first_name.clone(), many.state)));
        }
    }
    Ok(Json(json!({"total": sandbox.chat_count()})))
}

async fn messages(State(sandbox): State<Sandbox>, Path(id): Path<i64>) -> Answer {
    to_json(&sandbox.conversation(id))
}

async fn act(State(sandbox): State<Sandbox>, body: Body<Act>) -> Answer {
    let done = match body?.0 {
        Act::Say { chat, text } => json!({"message_id": sandbox.user_says(chat, &text)?}),
        Act::Press { chat, message_id, data } => json!({"query": sandbox.press(chat, message_id, &data)?}),
        Act::Start { chat, payload } => json!({"message_id": sandbox.start_bot(chat, &payload)?}),
        Act::Pay { chat, message_id } => json!({"checkout": sandbox.pay(chat, message_id)?}),
        Act::PayLink { chat, link } => json!({"checkout": sandbox.pay_link(chat, &link)?}),
        Act::Block { chat } => json!(sandbox.block(chat)?),
        Act::Unblock { chat } => json!(sandbox.unblock(chat)?),
    };
    Ok(Json(done))
}

async fn press_answer(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Answer {
    Ok(Json(json!({"answer": sandbox.press_answer(&id)})))
}

async fn checkout(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Answer {
    to_json(&sandbox.checkout(&id))
}

async fn limits(State(sandbox): State<Sandbox>) -> Answer {
    to_json(&sandbox.limits())
}

async fn set_limits(State(sandbox): State<Sandbox>, body: Body<Limits>) -> Answer {
    sandbox.set_limits(body?.0);
    to_json(&sandbox.limits())
}

async fn faults(State(sandbox): State<Sandbox>) -> Answer {
    let list = sandbox.faults().into_iter().map(|(fault, hits)| json!({"fault": fault, "hits": hits}));
    Ok(Json(list.collect()))
}

async fn add_fault(State(sandbox): State<Sandbox>, body: Body<Fault>) -> Answer {
    sandbox.add_fault(body?.0);
    faults(State(sandbox)).await
}

async fn clear_faults(State(sandbox): State<Sandbox>) -> Answer {
    sandbox.clear_faults();
    faults(State(sandbox)).await
}

/// A script as YAML in place of all faults.
async fn set_script(State(sandbox): State<Sandbox>, text: String) -> Answer {
    sandbox.set_script(Script::parse(&text)?);
    faults(State(sandbox)).await
}

/// A script behind the faults that are set.
async fn add_script(State(sandbox): State<Sandbox>, text: String) -> Answer {
    sandbox.add_script(Script::parse(&text)?);
    faults(State(sandbox)).await
}

async fn clock(State(sandbox): State<Sandbox>) -> Answer {
    let now = sandbox.now();
    Ok(Json(json!({"mode": sandbox.clock_mode(), "now": now.0, "time": now.rfc3339()})))
}

async fn move_clock(State(sandbox): State<Sandbox>, body: Body<MoveClock>) -> Answer {
    let Json(MoveClock { mode, now, advance_ms }) = body?;
    if let Some(mode) = mode {
        sandbox.set_clock_mode(mode);
    }
    if let Some(now) = now {
        sandbox.set_time(now)?;
    }
    if let Some(ms) = advance_ms {
        sandbox.advance(TimeDelta(ms))?;
    }
    clock(State(sandbox)).await
}

async fn stars(State(sandbox): State<Sandbox>) -> Answer {
    to_json(&sandbox.stars())
}

async fn set_stars(State(sandbox): State<Sandbox>, body: Body<PaidBroadcasts>) -> Answer {
    sandbox.set_paid_broadcasts(body?.0);
    stars(State(sandbox)).await
}

async fn verify(State(sandbox): State<Sandbox>, body: Body<Verify>) -> Answer {
    match body?.0 {
        Verify::List { chats } => to_json(&sandbox.verify(chats)),
        Verify::Range { from, count } => {
            to_json(&sandbox.verify((0..i64::from(count)).map(|n| from.saturating_add(n))))
        }
    }
}

/// Answers first and goes down then, for so many milliseconds.
async fn down(State(sandbox): State<Sandbox>, body: Body<Down>) -> Answer {
    let Json(Down { ms }) = body?;
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        sandbox.go_down(Duration::from_millis(ms));
    });
    Ok(Json(json!({"down_for_ms": ms})))
}

async fn counters(State(sandbox): State<Sandbox>) -> Answer {
    to_json(&sandbox.counters())
}

async fn counts(State(sandbox): State<Sandbox>) -> Answer {
    let counts = sandbox.counts().into_iter().map(|(chat, count)| (chat.to_string(), count.into()));
    Ok(Json(Value::Object(counts.collect::<Map<_, _>>())))
}

async fn ledger(State(sandbox): State<Sandbox>, asked: Asked<Part>) -> Answer {
    let Query(Part { from, limit }) = asked?;
    let entries = sandbox.ledger(from, limit.unwrap_or(1_000).min(100_000));
    Ok(Json(json!({"total": sandbox.accepted(), "entries": entries})))
}

async fn duplicates(State(sandbox): State<Sandbox>) -> Answer {
    to_json(&sandbox.duplicates())
}

/// Waits until so many messages are accepted, or so many milliseconds.
async fn wait(State(sandbox): State<Sandbox>, asked: Asked<Wait>) -> Answer {
    let Query(Wait { accepted, ms }) = asked?;
    let longest = Duration::from_millis(ms.unwrap_or(60_000));
    let reached = tokio::time::timeout(longest, sandbox.wait_accepted(accepted)).await.is_ok();
    Ok(Json(json!({"accepted": sandbox.accepted(), "reached": reached})))
}

async fn reset(State(sandbox): State<Sandbox>, body: Body<Nothing>) -> Answer {
    let Json(Nothing {}) = body?;
    sandbox.reset();
    counters(State(sandbox)).await
}

fn to_json(value: &impl Serialize) -> Answer {
    match serde_json::to_value(value) {
        Ok(value) => Ok(Json(value)),
        Err(problem) => Err(Problem(StatusCode::INTERNAL_SERVER_ERROR, problem.to_string())),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self(rejection.status(), rejection.body_text())
    }
}

impl From<ScriptError> for Problem {
    fn from(problem: ScriptError) -> Self {
        Self(StatusCode::UNPROCESSABLE_ENTITY, problem.to_string())
    }
}

impl From<ActError> for Problem {
    fn from(problem: ActError) -> Self {
        let status = match problem {
            ActError::NoChat { .. }
            | ActError::NoMessage { .. }
            | ActError::NoButton { .. }
            | ActError::NoInvoice { .. }
            | ActError::NoLink { .. } => StatusCode::NOT_FOUND,
            ActError::Silent { .. } | ActError::AlreadyPaid { .. } | ActError::ClockRuns | ActError::TimeIsOver => {
                StatusCode::CONFLICT
            }
            ActError::NoText => StatusCode::BAD_REQUEST,
        };
        Self(status, problem.to_string())
    }
}
