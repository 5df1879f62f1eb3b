//! Gates on silences, as files declare them.

use super::Reading;
use crate::policy::items::{Meta, SilenceGate, SilenceResponse};
use crate::policy::on::DeclarationKind;

impl Reading<'_> {
    pub(super) fn silence_gate(&mut self, meta: Meta) -> Option<SilenceGate> {
        let on = self.on(DeclarationKind::Silence);
        let max = self.fields.span("max").map(SilenceResponse::Max);
        let deny = self.fields.text("deny").map(SilenceResponse::Deny);
        let mut said: Vec<SilenceResponse> = [max, deny].into_iter().flatten().collect();
        if said.len() != 1 {
            if self.fields.problems.is_empty() {
                self.fields
                    .problems
                    .push("a gate on silences says exactly one of `max: \"8h\"` and `deny: \"the reason\"`".into());
            }
            return None;
        }
        said.pop().map(|says| SilenceGate { meta, on, says })
    }
}
