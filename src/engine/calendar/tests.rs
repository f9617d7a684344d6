//! The calendar, as rows.
