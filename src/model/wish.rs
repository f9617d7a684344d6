//! What users want of marketing, and the data of the buttons by which they say
//! so: `vestnik:stop`, `vestnik:stop:TOPIC`, `vestnik:subscribe`,
//! `vestnik:subscribe:TOPIC`.

/// What a user wants; without a topic it is about all marketing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish<'a> {
    /// No more of it.
    Stop(Option<&'a str>),
    /// It again.
    Subscribe(Option<&'a str>),
}

impl<'a> Wish<'a> {
    /// Data of buttons that begin so are the bot's own.
    pub const RESERVED: &'static str = "vestnik:";
    /// The bytes of a topic whose buttons still fit
    /// into the 64 bytes that Telegram allows.
    pub const LONGEST_TOPIC: usize = 64 - "vestnik:subscribe:".len();

    /// The wish that a button's data mean.
    pub fn of_press(data: &'a str) -> Option<Self> {
        let said = data.strip_prefix(Self::RESERVED)?;
        let (verb, topic) = match said.split_once(':') {
            Some((verb, topic)) => (verb, Some(topic)),
            None => (said, None),
        };
        match verb {
            _ if topic == Some("") => None,
            "stop" => Some(Self::Stop(topic)),
            "subscribe" => Some(Self::Subscribe(topic)),
            _ => None,
        }
    }

    /// The data of a button for it.
    pub fn press(self) -> String {
        let (verb, topic) = match self {
            Self::Stop(topic) => ("stop", topic),
            Self::Subscribe(topic) => ("subscribe", topic),
        };
        let topic = topic.map_or(String::new(), |topic| format!(":{topic}"));
        format!("{}{verb}{topic}", Self::RESERVED)
    }

    /// The topic that it is about, if it is not about all.
    pub fn topic(self) -> Option<&'a str> {
        match self {
            Self::Stop(topic) | Self::Subscribe(topic) => topic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_buttons_are_read() {
        for (data, expected) in [
            ("vestnik:stop", Some(Wish::Stop(None))),
            ("vestnik:stop:news", Some(Wish::Stop(Some("news")))),
            ("vestnik:subscribe", Some(Wish::Subscribe(None))),
            ("vestnik:subscribe:news", Some(Wish::Subscribe(Some("news")))),
            ("vestnik:stop:", None),
            ("vestnik:", None),
            ("vestnik:unsubscribe", None),
            ("vestnik:Stop", None),
            ("stop", None),
            ("", None),
        ] {
            let wish = Wish::of_press(data);
            assert_eq!(wish, expected, "{data}");
            assert!(wish.is_none_or(|wish| wish.press() == data), "{data}");
        }
    }

    #[test]
    fn the_longest_topic_fits_into_a_button() {
        let topic = "n".repeat(Wish::LONGEST_TOPIC);
        assert_eq!(Wish::Subscribe(Some(&topic)).press().len(), 64);
    }
}
