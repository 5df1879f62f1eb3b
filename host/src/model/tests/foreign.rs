//! Alerts as kubernetes-mixin, OpenShift, the collection of Prometheus rules that many copy, and the scenarios of other
//! products name them: each is about somebody, is looked at with either Kubernetes server, and goes to a rule, or, where nothing says why, to the model.

use std::sync::Arc;

use jiff::Timestamp;

use super::kinds::opened;
use super::{catalogue, happen};
use crate::domain::{Fact, History, Mode, Verdict};
use crate::pipeline::required_looks;
use crate::policy::Set;
use crate::rules::{Context, Policies};

/// Labels, and whom the alert is about. Behind ` !` it is decided without a look, because none would say more.
const ALERTS: &str = include_str!("foreign.txt");

/// What is looked at before anything is decided, and what becomes of it where nothing is found.
fn handled(set: &Set, tools: &[&str], words: &str) -> (usize, String) {
    let (catalogue, history) = (Arc::new(catalogue(tools)), Arc::new(History::default()));
    let now: Timestamp = "2026-07-01T12:00:00Z".parse().unwrap();
    let context = Context { now, mode: Mode::Enforce, history: &history, catalogue: &catalogue };
    let mut incident = opened(words);
    let mut looks = 0;
    for _ in 0..6 {
        let Some(decision) = set.decide(&incident, &context).decision else {
            // The model is asked, and is told what is collected for it before.
            looks = looks.max(required_looks(set, &incident, &context).len());
            break;
        };
        let verdict = decision.verdict.clone();
        happen(&mut incident, Fact::Decided { decision: Arc::new(decision) });
        match verdict {
            // Nothing is there that the plugin could repair.
            Verdict::Plan { plugin } => {
                let (proposals, findings) = (Vec::new(), Vec::new());
                happen(&mut incident, Fact::Planned { plugin, proposals, findings, error: None });
            }
            Verdict::Diagnose => {
                looks = required_looks(set, &incident, &context).len();
                happen(&mut incident, Fact::Collected { causes: Some(Vec::new()), incomplete: None });
            }
            Verdict::Investigate => {
                looks = looks.max(required_looks(set, &incident, &context).len());
                return (looks, "investigate".into());
            }
            other => return (looks, other.kind().into()),
        }
    }
    (looks, "open".into())
}

#[test]
fn alerts_of_others_are_about_somebody_and_looked_into() {
    let set = Set::embedded().unwrap();
    let servers: [&[&str]; 2] = [
        &["k.kubectl_get", "k.kubectl_logs", "k.kubectl_describe"],
        &["k.pods_get", "k.resources_get", "k.resources_list", "k.events_list", "k.pods_log"],
    ];
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for line in ALERTS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (words, want) = line.split_once(" | ").unwrap();
        let (want, bare) = want.strip_suffix(" !").map_or((want, false), |want| (want, true));
        let alert = opened(words).alerts.first().cloned().unwrap();
        let about = crate::domain::Subject::of(&alert).map_or("-".to_string(), |one| {
            let place = one.namespace.as_deref().map(|place| format!("{place}/")).unwrap_or_default();
            format!("{} {place}{}", one.kind, one.name)
        });
        if about != want {
            wrong.push(format!("{words}: about {about}, not {want}"));
        }
        for tools in servers {
            tried += 1;
            let (looks, end) = handled(&set, tools, words);
            if (looks == 0) != bare || !matches!(end.as_str(), "escalate" | "investigate" | "open") {
                wrong.push(format!("{words}: {looks} looks, then {end} ({})", tools[0]));
            }
        }
    }
    assert!(tried >= 100, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}
