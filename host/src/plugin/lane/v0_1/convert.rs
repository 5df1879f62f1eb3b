//! Between the generated types and the host's own.

use std::time::Duration;

use jiff::Timestamp;

use super::super::super::kind::CallError;
use super::super::super::kind::remediation::{self, ActionRequest, arguments};
use super::super::super::kind::source::{Decoded, Decoding, GuestTime, Omitted};
use super::generated::exports::tidegate::plugin::{notifier, remediation as wit_remediation, source};
use super::wit::types;
use crate::domain::alert::excerpt::{self, Excerpt, ExcerptLimits};
use crate::domain::alert::normalised::Reply;
use crate::domain::link::{Link, LinkPurpose};
use crate::domain::message::{self, Stage};
use crate::domain::plan::Finding;
use crate::domain::text::truncate;
use crate::domain::{Alert, Call, Incident, Labels, Occasion, Proposal, Risk, Status, Subject, Verification};
use crate::ports::{Inbound, Message};

/// Bytes of what a plugin says about a failure: it is logged, journaled and answered to senders.
const REASON: usize = 4 << 10;

pub(super) fn millis(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or(0)
}

fn pairs(labels: &Labels) -> Vec<(String, String)> {
    labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

impl From<types::CallError> for CallError {
    fn from(error: types::CallError) -> Self {
        match error {
            types::CallError::InvalidInput(text) => Self::InvalidInput(truncate(&text, REASON)),
            types::CallError::Misconfigured(text) => Self::Misconfigured(truncate(&text, REASON)),
            types::CallError::Unavailable(retry) => Self::Unavailable {
                reason: truncate(&retry.reason, REASON),
                after: retry.after_ms.map(Duration::from_millis),
            },
            types::CallError::Other(text) => Self::Other(truncate(&text, REASON)),
        }
    }
}

impl From<&Inbound> for source::Inbound {
    fn from(request: &Inbound) -> Self {
        Self {
            method: request.method.clone(),
            headers: pairs(&request.headers),
            query: request.query.clone(),
            body: request.body.clone(),
            received_at_ms: millis(request.received_at),
            extra: vec![],
        }
    }
}

impl From<types::Moment> for GuestTime {
    fn from(moment: types::Moment) -> Self {
        match moment {
            types::Moment::Millis(millis) => Self::Millis(millis),
            types::Moment::Text(text) => Self::Text(text),
        }
    }
}

impl From<types::Alert> for Decoded {
    fn from(alert: types::Alert) -> Self {
        Self {
            name: alert.name,
            firing: alert.status == types::Status::Firing,
            severity: alert.severity,
            labels: alert.labels,
            annotations: alert.annotations,
            starts_at: alert.starts_at.map(Into::into),
            ends_at: alert.ends_at.map(Into::into),
            fingerprint: alert.fingerprint,
            link: alert.link,
        }
    }
}

impl From<source::Decoded> for Decoding {
    fn from(decoded: source::Decoded) -> Self {
        let omitted = |one: source::LeftOut| Omitted {
            name: one.name,
            reason: one.reason,
            count: one.count,
            by_sender: one.by_sender,
        };
        let reply = |reply: source::Reply| Reply {
            status: reply.status,
            content_type: reply.content_type,
            headers: reply.headers,
            body: reply.body,
        };
        Self {
            alerts: decoded.alerts.into_iter().map(Into::into).collect(),
            left_out: decoded.left_out.into_iter().map(omitted).collect(),
            reply: decoded.reply.map(reply),
            confirm: decoded.confirm,
        }
    }
}

impl From<&Alert> for types::Alert {
    fn from(alert: &Alert) -> Self {
        let moment = |time: Option<Timestamp>| time.map(|time| types::Moment::Millis(millis(time)));
        Self {
            name: alert.name.clone(),
            status: match alert.status {
                Status::Firing => types::Status::Firing,
                Status::Resolved => types::Status::Resolved,
            },
            severity: Some(alert.severity.as_str().to_string()),
            labels: pairs(&alert.labels),
            annotations: pairs(&alert.annotations),
            starts_at: moment(alert.starts_at),
            ends_at: moment(alert.ends_at),
            fingerprint: Some(alert.fingerprint.clone()),
            link: alert.link.clone(),
            extra: subject(alert),
        }
    }
}

/// Whom the alert is about, so that no plugin has to guess it from labels.
fn subject(alert: &Alert) -> Vec<(String, String)> {
    let Some(subject) = Subject::of(alert) else { return Vec::new() };
    let name = [("subject_kind", Some(subject.kind.to_string())), ("subject_name", Some(subject.name))];
    let place = [("subject_namespace", subject.namespace), ("subject_cluster", subject.cluster)];
    let all = name.into_iter().chain(place);
    all.filter_map(|(key, value)| Some((key.to_string(), value?))).collect()
}

pub(super) fn notification(message: &Message, now: Timestamp) -> notifier::Notification {
    let content = &message.content;
    notifier::Notification {
        delivery_id: message.delivery.clone(),
        incident_id: message.incident.to_string(),
        message_id: message.message.clone(),
        occasion: message.occasion.into(),
        stage: match message.stage {
            Stage::First => notifier::Stage::First,
            Stage::Update => notifier::Stage::Update,
            Stage::End => notifier::Stage::End,
        },
        earlier: message.earlier.iter().map(Into::into).collect(),
        title: content.title.clone(),
        summary: content.summary.clone(),
        description: content.description.clone(),
        objects: content.objects.iter().map(Into::into).collect(),
        objects_left_out: u32::try_from(content.objects_left_out).unwrap_or(u32::MAX),
        cause: content.cause.as_ref().map(Into::into),
        actions: content.actions.iter().map(Into::into).collect(),
        severity: message.severity.clone(),
        outcome: message.outcome.clone(),
        body_markdown: content.body.clone(),
        facts: content.facts.clone(),
        links: content.links.iter().map(link).collect(),
        alerts: content.alerts.alerts().iter().map(Into::into).collect(),
        alerts_left_out: u32::try_from(content.alerts.left_out()).unwrap_or(u32::MAX),
        language: message.language.clone(),
        now_ms: millis(now),
        extra: vec![],
    }
}

impl From<Occasion> for notifier::Occasion {
    fn from(occasion: Occasion) -> Self {
        match occasion {
            Occasion::Approval => Self::Approval,
            Occasion::Report => Self::Report,
            Occasion::Resolved => Self::Resolved,
            Occasion::Answered => Self::Answered,
        }
    }
}

impl From<&message::SentMessage> for notifier::Sent {
    fn from(sent: &message::SentMessage) -> Self {
        Self { message_id: sent.message.clone(), occasion: sent.occasion.into(), reference: sent.reference.clone() }
    }
}

impl From<&message::AffectedObject> for notifier::Object {
    fn from(object: &message::AffectedObject) -> Self {
        let message::AffectedObject { kind, namespace, name } = object.clone();
        Self { kind, namespace, name, extra: vec![] }
    }
}

impl From<&message::Cause> for notifier::Cause {
    fn from(cause: &message::Cause) -> Self {
        let message::Cause { text, confirmed, confidence_percent } = cause.clone();
        Self { text, confirmed, confidence_percent }
    }
}

impl From<&message::ActionSummary> for notifier::Action {
    fn from(action: &message::ActionSummary) -> Self {
        let action = action.clone();
        Self {
            id: action.id,
            tool: action.tool,
            target: action.target,
            arguments: action.arguments,
            risk: action.risk,
            state: action.state,
            state_text: action.state_text,
            proposed_by: action.proposed_by,
            reason: action.reason,
            evidence: action.evidence,
            undo: action.undo,
            approvers: action.approvers,
            expires_ms: action.expires_ms,
            answers: action.answers,
            result: action.result,
            digest: action.digest,
            extra: vec![],
        }
    }
}

fn link(link: &Link) -> notifier::Link {
    notifier::Link {
        purpose: match link.purpose() {
            LinkPurpose::Approve => notifier::Purpose::Approve,
            LinkPurpose::Deny => notifier::Purpose::Deny,
            LinkPurpose::Incident => notifier::Purpose::Incident,
            LinkPurpose::Runbook => notifier::Purpose::Runbook,
            LinkPurpose::Source => notifier::Purpose::Source,
        },
        title: link.title().to_string(),
        url: link.url().to_string(),
        from_alert: link.from_alert(),
    }
}

pub(super) fn incident(incident: &Incident, now: Timestamp) -> wit_remediation::Incident {
    wit_remediation::Incident {
        id: incident.id.to_string(),
        title: truncate(&incident.title(), ExcerptLimits::PLAN.value),
        severity: incident.severity().as_str().to_string(),
        labels: pairs(&excerpt::labels(&incident.labels(), &ExcerptLimits::PLAN)),
        alerts: Excerpt::of(&incident.alerts, &ExcerptLimits::PLAN).alerts().iter().map(Into::into).collect(),
        now_ms: millis(now),
        extra: vec![],
    }
}

pub(super) fn action(action: &ActionRequest) -> wit_remediation::Action {
    wit_remediation::Action { name: action.name.clone(), arguments: action.arguments.clone(), extra: vec![] }
}

impl From<wit_remediation::Capability> for remediation::Capability {
    fn from(capability: wit_remediation::Capability) -> Self {
        Self {
            name: capability.name,
            description: capability.description,
            schema: capability.schema,
            risk: match capability.risk {
                wit_remediation::Risk::Read => Risk::Read,
                wit_remediation::Risk::Low => Risk::Low,
                wit_remediation::Risk::High => Risk::High,
                wit_remediation::Risk::Irreversible => Risk::Irreversible,
            },
            repeatable: capability.repeatable,
        }
    }
}

pub(super) fn planned(planned: wit_remediation::Planned) -> remediation::RawPlan {
    let finding = |finding: wit_remediation::Finding| Finding {
        about: finding.about,
        text: finding.text,
        evidence: finding.evidence,
    };
    remediation::RawPlan {
        proposals: planned.proposals.into_iter().map(proposal).collect(),
        findings: planned.findings.into_iter().map(finding).collect(),
    }
}

fn proposal(proposal: wit_remediation::Proposal) -> Result<Proposal, String> {
    Ok(Proposal {
        call: call("call", proposal.call)?,
        target: proposal.target,
        reason: proposal.reason,
        evidence: proposal.evidence,
        root_cause: proposal.root_cause,
        verify: proposal.verify.map(verification).transpose()?,
        undo: proposal.undo.map(|undo| call("undo", undo)).transpose()?,
    })
}

fn verification(verify: wit_remediation::Verification) -> Result<Verification, String> {
    Ok(Verification {
        look: call("verify.look", verify.look)?,
        present: verify.present,
        absent: verify.absent,
        applied: verify.applied,
        within_ms: verify.within_ms,
        every_ms: verify.every_ms,
    })
}

fn call(place: &str, call: wit_remediation::Call) -> Result<Call, String> {
    let arguments = arguments(&format!("{place}.arguments"), &call.arguments)?;
    Ok(Call { tool: call.tool, arguments })
}
