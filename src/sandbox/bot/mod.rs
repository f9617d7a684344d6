//! `/bot{token}/{method}`: finds the method, plays the faults, counts, and
//! answers as the Bot API would.

mod edit;
mod pay;
mod poll;
mod send;
mod small;
mod strange;

use crate::sandbox::active::Guard;
use crate::sandbox::answer::{self, Refusal};
use crate::sandbox::effect::FaultEffect;
use crate::sandbox::faults::Verdict;
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
const METHODS: [Method; 30] = [
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
    delivery("editMessageMedia", edit::media),
    quick("deleteMessage", edit::delete),
    quick("deleteMessages", edit::delete_many),
    quick("answerCallbackQuery", small::answer_callback),
    delivery("sendInvoice", pay::invoice),
    quick("createInvoiceLink", pay::invoice_link),
    quick("answerPreCheckoutQuery", pay::answer_pre_checkout),
    quick("refundStarPayment", pay::refund),
    quick("getMyStarBalance", small::star_balance),
    quick("getStarTransactions", small::star_transactions),
    quick("sendChatAction", small::chat_action),
    quick("setMyCommands", small::set_commands),
    quick("getMyCommands", small::get_commands),
    quick("deleteMyCommands", small::delete_commands),
    quick("getChat", small::get_chat),
    quick("logOut", |_, _| Ok(Value::Bool(true))),
];

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
        Err(Unreadable::TooLarge) => {
            sandbox.with(|world, _| world.gate.refused(413));
            return answer::html_error(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Err(Unreadable::Bad(refusal)) => return refuse(&sandbox, refusal),
    };
    let chat = params.chat_number();
    let guard = sandbox.enter(chat.filter(|_| method.delivers), params.files.len());
    let verdict = sandbox.with(|world, stamp| {
        let counters = &mut world.gate.counters;
        counters.requests += 1;
        counters.uploads += params.files.len() as u64;
        counters.max_in_flight = counters.max_in_flight.max(guard.load.all);
        let verdict = world.faults.draw(method.name, chat, stamp.tick);
        world.gate.counters.faults += u64::from(verdict != Verdict::default());
        verdict
    });
    let call = Call { sandbox, line, method, params, guard };
    if verdict.delay.is_zero() {
        return call.play(verdict).await;
    }
    // A client that gives up while it waits must not stop the request: on the real server it is on its way.
    let delayed = tokio::spawn(async move {
        tokio::time::sleep(verdict.delay).await;
        call.play(verdict).await
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

/// One request on its way to its answer.
struct Call {
    sandbox: Sandbox,
    line: Line,
    method: Method,
    params: Params,
    guard: Guard,
}

impl Call {
    /// Plays the verdict around the method.
    async fn play(self, verdict: Verdict) -> Response {
        let Some(effect) = verdict.effect else { return self.answer().await };
        match effect {
            FaultEffect::TooManyRequests { retry_after } => self.too_many(retry_after, verdict.of_chat),
            FaultEffect::Refuse { code, description } => refuse(&self.sandbox, Refusal::new(code, description)),
            FaultEffect::ServerError => refuse(&self.sandbox, Refusal::new(500, "Internal Server Error: restart")),
            FaultEffect::BadGateway => answer::html_error(StatusCode::BAD_GATEWAY),
            FaultEffect::BadGatewayAfter => {
                self.lose().await;
                answer::html_error(StatusCode::BAD_GATEWAY)
            }
            // Delays are over when an effect is played.
            FaultEffect::Delay { .. } | FaultEffect::DelayNormal { .. } | FaultEffect::DelayLongTail { .. } => {
                self.answer().await
            }
            FaultEffect::Hang => std::future::pending().await,
            FaultEffect::HangAfter => {
                self.lose().await;
                std::future::pending().await
            }
            FaultEffect::DropBefore => {
                self.line.cut();
                answer::html_error(StatusCode::BAD_GATEWAY)
            }
            FaultEffect::DropAfter => {
                let response = self.lose().await;
                self.line.cut();
                response
            }
            FaultEffect::Truncate => {
                let response = self.lose().await;
                self.line.cut_in_body();
                response
            }
            FaultEffect::UnknownFields => self.strange(strange::add_fields).await,
            FaultEffect::UnknownValues => self.strange(strange::change_values).await,
            FaultEffect::Down { ms } => {
                self.line.cut();
                self.sandbox.go_down(Duration::from_millis(ms));
                answer::html_error(StatusCode::BAD_GATEWAY)
            }
        }
    }

    async fn answer(&self) -> Response {
        finish(&self.sandbox, self.work().await)
    }

    /// Makes an answer that will not reach the bot.
    async fn lose(&self) -> Response {
        let result = self.work().await;
        if let (Ok(value), Some(chat)) = (&result, self.params.chat_number()) {
            let messages = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            let ids = messages.iter().filter_map(|message| i32::try_from(message.get("message_id")?.as_i64()?).ok());
            self.sandbox.with(|world, _| ids.for_each(|id| world.ledger.lose(chat, id)));
        }
        finish(&self.sandbox, result)
    }

    /// Answers with a result that a client may not know how to read.
    async fn strange(&self, change: fn(&mut Value)) -> Response {
        let mut result = self.work().await;
        if let Ok(value) = &mut result {
            change(value);
        }
        finish(&self.sandbox, result)
    }

    async fn work(&self) -> Result<Value, Refusal> {
        let (sandbox, params) = (&self.sandbox, &self.params);
        let work = match self.method.work {
            Work::Poll => return poll::get_updates(sandbox, params).await,
            Work::Now(work) => work,
        };
        let overload = sandbox.with(|world, stamp| {
            if self.method.delivers {
                world.gate.check_pause(params.chat_number(), stamp.tick)?;
            }
            Ok::<_, Refusal>(world.gate.overload(self.guard.load))
        })?;
        match overload {
            Some(ms) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                Err(RetryAfter(60).into())
            }
            None => work(sandbox, params),
        }
    }

    fn too_many(&self, retry_after: u32, of_chat: bool) -> Response {
        let chat = self.params.chat_number();
        let scope = chat.filter(|_| of_chat);
        let wait = self.sandbox.with(|world, stamp| match world.gate.check_pause(chat, stamp.tick) {
            Ok(()) => world.gate.impose(scope, retry_after, stamp.tick),
            Err(running) => running,
        });
        refuse(&self.sandbox, wait.into())
    }
}

fn finish(sandbox: &Sandbox, result: Result<Value, Refusal>) -> Response {
    match result {
        Ok(value) => answer::success(&value),
        Err(refusal) => refuse(sandbox, refusal),
    }
}

fn refuse(sandbox: &Sandbox, refusal: Refusal) -> Response {
    sandbox.with(|world, _| world.gate.refused(refusal.code));
    refusal.into_response()
}
