//! `/bot{token}/{method}`: finds the method, plays the faults, counts, and
//! answers as the Bot API would.

mod edit;
mod poll;
mod send;
mod small;

use crate::sandbox::answer::{self, Refusal};
use crate::sandbox::faults::{FaultEffect, Verdict};
use crate::sandbox::handle::Sandbox;
use crate::sandbox::limits::RetryAfter;
use crate::sandbox::line::Line;
use crate::sandbox::params::{Params, Unreadable};
use crate::sandbox::webhook;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::time::Duration;

/// One method of the API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method {
    name: &'static str,
    /// Whether it counts against the limits.
    delivers: bool,
    work: Work,
}

#[derive(Clone, Copy, Debug)]
enum Work {
    /// Answers at once.
    Now(fn(&Sandbox, &Params) -> Result<Value, Refusal>),
    /// Waits for updates.
    Poll,
}

/// The methods that the sandbox knows.
const METHODS: [Method; 23] = [
    quick("getMe", small::get_me),
    Method { name: "getUpdates", delivers: false, work: Work::Poll },
    quick("setWebhook", webhook::set),
    quick("deleteWebhook", |sandbox, params| Ok(webhook::delete(sandbox, params))),
    quick("getWebhookInfo", |sandbox, _| Ok(webhook::info(sandbox))),
    delivery("sendMessage", send::message),
    delivery("sendPhoto", send::photo),
    delivery("sendVideo", send::video),
    delivery("sendDocument", send::document),
    delivery("sendMediaGroup", send::album),
    delivery("copyMessage", send::copy),
    delivery("editMessageText", edit::text),
    delivery("editMessageCaption", edit::caption),
    delivery("editMessageReplyMarkup", edit::reply_markup),
    quick("deleteMessage", edit::delete),
    quick("answerCallbackQuery", small::answer_callback),
    quick("answerPreCheckoutQuery", small::answer_pre_checkout),
    quick("sendChatAction", small::chat_action),
    quick("setMyCommands", small::set_commands),
    quick("getMyCommands", small::get_commands),
    quick("deleteMyCommands", small::delete_commands),
    quick("getChat", small::get_chat),
    quick("logOut", |_, _| Ok(Value::Bool(true))),
];

/// More unanswered requests than this and the front makes everybody wait.
const MAX_IN_FLIGHT: u32 = 1_000;

const fn quick(name: &'static str, work: fn(&Sandbox, &Params) -> Result<Value, Refusal>) -> Method {
    Method { name, delivers: false, work: Work::Now(work) }
}

const fn delivery(name: &'static str, work: fn(&Sandbox, &Params) -> Result<Value, Refusal>) -> Method {
    Method { name, delivers: true, work: Work::Now(work) }
}

/// Answers one request to the API.
pub(crate) async fn answer(sandbox: Sandbox, line: Line, request: Request) -> Response {
    let method = match find(&sandbox, request.uri().path()) {
        Ok(method) => method,
        Err(refusal) => return refuse(&sandbox, refusal),
    };
    let params = match Params::read(request).await {
        Ok(params) => params,
        Err(Unreadable::TooLarge) => return answer::html_error(StatusCode::PAYLOAD_TOO_LARGE),
        Err(Unreadable::Bad(refusal)) => return refuse(&sandbox, refusal),
    };
    let chat = params.chat_number();
    let verdict = sandbox.with(|world, _| {
        world.gate.counters.requests += 1;
        let verdict = world.faults.draw(method.name, chat);
        world.gate.counters.faults += u64::from(verdict != Verdict::default());
        verdict
    });
    if verdict.delay.is_zero() {
        return work(&sandbox, &line, method, params, verdict).await;
    }
    // A client that gives up while it waits must not stop the request: on the real server it is on its way.
    let delayed = tokio::spawn(async move {
        tokio::time::sleep(verdict.delay).await;
        work(&sandbox, &line, method, params, verdict).await
    });
    delayed.await.unwrap_or_else(|_| answer::html_error(StatusCode::BAD_GATEWAY))
}

/// The method that a path names, behind the right token.
fn find(sandbox: &Sandbox, path: &str) -> Result<Method, Refusal> {
    let rest = path.strip_prefix("/bot").ok_or_else(Refusal::not_found)?;
    let (token, name) = rest.split_once('/').ok_or_else(Refusal::not_found)?;
    if token != sandbox.shared.token {
        return Err(if is_well_formed(token) { Refusal::unauthorized() } else { Refusal::not_found() });
    }
    let name = name.strip_prefix("test/").unwrap_or(name);
    let found = METHODS.iter().find(|method| method.name.eq_ignore_ascii_case(name));
    found.copied().ok_or_else(Refusal::not_found)
}

/// Whether a token looks like one: digits, a colon, and 35 or so characters.
fn is_well_formed(token: &str) -> bool {
    let Some((id, secret)) = token.split_once(':') else { return false };
    let secret_fits = secret.len() >= 30 && secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()) && secret_fits
}

/// Plays the verdict around the method.
async fn work(sandbox: &Sandbox, line: &Line, method: Method, params: Params, verdict: Verdict) -> Response {
    match verdict.effect {
        None => run(sandbox, method, &params).await,
        Some(FaultEffect::TooManyRequests { retry_after }) => {
            let scope = params.chat_number().filter(|_| verdict.of_chat);
            let wait = sandbox.with(|world, stamp| match world.gate.check_pause(params.chat_number(), stamp.tick) {
                Ok(()) => world.gate.impose(scope, retry_after, stamp.tick),
                Err(running) => running,
            });
            refuse(sandbox, wait.into())
        }
        Some(FaultEffect::Refuse { code, description }) => refuse(sandbox, Refusal::new(code, description)),
        Some(FaultEffect::ServerError) => refuse(sandbox, Refusal::new(500, "Internal Server Error: restart")),
        Some(FaultEffect::BadGateway) => answer::html_error(StatusCode::BAD_GATEWAY),
        Some(FaultEffect::BadGatewayAfter) => {
            run(sandbox, method, &params).await;
            answer::html_error(StatusCode::BAD_GATEWAY)
        }
        Some(FaultEffect::Delay { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            run(sandbox, method, &params).await
        }
        Some(FaultEffect::Hang) => std::future::pending().await,
        Some(FaultEffect::HangAfter) => {
            run(sandbox, method, &params).await;
            std::future::pending().await
        }
        Some(FaultEffect::DropBefore) => {
            line.cut();
            answer::html_error(StatusCode::BAD_GATEWAY)
        }
        Some(FaultEffect::DropAfter) => {
            let response = run(sandbox, method, &params).await;
            line.cut();
            response
        }
        Some(FaultEffect::Truncate) => {
            let response = run(sandbox, method, &params).await;
            line.cut_in_body();
            response
        }
    }
}

async fn run(sandbox: &Sandbox, method: Method, params: &Params) -> Response {
    let guard = sandbox.enter();
    let paused = sandbox.with(|world, stamp| {
        world.gate.counters.max_in_flight = world.gate.counters.max_in_flight.max(guard.now);
        match method.delivers {
            true => world.gate.check_pause(params.chat_number(), stamp.tick),
            false => Ok(()),
        }
    });
    let result = match (paused, method.work) {
        (Err(wait), _) => Err(wait.into()),
        (Ok(()), Work::Poll) => poll::get_updates(sandbox, params).await,
        (Ok(()), Work::Now(_)) if guard.now > MAX_IN_FLIGHT => {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Err(RetryAfter(60).into())
        }
        (Ok(()), Work::Now(work)) => work(sandbox, params),
    };
    match result {
        Ok(value) => answer::success(&value),
        Err(refusal) => refuse(sandbox, refusal),
    }
}

fn refuse(sandbox: &Sandbox, refusal: Refusal) -> Response {
    sandbox.with(|world, _| world.gate.refused(refusal.code));
    refusal.into_response()
}
