//! Policies as plain data, drawn at random and exchanged while the host runs.
//!
//! The checker reads the same data by itself, so that it does not have to believe what the double
//! said to the gate.

mod generate;
mod subject;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tidegate::domain::delivery::Fallback;
use tidegate::domain::entry::Purpose;
use tidegate::domain::{
    Action, Alert, Call, Candidate, Decision, Incident, Mode, Occasion, RulingKind, Severity, Verdict,
};
use tidegate::rules::{Budget, Canary, Check, Context, Policies, RoutedMessage, RuleDecision, Vote};

use super::mutant::Mutant;
use super::propose::{Template, call, proposal};
use super::world::World;

pub use generate::{generate, template};
pub use subject::Subject;

/// Tools whose calls the checks of the policies know.
pub const CHECKED: [&str; 3] = ["k.restart", "k.scale", "k.note"];

/// One set of policies.
#[derive(Clone, Debug)]
pub struct PolicySet {
    /// The first that matches decides.
    pub rules: Vec<Rule>,
    /// All that match are heard.
    pub gates: Vec<GateRule>,
    /// Targets for each severity and above.
    pub routes: Vec<(Severity, Vec<&'static str>)>,
    /// Which labels make the group: 0 the service, 1 the condition, 2 both, 3 all is one, 4 whom the alert is about.
    pub grouping: u64,
    /// Whether changes are verified, and all but notes restored to what was seen.
    pub check: bool,
    /// Services that gates want to see before they rule on a change.
    pub sees: u64,
}

/// A rule that gives verdicts.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Only this condition.
    pub condition: Option<u64>,
    /// What it says.
    pub says: RuleVerdict,
    /// Its own mode.
    pub mode: Mode,
    /// Evidence for the model.
    pub evidence: u64,
}

/// What a rule says.
#[derive(Clone, Debug)]
pub enum RuleVerdict {
    Suppress,
    Escalate,
    Investigate,
    Plan,
    Remediate(Vec<Template>),
    /// Hold for these milliseconds after the opening, asked again after each of the second.
    Hold(u64, u64),
}

/// A rule that speaks about actions.
#[derive(Clone, Debug)]
pub struct GateRule {
    /// Its name; a budget's bounds stand in it, so that the checker can read them off a ledger key.
    pub name: String,
    /// Only this tool.
    pub tool: Option<&'static str>,
    /// Only this service.
    pub service: Option<u64>,
    /// Only this origin.
    pub origin: Option<&'static str>,
    /// Only calls that read, or only those that do not.
    pub reads: Option<bool>,
    /// Only calls that lead elsewhere.
    pub elsewhere: bool,
    /// What it says.
    pub says: RulingKind,
    /// At most so many within so many milliseconds, for each service or for all.
    pub budget: Option<(u32, u64, bool)>,
    /// Only an allowing gate: it asks until so many have helped, for each server.
    pub canary: Option<u32>,
    /// For how many milliseconds what it lets through rests.
    pub cooldown_ms: Option<u64>,
    /// Persons that must agree.
    pub approvals: u32,
    /// Groups of which so many must agree each; empty for anybody.
    pub who: Vec<&'static str>,
    /// Until silence is a no.
    pub within_ms: u64,
    /// Its own mode.
    pub mode: Mode,
}

impl PolicySet {
    /// The votes about an action as the host reads it.
    pub fn votes(&self, action: &Action) -> Vec<Vote> {
        self.votes_on(&Subject::of(action), action)
    }

    /// The votes about an action as it is read here from nothing but its call.
    pub fn votes_on_call(&self, action: &Action) -> Vec<Vote> {
        self.votes_on(&Subject::read(&action.proposal.call, Some(action.origin.kind())), action)
    }

    fn votes_on(&self, subject: &Subject, action: &Action) -> Vec<Vote> {
        let hits = self.gates.iter().filter(|gate| gate.matches(subject));
        hits.map(|gate| gate.vote(action)).collect()
    }

    /// The first gate that has something against a look; of one whose origin is not known, only gates
    /// that hear every origin.
    pub fn against_look(&self, call: &Call, origin: Option<&str>) -> Option<&GateRule> {
        let subject = Subject::read(call, origin);
        self.gates.iter().find(|gate| gate.says != RulingKind::Allow && gate.matches(&subject))
    }
}

impl GateRule {
    fn matches(&self, subject: &Subject) -> bool {
        let service = self.service.is_none_or(|service| match self.says {
            // Who allows a service does not allow what stands beside it.
            RulingKind::Allow => subject.is_only(service),
            RulingKind::Ask | RulingKind::Deny => subject.is_about(service),
        });
        service
            && self.tool.is_none_or(|tool| tool == subject.tool)
            && self.origin.is_none_or(|origin| subject.origin.as_deref() == Some(origin))
            && self.reads.is_none_or(|reads| reads == subject.reads)
            && (!self.elsewhere || subject.elsewhere)
    }

    fn vote(&self, action: &Action) -> Vote {
        let budgets = self.budget.iter().map(|(max, within_ms, each)| {
            let scope = if *each { action.touches.names.join("+") } else { "all".into() };
            Budget { scope, max: *max, within_ms: *within_ms }
        });
        Vote {
            budgets: budgets.collect(),
            canary: self.canary.map(|after| Canary { scopes: vec![action.touches.server.clone()], after }),
            cooldown_ms: self.cooldown_ms,
            approvals: self.approvals,
            who: self.who.iter().map(|group| group.to_string()).collect(),
            within_ms: self.within_ms,
            mode: self.mode,
            ..Vote::new(&self.name, self.says, "the data says so")
        }
    }
}

/// The double that the host asks.
pub struct SimPolicies(pub Arc<World>);

impl SimPolicies {
    fn set(&self) -> Arc<PolicySet> {
        let state = self.0.state();
        Arc::clone(&state.plan.policies[state.policies_in_force])
    }

    fn verdict(rule: &Rule, incident: &Incident, now: Timestamp) -> Option<Verdict> {
        Some(match &rule.says {
            RuleVerdict::Suppress => Verdict::Suppress,
            RuleVerdict::Escalate => Verdict::Escalate,
            RuleVerdict::Investigate => Verdict::Investigate,
            RuleVerdict::Plan => Verdict::Plan { plugin: "planner".into() },
            RuleVerdict::Remediate(templates) => {
                let actions = templates.iter().enumerate().map(|(i, template)| proposal(template, incident, i));
                Verdict::Remediate { actions: actions.collect(), alternatives: false }
            }
            RuleVerdict::Hold(until_ms, step_ms) => {
                // An age that makes no sense, after the clock was set, holds nothing.
                let age = now.duration_since(incident.opened_at).abs();
                if age >= SignedDuration::from_millis(*until_ms as i64) {
                    return None;
                }
                Verdict::Hold { until: now + SignedDuration::from_millis(*step_ms as i64) }
            }
        })
    }
}

impl Policies for SimPolicies {
    fn digest(&self) -> String {
        "simulated".into()
    }

    fn decide(&self, incident: &Incident, context: &Context<'_>) -> RuleDecision {
        let set = self.set();
        let condition = incident.alerts.first().map(|alert| alert.name.clone()).unwrap_or_default();
        let decision = set.rules.iter().find_map(|rule| {
            if rule.condition.is_some_and(|wanted| format!("c{wanted}") != condition) {
                return None;
            }
            Some(Decision {
                verdict: Self::verdict(rule, incident, context.now)?,
                rule: Some(rule.name.clone()),
                reason: "the data says so".into(),
                mode: rule.mode,
                evidence: (0..rule.evidence).map(|service| call("k.get", service, service)).collect(),
                faults: Vec::new(),
                policies: self.digest(),
            })
        });
        RuleDecision { decision, faults: Vec::new() }
    }

    fn explain(&self, _: &Incident, _: &Context<'_>) -> Vec<Candidate> {
        Vec::new()
    }

    fn evidence(&self, _: &Incident, _: &Context<'_>) -> Vec<Call> {
        vec![call("k.get", 0, 0)]
    }

    fn gates(&self, action: &Action, _: &Incident, _: &Context<'_>) -> Vec<Vote> {
        let mut votes = self.set().votes(action);
        if self.0.mutant == Some(Mutant::PoliciesSayYes) {
            votes.iter_mut().for_each(|vote| vote.says = RulingKind::Allow);
        }
        votes
    }

    fn gates_on_look(&self, look: &Action, _: &Incident, _: &Context<'_>) -> Vec<Vote> {
        if self.0.mutant == Some(Mutant::LooksAreUnheard) {
            return Vec::new();
        }
        self.set().votes(look)
    }

    fn looks(&self, action: &Action, incident: &Incident, _: &Context<'_>) -> Vec<Call> {
        let purpose = Purpose::Gate { action: action.id.clone() };
        let made = |call: &Call| incident.looks.iter().any(|look| look.purpose == purpose && look.call == *call);
        (0..self.set().sees).map(|service| call("k.get", service, 0)).filter(|call| !made(call)).collect()
    }

    fn check(&self, call: &Call, seen: Option<&Value>, incident: &Incident, _: &Context<'_>) -> Option<Check> {
        let set = self.set();
        if !set.check || !CHECKED.contains(&call.tool.as_str()) {
            return None;
        }
        let always = self.0.mutant == Some(Mutant::ChecksAlwaysHold);
        let mut place = call.arguments.clone();
        place.remove("mark");
        let template = Template { tool: "k.restart", service: 0, verify: if always { 3 } else { 1 }, undo: false };
        let verify = proposal(&template, incident, 0).verify.map(|mut verify| {
            verify.look.arguments.clone_from(&place);
            verify
        });
        let undo = seen.filter(|_| call.tool != "k.note").and_then(|seen| seen["mark"].as_u64()).map(|mark| {
            let other = u64::from(self.0.mutant == Some(Mutant::RestoresSomethingElse));
            let mut arguments = place.clone();
            arguments.insert("mark".into(), json!(mark + other));
            Call { tool: "k.rollback".into(), arguments }
        });
        let before = (call.tool != "k.note").then(|| Call { tool: "k.get".into(), arguments: place });
        Some(Check { rule: "changes-are-looked-at".into(), verify, before, undo })
    }

    fn routes(&self, incident: &Incident, _: Occasion, _: &Context<'_>) -> Vec<RoutedMessage> {
        let set = self.set();
        let hits = set.routes.iter().filter(|(least, _)| incident.severity() >= *least);
        hits.enumerate()
            .map(|(i, (_, targets))| RoutedMessage {
                route: format!("route-{i}"),
                targets: targets.iter().map(|target| target.to_string()).collect(),
                fallback: (!targets.contains(&"steady"))
                    .then(|| Fallback { to: vec!["steady".into()], after_ms: 600_000 }),
            })
            .collect()
    }

    fn group(&self, alert: &Alert) -> Option<String> {
        let service = alert.labels.get("service").map(str::to_string).unwrap_or_default();
        Some(match self.set().grouping {
            0 => service,
            1 => alert.name.clone(),
            2 => format!("{}/{service}", alert.name),
            4 => return None,
            _ => "all".into(),
        })
    }
}
