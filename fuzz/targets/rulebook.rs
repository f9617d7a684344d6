//! Bytes as a rule file; the first byte may make it the settings instead.
#![no_main]

#[path = "loading.rs"]
mod loading;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match bytes.strip_prefix(b"\0") {
        Some(settings) => loading::load("vestnik.yaml", settings),
        None => loading::load("rules/x.yaml", bytes),
    };
});
