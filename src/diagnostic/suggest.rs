//! What was probably meant: the known name nearest to what was written, and what
//! could have stood in a place.

use crate::model::Text;

/// The candidate nearest to `word`, if it is near enough to be a slip: one
/// edit for short words, up to a third of the letters for longer ones.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "Expected a, b or c": what a parser would have taken instead.
pub fn expected_one_of(words: &[Text]) -> Text {
    let join = |words: Vec<&str>, or: &str| match words.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, rest)) => format!("{} {or} {last}", rest.join(", ")),
    };
    Text::new(
        format!("expected {}", join(words.iter().map(|w| w.en.as_str()).collect(), "or")),
        format!("ожидалось: {}", join(words.iter().map(|w| w.ru.as_str()).collect(), "или")),
    )
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        for (word, known, expected) in [
            ("balnce", &["balance", "tags"][..], Some("balance")),
            ("баланас", &["баланс"], Some("баланс")),
            ("Balance", &["balance"], Some("balance")),
            ("xyz", &["balance", "tags"], None),
            ("id", &["if", "all"], Some("if")),
        ] {
            assert_eq!(nearest(word, known.iter().copied()), expected, "{word}");
        }
    }
}
