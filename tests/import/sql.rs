//! The importer's rules and the guide's segments, once more in SQL, as an
//! oracle: which rows of `users` are accepted, what they say, and whom each
//! segment holds.
//!
//! `?1` is now in milliseconds.

/// Rows that the importer accepts, one per id (the last), with missing values
/// as NULL and times in milliseconds. Ends with the table `accepted`.
pub const ACCEPTED: &str = "
WITH checked AS (
    SELECT rowid AS place, *,
        CASE
            WHEN typeof(tg_id) = 'integer' THEN tg_id
            WHEN typeof(tg_id) = 'text' AND tg_id <> '' AND tg_id NOT GLOB '*[^0-9]*' THEN CAST(tg_id AS INTEGER)
        END AS user
    FROM users
),
good AS (
    SELECT *, max(place) OVER (PARTITION BY user) AS last FROM checked
    WHERE user IS NOT NULL
        AND typeof(username) IN ('text', 'null')
        AND typeof(first_name) IN ('text', 'null')
        AND typeof(language) IN ('text', 'null')
        AND typeof(balance) IN ('integer', 'null')
        AND (trial_3d_used IS NULL OR trial_3d_used IN (0, 1))
        AND typeof(paid_count) IN ('integer', 'null')
        AND typeof(referral_count) IN ('integer', 'null')
        AND typeof(referral_code) IN ('text', 'null')
        AND (last_payment_at IS NULL OR typeof(last_payment_at) = 'integer'
            OR last_payment_at NOT GLOB '*[^0-9]*' OR strftime('%s', last_payment_at) IS NOT NULL)
        AND (created_at IS NULL OR typeof(created_at) = 'integer'
            OR created_at NOT GLOB '*[^0-9]*' OR strftime('%s', created_at) IS NOT NULL)
        AND (last_seen_at IS NULL OR typeof(last_seen_at) = 'integer'
            OR last_seen_at NOT GLOB '*[^0-9]*' OR strftime('%s', last_seen_at) IS NOT NULL)
),
accepted AS (
    SELECT
        user AS id,
        nullif(username, '') AS username,
        nullif(first_name, '') AS first_name,
        nullif(language, '') AS language,
        balance,
        coalesce(trial_3d_used, 0) AS trial_3d_used,
        paid_count,
        referral_count,
        nullif(referral_code, '') AS referral_code,
        CASE
            WHEN last_payment_at GLOB '*[^0-9]*' THEN CAST(strftime('%s', last_payment_at) AS INTEGER) * 1000
            WHEN CAST(last_payment_at AS INTEGER) > 100000000000 THEN CAST(last_payment_at AS INTEGER)
            WHEN last_payment_at <> '' THEN CAST(last_payment_at AS INTEGER) * 1000
        END AS last_payment_at,
        CASE
            WHEN created_at GLOB '*[^0-9]*' THEN CAST(strftime('%s', created_at) AS INTEGER) * 1000
            WHEN CAST(created_at AS INTEGER) > 100000000000 THEN CAST(created_at AS INTEGER)
            WHEN created_at <> '' THEN CAST(created_at AS INTEGER) * 1000
        END AS created_at,
        CASE
            WHEN last_seen_at GLOB '*[^0-9]*' THEN CAST(strftime('%s', last_seen_at) AS INTEGER) * 1000
            WHEN CAST(last_seen_at AS INTEGER) > 100000000000 THEN CAST(last_seen_at AS INTEGER)
            WHEN last_seen_at <> '' THEN CAST(last_seen_at AS INTEGER) * 1000
        END AS last_seen_at
    FROM good
    WHERE place = last
)
";

/// The guide's segments: name and condition over `accepted`.
pub const SEGMENTS: [(&str, &str); 9] = [
    ("all", "1"),
    ("active", "balance > 0"),
    ("trial_only", "trial_3d_used = 1 AND (paid_count IS NULL OR paid_count = 0)"),
    ("expired", "balance <= 0 AND (trial_3d_used = 1 OR paid_count > 0)"),
    ("no_subscription", "balance <= 0"),
    ("with_referrals", "referral_count > 0"),
    ("vip", "paid_count >= 5"),
    ("high_value", "paid_count >= 3 AND balance > 0"),
    ("churned", "last_payment_at < ?1 - 30 * 86400000 AND paid_count > 0"),
];

/// The query that counts a segment.
pub fn count(condition: &str) -> String {
    format!("{ACCEPTED} SELECT count(*) FROM accepted WHERE ({condition}) AND ?1 = ?1")
}
