//! "Did you mean": the known name nearest to what was written.

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
