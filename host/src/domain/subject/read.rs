//! An alert's labels as what they name, without those that are an exporter's own.

use super::exporters::{Exporter, Instance};
use super::kinds::{HOST, NAMESPACES, POD, ROWS, Row};
use crate::domain::Labels;

/// A value, and whether it stood under `exported_…`.
#[derive(Clone, Copy)]
struct Value<'a> {
    text: &'a str,
    exported: bool,
}

/// Labels by what they name.
pub(super) struct SubjectLabels<'a> {
    labels: &'a Labels,
    rows: [Option<Value<'a>>; ROWS.len()],
    /// Whether some label stands under `exported_…`: then the plain ones of the target are the exporter's.
    relabelled: bool,
    exporter: Option<&'static Exporter>,
    service: Option<&'a str>,
    job: Option<&'a str>,
}

impl<'a> SubjectLabels<'a> {
    pub fn of(labels: &'a Labels) -> Self {
        let mut rows = [None; ROWS.len()];
        let mut relabelled = false;
        let (mut service, mut job, mut container, mut pod) = (None, None, None, None);
        for (key, text) in labels {
            if text.trim().is_empty() {
                continue;
            }
            match key {
                "service" => service = Some(text),
                "job" => job = Some(text),
                "container" => container = Some(text),
                "pod" => pod = Some(text),
                _ => {}
            }
            let (bare, exported) = key.strip_prefix("exported_").map_or((key, false), |bare| (bare, true));
            relabelled |= exported;
            let row = ROWS.iter().position(|row| row.label == bare).and_then(|row| rows.get_mut(row));
            if let Some(row) = row.filter(|row| exported || row.is_none()) {
                *row = Some(Value { text, exported });
            }
        }
        let exporter = Exporter::named([job, container, service, pod].into_iter().flatten());
        Self { labels, rows, relabelled, exporter, service, job }
    }

    /// The first of these labels, as it stands.
    pub fn plain(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.labels.get(name)).filter(|text| !text.trim().is_empty())
    }

    /// The job that Prometheus asked.
    pub fn job(&self) -> Option<&'a str> {
        self.job
    }

    /// The namespace of what is told of.
    pub fn namespace(&self) -> Option<&'a str> {
        if let Some(exported) = self.plain(&["exported_namespace"]) {
            return Some(exported);
        }
        // A pod that names its namespace with it came from the same place.
        let of_exporter = self.relabelled || self.exporter.is_some_and(|exporter| !exporter.tells_of_namespaces);
        let names =
            if of_exporter { NAMESPACES.split_first().map_or(&[][..], |(_, rest)| rest) } else { &NAMESPACES[..] };
        self.plain(names)
    }

    /// Whether this is the pod that the target's own labels name, and no other namespace stands beside it.
    pub fn names_pod_and_place(&self, pod: &str) -> bool {
        self.plain(&["pod"]) == Some(pod) && self.plain(&["exported_namespace"]).is_none()
    }

    /// The pod of what is called an exporter and tells of nobody: people call what exports orders so as well.
    pub fn pod_of_app(&self) -> Option<(&'static str, String)> {
        let may_be = !self.relabelled && self.exporter.is_some_and(|exporter| exporter.instance == Instance::Stands);
        if may_be { self.of_target(&[POD]) } else { None }
    }

    /// The object of the most telling label.
    pub fn most_telling(&self) -> Option<(&'static str, String)> {
        self.rows.iter().zip(&ROWS).find_map(|(value, row)| self.object(row, (*value)?)).or_else(|| self.grouped()).map(
            |(kind, name)| match kind {
                // Recording rules write the workload beside its pods.
                POD | HOST | "node" | "service" => match self.grouped() {
                    Some(workload) => workload,
                    None if kind == HOST && name.contains("://") => ("endpoint", name),
                    None => (kind, name),
                },
                _ => (kind, name),
            },
        )
    }

    /// The object of one of these kinds.
    pub fn of_kinds(&self, kinds: &[&'static str]) -> Option<(&'static str, String)> {
        kinds.iter().find_map(|kind| {
            let mut rows = self.rows.iter().zip(&ROWS).filter(|(_, row)| row.kind == *kind);
            rows.find_map(|(value, row)| self.object(row, (*value)?))
        })
    }

    /// The object of one of these kinds, also where it is the target that was asked.
    pub fn of_target(&self, kinds: &[&'static str]) -> Option<(&'static str, String)> {
        kinds.iter().find_map(|kind| {
            let mut rows = self.rows.iter().zip(&ROWS).filter(|(_, row)| row.kind == *kind);
            rows.find_map(|(value, row)| Some((row.kind, (*value)?.text.to_string())))
        })
    }

    /// Whether a plain `pod` can only be the exporter's, because the one that it tells of stands beside it.
    pub fn is_relabelled(&self) -> bool {
        self.relabelled
    }

    /// `workload` and `workload_type`, as recording rules write them.
    fn grouped(&self) -> Option<(&'static str, String)> {
        let kind = match self.plain(&["workload_type"])?.to_ascii_lowercase().as_str() {
            "deployment" => "deployment",
            "statefulset" => "statefulset",
            "daemonset" => "daemonset",
            "job" => "job",
            "cronjob" => "cronjob",
            "replicaset" => "replicaset",
            _ => return None,
        };
        Some((kind, self.plain(&["workload"])?.to_string()))
    }

    fn object(&self, row: &Row, value: Value<'a>) -> Option<(&'static str, String)> {
        if value.exported {
            return Some((row.kind, value.text.to_string()));
        }
        if !row.of_target {
            return Some((row.kind, value.text.to_string()));
        }
        // Who runs on a machine itself has no pod that could be taken for another.
        let without_pod =
            self.exporter.is_some_and(|exporter| exporter.instance == Instance::Machine && exporter.tells_of_pods);
        if self.relabelled && !(row.label == "pod" && without_pod) {
            return None;
        }
        let Some(exporter) = self.exporter else { return Some((row.kind, value.text.to_string())) };
        let name = match row.label {
            "pod" => (exporter.tells_of_pods && !self.is_exporters(exporter, value.text)).then_some(value.text),
            "instance" => instance(exporter, value.text),
            // What a node's exporter runs on is what it tells of.
            "node" => Some(value.text),
            _ => None,
        };
        name.map(|name| (row.kind, name.to_string()))
    }

    /// Whether a pod is the exporter's own: it is called like the exporter or like its service.
    fn is_exporters(&self, exporter: &Exporter, pod: &str) -> bool {
        let like_service = |service: &str| {
            exporter.instance != Instance::Stands
                && pod.strip_prefix(service).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        exporter.is_in(pod) || self.service.is_some_and(like_service)
    }
}

fn instance<'a>(exporter: &Exporter, instance: &'a str) -> Option<&'a str> {
    let (host, port) = split_port(instance);
    match exporter.instance {
        Instance::Itself => None,
        Instance::Machine => Some(host),
        Instance::Probed(own) => (port != Some(own)).then_some(instance),
        Instance::Stands => Some(instance),
    }
}

/// An address without its port, and the port.
pub(super) fn split_port(address: &str) -> (&str, Option<&str>) {
    match address.rsplit_once(':') {
        // More colons are an address of IPv6 without a port.
        Some((host, port))
            if !host.is_empty()
                && (!host.contains(':') || host.ends_with(']'))
                && !port.is_empty()
                && port.chars().all(|c| c.is_ascii_digit()) =>
        {
            (host, Some(port))
        }
        _ => (address, None),
    }
}
