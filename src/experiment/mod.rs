//! Experiments: who gets which variant, and what the outcomes say.
//!
//! Everything here is a calculation: no clock, no store, no message. Who was
//! shown what and what they did is counted by the engine.

pub mod analyze;
pub mod assignment;
pub mod plan;
pub mod simulate;
pub mod statistics;
pub mod verdict;
