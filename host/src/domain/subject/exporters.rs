//! Programs that tell of others, and what on their series is about themselves.

/// A program that tells of others.
#[derive(Debug)]
pub(super) struct Exporter {
    /// How `job`, `container`, `service` or `pod` name it, in part.
    marks: &'static [&'static str],
    /// What `instance` stands for on its series.
    pub instance: Instance,
    /// Whether `pod` may be an object that it tells of.
    pub tells_of_pods: bool,
    /// Whether `namespace` may be one that it tells of.
    pub tells_of_namespaces: bool,
}

/// What an exporter's `instance` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instance {
    /// Its own address.
    Itself,
    /// The machine that it runs on and tells of; the port is its own.
    Machine,
    /// What it was told to try, unless that is its own address, at this port.
    Probed(&'static str),
    /// Its own address, which may be all that names what it tells of.
    Stands,
}

pub(super) static EXPORTERS: [Exporter; 7] = [
    Exporter {
        marks: &["kube-state-metrics", "kube_state_metrics", "kubestatemetrics"],
        instance: Instance::Itself,
        tells_of_pods: true,
        tells_of_namespaces: true,
    },
    Exporter {
        marks: &["node-exporter", "node_exporter", "windows-exporter", "windows_exporter"],
        instance: Instance::Machine,
        tells_of_pods: false,
        tells_of_namespaces: false,
    },
    Exporter {
        marks: &["blackbox"],
        instance: Instance::Probed("9115"),
        tells_of_pods: false,
        tells_of_namespaces: false,
    },
    Exporter {
        marks: &["pushgateway"],
        instance: Instance::Itself,
        tells_of_pods: false,
        tells_of_namespaces: false,
    },
    Exporter {
        marks: &["kubelet", "cadvisor"],
        instance: Instance::Machine,
        tells_of_pods: true,
        tells_of_namespaces: true,
    },
    Exporter {
        marks: &["event-exporter", "eventrouter", "x509-certificate-exporter"],
        instance: Instance::Itself,
        tells_of_pods: true,
        tells_of_namespaces: true,
    },
    // All others: most stand beside what they tell of, in the same pod.
    Exporter {
        marks: &["exporter"],
        instance: Instance::Stands,
        tells_of_pods: true,
        tells_of_namespaces: true,
    },
];

impl Exporter {
    /// The exporter that one of these texts names.
    pub fn named<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Option<&'static Self> {
        EXPORTERS.iter().find(|exporter| texts.clone().any(|text| exporter.is_in(text)))
    }

    /// Whether a text names it.
    pub fn is_in(&self, text: &str) -> bool {
        self.marks.iter().any(|mark| text.contains(mark))
    }
}
