//! The codes of the condition language's diagnostics. A code never changes
//! its meaning and is never used again once retired.

use crate::diagnostic::Code;

/// The text is longer than a condition may be.
pub const TOO_LONG: Code = Code("C001");
/// Brackets and prefix operators are nested deeper than allowed.
pub const TOO_DEEP: Code = Code("C002");
/// A string has no closing quote.
pub const OPEN_STRING: Code = Code("C003");
/// A backslash in a string is followed by something it cannot escape.
pub const BAD_ESCAPE: Code = Code("C004");
/// A bracket has no partner.
pub const BRACKET: Code = Code("C005");
/// Something stands where it cannot.
pub const SYNTAX: Code = Code("C006");
/// A number is not written as one, or is too large.
pub const BAD_NUMBER: Code = Code("C007");
/// A length of time is not written as one, or is too large.
pub const BAD_DURATION: Code = Code("C008");
/// There is no such date or time of day.
pub const BAD_TIME: Code = Code("C009");
/// The profile has no such field.
pub const UNKNOWN_FIELD: Code = Code("C010");
/// There is no such segment.
pub const UNKNOWN_SEGMENT: Code = Code("C011");
/// There is no such function.
pub const UNKNOWN_FUNCTION: Code = Code("C012");
/// The language has it, this version of the program does not yet.
pub const NOT_YET: Code = Code("C013");
/// A function is called with the wrong number or kind of arguments.
pub const ARGUMENTS: Code = Code("C014");
/// Two types do not go together, or an operator does not take this type.
pub const TYPES: Code = Code("C020");
/// A condition must be true or false, and this is something else.
pub const NOT_BOOL: Code = Code("C021");
/// A value outside the closed set of an enum field.
pub const NOT_IN_ENUM: Code = Code("C022");
/// `null` or `missing` used as if it were a value.
pub const NULL_VALUE: Code = Code("C023");
/// A list that is empty, or stands where a list cannot.
pub const LIST: Code = Code("C024");
/// A regular expression that does not compile or is too large.
pub const REGEX: Code = Code("C025");
/// A time in quotes is text.
pub const QUOTED_TIME: Code = Code("C026");
/// Warning: people whose field was never set are left out.
pub const MISSING_SURPRISE: Code = Code("C030");
/// Warning: a field that is never missing is tested for it.
pub const NEVER_MISSING: Code = Code("C031");
/// Warning: a date where a moment is compared is that day's midnight.
pub const DATE_IS_MIDNIGHT: Code = Code("C032");
