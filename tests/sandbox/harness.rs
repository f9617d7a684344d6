//! A started sandbox, and short ways to talk to it.

use serde_json::Value;
use std::sync::Arc;
use vestnik::clock::ManualClock;
use vestnik::model::Time;
use vestnik::sandbox::{DEFAULT_TOKEN, Running, Sandbox, SandboxOptions};

/// 2026-01-05T09:00:00Z.
pub const NOON: Time = Time(1_767_603_600_000);

/// A sandbox with a clock that the test moves.
pub struct Harness {
    pub running: Running,
    pub clock: Arc<ManualClock>,
    pub client: reqwest::Client,
}

impl Harness {
    pub async fn start() -> Self {
        Self::with(SandboxOptions::default()).await
    }

    pub async fn with(options: SandboxOptions) -> Self {
        let clock = Arc::new(ManualClock::new(NOON));
        let running = Sandbox::start(SandboxOptions { clock: clock.clone(), ..options }).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { running, clock, client }
    }

    pub fn sandbox(&self) -> &Sandbox {
        self.running.sandbox()
    }

    pub fn method(&self, name: &str) -> String {
        format!("{}/bot{DEFAULT_TOKEN}/{name}", self.running.url())
    }

    /// Calls a method with JSON: status and answer.
    pub async fn call(&self, method: &str, params: Value) -> (u16, Value) {
        let answer = self.client.post(self.method(method)).json(&params).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Calls a method that must succeed: its result.
    pub async fn result(&self, method: &str, params: Value) -> Value {
        let (status, answer) = self.call(method, params).await;
        assert_eq!((status, &answer["ok"]), (200, &Value::Bool(true)), "{method}: {answer}");
        answer["result"].clone()
    }
}
