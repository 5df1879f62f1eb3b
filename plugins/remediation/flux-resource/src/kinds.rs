//! The kinds of Flux, and which resource an alert names.

use tidegate_plugin::kubernetes::subject::is_name;
use tidegate_plugin::kubernetes::{Kind, Subject};
use tidegate_plugin::remediation::Alert;

const fn kind(name: &'static str, version: &'static str, full: &'static str) -> Kind {
    Kind { name, version, singular: full, plural: full, namespaced: true }
}

/// With their group, because other products have kinds of these names.
const KINDS: [Kind; 6] = [
    kind("Kustomization", "kustomize.toolkit.fluxcd.io/v1", "kustomizations.kustomize.toolkit.fluxcd.io"),
    kind("HelmRelease", "helm.toolkit.fluxcd.io/v2", "helmreleases.helm.toolkit.fluxcd.io"),
    kind("GitRepository", "source.toolkit.fluxcd.io/v1", "gitrepositories.source.toolkit.fluxcd.io"),
    kind("HelmRepository", "source.toolkit.fluxcd.io/v1", "helmrepositories.source.toolkit.fluxcd.io"),
    kind("HelmChart", "source.toolkit.fluxcd.io/v1", "helmcharts.source.toolkit.fluxcd.io"),
    kind("OCIRepository", "source.toolkit.fluxcd.io/v1", "ocirepositories.source.toolkit.fluxcd.io"),
];

/// The resource of an alert's labels, such as `kustomization` and `namespace`. What is no name is no subject.
pub(crate) fn subject(alert: &Alert) -> Option<Subject> {
    let label = |wanted: &str| alert.label_value(wanted).filter(|value| is_name(value)).map(str::to_string);
    let namespace = label("namespace")?;
    KINDS.iter().find_map(|kind| {
        let name = label(&kind.name.to_ascii_lowercase())?;
        Some(Subject { kind: *kind, namespace: namespace.clone(), name })
    })
}

/// `kustomization/flux-system/apps`, for people.
pub(crate) fn target(subject: &Subject) -> String {
    format!("{}/{}/{}", subject.kind.name.to_ascii_lowercase(), subject.namespace, subject.name)
}
