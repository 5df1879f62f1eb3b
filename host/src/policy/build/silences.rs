//! Gates on silences, as files declare them.

use super::Reading;
use crate::policy::items::{Meta, SilenceGate, SilenceSays};
use crate::policy::on::About;

impl Reading<'_> {
    pub(super) fn silence_gate(&mut self, meta: Meta) -> Option<SilenceGate> {
        let on = self.on(About::Silence);
        let max = self.fields.span("max").map(SilenceSays::Max);
        let deny = self.fields.text("deny").map(SilenceSays::Deny);
        let mut said: Vec<SilenceSays> = [max, deny].into_iter().flatten().collect();
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
