//! Columns against a plain list of values.
