//! What people get wrong in `vestnik.yaml`, and what is read where nothing is
//! wrong.

use crate::mistakes::{compare, project, told};
use std::path::PathBuf;
use vestnik::model::{Lang, Rate, TimeDelta};
use vestnik::rulebook::{Role, Settings, Watch};

fn read(content: &str) -> Settings {
    let loaded = project(("vestnik.yaml", content));
    assert_eq!(told(&loaded), "", "{content}");
    (*loaded.rulebook.expect("sound").settings).clone()
}

#[test]
fn mistakes() {
    for (content, expected) in [
        (
            "langauge: ru\n",
            r#"R001 vestnik.yaml:1:1 ‹langauge› unknown key `langauge` in the settings => did you mean `language`?"#,
        ),
        ("language: de\n", r#"S002 vestnik.yaml:1:11 ‹de› `language` cannot be `de` => known here: `en`, `ru`"#),
        (
            "timezone: Europe/Moskow\n",
            r#"S003 vestnik.yaml:1:11 ‹Europe/Moskow› unknown time zone `Europe/Moskow` => did you mean `Europe/Moscow`?"#,
        ),
        (
            "timezone: Moscow\n",
            r#"S003 vestnik.yaml:1:11 ‹Moscow› unknown time zone `Moscow` => did you mean `Europe/Moscow`?"#,
        ),
        (
            "timezone: Somewhere/Else\n",
            r#"S003 vestnik.yaml:1:11 ‹Somewhere/Else› unknown time zone `Somewhere/Else` => write a name such as `Europe/Moscow`; names are in the IANA time zone list"#,
        ),
        (
            "timezone: [UTC]\n",
            r#"R002 vestnik.yaml:1:11 ‹[UTC]› timezone must be a text, not a list => write one text here; with brackets or `: ` inside it needs quotes"#,
        ),
        (
            "data: rules\n",
            r#"S004 vestnik.yaml:1:7 ‹rules› `rules` cannot hold the data => name a folder of its own, such as `data`"#,
        ),
        (
            "telegram: {token: x}\n",
            r#"R001 vestnik.yaml:1:12 ‹token› unknown key `token` in telegram => known here: `token_env`, `api_url`, `mode`, `webhook_url`, `secret_env`, `drop_pending`"#,
        ),
        (
            "telegram: {token_env: \"123:ABC\"}\n",
            r#"S004 vestnik.yaml:1:23 ‹"123:ABC"› `token_env` is not the name of an environment variable => write the name of an environment variable and keep the token itself out of files"#,
        ),
        (
            "telegram: {mode: webhook}\n",
            r#"S004 vestnik.yaml:1:18 ‹webhook› the mode `webhook` needs `webhook_url` => add where Telegram is to bring updates: `webhook_url: https://example.com/telegram`"#,
        ),
        (
            "telegram: {mode: webhook, webhook_url: \"http://example.com/\"}\n",
            r#"S004 vestnik.yaml:1:40 ‹"http://example.com/"› `http://example.com/` cannot be a webhook => Telegram calls https:// only, at a name and a certificate that everybody can check"#,
        ),
        (
            "webhooks: {secret_env: \"a b\"}\n",
            r#"S004 vestnik.yaml:1:24 ‹"a b"› `secret_env` is not the name of an environment variable => write the name of an environment variable and keep the secret itself out of files"#,
        ),
        (
            "webhooks: {allow: [a.org], private: [b.org, A.org]}\n",
            r#"S004 vestnik.yaml:1:37 ‹[b.org, A.org]› `b.org` is not among `allow` => add it to `allow`, or take it out here"#,
        ),
        (
            "payments: {provider_token_env: \"1:TEST:2\"}\n",
            r#"S004 vestnik.yaml:1:32 ‹"1:TEST:2"› `provider_token_env` is not the name of an environment variable => write the name of an environment variable and keep the secret itself out of files"#,
        ),
        (
            "payments: {rub_per_star: 1.505}\n",
            r#"S004 vestnik.yaml:1:26 ‹1.505› `1.505` is not the price of a Star => write roubles and kopecks, such as `1.50`"#,
        ),
        (
            "payments: {attribution: a week}\n",
            r#"S004 vestnik.yaml:1:25 ‹a week› `a week` is not a length of time => write it like `7 days`"#,
        ),
        (
            "payments: {yookassa: {shop_id: 1, return_url: t.me/bot}}\n",
            r#"S004 vestnik.yaml:1:47 ‹t.me/bot› `t.me/bot` is not the address of a server => it begins with https:// (or http:// for a local server), without a user name and without `?` and `#`"#,
        ),
        (
            "telegram: {api_url: api.telegram.org}\n",
            r#"S004 vestnik.yaml:1:21 ‹api.telegram.org› `api.telegram.org` is not the address of a server => it begins with https:// (or http:// for a local server), without a user name and without `?` and `#`"#,
        ),
        (
            "telegram: {api_url: \"https://bot:secret@api.telegram.org\"}\n",
            r#"S004 vestnik.yaml:1:21 ‹"https://bot:secret@api.telegram.org"› `https://bot:secret@api.telegram.org` is not the address of a server => it begins with https:// (or http:// for a local server), without a user name and without `?` and `#`"#,
        ),
        (
            "telegram: {api_url: \"https://api.telegram.org?proxy=1\"}\n",
            r#"S004 vestnik.yaml:1:21 ‹"https://api.telegram.org?proxy=1"› `https://api.telegram.org?proxy=1` is not the address of a server => it begins with https:// (or http:// for a local server), without a user name and without `?` and `#`"#,
        ),
        (
            "telegram: {mode: push}\n",
            r#"S004 vestnik.yaml:1:18 ‹push› `mode` cannot be `push` => known here: `polling`, `webhook`"#,
        ),
        (
            "telegram: {drop_pending: maybe}\n",
            r#"R002 vestnik.yaml:1:26 ‹maybe› drop_pending must be `true` or `false`, not a text => write `true` or `false`"#,
        ),
        (
            "telegram: yes\n",
            r#"R002 vestnik.yaml:1:11 ‹yes› telegram must be a mapping, not a text => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "admins: {someone: owner}\n",
            r#"S005 vestnik.yaml:1:10 ‹someone› `someone` is not the numeric id of a user => an id is a number such as `123456789`; a user name does not do"#,
        ),
        ("admins: {123: onwer}\n", r#"S005 vestnik.yaml:1:15 ‹onwer› unknown role `onwer` => did you mean `owner`?"#),
        (
            "admins: [123]\n",
            r#"R002 vestnik.yaml:1:9 ‹[123]› admins must be a mapping, not a list => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "limits: {bot: 30/s}\n",
            r#"R042 vestnik.yaml:1:15 ‹30/s› `30/s` is not a rate => write a rate such as `20 per second`, or `off` among limits"#,
        ),
        (
            "limits: {bots: 30 per second}\n",
            r#"R001 vestnik.yaml:1:10 ‹bots› unknown key `bots` in limits => did you mean `bot`?"#,
        ),
        (
            "http: {listen: 8080}\n",
            r#"S004 vestnik.yaml:1:16 ‹8080› `8080` is not an address to listen on => write an address and a port, such as `127.0.0.1:8080`"#,
        ),
        (
            "webhooks: {allow: example.org}\n",
            r#"R002 vestnik.yaml:1:19 ‹example.org› allow must be a list, not a text => write `[a, b]`, or `- a` on indented lines of their own"#,
        ),
        (
            "instance: {id: our shop}\n",
            r#"S004 vestnik.yaml:1:16 ‹our shop› `our shop` cannot be an `id` => write letters, digits, `-`, `_` and `.`, at most 64, such as `shop`"#,
        ),
        (
            "instance: shop\n",
            r#"R002 vestnik.yaml:1:11 ‹shop› instance must be a mapping, not a text => write `key: value`, each on an indented line of its own"#,
        ),
        (
            "watch: never\n",
            r#"S004 vestnik.yaml:1:8 ‹never› `watch` cannot be `never` => known here: `notify`, `poll`"#,
        ),
        (
            "language: ru\nlanguage: en\n",
            r#"Y002 vestnik.yaml:2:1 ‹language› the key `language` stands twice => keep one of the two +vestnik.yaml:1:1 first here"#,
        ),
        (
            "language: de\ntimezone: Mars/Base\nwatch: never\n",
            r#"
             S002 vestnik.yaml:1:11 ‹de› `language` cannot be `de` => known here: `en`, `ru`
             S003 vestnik.yaml:2:11 ‹Mars/Base› unknown time zone `Mars/Base` => write a name such as `Europe/Moscow`; names are in the IANA time zone list
             S004 vestnik.yaml:3:8 ‹never› `watch` cannot be `never` => known here: `notify`, `poll`"#,
        ),
    ] {
        compare(content, &told(&project(("vestnik.yaml", content))), expected);
    }
}

#[test]
fn values() {
    let all = read(
        "language: ru\ntimezone: Europe/Moscow\ndata: /var/lib/vestnik\ntelegram: {token_env: BOT, api_url: \"http://127.0.0.1:9/\", mode: polling, drop_pending: true}\nadmins: {1: owner, 2: viewer}\nlimits: {bot: off, chat: 2 per second, group: 20 per 2 minutes, paid: 500 per second}\nhttp: {listen: \"[::1]:80\"}\nwebhooks: {allow: [a.org], private: [a.org], secret_env: HOOKS}\nwatch: poll\ninstance: {id: магазин-1.b}\n",
    );
    assert_eq!(all.instance.id.as_deref(), Some("магазин-1.b"));
    assert_eq!((all.language, all.timezone.name.as_str(), all.watch), (Lang::Ru, "Europe/Moscow", Watch::Poll));
    assert_eq!(all.data, PathBuf::from("/var/lib/vestnik"));
    assert_eq!(
        (all.telegram.token_env.as_str(), all.telegram.api_url.as_str(), all.telegram.drop_pending),
        ("BOT", "http://127.0.0.1:9", true)
    );
    assert_eq!(all.admins.into_iter().collect::<Vec<_>>(), [(1, Role::Owner), (2, Role::Viewer)]);
    assert_eq!(all.limits.bot, None);
    assert_eq!(all.limits.paid, Some(Rate::per_second(500)));
    assert_eq!(all.limits.group, Some(Rate { count: 20, per: TimeDelta::minutes(2) }));
    assert_eq!(
        (all.webhooks.private.as_slice(), all.webhooks.secret_env.as_str()),
        (&["a.org".to_owned()][..], "HOOKS")
    );
    assert_eq!(
        (all.http.listen.to_string().as_str(), all.webhooks.allow.as_slice()),
        ("[::1]:80", &["a.org".to_owned()][..])
    );
    for empty in ["", "# nothing\n", "admins:\n", "language: en\n"] {
        assert_eq!(read(empty), Settings::default(), "{empty:?}");
    }
}

#[test]
fn what_needs_a_restart() {
    let before = read("data: data\n");
    for (content, expected) in [
        ("data: other\n", &["data"][..]),
        ("telegram: {token_env: X}\n", &["telegram"]),
        ("instance: {id: x}\n", &["instance"]),
        ("http: {listen: 127.0.0.1:1}\nwatch: poll\n", &["http", "watch"]),
        ("limits: {bot: off}\nlanguage: ru\n", &[]),
    ] {
        assert_eq!(before.restart_needed(&read(content)), expected, "{content}");
    }
}

#[test]
fn payments_are_read_with_their_defaults() {
    let payments = read("language: en\n").payments;
    assert_eq!((payments.rub_per_star, payments.attribution, payments.yookassa), (None, TimeDelta::days(7), None));
    let text = "payments:\n  provider_token_env: PROVIDER\n  rub_per_star: 1.50\n  attribution: 3 days\n  \
                yookassa: {shop_id: 54401, return_url: \"https://t.me/our_bot/\"}\n";
    let payments = read(text).payments;
    assert_eq!((payments.provider_token_env.as_deref(), payments.rub_per_star), (Some("PROVIDER"), Some(150)));
    let shop = payments.yookassa.unwrap();
    assert_eq!((shop.shop_id.as_str(), shop.return_url.as_str()), ("54401", "https://t.me/our_bot"));
    assert_eq!((shop.secret_env.as_str(), shop.api_url.as_str()), ("YOOKASSA_SECRET", "https://api.yookassa.ru/v3"));
}
