//! The runner of tests.
