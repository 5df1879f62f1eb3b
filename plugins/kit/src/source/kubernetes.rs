//! Objects of Kubernetes under the labels that the host reads them from.

/// The label for the name of an object of this kind: `pod`, `deployment`; `job` is what Prometheus calls a scrape, so a
/// Job has `job_name`.
pub fn label(kind: &str) -> String {
    match kind.trim().to_ascii_lowercase() {
        kind if kind == "job" => "job_name".into(),
        kind => kind,
    }
}
