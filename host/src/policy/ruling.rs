//! Many voices, one ruling.

use crate::domain::{Risk, RulingKind};
use crate::ports::Voice;

/// The gate's name when no gate has anything to say.
pub const UNHEARD: &str = "builtin.default";

/// The most restrictive of what was heard, and the gate that said it first: deny over ask over
/// allow. When nothing was heard, what only reads is allowed and what changes anything is denied.
pub fn combine(voices: &[Voice], risk: Risk) -> (RulingKind, String) {
    let mut ruling: Option<&Voice> = None;
    for voice in voices {
        if ruling.is_none_or(|so_far| voice.says > so_far.says) {
            ruling = Some(voice);
        }
    }
    match ruling {
        Some(voice) => (voice.says, voice.gate.clone()),
        None if risk == Risk::Read => (RulingKind::Allow, UNHEARD.into()),
        None => (RulingKind::Deny, UNHEARD.into()),
    }
}
