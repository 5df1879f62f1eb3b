//! One look with a read-only tool, and its place in the journal.

use super::Services;
use crate::domain::entry::Purpose;
use crate::domain::text::cut;
use crate::domain::{ActionId, Call, Fact, Verification};
use crate::ports::{ToolAnswer, ToolError};

/// Bytes that the journal keeps of a look that verifies: such looks repeat until the condition holds.
const KEPT: usize = 4096;

/// Calls a read-only tool. A failed look is a finding as well.
pub async fn look(services: &Services, purpose: Purpose, call: Call) -> (Result<ToolAnswer, ToolError>, Fact) {
    let began = services.clock.now();
    let answer = services.tools.look(&call).await;
    let took_ms = services.clock.ms_since(began);
    let (ok, text) = match &answer {
        Ok(answer) => (answer.ok, answer.text.clone()),
        Err(error) => (false, error.to_string()),
    };
    let text = if matches!(purpose, Purpose::Verify { .. }) { cut(&text, KEPT) } else { text };
    (answer, Fact::Looked { purpose, call, ok, text, took_ms })
}

/// Looks with what an action is verified with.
pub async fn verifying(
    services: &Services,
    action: &ActionId,
    verification: &Verification,
) -> (Result<ToolAnswer, ToolError>, Fact) {
    look(services, Purpose::Verify { action: action.clone() }, verification.look.clone()).await
}
