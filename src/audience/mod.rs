//! The audience: what is known of everybody, in memory, in columns.

pub mod series;
