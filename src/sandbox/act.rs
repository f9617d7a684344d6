//! What people do in the sandbox: they write, press buttons, pay, block the bot.

use crate::model::Text;
use crate::sandbox::chats::{ChatState, bot_json};
use crate::sandbox::entities;
use crate::sandbox::handle::Sandbox;
use crate::sandbox::payments::{CheckoutState, Invoice, Special};
use crate::sandbox::updates::UpdateKind;
use crate::sandbox::world::{Stamp, World};
use serde_json::{Value, json};

/// What a person cannot do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActError {
    /// The chat is not in the registry.
    #[error("there is no chat {chat}: add it first")]
    NoChat {
        /// The id that was asked for.
        chat: i64,
    },
    /// The person has blocked the bot, or is no longer there.
    #[error("chat {chat} cannot act: its state is {state:?}")]
    Silent {
        /// The chat.
        chat: i64,
        /// How it stands to the bot.
        state: ChatState,
    },
    /// The message is not there.
    #[error("chat {chat} has no message {message_id}")]
    NoMessage {
        /// The chat.
        chat: i64,
        /// The id that was asked for.
        message_id: i32,
    },
    /// The message has no such button.
    #[error("message {message_id} of chat {chat} has no button with the data `{data}`")]
    NoButton {
        /// The chat.
        chat: i64,
        /// The message.
        message_id: i32,
        /// The data that was asked for.
        data: String,
    },
    /// The message asks for no money.
    #[error("message {message_id} of chat {chat} is no invoice")]
    NoInvoice {
        /// The chat.
        chat: i64,
        /// The message.
        message_id: i32,
    },
    /// An invoice is paid once.
    #[error("message {message_id} of chat {chat} is already paid")]
    AlreadyPaid {
        /// The chat.
        chat: i64,
        /// The message.
        message_id: i32,
    },
    /// No invoice has this address.
    #[error("there is no invoice with the link `{link}`")]
    NoLink {
        /// The link that was asked for.
        link: String,
    },
    /// Nothing was written.
    #[error("a message needs some text")]
    NoText,
    /// The clock runs by itself.
    #[error("the clock runs by itself: make it manual first")]
    ClockRuns,
    /// A clock does not go back.
    #[error("the clock does not go back: this time is over")]
    TimeIsOver,
}

impl ActError {
    /// The error in both languages.
    pub fn text(&self) -> Text {
        let ru = match self {
            Self::NoChat { chat } => format!("чата {chat} нет: сначала добавьте его"),
            Self::Silent { chat, state } => format!("чат {chat} не может действовать: его состояние {state:?}"),
            Self::NoMessage { chat, message_id } => format!("в чате {chat} нет сообщения {message_id}"),
            Self::NoButton { chat, message_id, data } => {
                format!("у сообщения {message_id} чата {chat} нет кнопки с данными `{data}`")
            }
            Self::NoInvoice { chat, message_id } => format!("сообщение {message_id} чата {chat} — не счёт"),
            Self::AlreadyPaid { chat, message_id } => format!("счёт {message_id} чата {chat} уже оплачен"),
            Self::NoLink { link } => format!("счёта по ссылке `{link}` нет"),
            Self::NoText => "сообщению нужен текст".to_owned(),
            Self::ClockRuns => "часы идут сами: сначала переведите их в ручной режим".to_owned(),
            Self::TimeIsOver => "часы не идут назад: это время уже прошло".to_owned(),
        };
        Text::new(self.to_string(), ru)
    }
}

impl Sandbox {
    /// A person writes to the bot; answers with the id of the message.
    pub fn user_says(&self, chat: i64, text: &str) -> Result<i32, ActError> {
        let body = entities::typed(text);
        if body.text.is_empty() {
            return Err(ActError::NoText);
        }
        self.with(|world, stamp| {
            let found = world.chats.get_mut(chat).ok_or(ActError::NoChat { chat })?;
            match found.state {
                ChatState::Active => {}
                ChatState::NeverStarted => found.state = ChatState::Active,
                state @ (ChatState::Blocked | ChatState::Deactivated | ChatState::Unknown | ChatState::Migrated(_)) => {
                    return Err(ActError::Silent { chat, state });
                }
            }
            let message = world.write_as_user(chat, body, stamp).ok_or(ActError::NoChat { chat })?;
            let id = message.get("message_id").and_then(Value::as_i64).unwrap_or_default();
            world.updates.push(UpdateKind::Message, chat, message, stamp.at);
            Ok(i32::try_from(id).unwrap_or(i32::MAX))
        })
    }

    /// A person opens the bot: `/start`, with a deep link's payload if not
    /// empty. One who had blocked the bot unblocks it first.
    pub fn start_bot(&self, chat: i64, payload: &str) -> Result<i32, ActError> {
        if self.state(chat) == Some(ChatState::Blocked) {
            self.unblock(chat)?;
        }
        self.user_says(chat, format!("/start {payload}").trim_end())
    }

    /// A person presses a button under a message; answers with the query's id.
    pub fn press(&self, chat: i64, message_id: i32, data: &str) -> Result<String, ActError> {
        self.with(|world, stamp| {
            let found = world.chats.get(chat).ok_or(ActError::NoChat { chat })?;
            if found.state != ChatState::Active {
                return Err(ActError::Silent { chat, state: found.state });
            }
            let user = found.user_json();
            let message = world.messages.get(chat, message_id).ok_or(ActError::NoMessage { chat, message_id })?;
            if !message.keyboard.has_data(data) {
                return Err(ActError::NoButton { chat, message_id, data: data.to_owned() });
            }
            let message = world.message_json(chat, message_id);
            let id = world.new_callback(stamp);
            let query = json!({
                "id": id, "from": user, "message": message, "chat_instance": format!("{}", chat.unsigned_abs()),
                "data": data,
            });
            world.updates.push(UpdateKind::CallbackQuery, chat, query, stamp.at);
            Ok(id)
        })
    }

    /// What the bot answered to a press: the text of the notice, empty if it
    /// showed none.
    pub fn press_answer(&self, query: &str) -> Option<String> {
        self.with(|world, _| world.callbacks.iter().find(|callback| callback.id == query)?.answer.clone())
    }

    /// A person taps the button of an invoice; answers with the id of the
    /// checkout. The bot is asked, and nothing is paid before it says yes.
    pub fn pay(&self, chat: i64, message_id: i32) -> Result<String, ActError> {
        self.with(|world, stamp| {
            payer(world, chat)?;
            let message = world.messages.get(chat, message_id).ok_or(ActError::NoMessage { chat, message_id })?;
            let Some(Special::Invoice(invoice)) = message.extras.special.as_deref() else {
                return Err(ActError::NoInvoice { chat, message_id });
            };
            let invoice = invoice.clone();
            if world.shop.is_paid(chat, Some(message_id)) {
                return Err(ActError::AlreadyPaid { chat, message_id });
            }
            check_out(world, chat, invoice, Some(message_id), stamp)
        })
    }

    /// A person opens an invoice's link and pays; answers as [`Sandbox::pay`].
    pub fn pay_link(&self, chat: i64, link: &str) -> Result<String, ActError> {
        self.with(|world, stamp| {
            payer(world, chat)?;
            let invoice = world.shop.of_link(link).ok_or_else(|| ActError::NoLink { link: link.to_owned() })?.clone();
            check_out(world, chat, invoice, None, stamp)
        })
    }

    /// How far a checkout has come.
    pub fn checkout(&self, id: &str) -> Option<CheckoutState> {
        self.with(|world, stamp| world.shop.state(id, stamp))
    }

    /// A person blocks the bot.
    pub fn block(&self, chat: i64) -> Result<(), ActError> {
        self.change_membership(chat, ChatState::Blocked)
    }

    /// A person unblocks the bot.
    pub fn unblock(&self, chat: i64) -> Result<(), ActError> {
        self.change_membership(chat, ChatState::Active)
    }

    fn change_membership(&self, chat: i64, state: ChatState) -> Result<(), ActError> {
        self.with(|world, stamp| {
            let bot = bot_json(world.bot);
            let found = world.chats.get_mut(chat).ok_or(ActError::NoChat { chat })?;
            if found.state == state {
                return Ok(());
            }
            if matches!(found.state, ChatState::Deactivated | ChatState::Unknown | ChatState::Migrated(_)) {
                return Err(ActError::Silent { chat, state: found.state });
            }
            found.state = state;
            let status = |blocked: bool| match blocked {
                true => json!({"user": bot, "status": "kicked", "until_date": 0}),
                false => json!({"user": bot, "status": "member"}),
            };
            let blocked = state == ChatState::Blocked;
            let change = json!({
                "chat": found.to_json(), "from": found.user_json(), "date": stamp.at.div_euclid(1_000),
                "old_chat_member": status(!blocked), "new_chat_member": status(blocked),
            });
            world.updates.push(UpdateKind::MyChatMember, chat, change, stamp.at);
            Ok(())
        })
    }
}

/// Makes sure that a person is there to pay.
fn payer(world: &World, chat: i64) -> Result<(), ActError> {
    let found = world.chats.get(chat).ok_or(ActError::NoChat { chat })?;
    match found.state == ChatState::Active && found.is_person() {
        true => Ok(()),
        false => Err(ActError::Silent { chat, state: found.state }),
    }
}

/// Asks the bot whether the person may pay.
fn check_out(
    world: &mut World,
    chat: i64,
    invoice: Invoice,
    message: Option<i32>,
    stamp: Stamp,
) -> Result<String, ActError> {
    let user = world.chats.get(chat).ok_or(ActError::NoChat { chat })?.user_json();
    let mut query = json!({
        "from": user, "currency": invoice.currency, "total_amount": invoice.total, "invoice_payload": invoice.payload,
    });
    let id = world.shop.begin(chat, invoice, message, world.bot, stamp);
    if let Some(object) = query.as_object_mut() {
        object.insert("id".into(), id.as_str().into());
    }
    world.updates.push(UpdateKind::PreCheckoutQuery, chat, query, stamp.at);
    Ok(id)
}
