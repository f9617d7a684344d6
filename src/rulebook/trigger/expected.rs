//! A syntax error in words.
