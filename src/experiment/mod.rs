//! Experiments: how users are dealt to variants, what the numbers of the
//! variants say, and what to do about it.
//!
//! Everything here is pure: counts go in, figures and words come out. Which
//! users were exposed and who converted is known to the engine.

pub mod statistics;
pub mod verdict;
