//! Words of failures that more than one of them has.

use crate::engine::leaves::{Leaf, shown};
use crate::model::{Text, Value};
use crate::outbox::SkipReason;
use crate::rulebook::Rulebook;

/// Names in brackets; of many that are the same behind one another the number.
pub(super) fn list(names: &[&str]) -> String {
    let runs = names.chunk_by(|one, next| one == next);
    let run = |run: &[&str]| match run {
        [name, ..] if run.len() > 2 => format!("{name} × {}", run.len()),
        few => few.join(", "),
    };
    format!("[{}]", runs.map(run).collect::<Vec<_>>().join(", "))
}

/// A value as rule files have it, by the project's clock.
pub(super) fn value(value: &Value, rulebook: &Rulebook) -> String {
    shown(value, &rulebook.settings.timezone.zone)
}

/// Whom a test is about.
pub(super) fn subject() -> Text {
    Text::new("the user", "пользователь")
}

/// A part of a condition and its answer.
pub(super) fn leaf(leaf: &Leaf) -> Text {
    leaf.say()
}

/// Texts behind one another.
pub(super) fn joined(texts: &[Text]) -> Text {
    let all = |of: fn(&Text) -> &str| texts.iter().map(of).collect::<Vec<_>>().join("; ");
    Text::new(all(|text| &text.en), all(|text| &text.ru))
}

/// Which gate stopped a message.
pub(super) fn gate(reason: SkipReason) -> Text {
    match reason {
        SkipReason::Expired => Text::new("it had expired", "срок истёк"),
        SkipReason::Blocked => Text::new("the user has blocked the bot", "пользователь заблокировал бота"),
        SkipReason::Deactivated => Text::new("the user's account is gone", "аккаунта больше нет"),
        SkipReason::NeedsStart => Text::new("the user has not started the bot", "пользователь не запускал бота"),
        SkipReason::OptedOut => Text::new("the user wants no marketing", "пользователь отказался от рекламы"),
        SkipReason::RenderError => Text::new("it could not be rendered", "его не удалось собрать"),
        SkipReason::NotEligible => Text::new("it is not for this user", "оно не для этого пользователя"),
        SkipReason::Exited => Text::new("the user had left the drip", "пользователь вышел из цепочки"),
        SkipReason::GoalReached => Text::new("the drip's goal was reached", "цель цепочки достигнута"),
        SkipReason::Holdout => Text::new("the user is in the holdout", "пользователь в контрольной группе (`holdout`)"),
        SkipReason::Control => Text::new("the user's variant gets nothing", "вариант пользователя ничего не получает"),
        SkipReason::QuietHours => Text::new("quiet hours", "тихие часы"),
        SkipReason::Capped => Text::new("the cap of `policy` is reached", "исчерпан предел из `policy` (`caps`)"),
        SkipReason::Budget => Text::new("the Stars for it are spent", "звёзды на него потрачены"),
        SkipReason::Missed => Text::new("its moment was missed", "его момент пропущен"),
        SkipReason::ContentError => Text::new("its first part was refused", "первая часть отклонена"),
        SkipReason::Dropped => Text::new("it was taken out of the queue", "его убрали из очереди"),
        SkipReason::Scheduled => Text::new("its moment is still to come", "его момент ещё не настал"),
    }
}
