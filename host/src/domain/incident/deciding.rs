//! What bears on deciding about an incident once more: what was found out, who was asked in vain, since when it waits.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Incident, Look, Plan};
use crate::domain::call::Call;
use crate::domain::entry::Purpose;
use crate::domain::named_cause::NamedCause;
use crate::domain::rare::Empty;

/// What bears on deciding once more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deciding {
    /// The causes, the most telling first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<NamedCause>,
    /// Looks before this one are of an earlier collection, and too old to tell how things stand.
    #[serde(default)]
    pub from: usize,
    /// Remediation plugins that knew nothing that fits: rules that would ask them again are passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<String>,
    /// Since when the rule of the verdict has held it back, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_since: Option<Timestamp>,
}

impl Empty for Deciding {
    const EMPTY: &'static Self = &Self { causes: Vec::new(), from: 0, passed: Vec::new(), held_since: None };
}

impl Incident {
    /// The causes that the host named; none before evidence was collected.
    pub fn causes(&self) -> Option<&[NamedCause]> {
        self.collected.then_some(self.deciding.causes.as_slice())
    }

    /// Whether a remediation plugin has said that it knows nothing that fits.
    pub fn passed_over(&self, plugin: &str) -> bool {
        self.deciding.passed.iter().any(|known| known == plugin)
    }

    /// The looks since it was last begun to find out what is wrong.
    pub fn looks_lately(&self) -> impl Iterator<Item = &Look> {
        self.looks.iter().skip(self.deciding.from)
    }

    /// Whether this call was made in the collection of evidence that is under way.
    pub fn looked_for_evidence(&self, call: &Call) -> bool {
        self.looks_lately().any(|look| look.purpose == Purpose::Evidence && look.call == *call)
    }

    /// What was found out is too old once it has been held back: it is found out anew, by plugins as well.
    pub(super) fn forget_diagnosis(&mut self) {
        if self.collected || !self.deciding.passed.is_empty() {
            self.collected = false;
            self.plan = None;
            self.deciding.passed.clear();
            self.deciding.causes.clear();
            self.deciding.from = self.looks.len();
        }
    }

    /// Takes in what a plugin said. Of several that were asked the words of all are kept.
    pub(super) fn take_plan(&mut self, mut plan: Plan) {
        if plan.error.is_none() && plan.proposals == 0 && !self.passed_over(&plan.plugin) {
            self.deciding.passed.push(plan.plugin.clone());
        }
        if let Some(earlier) = self.plan.take().filter(|earlier| earlier.plugin != plan.plugin) {
            plan.findings.splice(0..0, earlier.findings);
        }
        self.plan = Some(Box::new(plan));
    }
}
