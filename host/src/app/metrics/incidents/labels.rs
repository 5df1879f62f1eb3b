//! The labels of what is counted of incidents: words of the host, and names of the configuration, of which [`LabelValues`]
//! knows those that may stand there.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;

/// How what is unknown to the configuration is counted.
pub(super) const OTHER: &str = "other";

/// Of a decision.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct VerdictLabels {
    pub(super) verdict: &'static str,
}

/// Of a rule that decided.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RuleLabels {
    pub(super) rule: Arc<str>,
}

/// Of an incident that has ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct EndLabels {
    pub(super) outcome: &'static str,
    pub(super) by: &'static str,
}

/// Of how long incidents took.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct OutcomeLabels {
    pub(super) outcome: &'static str,
}

/// Of a gate's answer.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct RulingLabels {
    pub(super) ruling: &'static str,
    pub(super) origin: &'static str,
}

/// Of an action that was executed.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct ExecutionLabels {
    pub(super) server: Arc<str>,
    pub(super) result: &'static str,
}

/// Of a person's answer.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct AnswerLabels {
    pub(super) answer: &'static str,
    pub(super) via: &'static str,
}

/// Of a call of a tool.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct CallLabels {
    pub(super) server: Arc<str>,
    pub(super) kind: &'static str,
}

/// Of anything that went well or not.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct ResultLabels {
    pub(super) result: &'static str,
}

/// Of a message to a target.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct MessageLabels {
    pub(super) target: Arc<str>,
    pub(super) result: &'static str,
}

/// Names that a label may have.
#[derive(Debug, Default)]
pub(super) struct LabelValues(pub(super) Vec<Arc<str>>);

impl LabelValues {
    pub(super) fn of(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().map(Arc::from).collect())
    }

    pub(super) fn known(&self, name: &str) -> Arc<str> {
        self.0.iter().find(|known| known.as_ref() == name).map_or_else(|| OTHER.into(), Arc::clone)
    }

    pub(super) fn server_of(&self, tool: &str) -> Arc<str> {
        self.known(tool.split_once('.').map_or(tool, |(server, _)| server))
    }
}
