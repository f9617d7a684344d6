//! What a webhook carries: the body, and the signature by which the receiver
//! knows who wrote it.
//!
//! The signature is HMAC-SHA256 over the time, a point and the body, in
//! hexadecimal digits; the time keeps a copy from being presented later.

use super::Record;
use crate::model::{Time, Value};
use hmac::{Hmac, Mac};
use serde_json::{Map, json};
use sha2::Sha256;

/// The JSON object: `by`, `user` if it is about one, and the fields, which go
/// before the two if they have their names.
pub(super) fn body(record: &Record, fields: &[(String, Value)]) -> String {
    let mut object = Map::new();
    object.insert("by".into(), json!(record.by));
    if let Some(user) = record.user {
        object.insert("user".into(), json!(user.0));
    }
    object.extend(fields.iter().map(|(name, value)| (name.clone(), value_json(value))));
    serde_json::Value::Object(object).to_string()
}

/// The signature of a body that is sent at a time, in seconds since 1970.
pub(super) fn signature(secret: &str, timestamp: i64, body: &str) -> Option<String> {
    let digits = hmac_hex(secret.as_bytes(), format!("{timestamp}.{body}").as_bytes())?;
    Some(format!("sha256={digits}"))
}

fn hmac_hex(secret: &[u8], message: &[u8]) -> Option<String> {
    // a key may have any length: it never fails
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(message);
    Some(mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Money is text, for programs that read numbers as floating point must not
/// round it; a length of time is in seconds.
fn value_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Missing => serde_json::Value::Null,
        Value::Bool(flag) => json!(flag),
        Value::Int(n) => json!(n),
        Value::Float(n) => json!(n),
        Value::Money(cents) => {
            let (sign, all) = (if *cents < 0 { "-" } else { "" }, cents.unsigned_abs());
            json!(format!("{sign}{}.{:02}", all / 100, all % 100))
        }
        Value::String(text) => json!(&**text),
        Value::Time(at) => json!(precise(*at)),
        Value::Duration(length) if length.0 % 1_000 == 0 => json!(length.0 / 1_000),
        Value::Duration(length) => json!(length.0 as f64 / 1_000.0),
        Value::List(items) => items.iter().map(|item| json!(&**item)).collect(),
    }
}

/// RFC 3339, with milliseconds where there are any.
fn precise(at: Time) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.rfc3339(), |at| at.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::model::{Chore, TimeDelta, UserId};

    /// RFC 4231, test cases 1, 2 and 6.
    #[test]
    fn published_vectors() {
        for (key, message, expected) in [
            (&[0x0b; 20][..], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hmac_hex(key, message.as_bytes()).unwrap(), expected, "{message}");
        }
    }

    #[test]
    fn a_signature_is_over_time_and_body() {
        let digits = hmac_hex(b"secret", b"1767571200.{}").unwrap();
        assert_eq!(signature("secret", 1_767_571_200, "{}").unwrap(), format!("sha256={digits}"));
        assert_ne!(signature("secret", 1_767_571_201, "{}").unwrap(), format!("sha256={digits}"));
    }

    #[test]
    fn values_become_json() {
        let record = |user| Record {
            chore: Chore::Report { period: TimeDelta(0) },
            by: "win_back".into(),
            user,
            since: Time(0),
            due: Time(0),
            attempts: 0,
            note: 0,
            trouble: None,
        };
        for (value, expected) in [
            (Value::Missing, "null"),
            (Value::Bool(true), "true"),
            (Value::Int(i64::MIN), "-9223372036854775808"),
            (Value::Float(1.5), "1.5"),
            (Value::Money(123_456), "\"1234.56\""),
            (Value::Money(-5), "\"-0.05\""),
            (Value::text("он сказал \"да\""), "\"он сказал \\\"да\\\"\""),
            (Value::Time(Time(1_767_571_200_000)), "\"2026-01-05T00:00:00Z\""),
            (Value::Time(Time(1_767_571_200_250)), "\"2026-01-05T00:00:00.25Z\""),
            (Value::Duration(TimeDelta::days(7)), "604800"),
            (Value::Duration(TimeDelta(1_500)), "1.5"),
            (Value::List(["a".into(), "b".into()].into()), "[\"a\",\"b\"]"),
        ] {
            let said = body(&record(Some(UserId(7))), &[("x".into(), value)]);
            assert_eq!(said, format!("{{\"by\":\"win_back\",\"user\":7,\"x\":{expected}}}"));
        }
        assert_eq!(body(&record(None), &[]), "{\"by\":\"win_back\"}");
        let own = [("user".to_owned(), Value::text("crm-7"))];
        assert_eq!(body(&record(Some(UserId(7))), &own), "{\"by\":\"win_back\",\"user\":\"crm-7\"}");
    }
}
