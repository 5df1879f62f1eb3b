//! A change that the model wants in a conversation, as an incident of its own: gates, approvals, verification, undo, report
//! and budgets hold for it as for any other. The person who asked is its proposer, and asking approves nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::backend::programs::{ProposalRequest, ProposalResult};
use crate::chat::{Chat, ChatError, RulingView, unavailable};
use crate::domain::alert::fingerprint;
use crate::domain::conversation::{self, Conversation, ConversationId, ProposedChange, ProposedView};
use crate::domain::entry::Usage;
use crate::domain::incident::{ActionState, Incident};
use crate::domain::text::truncate;
use crate::domain::{
    Alert, Catalogue, Decision, Entry, Fact, IncidentId, Labels, Mode, Origin, Person, Proposal, Risk, Severity,
    Status, Verdict,
};
use crate::pipeline::{ProposalRelation, accept};
use crate::ports::{ChatReply, ChatStep, JournalError};

/// Changes of one answer that are taken in.
const MOST: usize = 5;
/// What stands in the place of a model's words where a program asked.
const PROPOSED: &str = "proposed by a program";
/// How long an answer waits until the gate has ruled.
const RULED_WITHIN: Duration = Duration::from_secs(10);
/// And how often it looks.
const EVERY: Duration = Duration::from_millis(50);

/// Who puts a change forward in the name of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proposer {
    /// The model, in a conversation.
    Model,
    /// A program, through MCP.
    Program,
}

impl Proposer {
    /// The source of its incidents, and the name of their alert.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Model => (conversation::SOURCE, conversation::PROPOSED),
            Self::Program => (conversation::PROGRAMS, conversation::PROPOSED_BY_PROGRAM),
        }
    }

    /// What has happened, in a sentence without an end.
    fn says(self, asker: &Person, conversation: &ConversationId) -> String {
        match self {
            Self::Model => format!("{asker} asked for a change in {conversation}"),
            Self::Program => format!("a program of {asker} proposed a change through MCP"),
        }
    }
}

impl Chat {
    /// Opens an incident for these proposals, in one append with the conversation's entry.
    pub(super) async fn propose(
        &self,
        conversation: &mut Conversation,
        proposals: Vec<Proposal>,
        mut spoke: ChatReply,
        by: Proposer,
    ) -> Result<(), JournalError> {
        let services = &self.services;
        // Before anything is made of them: what is left out has no say in the incident.
        let (proposals, left_out) = cut_off(proposals);
        spoke.text.push_str(&left_out);
        let moment = services.moment();
        let context = moment.context();
        let asker = conversation.exchanges.last().map_or(&conversation.person, |asked| &asked.person).clone();
        let asked = conversation.exchanges.last().map(|asked| asked.text.clone()).unwrap_or_default();
        let id = services.store.free_id();
        let opened =
            opened(conversation, &asked, &by.says(&asker, &conversation.id), by, &proposals, context.catalogue);
        let decided = Fact::Decided { decision: decision(by.says(&asker, &conversation.id), context.mode).into() };
        let at = services.clock.now();
        let none = || JournalError("an incident begins with its opening".into());
        let mut incident = Incident::open(id.clone(), &Entry { at, fact: opened.clone() }).ok_or_else(none)?;
        incident.apply(&Entry { at, fact: decided.clone() });
        let program = by == Proposer::Program;
        let origin = Origin::Chat { conversation: conversation.id.clone(), person: asker, program };
        let taken =
            accept(services.policies.as_ref(), &incident, &context, proposals, &origin, ProposalRelation::Steps);
        let actions = taken.iter().filter_map(suggested).collect();
        let said = conversation::Fact::Proposed {
            incident: id.clone(),
            actions,
            text: spoke.text,
            usage: spoke.usage,
            original: spoke.original,
        };
        let facts = [opened, decided].into_iter().chain(taken).collect();
        services.store.open_from(conversation, said, (id, facts)).await
    }

    /// Takes in what a program wants.
    pub(super) async fn take_wanted(&self, wanted: ProposalRequest) -> Result<ProposalResult, ChatError> {
        let services = &self.services;
        if services.store.is_stopping() {
            return Err(ChatError::Unavailable("tidegate is stopping; try again when it has started anew".into()));
        }
        services.tools.settled().await;
        services.store.note_tools(services.tools.as_ref()).await.map_err(unavailable)?;
        let ProposalRequest { person, text, proposal } = wanted;
        let catalogue = services.tools.catalogue();
        let tool = &proposal.call.tool;
        match catalogue.get(tool) {
            None => return Err(ChatError::NotFound(format!("there is no tool {}", truncate(tool, 100)))),
            Some(known) if known.risk == Risk::Read => {
                return Err(ChatError::Invalid(format!("{tool} only reads: there is nothing to propose")));
            }
            Some(_) => {}
        }
        if let Some(misfit) = catalogue.misfit(&proposal.call) {
            return Err(ChatError::Invalid(format!("arguments of {tool}: {misfit}")));
        }
        let began = conversation::Fact::Began { person: person.clone(), incident: None };
        let mut conversation = services.store.begin_conversation(began).await.map_err(unavailable)?;
        let asked = conversation::Fact::Asked { person, text: truncate(&text, self.limits.question_bytes) };
        services.store.converse(&mut conversation, vec![asked]).await.map_err(unavailable)?;
        let spoke =
            ChatReply { answer: ChatStep::Reply, text: PROPOSED.into(), usage: Usage::default(), original: None };
        self.propose(&mut conversation, vec![proposal], spoke, Proposer::Program).await.map_err(unavailable)?;
        let incident = conversation.exchanges.last().and_then(|asked| match &asked.end {
            Some(conversation::AnswerOutcome::Proposed { incident, .. }) => Some(incident.clone()),
            _ => None,
        });
        let none = || ChatError::Unavailable("the proposal was taken in, and what became of it cannot be read".into());
        let incident = incident.ok_or_else(none)?;
        let rulings = self.ruled(&incident).await;
        let closed = conversation::Fact::Closed { reason: "a program asked once and no more".into() };
        // It closes by itself later where this cannot be written.
        let _ = services.store.converse(&mut conversation, vec![closed]).await;
        Ok(ProposalResult { incident: incident.to_string(), rulings })
    }

    /// How proposals stand, once the gate has ruled on the first of them or a while has passed: those behind it are ruled
    /// on when it has ended well.
    pub(super) async fn ruled(&self, id: &IncidentId) -> Vec<RulingView> {
        let began = self.services.clock.elapsed();
        loop {
            let known = self.services.store.get(id);
            let waits = known.as_ref().is_some_and(|incident| {
                incident.actions.first().is_some_and(|first| first.state == ActionState::Proposed)
            });
            if !waits || self.services.clock.elapsed().saturating_sub(began) > RULED_WITHIN {
                return known.map(|incident| rulings(&incident)).unwrap_or_default();
            }
            self.services.clock.sleep(EVERY).await;
        }
    }
}

/// How the actions of an incident stand.
fn rulings(incident: &Incident) -> Vec<RulingView> {
    let one = |record: &crate::domain::incident::ActionRecord| RulingView {
        proposed: ProposedView {
            action: record.action.id.0.clone(),
            tool: record.action.tool().to_string(),
            target: record.action.target(),
        },
        state: record.state.as_str().to_string(),
        gate: record.ruling.as_ref().map(|ruling| ruling.rule.clone()),
        reason: record.ruling.as_ref().map(|ruling| ruling.reason.clone()).unwrap_or_default(),
    };
    incident.actions.iter().map(one).collect()
}

/// The changes of an answer that are taken in, and what is said of the others.
fn cut_off(mut proposals: Vec<Proposal>) -> (Vec<Proposal>, String) {
    let beyond = proposals.split_off(MOST.min(proposals.len()));
    let tools: Vec<&str> = beyond.iter().map(|proposal| proposal.call.tool.as_str()).collect();
    let left_out = match tools.len() {
        0 => String::new(),
        _ => format!("\n(Left out, because one answer may propose {MOST} changes: {})", tools.join(", ")),
    };
    (proposals, left_out)
}

fn suggested(fact: &Fact) -> Option<ProposedChange> {
    let Fact::Proposed { action } = fact else { return None };
    let (target, call) = (action.target(), action.proposal.call.clone());
    Some(ProposedChange { action: action.id.clone(), call, target })
}

/// The opening. The namespace is a label, by which routes find a team; the object is none, so that no real alert about it
/// waits for what somebody asked for and perhaps nobody approves.
fn opened(
    conversation: &Conversation,
    asked: &str,
    summary: &str,
    by: Proposer,
    proposals: &[Proposal],
    catalogue: &Catalogue,
) -> Fact {
    let (source, name) = by.names();
    let number = conversation.exchanges.len().to_string();
    let mut labels = Labels::new();
    labels.insert("alertname", name);
    labels.insert("conversation", &*conversation.id.0);
    labels.insert("question", &*number);
    let mut namespaces: Vec<String> =
        proposals.iter().flat_map(|proposal| catalogue.touches(&proposal.call).namespaces).collect();
    namespaces.sort();
    namespaces.dedup();
    if let [namespace] = namespaces.as_slice()
        && namespace != "*"
    {
        labels.insert("namespace", namespace.as_str());
    }
    // One that reaches several clusters, or none that is known, names none, and no tool of one of several is used for it.
    let cluster = |proposal: &Proposal| catalogue.clusters.of_tool(&proposal.call.tool).map(str::to_string);
    let clusters: BTreeSet<Option<String>> = proposals.iter().map(cluster).collect();
    if let (1, Some(Some(cluster))) = (clusters.len(), clusters.first()) {
        labels.insert("cluster", cluster.as_str());
    }
    let mut annotations = Labels::new();
    annotations.insert("summary", summary);
    annotations.insert("question", truncate(asked, 1024));
    let alert = Alert {
        source: source.into(),
        name: name.into(),
        status: Status::Firing,
        severity: Severity::Info,
        fingerprint: fingerprint(source, name, &labels),
        labels,
        annotations,
        starts_at: None,
        ends_at: None,
        link: None,
    };
    let group_key = format!("{} question {number}", conversation.id);
    Fact::Opened { group_key, source: source.into(), alerts: vec![alert] }
}

/// No rule decides what somebody asks for: it is what the proposal says, and the gate rules on that.
fn decision(reason: String, mode: Mode) -> Decision {
    Decision {
        verdict: Verdict::Remediate { actions: Vec::new(), alternatives: false },
        rule: None,
        reason,
        mode,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::domain::conversation::Fact as Said;
    use crate::domain::{Call, Risk, Tool};

    #[test]
    fn what_is_left_out_is_named_and_has_no_say_in_the_incident() {
        let proposal = |n: usize| {
            let namespace = if n < MOST { "shop" } else { "kube-system" };
            let arguments: Map<_, _> = json!({"namespace": namespace, "name": "web"}).as_object().cloned().unwrap();
            let call = Call { tool: format!("k.patch_{n}"), arguments };
            let (target, reason, root_cause) = (String::new(), String::new(), String::new());
            Proposal { call, target, reason, evidence: Vec::new(), root_cause, verify: None, undo: None }
        };
        let tool = |n: usize| {
            let schema = json!({"type": "object", "properties": {"namespace": {}, "name": {}}});
            let (name, description) = (format!("k.patch_{n}"), String::new());
            Tool { name, description, schema, risk: Risk::High, repeatable: true, undo: None, own: false }
        };
        let tools = (0..7).map(tool).map(|tool| (tool.name.clone(), tool)).collect();
        let (taken, left_out) = cut_off((0..7).map(proposal).collect());
        assert_eq!(taken.len(), MOST);
        assert!(left_out.contains("k.patch_5, k.patch_6"), "{left_out}");
        let began = Said::Began { person: Person::typed("ada"), incident: None };
        let entry = Entry { at: jiff::Timestamp::UNIX_EPOCH, fact: began };
        let conversation = Conversation::begin(ConversationId("chat-1".into()), &entry).unwrap();
        let opened = opened(
            &conversation,
            "fix it",
            "ada asked",
            Proposer::Model,
            &taken,
            &Catalogue { tools, ..Catalogue::default() },
        );
        let Fact::Opened { alerts, .. } = opened else { panic!("{opened:?}") };
        assert_eq!(alerts[0].labels.get("namespace"), Some("shop"), "one namespace, of what is taken in");
        assert_eq!(cut_off(vec![proposal(0)]).1, "");
    }
}
