//! One look with a read-only tool: ruled on, made, and noted for the journal.

use super::Services;
use crate::domain::entry::Purpose;
use crate::domain::text::truncate;
use crate::domain::{ActionId, Alert, Call, Entry, Fact, Incident, IncidentId, Labels, Severity, Status, Verification};
use crate::gate::ReadPermit;
use crate::ports::{LookError, ToolAnswer};

/// Bytes that the journal keeps of a look that verifies: such looks repeat until the condition holds.
const KEPT: usize = 4096;

/// Makes a look, if no gate refuses it. One that failed or was refused is noted as well.
pub async fn look(
    services: &Services,
    incident: &Incident,
    purpose: Purpose,
    call: Call,
) -> (Result<ToolAnswer, LookError>, Fact) {
    let began = services.clock.now();
    let answer = match permit(services, incident, &purpose, &call) {
        Ok(permit) => services.tools.look(&permit).await.map_err(LookError::from),
        Err(refused) => Err(refused),
    };
    let fact = record(purpose, call, &answer, services.clock.ms_since(began));
    (answer, fact)
}

/// What a look is made for that belongs to no incident, as gates and tables see it: an alert of none in the journal.
pub(super) fn standalone(services: &Services, source: &str, id: &str, name: &str, labels: Labels) -> Option<Incident> {
    let alert = Alert {
        source: source.into(),
        name: name.into(),
        status: Status::Firing,
        severity: Severity::Info,
        labels,
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: String::new(),
        link: None,
    };
    let fact = Fact::Opened { group_key: String::new(), source: source.into(), alerts: vec![alert] };
    Incident::open(IncidentId(id.into()), &Entry { at: services.clock.now(), fact })
}

/// Makes a look for a list that nobody keeps, so that its answer may have up to `most` bytes.
pub(super) async fn survey(
    services: &Services,
    incident: &Incident,
    call: &Call,
    most: usize,
) -> Result<ToolAnswer, LookError> {
    let permit = permit(services, incident, &Purpose::Evidence, call)?;
    Ok(services.tools.survey(&permit, most).await?)
}

fn permit(services: &Services, incident: &Incident, purpose: &Purpose, call: &Call) -> Result<ReadPermit, LookError> {
    let moment = services.moment();
    let policies = services.policies.as_ref();
    Ok(services.gate.admit_look(policies, incident, purpose, call, &moment.context())?)
}

/// Looks with what an action is verified with.
pub async fn verifying(
    services: &Services,
    incident: &Incident,
    action: &ActionId,
    verification: &Verification,
) -> (Result<ToolAnswer, LookError>, Fact) {
    look(services, incident, Purpose::Verify { action: action.clone() }, verification.look.clone()).await
}

pub(super) fn record(purpose: Purpose, call: Call, answer: &Result<ToolAnswer, LookError>, took_ms: u64) -> Fact {
    let (ok, text, refused) = match answer {
        Ok(answer) => (answer.ok, answer.text.clone(), None),
        Err(LookError::Refused(by)) => (false, by.reason.clone(), Some(by.gate.clone())),
        Err(LookError::Failed(error)) => (false, error.to_string(), None),
    };
    let text = if matches!(purpose, Purpose::Verify { .. }) { truncate(&text, KEPT) } else { text };
    Fact::Looked { purpose, call, ok, text, took_ms, refused }
}
