//! The control API under `/ctl`: everything that the handle can do, for
//! people and for programs in other languages. JSON in, JSON out.

use crate::sandbox::handle::Sandbox;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

pub(crate) fn routes() -> Router<Sandbox> {
    Router::new().route("/ctl/counters", get(counters))
}

async fn counters(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!(sandbox.counters()))
}
