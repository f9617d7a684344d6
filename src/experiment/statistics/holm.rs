//! Several variants against one control: the more of them, the likelier one
//! seems to win by chance. Holm's procedure (1979) keeps the chance that any
//! of them does so below α, whatever they have to do with each other.

/// The p-values as Holm corrects them, in the order given: of the `m` values in
/// ascending order, the `i`-th is multiplied by `m − i + 1`, and none is
/// smaller than one before it.
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut corrected = vec![1.0; values.len()];
    let mut least: f64 = 0.0;
    for (rank, &place) in order.iter().enumerate() {
        least = least.max((values[place] * (values.len() - rank) as f64).min(1.0));
        corrected[place] = least;
    }
    corrected
}
