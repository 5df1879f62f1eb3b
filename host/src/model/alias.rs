//! Placeholders in the place of names, hosts and addresses, for endpoints that must not see them.
//!
//! The same name has the same placeholder in a whole conversation, because both come from the incident: after a restart
//! the conversation goes on. What an answer says with placeholders means the names again before anybody reads it. Only
//! what the incident names is known: a name that stands nowhere in a place for names is not replaced, and neither is one with
//! quotes or brackets, which could become more than a value where it is put back.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::wire::Reply;
use crate::domain::Incident;

/// What the model is told of it.
pub(super) const TOLD: &str = "Names, hosts and addresses are replaced by placeholders such as pod-1a2b3c4d. Use these as they \
                                   are; the host puts the names back.\n";

/// Shortest name that is replaced: shorter ones stand in other words everywhere.
const SHORTEST: usize = 3;
/// Most names of one incident.
const MOST: usize = 2000;

/// Labels and fields that name something of the operator's, and what it is called in its place.
const FIELDS: [(&str, &str); 27] = [
    ("cluster", "cluster"),
    ("namespace", "namespace"),
    ("exported_namespace", "namespace"),
    ("kubernetes_namespace", "namespace"),
    ("pod", "pod"),
    ("exported_pod", "pod"),
    ("pod_name", "pod"),
    ("podname", "pod"),
    ("node", "node"),
    ("nodename", "node"),
    ("kubernetes_node", "node"),
    ("instance", "host"),
    ("host", "host"),
    ("hostname", "host"),
    ("server", "host"),
    ("service", "service"),
    ("servicename", "service"),
    ("deployment", "workload"),
    ("statefulset", "workload"),
    ("daemonset", "workload"),
    ("replicaset", "workload"),
    ("job_name", "workload"),
    ("cronjob", "workload"),
    ("persistentvolumeclaim", "claim"),
    ("claimname", "claim"),
    ("ingress", "ingress"),
    ("name", "name"),
];

/// Words that name nothing of anybody's.
const COMMON: [&str; 22] = [
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "monitoring",
    "prometheus",
    "alertmanager",
    "kubernetes",
    "localhost",
    "true",
    "false",
    "null",
    "none",
    "unknown",
    "http",
    "https",
    "metrics",
    "web",
    "node",
    "pod",
    "main",
    "app",
];

/// Places of names in what tools answer: `name: x`, `"namespace": "x"`, `Node: x/10.0.0.1`.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?im)(?:^|[\s,{(])"?([a-z_]{3,24})"?\s*[:=]\s*"?([A-Za-z0-9][A-Za-z0-9._-]{2,252})"#).ok()
});
/// Hosts by their domain, and what may be an address.
static HOST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let ends =
        "com|net|org|io|cn|dev|cloud|local|internal|lan|corp|intra|home|svc|eu|de|uk|us|jp|fr|ru|ai|app|co|info|biz";
    Regex::new(&format!(r"(?i)\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:{ends})\b")).ok()
});
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}\b|::[0-9a-f:]+").ok()
});

/// Domains that belong to everybody: API groups, and registries that are public.
const PUBLIC: [&str; 9] = [
    "k8s.io",
    "kubernetes.io",
    "docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "prometheus.io",
    "coreos.com",
    "openshift.io",
];

/// The names of one incident and their placeholders.
pub(super) struct Aliases {
    /// Longest first, so that no name is replaced within another one.
    names: Vec<(String, String)>,
}

impl Aliases {
    /// Those of an incident: the same incident gives the same.
    pub(super) fn of(incident: &Incident) -> Self {
        let mut known = KnownNames { incident: &incident.id.0, names: BTreeMap::new() };
        for alert in &incident.alerts {
            for (label, value) in &alert.labels {
                known.field(label, value);
                known.hosts(value);
            }
            alert.annotations.values().for_each(|text| known.text(text));
            alert.link.iter().for_each(|link| known.hosts(link));
        }
        for look in &incident.looks {
            for value in look.call.arguments.values().filter_map(Value::as_str) {
                known.hosts(value);
            }
            for (name, value) in &look.call.arguments {
                value.as_str().into_iter().for_each(|value| known.field(name, value));
            }
            known.text(&look.text);
        }
        for finding in incident.plan.iter().flat_map(|plan| &plan.findings) {
            [&finding.about, &finding.text].into_iter().chain(&finding.evidence).for_each(|text| known.text(text));
        }
        let mut names: Vec<(String, String)> = known.names.into_iter().collect();
        names.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        Self { names }
    }

    /// A text without the names.
    pub(super) fn hide(&self, text: &str) -> String {
        swap(text, self.names.iter().map(|(name, placeholder)| (name.as_str(), placeholder.as_str())))
    }

    /// A text with the names again.
    pub(super) fn show(&self, text: &str) -> String {
        swap(text, self.names.iter().map(|(name, placeholder)| (placeholder.as_str(), name.as_str())))
    }

    /// The messages of a request without the names. Names of fields, tools and roles stay.
    pub(super) fn hide_messages(&self, messages: &mut [Value]) {
        messages.iter_mut().for_each(|message| self.hide_value(message, 0));
    }

    fn hide_value(&self, value: &mut Value, depth: usize) {
        if depth > 32 {
            return;
        }
        match value {
            Value::String(text) => *text = self.hide(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide_value(item, depth + 1)),
            Value::Object(members) => {
                let signed = |name: &str| name.contains("signature");
                let told =
                    |name: &str| !matches!(name, "role" | "type" | "id" | "tool_call_id" | "name") && !signed(name);
                let members = members.iter_mut().filter(|(name, _)| told(name));
                members.for_each(|(_, value)| self.hide_value(value, depth + 1));
            }
            _ => {}
        }
    }

    /// What a reply says, with the names again. The message as it came goes back to the endpoint as it is.
    pub(super) fn show_reply(&self, reply: &Reply) -> Reply {
        let mut shown = reply.clone();
        shown.content = self.show(&reply.content);
        shown.thoughts = self.show(&reply.thoughts);
        shown.refusal = reply.refusal.as_deref().map(|words| self.show(words));
        shown.calls.iter_mut().for_each(|call| call.arguments = self.show(&call.arguments));
        shown
    }
}

struct KnownNames<'a> {
    incident: &'a str,
    names: BTreeMap<String, String>,
}

impl KnownNames<'_> {
    fn add(&mut self, kind: &str, name: &str) {
        let name = name.trim();
        let plain = name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let unfit = name.len() < SHORTEST || COMMON.contains(&name.to_lowercase().as_str());
        let address = name.parse::<IpAddr>().is_ok();
        if unfit || !is_value(name) || (plain && !address) || self.names.len() >= MOST || self.names.contains_key(name)
        {
            return;
        }
        let mut hash = Sha256::new();
        hash.update(self.incident);
        hash.update([0]);
        hash.update(name);
        let tail: String = hex::encode(hash.finalize()).chars().take(8).collect();
        self.names.insert(name.to_string(), format!("{kind}-{tail}"));
    }

    fn field(&mut self, field: &str, value: &str) {
        let field = field.to_ascii_lowercase();
        let Some((_, kind)) = FIELDS.iter().find(|(name, _)| *name == field) else { return };
        // `10.0.0.1:9100` and `web.example.com:443` name a host and a port.
        let host = value.rsplit_once(':').filter(|(host, port)| !host.contains(':') && port.parse::<u16>().is_ok());
        self.add(kind, host.map_or(value, |(host, _)| host));
    }

    fn hosts(&mut self, text: &str) {
        for found in HOST.as_ref().into_iter().flat_map(|host| host.find_iter(text)) {
            let name = found.as_str();
            let lower = name.to_ascii_lowercase();
            let ends = |domain: &&str| lower == **domain || lower.ends_with(&format!(".{domain}"));
            // `kubernetes.io_x` is a word with a dot.
            let goes_on = text.get(found.end()..).is_some_and(|rest| rest.starts_with(['_', '-']));
            if !PUBLIC.iter().any(ends) && !goes_on {
                self.add("host", name);
            }
        }
        for found in ADDRESS.as_ref().into_iter().flat_map(|address| address.find_iter(text)) {
            let name = found.as_str();
            let harmless = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
            let v4 = name.parse::<Ipv4Addr>().ok().map(IpAddr::from);
            let ip = v4.or_else(|| name.parse::<Ipv6Addr>().ok().map(IpAddr::from));
            if ip.is_some_and(|ip| !harmless(ip)) {
                self.add("ip", name);
            }
        }
    }

    fn text(&mut self, text: &str) {
        for found in NAMED.as_ref().into_iter().flat_map(|named| named.captures_iter(text)) {
            let part = |index| found.get(index).map_or("", |part| part.as_str());
            self.field(part(1), part(2).trim_end_matches(['.', '-', '_']));
        }
        self.hosts(text);
    }
}

/// Whether a name stays one value wherever it is put back: in JSON, in YAML, in a sentence.
fn is_value(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || " ._-:/@()+".contains(c);
    name.chars().all(fits) && !name.contains(": ") && !name.ends_with(':')
}

/// Replaces whole words, the first of the list that fits at each place.
fn swap<'a>(text: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut by_first: BTreeMap<u8, Vec<(&str, &str)>> = BTreeMap::new();
    for (from, to) in pairs {
        from.bytes().next().into_iter().for_each(|first| by_first.entry(first).or_default().push((from, to)));
    }
    let within = |c: char| c.is_ascii_alphanumeric();
    let (mut out, mut at, mut before) = (String::with_capacity(text.len()), 0, None);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.as_bytes().first().copied().unwrap_or_default();
        let free = !before.is_some_and(within);
        let fits =
            |(from, _): &&(&str, &str)| rest.strip_prefix(from).is_some_and(|behind| !behind.starts_with(within));
        let found = by_first.get(&first).filter(|_| free).and_then(|pairs| pairs.iter().find(fits));
        match (found, rest.chars().next()) {
            (Some((from, to)), _) => {
                out.push_str(to);
                at += from.len();
                before = from.chars().last();
            }
            (None, Some(letter)) => {
                out.push(letter);
                at += letter.len_utf8();
                before = Some(letter);
            }
            (None, None) => break,
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::entry::Purpose;
    use crate::model::tests::{alert, call, happen, incident, looked};

    fn known() -> Aliases {
        let mut alert = alert("checkout-7d9f8c6b5d-x2x4z");
        alert.labels.insert("namespace", "payments");
        alert.labels.insert("instance", "10.4.0.17:9100");
        alert.labels.insert("cluster", "prod-eu-1");
        alert.annotations.insert("summary", "see https://grafana.acme.internal/d/1");
        let mut incident = incident(vec![alert]);
        let get = call("kubernetes.kubectl_get", json!({"name": "checkout", "namespace": "payments"}));
        let text = "Name: checkout\nnodeName: worker-7.acme.internal\nIP: fd00::12\napiVersion: apps/v1 at 12:34:56\n\
                    kubernetes.io/arch: amd64, image docker.io/library/nginx:1.25";
        happen(&mut incident, looked(Purpose::Evidence, get, text));
        Aliases::of(&incident)
    }

    #[test]
    fn names_hosts_and_addresses_are_hidden_and_come_back() {
        let known = known();
        let text = "pod checkout-7d9f8c6b5d-x2x4z of checkout in payments (prod-eu-1) on worker-7.acme.internal \
                    [10.4.0.17:9100, fd00::12], grafana.acme.internal";
        let hidden = known.hide(text);
        for gone in ["checkout", "payments", "prod-eu", "worker-7", "acme", "10.4.0.17", "fd00"] {
            assert!(!hidden.contains(gone), "{gone} in {hidden}");
        }
        assert_eq!(known.show(&hidden), text);
        for kept in ["apps/v1 at 12:34:56", "kubernetes.io/arch", "docker.io/library/nginx:1.25", "prepayments"] {
            assert_eq!(known.hide(kept), kept);
        }
        assert_eq!(known.hide("checkout"), self::known().hide("checkout"), "the same in the whole conversation");
    }

    #[test]
    fn a_name_that_is_more_than_a_value_is_put_back_nowhere() {
        for name in ["x\",\"namespace\":\"kube-system", "x, namespace: y", "x: y", "x\n- z", "{x}", "a\\", "x # y"] {
            let mut alert = alert("web-1");
            alert.labels.insert("host", name);
            let known = Aliases::of(&incident(vec![alert]));
            assert!(known.names.iter().all(|(known, _)| known != name), "{name}");
        }
        let mut alert = alert("web-1");
        alert.labels.insert("host", "Web server 01");
        assert!(!Aliases::of(&incident(vec![alert])).hide("on Web server 01").contains("server 01"));
    }

    #[test]
    fn a_request_keeps_its_shape() {
        let known = known();
        let mut messages = vec![json!({"role": "assistant", "content": null, "tool_calls": [{
            "id": "checkout", "type": "function",
            "function": {"name": "checkout", "arguments": "{\"namespace\":\"payments\"}"},
        }]})];
        known.hide_messages(&mut messages);
        let call = &messages[0]["tool_calls"][0];
        assert_eq!((&call["id"], &call["function"]["name"]), (&json!("checkout"), &json!("checkout")));
        assert!(!call["function"]["arguments"].as_str().unwrap().contains("payments"));
    }
}
