//! Which role each thing on the panel needs: one table, asked both for showing
//! a button and for doing what it says.

use super::callback::{Deed, Press};
use crate::engine::automation::Way;
use crate::engine::broadcast::Steer;
use crate::model::Text;
use crate::rulebook::Role;

/// The least role that may press this.
pub fn needed(press: &Press) -> Role {
    match press {
        Press::Open(_) => Role::Viewer,
        Press::Ask(deed) | Press::Do(deed) => of(deed),
    }
}

fn of(deed: &Deed) -> Role {
    match deed {
        Deed::Reload | Deed::Switch(Way::Off, ..) => Role::Author,
        Deed::Switch(Way::On, ..)
        | Deed::Replay
        | Deed::TestStart(_)
        | Deed::TestStop(_)
        | Deed::Ship(..)
        | Deed::Start(..)
        | Deed::Steer(Steer::Pause | Steer::Resume | Steer::Cancel, _)
        | Deed::Answer(..)
        | Deed::Disarm
        | Deed::Backup => Role::Operator,
        Deed::RollBack(_) | Deed::Arm => Role::Owner,
    }
}

/// That somebody's role is not enough.
pub fn refusal(needed: Role) -> Text {
    let role = name(needed);
    Text::new(
        format!("this needs the role {}; yours in vestnik.yaml is another", role.en),
        format!("для этого нужна роль {}; у вас в vestnik.yaml другая", role.ru),
    )
}

fn name(role: Role) -> Text {
    match role {
        Role::Viewer => Text::same("viewer"),
        Role::Author => Text::same("author"),
        Role::Operator => Text::same("operator"),
        Role::Owner => Text::same("owner"),
    }
}
