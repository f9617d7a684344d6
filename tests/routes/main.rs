//! What users meet: conversations with the sample project's bot over the
//! sandbox, in both languages, as transcripts that can be read. The whole engine
//! runs, on a clock that stands still.
//!
//! `UPDATE_EXPECT=1 cargo test --test routes` writes the transcripts anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/expect.rs"]
mod expect;
mod talk;

use talk::{Act, Talk};

const ANNA: i64 = 1_000;
const BORIS: i64 = 1_001;

/// Has every language hold a conversation, and compares what was said.
fn routes(name: &str, people: &[(i64, &str)], acts: &[Act<'_>]) {
    let told: Vec<String> = ["en", "ru"]
        .into_iter()
        .filter_map(|language| Talk::new(language, people).hold(name, language, acts))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

fn says(text: &str, answers: usize) -> Act<'_> {
    Act::Says { who: ANNA, text, answers: &[(ANNA, 1)][..answers.min(1)] }
}

fn presses(data: &str) -> Act<'_> {
    Act::Presses { who: ANNA, data, answers: &[(ANNA, 1)] }
}

#[test]
fn the_first_steps() {
    routes(
        "first_steps",
        &[(ANNA, "Anna")],
        &[
            says("/start src_spring", 1),
            presses("guide"),
            presses("trial_start"),
            presses("trial_start"),
            presses("tariffs"),
            says("/start", 1),
        ],
    );
}

#[test]
fn a_friend_is_invited() {
    let both = &[(BORIS, 1), (ANNA, 1)];
    routes(
        "invite",
        &[(ANNA, "Anna"), (BORIS, "Boris")],
        &[
            says("/start", 1),
            says("/invite", 1),
            Act::Says { who: BORIS, text: "/start ref_1000", answers: both },
            says("/profile", 1),
            // nobody is invited twice, and nobody invites themselves
            Act::Says { who: BORIS, text: "/start ref_1000", answers: &[(BORIS, 1)] },
            says("/start ref_1000", 1),
            says("/invite", 1),
        ],
    );
}

#[test]
fn the_menu() {
    routes(
        "menu",
        &[(ANNA, "Anna")],
        &[
            says("/menu", 1),
            presses("guide"),
            presses("menu"),
            presses("profile"),
            presses("tariffs"),
            presses("menu"),
            presses("invite"),
            presses("menu"),
            presses("help"),
            says("/guide", 1),
            says("/profile", 1),
            says("/tariffs", 1),
            says("/help", 1),
        ],
    );
}

#[test]
fn a_month_is_bought() {
    routes(
        "plans",
        &[(ANNA, "Anna")],
        &[
            says("/tariffs", 1),
            presses("buy_month"),
            Act::Pays { who: ANNA, answers: &[(ANNA, 1)] },
            says("/profile", 1),
            says("/menu", 1),
        ],
    );
}

#[test]
fn telegrams_menu_has_the_commands() {
    let talk = Talk::new("en", &[]);
    let words = |language| talk.commands(language).join(" ");
    assert!(words("en").contains("guide=How to connect") && words("en").contains("menu=Menu"), "{}", words("en"));
    assert!(words("ru").contains("guide=Как подключиться") && words("ru").contains("menu=Меню"), "{}", words("ru"));
}

#[test]
fn another_language() {
    routes(
        "language",
        &[(ANNA, "Anna")],
        &[says("/language", 1), presses("language_ru"), presses("language"), presses("language_en"), presses("help")],
    );
}

#[test]
fn no_more_mailings() {
    routes(
        "mailings",
        &[(ANNA, "Anna")],
        &[
            says("/menu", 1),
            presses("mailings"),
            presses("vestnik:stop:news"),
            says("/stop", 1),
            says("/menu", 1),
            presses("mailings"),
            presses("vestnik:subscribe"),
            says("/topics", 1),
            says(" СТОП ", 1),
            says("/subscribe", 1),
        ],
    );
}

#[test]
fn what_nobody_understands() {
    let long = "ы".repeat(1_000_000);
    routes(
        "unknown",
        &[(ANNA, "<b>Anna</b> & {{ user.id }} \u{202e}\u{0}🧑‍🚀")],
        &[
            says("/start", 1),
            says("Where is my money?", 1),
            says(&long, 1),
            says("\u{202e}\u{200b}👩‍👩‍👧‍👦 e\u{301} <script>alert(1)</script>", 1),
            // no more than three such answers in ten minutes
            says("/nonsense", 0),
            says("Hello?", 0),
            says("/profile", 1),
        ],
    );
}
