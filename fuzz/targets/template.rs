//! Bytes as a template: compiled, and rendered for a user of whom nothing is
//! known.
#![no_main]

#[path = "loading.rs"]
mod loading;

use libfuzzer_sys::fuzz_target;
use vestnik::model::{Profile, Time, UserId};

fuzz_target!(|bytes: &[u8]| {
    if let Some(rulebook) = loading::load("templates/x.html", bytes).rulebook {
        let profile = Profile::new(&rulebook.schema, UserId(1));
        // A template that cannot be rendered for somebody says so.
        let _ = rulebook.render("x", &rulebook.view(&profile, Time(1_767_603_600_000)));
    }
});
