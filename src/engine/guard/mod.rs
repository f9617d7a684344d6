//! What protects people from too many messages: consent, quiet hours and
//! frequency caps.
//!
//! All of it is pure: the moment, the zone and what the rulebook says are
//! arguments. The gates ask in the order of `docs/delivery.md`; a
//! transactional message is asked only whether it can arrive.

pub mod caps;
pub mod consent;
pub mod period;
pub mod quiet;
pub mod touches;
pub mod zones;

pub use caps::Room;
pub use consent::{Consent, Purpose};
pub use touches::Touches;
pub use zones::Zones;
