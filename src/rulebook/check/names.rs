//! What things may be called.

use super::codes;
use crate::condition::RESERVED;
use crate::diagnostic::Diagnostic;
use crate::model::Text;
use crate::rulebook::raw::Reader;
use crate::rulebook::yaml::Scalar;

/// A name `[a-z][a-z0-9_]*`, reported if it is none.
pub(super) fn name(key: &Scalar, reader: &mut Reader) -> bool {
    let text = key.text.as_str();
    let good = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !good {
        let help = Text::new(
            "use small Latin letters, digits and `_`, beginning with a letter; put other words into `title`",
            "строчные латинские буквы, цифры и `_`, первая — буква; остальное пишите в `title`",
        );
        reader.found.push(bad(key).help(help));
    }
    good && free(key, reader)
}

/// A field's name: any letters, digits and `_`, reported if it is none.
pub(super) fn field(key: &Scalar, reader: &mut Reader) -> bool {
    let text = key.text.as_str();
    let good = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !good {
        let help =
            Text::new("use letters, digits and `_`, beginning with a letter", "буквы, цифры и `_`, первая — буква");
        reader.found.push(bad(key).help(help));
    }
    good && free(key, reader)
}

/// Keys that stand beside the names of variants, which so cannot be names of
/// variants themselves.
const BESIDE_VARIANTS: [&str; 9] =
    ["experiment", "template", "transactional", "topic", "after", "at", "priority", "expires", "vars"];

/// A variant's name, reported if it would be mistaken for a key.
pub(super) fn variant(key: &Scalar, reader: &mut Reader) -> bool {
    let taken = BESIDE_VARIANTS.contains(&key.text.as_str());
    if taken {
        let text = Text::new(
            format!("a variant cannot be called `{}`: it is a key beside the variants", key.text),
            format!("вариант нельзя назвать `{}`: это ключ, который стоит рядом с вариантами", key.text),
        );
        let help = Text::new("choose another name", "выберите другое имя");
        reader.found.push(Diagnostic::error(codes::BAD_VARIANTS, text, key.place).help(help));
    }
    !taken
}

fn free(key: &Scalar, reader: &mut Reader) -> bool {
    let taken = RESERVED.contains(&key.text.as_str());
    if taken {
        let text = Text::new(
            format!("`{}` is a word of the condition language", key.text),
            format!("`{}` — слово языка условий", key.text),
        );
        let help = Text::new("choose another name", "выберите другое имя");
        reader.found.push(Diagnostic::error(codes::RESERVED_NAME, text, key.place).help(help));
    }
    !taken
}

fn bad(key: &Scalar) -> Diagnostic {
    let text = Text::new(format!("`{}` cannot be a name", key.text), format!("`{}` не может быть именем", key.text));
    Diagnostic::error(codes::BAD_NAME, text, key.place)
}
