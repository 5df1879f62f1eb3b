//! What is proposed for one node.

use serde_json::{Value, json};
use tidegate_plugin::kubernetes::write::{self, Change, Writer};
use tidegate_plugin::kubernetes::{Cluster, Kind, Subject, object, verify};
use tidegate_plugin::remediation::{Call, CallError, Proposal, Verification};

use crate::fault::{self, State};
use crate::fleet::{self, Fleet};
use crate::pods::{self, Drain};
use crate::settings::Settings;

/// mcp-server-kubernetes' tool for nodes.
const MANAGE: &str = "node_management";

/// A node with its server.
struct Node<'a> {
    cluster: Cluster<'a>,
    subject: &'a Subject,
    object: Value,
}

pub(crate) fn propose(
    cluster: Cluster<'_>,
    subject: &Subject,
    settings: &Settings,
    now_ms: u64,
) -> Result<Vec<Proposal>, CallError> {
    let Some(object) = cluster.need(Kind::NODE, "", &subject.name)? else { return Ok(vec![]) };
    let node = Node { cluster, subject, object };
    let cordoned = fault::cordoned(&node.object);
    Ok(match fault::of(&node.object, now_ms) {
        State::Handled(why) => {
            node.found(format!("{why}; the cluster keeps new pods from it by itself, so nothing is proposed"), vec![]);
            vec![]
        }
        State::Whole if cordoned => node.uncordon(settings),
        State::Whole => {
            node.found("it is ready, takes pods and reports no fault", vec![]);
            vec![]
        }
        State::Faulty(faults) if cordoned => {
            // The drain of mcp-server-kubernetes does nothing on a node that is cordoned already.
            let text = format!(
                "it is faulty and cordoned; its pods go on until somebody runs: kubectl drain {} --ignore-daemonsets \
                 --timeout=4m",
                node.subject.name
            );
            node.found(text, faults);
            vec![]
        }
        State::Faulty(faults) => node.take_out(faults, settings)?,
    })
}

impl Node<'_> {
    fn found(&self, text: impl Into<String>, evidence: Vec<String>) {
        self.cluster.looks.found(self.subject.target(), text, evidence);
    }

    fn take_out(&self, faults: Vec<String>, settings: &Settings) -> Result<Vec<Proposal>, CallError> {
        let name = &self.subject.name;
        if !self.can_be_set() {
            // Written as a whole, a node that reports every few seconds would never still be what was read.
            let text = format!(
                "it is faulty and takes new pods; the MCP server {} offers no tool that changes one field of a node: \
                 run kubectl cordon {name}",
                self.cluster.server.name
            );
            self.found(text, faults);
            return Ok(vec![]);
        }
        let Some(Fleet { others, out }) = fleet::of(self.cluster, name)? else {
            self.found("it is faulty; the other nodes could not be listed whole, so it is not taken out", faults);
            return Ok(vec![]);
        };
        if others == 0 {
            self.found("it is faulty, and the only node there is, so it is not taken out", faults);
            return Ok(vec![]);
        }
        if out.len() >= settings.most_out || out.len() >= others {
            let text = format!(
                "it is faulty, and {} of {others} other nodes take no new pods ({}); most_out is {}, so it is not taken out",
                out.len(),
                out.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", "),
                settings.most_out
            );
            self.found(text, faults);
            return Ok(vec![]);
        }
        let mut evidence = faults;
        evidence.push(format!("{} of {others} other nodes take no new pods", out.len()));
        if settings.drain
            && let Some(tool) = self.cluster.server.tool(MANAGE)
        {
            match pods::drain(self.cluster, name)? {
                Drain::Possible { moving, staying } => return Ok(self.drain(tool, evidence, moving, &staying)),
                Drain::Hindered(why) => self.found("it is not drained, but for that it may be cordoned", why),
            }
        }
        evidence.push("pods that run there go on; only new ones go elsewhere".into());
        let reason = format!("cordon node {name}, so that no new pods start on a faulty node");
        Ok(self.set(true, reason, "a node that counts as ready reports a fault", evidence))
    }

    fn uncordon(&self, settings: &Settings) -> Vec<Proposal> {
        let name = &self.subject.name;
        if !settings.uncordon {
            let text =
                format!("it is cordoned and reports no fault; if nobody needs it so, run: kubectl uncordon {name}");
            self.found(text, vec![]);
            return vec![];
        }
        let evidence = vec![
            "it is ready and no condition reports a fault".into(),
            "somebody cordoned it; whether for a reason that goes on is not known".into(),
        ];
        let reason = format!("uncordon node {name}, which reports no fault any more");
        self.set(false, reason, "a node without a fault takes no pods", evidence)
    }

    /// Sets whether it takes new pods.
    fn set(&self, cordon: bool, reason: String, cause: &str, evidence: Vec<String>) -> Vec<Proposal> {
        if !self.can_be_set() {
            self.found(format!("{cause}; {}", Writer::lacking(self.cluster.server, Kind::NODE)), evidence);
            return vec![];
        }
        match self.change(cordon) {
            Ok(Change { call, back }) => vec![Proposal {
                call,
                target: self.subject.target(),
                reason,
                evidence,
                root_cause: cause.into(),
                verify: self.verify(cordon),
                undo: Some(back),
                extra: vec![],
            }],
            Err(why) => {
                self.found(format!("{cause}; {why}"), evidence);
                vec![]
            }
        }
    }

    /// Whether the server has a tool that changes one field of a node.
    fn can_be_set(&self) -> bool {
        let server = self.cluster.server;
        server.tool(MANAGE).is_some() || matches!(Writer::of(server), Some(Writer::Patch(_)))
    }

    /// The tool for nodes can do no more than that, so gates rule on it more easily than on a patch.
    fn change(&self, cordon: bool) -> Result<Change, String> {
        if let Some(tool) = self.cluster.server.tool(MANAGE) {
            let call = |operation: &str| Call {
                tool: tool.clone(),
                arguments: json!({"operation": operation, "nodeName": self.subject.name}).to_string(),
            };
            let (there, back) = if cordon { ("cordon", "uncordon") } else { ("uncordon", "cordon") };
            return Ok(Change { call: call(there), back: call(back) });
        }
        write::set_spec(self.cluster.server, Kind::NODE, &self.object, &json!({"unschedulable": cordon}))
    }

    fn verify(&self, cordon: bool) -> Option<Verification> {
        let look = self.cluster.call_to_get(Kind::NODE, "", &self.subject.name)?;
        let name = verify::literal(object::name(&self.object));
        let state = if cordon { "$.spec.unschedulable == true" } else { "$.spec.unschedulable != true" };
        let holds = format!("$[?$.metadata.name == {name} && {state}]");
        Some(Verification {
            look,
            present: vec![holds.clone()],
            absent: vec![],
            applied: vec![holds],
            within_ms: 60_000,
            every_ms: 5_000,
        })
    }

    fn drain(&self, tool: String, mut evidence: Vec<String>, moving: usize, staying: &[String]) -> Vec<Proposal> {
        let name = &self.subject.name;
        evidence.push(format!(
            "{moving} pods are evicted; each has a controller, none is held by a PodDisruptionBudget now"
        ));
        evidence.push(
            "a drain goes through the eviction API, which respects PodDisruptionBudgets, and cordons first".into(),
        );
        evidence.push("taking it back lets new pods in again; evicted pods do not come back".into());
        let arguments = json!({
            "operation": "drain", "nodeName": name, "confirmDrain": true, "ignoreDaemonsets": true, "force": false,
            "deleteLocalData": false, "timeout": "4m",
        });
        vec![Proposal {
            call: Call { tool, arguments: arguments.to_string() },
            target: self.subject.target(),
            reason: format!("drain node {name}, so that its pods run on nodes without a fault"),
            evidence,
            root_cause: "a node that counts as ready reports a fault".into(),
            verify: self.drained(staying),
            undo: self.change(true).ok().map(|change| change.back),
            extra: vec![],
        }]
    }

    /// Nothing is left there but what every node has. The tool answers a failure like a success.
    fn drained(&self, staying: &[String]) -> Option<Verification> {
        let tool = self.cluster.server.tool("kubectl_get")?;
        let arguments = json!({
            "resourceType": "pods", "allNamespaces": true, "fieldSelector": format!("spec.nodeName={}", self.subject.name),
        });
        let others = staying.iter().map(|pod| format!(" && @.name != {}", verify::literal(pod))).collect::<String>();
        let left = format!("$.items[?@.name && @.status != 'Completed' && @.status != 'Succeeded'{others}]");
        Some(Verification {
            look: Call { tool, arguments: arguments.to_string() },
            present: vec!["$[?$.items]".into()],
            absent: vec![left],
            applied: vec![],
            within_ms: 300_000,
            every_ms: 10_000,
        })
    }
}
