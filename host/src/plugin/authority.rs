//! What a call of a plugin may do to the world outside.
//!
//! Every call is made with an authority. The one that may change something is made of what allows
//! it, a permit for exactly this call or a message that is to be delivered; there is no other way to
//! come by it. A permit exists only where the gate allowed the action and the mode is not `observe`.

use jiff::Timestamp;

use crate::domain::Call;
use crate::gate::Permit;
use crate::ports::Message;

/// What one call of a plugin may do outside of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Authority(Reach);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// It looks: only requests that read leave, and what it keeps is not seen by those that act.
    Looks,
    /// It acts: all that is granted.
    Acts,
}

impl Authority {
    /// For `decode`, `capabilities`, `plan`, `probe` and actions that only read.
    pub fn look() -> Self {
        Self(Reach::Looks)
    }

    /// For `execute` and `undo`: for exactly the call that was permitted.
    ///
    /// # Errors
    /// A sentence that says that the call is another one.
    pub fn permitted(permit: &Permit, call: &Call) -> Result<Self, String> {
        // The executor has looked at the expiry; that the call is the permitted one is looked at again
        // where it leaves the host.
        permit.check(call, Timestamp::MIN)?;
        Ok(Self(Reach::Acts))
    }

    /// For `notify`: delivering is what a notifier's grants are for.
    pub fn deliver(_: &Message) -> Self {
        Self(Reach::Acts)
    }

    /// Whether the call may change something outside.
    pub fn acts(self) -> bool {
        self.0 == Reach::Acts
    }
}
