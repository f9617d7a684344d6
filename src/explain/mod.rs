//! What `vestnik explain CODE` knows: every code, its page, and what the
//! program really says of the page's wrong example.
//!
//! Pages are the files of `docs/codes`, compiled in beside their codes. They
//! are read here and their examples judged; printing is left to the command.

mod page;
mod trial;

pub use page::{Example, File, Page};
pub use trial::{Trial, try_out};

use crate::diagnostic::{Documented, nearest};
use crate::{condition, rulebook};

/// Every code with what is written about it, family by family.
pub fn codes() -> impl Iterator<Item = &'static Documented> {
    condition::codes::ALL.iter().chain(rulebook::codes::ALL)
}

/// The code written `name`, in whatever letter case.
pub fn find(name: &str) -> Option<&'static Documented> {
    codes().find(|row| row.code.0.eq_ignore_ascii_case(name))
}

/// The code that was probably meant.
pub fn similar(name: &str) -> Option<&'static str> {
    nearest(name, codes().map(|row| row.code.0))
}
