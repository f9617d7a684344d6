//! A stable random sample of the users.

use super::{Behaviour, Form, Function, Takes};
use sha2::{Digest, Sha256};

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "percent",
    signature: "percent(\"salt\") -> float",
    doc: [
        "a number from 0 up to 100 that never changes for this user and salt",
        "число от 0 до 100, постоянное для пользователя и соли",
    ],
    example: r#"percent("spring") < 10"#,
    bounds: Some((0, 100)),
    form: Form::Computed(Takes::Salt, Behaviour::Drawn(percent)),
}];

/// A number from 0 up to 100 that never changes for a user and a salt: the
/// first 53 bits of a hash, as a share of 100. The leading word keeps this
/// draw apart from every other use of the same salt.
pub fn percent(salt: &str, user: i64) -> f64 {
    let mut hash = Sha256::new();
    hash.update(b"percent\0");
    hash.update(salt.as_bytes());
    hash.update([0]);
    hash.update(user.to_be_bytes());
    let digest = hash.finalize();
    let bits = digest.iter().take(8).fold(0u64, |bits, byte| bits << 8 | u64::from(*byte)) >> 11;
    bits as f64 / (1u64 << 53) as f64 * 100.0
}
