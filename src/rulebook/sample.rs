//! The sample project inside the binary: what `init` copies and `demo` runs.
//!
//! Its files are those in the repository's own top folder, so that the sample
//! that people read is the sample that runs.

/// The files by path inside a project, with their content.
pub const FILES: &[(&str, &str)] = &[
    ("vestnik.yaml", include_str!("../../vestnik.yaml")),
    ("rules/profile.yaml", include_str!("../../rules/profile.yaml")),
    ("rules/segments.yaml", include_str!("../../rules/segments.yaml")),
    ("rules/broadcasts.yaml", include_str!("../../rules/broadcasts.yaml")),
    ("templates/win_back.ru.html", include_str!("../../templates/win_back.ru.html")),
    ("templates/win_back.en.html", include_str!("../../templates/win_back.en.html")),
    ("templates/vip_thanks.ru.html", include_str!("../../templates/vip_thanks.ru.html")),
    ("templates/vip_thanks.en.html", include_str!("../../templates/vip_thanks.en.html")),
];
