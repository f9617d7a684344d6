//! What people get wrong in templates, and what they are told.

use crate::mistakes::{compare, project, told};

#[test]
fn template_files() {
    let long = "а".repeat(4000);
    let caption = "а".repeat(1025);
    let nested = format!(
        "{}{}",
        "{% for a in user.tags %}{% for b in user.tags %}{% for c in user.tags %}{% for d in user.tags %}{% for e in user.tags %}x",
        "{% endfor %}".repeat(5)
    );
    let too_much = r#"T004 templates/hello.html:1:1 ‹{{› a tag has more than 1000 parts, or a text more than 200 `elif` => write shorter tags, or several templates"#;
    let long_tag = format!("{{{{ user.id {}}}}}", "| abs ".repeat(20_000));
    let branches = format!("{{% if user.id %}}{}{{% endif %}}", "{% elif user.id %}".repeat(20_000));
    let too_many = too_much.replace(":1:1 ‹{{›", ":1:3617 ‹{%›");
    for (content, expected) in [
        (&*long_tag, too_much),
        (&*branches, &*too_many),
        (
            "<b>{{ user.first_name }}</b>",
            r#"T007 templates/hello.html:1:7 ‹user.first_name› `user.first_name` may be missing here => write `| default("…")` after the field, or ask `{% if … %}` first"#,
        ),
        (
            "{{ user.first_name }} {{ user.last_name }} {{ user.id }}",
            r#"
             T007 templates/hello.html:1:4 ‹user.first_name› `user.first_name` may be missing here => write `| default("…")` after the field, or ask `{% if … %}` first
             T007 templates/hello.html:1:26 ‹user.last_name› `user.last_name` may be missing here => write `| default("…")` after the field, or ask `{% if … %}` first"#,
        ),
        ("{% if user.first_name %}{{ user.first_name }}{% endif %}!", ""),
        (
            "{{ user.first_nmae | default('x') }}",
            r#"T005 templates/hello.html:1:9 ‹first_nmae› unknown field `first_nmae` => did you mean `first_name`?"#,
        ),
        (
            "{{ first_name }}",
            r#"T005 templates/hello.html:1:4 ‹first_name› unknown variable `first_name` => did you mean `user.first_name`?"#,
        ),
        (
            "{{ frist }}",
            r#"T005 templates/hello.html:1:4 ‹frist› unknown variable `frist` => a template knows `user.FIELD`, `segment("NAME")`, `variant("NAME")`, `vars.NAME` and `bot.username`"#,
        ),
        (
            "x{% if segment('vpi') %}y{% endif %}",
            r#"T005 templates/hello.html:1:17 ‹vpi› unknown segment `vpi` => did you mean `vip`?"#,
        ),
        (
            "x{% if segment(vip) %}y{% endif %}",
            r#"T018 templates/hello.html:1:8 ‹segment› `segment` takes the name of a segment in quotes => write `segment("vip")`"#,
        ),
        (
            "{{ user.id | plurl('a', 'b') }}",
            r#"T006 templates/hello.html:1:14 ‹plurl› unknown filter `plurl` => did you mean `plural`?"#,
        ),
        (
            "{{ user.id | plural('a') }}",
            r#"T008 templates/hello.html:1:14 ‹plural('a')› the template cannot be rendered: `plural` takes two or three forms, such as `plural("day", "days")` => mend or simplify the underlined part"#,
        ),
        (
            "{{ user.first_name | default('x') | safe }}",
            r#"T006 templates/hello.html:1:37 ‹safe› unknown filter `safe` => known here: `plural`, `date`, `money`, `default`, `d`, `lower`, `upper`, `title`, `capitalize`, `trim`, `replace`, `length`, `join`, `first`, `last`, `round`, `abs`, `int`, `float`, `string`"#,
        ),
        (
            "x{% if user.id is evn %}y{% endif %}",
            r#"T006 templates/hello.html:1:19 ‹evn› unknown test `evn` => did you mean `even`?"#,
        ),
        (
            "{{ range(3) }}",
            r#"T006 templates/hello.html:1:4 ‹range› unknown function `range` => known here: `segment`, `variant`"#,
        ),
        (
            "{% include 'x' %}",
            r#"T006 templates/hello.html:1:4 ‹include› unknown statement `include` => known here: `if`, `elif`, `else`, `endif`, `for`, `endfor`, `set`, `endset`, `with`, `endwith`, `raw`, `endraw`"#,
        ),
        (
            "{{ user.first_name",
            r#"T004 templates/hello.html:1:9 ‹first_name› the template is not understood: unexpected end of input, expected end of variable block => values stand in `{{ … }}`, `{% if … %}` ends with `{% endif %}`"#,
        ),
        (
            "x{% if user.id %}",
            r#"T004 templates/hello.html:1:5 ‹if› `if` is not ended => put `{% endif %}` where it ends"#,
        ),
        (
            "{% if user.id > %}x{% endif %}",
            r#"T004 templates/hello.html:1:17 ‹%}› the template is not understood: unexpected end of block => values stand in `{{ … }}`, `{% if … %}` ends with `{% endif %}`"#,
        ),
        (
            "{{ user.last_seen_at | date('%!') }}",
            r#"T008 templates/hello.html:1:24 ‹date('%!')› the template cannot be rendered: `date` does not understand `%!`: strftime formatting failed: found unrecognized specifier directive `!` => mend or simplify the underlined part"#,
        ),
        (
            "{{ user.last_seen_at | default('x') | date }}",
            r#"T008 templates/hello.html:1:39 ‹date› the template cannot be rendered: `date` needs a time, not `x` => mend or simplify the underlined part"#,
        ),
        (
            "{{ user.last_seen_at | date }}",
            r#"T007 templates/hello.html:1:1 ‹{{ user.last_seen_at | date }}› `user.last_seen_at` may be missing here => ask for it in `{% if … %}` first"#,
        ),
        (
            "{{ user.discount_percent | plural('a', 'b') }}",
            r#"T007 templates/hello.html:1:1 ‹{{ user.discount_percent | plural('a', 'b') }}› `user.discount_percent` may be missing here => write `| default(0)` after the field, or ask `{% if … %}` first"#,
        ),
        (
            "<h1>Привет</h1>",
            r#"T009 templates/hello.html:1:1 ‹<h1>› Telegram does not accept `<h1>` => it knows b, i, u, s, a, code, pre, blockquote, tg-spoiler and tg-emoji; a new line is a line break"#,
        ),
        (
            "a<br>b",
            r#"T009 templates/hello.html:1:2 ‹<br>› Telegram does not accept `<br>` => it knows b, i, u, s, a, code, pre, blockquote, tg-spoiler and tg-emoji; a new line is a line break"#,
        ),
        (
            "<b>Привет",
            r#"T010 templates/hello.html:1:1 ‹<b>› `<b>` is not closed => close it, in every branch of `if`"#,
        ),
        (
            "<b>{% if user.first_name %}x</b>{% endif %}",
            r#"T010 templates/hello.html:1:1 ‹<b>› `<b>` is not closed => close it, in every branch of `if`"#,
        ),
        (
            "<b><i>x</b></i>",
            r#"T010 templates/hello.html:1:8 ‹</b>› `</b>` stands where `</i>` is due => close in the reverse order of opening"#,
        ),
        ("5 < 6", r#"T009 templates/hello.html:1:3 ‹<› `<` must be escaped here => write `&lt;`"#),
        (
            "<a href=\"javascript:x\">x</a>",
            r#"T014 templates/hello.html:1:1 ‹<a href="javascript:x">› `javascript:x` is not an address that a message may have => it begins with https://, http://, tg:// or mailto: and has no spaces; values inside it are percent-encoded"#,
        ),
        (
            "<a href=\"{{ user.source | default('x') }}\">x</a>",
            r#"T014 templates/hello.html:1:1 ‹<a href="› `%3C%26_%2A%5B%22%F0%9F%A6%8A%D0%96%3C%26_%2A%5B%22%F0%9F%A6%` is not an address that a message may have => it begins with https://, http://, tg:// or mailto: and has no spaces; values inside it are percent-encoded"#,
        ),
        (&long, ""),
        (
            &format!("{long}{{{{ user.source | default('') }}}}{{{{ user.username | default('') }}}}x"),
            &format!(
                "T011 templates/hello.html:1:1 ‹{}› with the longest values the text has 4109 characters, Telegram takes 4096 => shorten it, or send two messages",
                &long[..120]
            ),
        ),
        (&format!("---\nphoto: https://e.org/a.jpg\n---\n{caption}"), ""),
        (
            "{% if user.first_name %}x{% endif %}",
            r#"T012 templates/hello.html:1:1 ‹{% if user.first_name %}x{% endif %}› the text may come out empty => add words that stand outside of every `if`"#,
        ),
        (
            "   ",
            r#"T012 templates/hello.html:1:4 ‹› the text may come out empty => add words that stand outside of every `if`"#,
        ),
        (
            &nested,
            &format!("T008 templates/hello.html:1:1 ‹{nested}› the template takes too many steps => shorten its loops"),
        ),
        (
            "---\nbuttons: []\nПривет",
            r#"T003 templates/hello.html:1:1 ‹---› the front matter is not closed => put a line `---` between the settings and the text"#,
        ),
        (
            "---\nbutons: []\n---\nx",
            r#"R001 templates/hello.html:2:1 ‹butons› unknown key `butons` in the front matter => did you mean `buttons`?"#,
        ),
        (
            "---\nbuttons: [{text: a, url: https://e.org}]\nsilent: yes\n---\nx",
            r#"R002 templates/hello.html:3:9 ‹yes› silent must be `true` or `false`, not a text => write `true` or `false`"#,
        ),
        (
            "---\nbuttons:\n  - [{text: a, press: abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрст}]\n---\nx",
            r#"T013 templates/hello.html:3:23 ‹abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрст› the data of this button have 66 bytes, 1 to 64 are possible => use a short word; a Cyrillic letter takes two bytes"#,
        ),
        ("---\nbuttons:\n  - [{text: a, press: vestnik:stop}, {text: b, press: vestnik:subscribe}]\n---\nx", ""),
        (
            "---\nbuttons:\n  - [{text: a, press: vestnik:unsubscribe}]\n---\nx",
            r#"T023 templates/hello.html:3:23 ‹vestnik:unsubscribe› the bot does not know what the button `vestnik:unsubscribe` asks for => `vestnik:stop` and `vestnik:subscribe` are known, and both with `:TOPIC`; begin data of your own otherwise"#,
        ),
        (
            "---\nbuttons:\n  - [{text: a, press: \"vestnik:stop:news\"}]\n---\nx",
            r#"T023 templates/hello.html:3:23 ‹"vestnik:stop:news"› the button `vestnik:stop:news` is about a topic that does not exist => declare it in `topics`"#,
        ),
        (
            "---\nbuttons:\n  - [{text: a, press: \"x{{ user.source | default('') }}\"}]\n---\nx",
            r#"T013 templates/hello.html:3:23 ‹"x{{ user.source | default('') }}"› the data of this button may have 97 bytes, 1 to 64 are possible => use a short word; a Cyrillic letter takes two bytes"#,
        ),
        (
            "---\nbuttons:\n  - [{text: a, url: example.org}]\n---\nx",
            r#"T014 templates/hello.html:3:21 ‹example.org› `example.org` is not an address that a message may have => it begins with https://, http://, tg:// or mailto: and has no spaces; values inside it are percent-encoded"#,
        ),
        (
            "---\nbuttons:\n  - [{text: a, url: \"https://e.org/{{ user.usrname }}\"}]\n---\nx",
            r#"T005 templates/hello.html:3:44 ‹usrname› unknown field `usrname` => did you mean `username`?"#,
        ),
        (
            "---\nbuttons:\n  - [{text: a, pres: b}]\n---\nx",
            r#"R001 templates/hello.html:3:16 ‹pres› unknown key `pres` in a button => did you mean `press`?"#,
        ),
        (
            "<h1>a</h1> {% for tag in user.tags %}<br>{% endfor %}{% if 5 %} < {% endif %}",
            r#"
             T009 templates/hello.html:1:1 ‹<h1>› Telegram does not accept `<h1>` => it knows b, i, u, s, a, code, pre, blockquote, tg-spoiler and tg-emoji; a new line is a line break
             T009 templates/hello.html:1:38 ‹<br>› Telegram does not accept `<br>` => it knows b, i, u, s, a, code, pre, blockquote, tg-spoiler and tg-emoji; a new line is a line break
             T009 templates/hello.html:1:65 ‹<› `<` must be escaped here => write `&lt;`"#,
        ),
        (
            "---\nbuttons:\n  - [{text: a}]\n  - [{text: b, url: https://e.org, press: c}]\n  - [{url: https://e.org}]\n---\nx",
            r#"
             T015 templates/hello.html:3:6 ‹{text: a}› the button has neither `url` nor `press` => give it `url: https://…` or `press: …` (up to 64 bytes)
             T015 templates/hello.html:4:6 ‹{text: b, url: https://e.org, press: c}› the button has both `url` and `press` => give it `url: https://…` or `press: …` (up to 64 bytes)
             R003 templates/hello.html:5:6 ‹{url: https://e.org}› a button needs the key `text` => add `text: …`"#,
        ),
        (
            "---\nbuttons:\n  - [{text: Продлить {{ user.id }}, url: https://e.org}]\n---\nx",
            r#"Y017 templates/hello.html:3:22 ‹{› `{` inside `{…}` begins a YAML collection in the middle of the text => put the whole value in quotes"#,
        ),
        (
            "---\nbuttons:\n  - [{text: \"{% if user.source %}x{% endif %}\", press: y}]\n---\nx",
            r#"T012 templates/hello.html:3:14 ‹{% if user.source %}x{% endif %}› the text may come out empty => add words that stand outside of every `if`"#,
        ),
        (
            "---\nphoto: offer.jpg\n---\nx",
            r#"T020 templates/hello.html:2:8 ‹offer.jpg› the project has no file `offer.jpg` => the path begins at the folder of `vestnik.yaml`; big and small letters differ"#,
        ),
    ] {
        compare(content, &told(&project(("templates/hello.html", content))), expected);
    }
}

#[test]
fn markdown_files() {
    for (content, expected) in [
        ("*{{ user.first_name | default('друг') }}*\\! [a](https://e.org/?u={{ user.first_name | default('') }})", ""),
        ("Привет.", r#"T009 templates/other.md:1:7 ‹.› `.` must be escaped here => write `\.`"#),
        ("*Привет", r#"T010 templates/other.md:1:1 ‹*› `*` is not closed => close it, in every branch of `if`"#),
        (
            "*_Привет*_",
            r#"T010 templates/other.md:1:9 ‹*› `*` stands where `_` is due => close in the reverse order of opening"#,
        ),
        (
            "[x](example.org)",
            r#"T014 templates/other.md:1:4 ‹(example.org)› `example.org` is not an address that a message may have => it begins with https://, http://, tg:// or mailto: and has no spaces; values inside it are percent-encoded"#,
        ),
    ] {
        compare(content, &told(&project(("templates/other.md", content))), expected);
    }
}

#[test]
fn file_names() {
    for (content, expected) in [
        (
            "templates/Hello.html",
            r#"T001 templates/Hello.html:1:1 ‹› `Hello.html` is not the name of a template => name it like `spring_sale.html` or `spring_sale.ru.html` (also .md and .txt): small Latin letters, digits and `_`"#,
        ),
        (
            "templates/hello.htm",
            r#"T001 templates/hello.htm:1:1 ‹› `hello.htm` is not the name of a template => name it like `spring_sale.html` or `spring_sale.ru.html` (also .md and .txt): small Latin letters, digits and `_`"#,
        ),
        (
            "templates/hello.russian.html",
            r#"T001 templates/hello.russian.html:1:1 ‹› `hello.russian.html` is not the name of a template => name it like `spring_sale.html` or `spring_sale.ru.html` (also .md and .txt): small Latin letters, digits and `_`"#,
        ),
        (
            "templates/sub/hello.html",
            r#"T002 templates/sub/hello.html:1:1 ‹› `templates/hello.html` is the same template in the same language => remove or rename one of the two"#,
        ),
        (
            "templates/hello.txt",
            r#"T002 templates/hello.txt:1:1 ‹› `templates/hello.html` is the same template in the same language => remove or rename one of the two"#,
        ),
        ("templates/bye.ru.txt", ""),
        ("templates/offer.jpg", ""),
    ] {
        compare(content, &told(&project((content, "x"))), expected);
    }
}
