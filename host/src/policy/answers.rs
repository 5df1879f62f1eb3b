//! The set as the pipeline asks it.

use jiff::Timestamp;
use serde_json::Value;

use super::set::Set;
use super::{decide, events, evidence, explain, gates, routes, silences};
use crate::collector::{Survey, Topic};
use crate::domain::{Action, Alert, Call, Candidate, Catalogue, Event, Incident, Occasion};
use crate::rules::{
    Check, Context, EventDecision, Policies, RoutedMessage, RuleDecision, SilenceLimits, SilenceObjection, Vote,
};

impl Policies for Set {
    fn digest(&self) -> String {
        self.digest().to_string()
    }

    fn decide(&self, incident: &Incident, context: &Context<'_>) -> RuleDecision {
        decide::decide(self, incident, context, None)
    }

    fn decide_without_tools(&self, incident: &Incident, context: &Context<'_>) -> Option<RuleDecision> {
        decide::decide_without_tools(self, incident, context)
    }

    fn explain(&self, incident: &Incident, context: &Context<'_>) -> Vec<Candidate> {
        explain::explain(self, incident, context)
    }

    fn evidence(&self, incident: &Incident, context: &Context<'_>) -> Vec<Call> {
        super::query::Query::ask(self, incident, context, None, evidence::collect)
    }

    fn surveys(&self, topics: &[Topic], catalogue: &Catalogue, server: Option<&str>) -> Vec<Survey> {
        self.tables.surveys(topics, catalogue, server)
    }

    fn gates(&self, action: &Action, incident: &Incident, context: &Context<'_>) -> Vec<Vote> {
        gates::gates(self, action, incident, context, None).0
    }

    fn gates_on_look(&self, look: &Action, incident: &Incident, context: &Context<'_>) -> Vec<Vote> {
        gates::gates_on_look(self, look, incident, context, None)
    }

    fn looks(&self, action: &Action, incident: &Incident, context: &Context<'_>) -> Vec<Call> {
        gates::gates(self, action, incident, context, None).1
    }

    fn check(&self, call: &Call, seen: Option<&Value>, incident: &Incident, context: &Context<'_>) -> Option<Check> {
        evidence::check(self, call, seen, incident, context, None)
    }

    fn routes(&self, incident: &Incident, occasion: Occasion, context: &Context<'_>) -> Vec<RoutedMessage> {
        routes::routes(self, incident, occasion, context, None)
    }

    fn event(&self, event: &Event, now: Timestamp) -> EventDecision {
        events::judge(self, event, now, None)
    }

    fn explain_event(&self, event: &Event, now: Timestamp) -> Vec<Candidate> {
        events::explain(self, event, now)
    }

    fn against_silence(&self, silence: &SilenceLimits<'_>) -> Option<SilenceObjection> {
        silences::against(self, silence, None)
    }

    fn group(&self, alert: &Alert) -> Option<String> {
        evidence::group(self, alert, None)
    }
}
