//! Buttons under a question of ours: whether a broadcast that asks first is
//! sent. The one who presses decides, by their own id; nobody without the role
//! learns that there is something to press.

use crate::engine::Engine;
use crate::engine::broadcast::BroadcastError;
use crate::engine::calendar::{Answer, Approval, RESERVED, ROLE, pressed};
use crate::model::{Message, Text};

/// Whether a button is ours, and so no press that rules hear of.
pub fn is_ours(data: &str) -> bool {
    data.starts_with(RESERVED)
}

/// Does what the button says, and what is answered; nothing for people who are
/// no admins. A press that comes twice is told what the first one did.
pub fn answer(engine: &Engine, user: i64, data: &str) -> Result<Option<Message>, crate::engine::EngineError> {
    let rulebook = engine.live.current();
    let Some(role) = rulebook.settings.admins.get(&user) else { return Ok(None) };
    let text = match pressed(data) {
        Some(_) if *role < ROLE => Text::new(
            "this is for operators and owners to decide; your role in vestnik.yaml is another",
            "это решают оператор или владелец; у вас в vestnik.yaml другая роль",
        ),
        Some((said, id)) => match engine.answer_approval(Approval::Id(id), said) {
            Ok(status) => done(said, &status.name),
            Err(BroadcastError::Engine(error)) => return Err(error),
            Err(error) => error.text(),
        },
        None => Text::new("this button is of another version", "эта кнопка от другой версии"),
    };
    Ok(Some(Message { text: text.get(rulebook.settings.language).to_owned(), ..Message::default() }))
}

fn done(said: Answer, name: &str) -> Text {
    match said {
        Answer::Approve => {
            Text::new(format!("{name}: approved, it goes out"), format!("{name}: одобрена, рассылка пошла"))
        }
        Answer::Refuse => {
            Text::new(format!("{name}: refused, it is not sent"), format!("{name}: отклонена, отправлять не будем"))
        }
    }
}
