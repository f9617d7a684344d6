//! The part of the settings that is about money.

use super::Checker;
use crate::model::Text;
use crate::rulebook::settings::{Payments, YooKassa};
use crate::rulebook::words;

impl Checker<'_> {
    pub(super) fn payments(&mut self, default: Payments) -> Payments {
        let provider = &["payments", "provider_token_env"];
        let attribution = &["payments", "attribution"];
        Payments {
            provider_token_env: self.text(provider).and_then(|name| self.variable(provider, name)),
            rub_per_star: self.text(&["payments", "rub_per_star"]).and_then(|text| self.rub_per_star(text)),
            attribution: self
                .text(attribution)
                .and_then(|text| {
                    let help = Text::new("write it like `7 days`", "пишите так: `7 days`");
                    let (en, ru) = (format!("`{text}` is not a length of time"), format!("`{text}` — не длительность"));
                    words::duration(text).or_else(|| self.bad(attribution, en, ru, help))
                })
                .unwrap_or(default.attribution),
            yookassa: self.yookassa(),
        }
    }

    /// Roubles with two digits after the point, as hundredths.
    fn rub_per_star(&mut self, text: &str) -> Option<i64> {
        let rate = words::money(text).filter(|rate| (1..=100_000).contains(rate));
        if rate.is_none() {
            let help =
                Text::new("write roubles and kopecks, such as `1.50`", "напишите рубли и копейки, например `1.50`");
            let (en, ru) = (format!("`{text}` is not the price of a Star"), format!("`{text}` — не цена звезды"));
            return self.bad(&["payments", "rub_per_star"], en, ru, help);
        }
        rate
    }

    fn yookassa(&mut self) -> Option<YooKassa> {
        let shop_id = self.text(&["payments", "yookassa", "shop_id"])?.to_owned();
        let return_url = self.text(&["payments", "yookassa", "return_url"])?;
        let secret = &["payments", "yookassa", "secret_env"];
        let api = &["payments", "yookassa", "api_url"];
        Some(YooKassa {
            shop_id,
            secret_env: match self.text(secret) {
                Some(name) => self.variable(secret, name)?,
                None => YooKassa::SECRET_ENV.to_owned(),
            },
            return_url: self.address(&["payments", "yookassa", "return_url"], return_url)?,
            api_url: match self.text(api) {
                Some(url) => self.address(api, url)?,
                None => YooKassa::API_URL.to_owned(),
            },
        })
    }
}
