//! Where something happened, which is what an alert of Falco is known by: its text holds the time, and its id is
//! the event's.

use std::borrow::Cow;

use tidegate_plugin::source::Node;

/// Where an event was seen.
pub(crate) struct Place<'a> {
    pub namespace: Option<Cow<'a, str>>,
    pub pod: Option<Cow<'a, str>>,
    pub container: Option<Cow<'a, str>>,
    pub host: Option<Cow<'a, str>>,
    /// Who asked, of the audit log.
    pub user: Option<Cow<'a, str>>,
}

impl<'a> Place<'a> {
    /// Of the audit log of Kubernetes the target is the place, and the host is only where Falco runs. Names of fields
    /// have dots.
    pub(crate) fn of(event: Node<'a>) -> Self {
        let fields = event.get("output_fields");
        // Falco writes this where it does not know.
        let get = |key: &'a str| fields.get(key).text().filter(|text| text != "<NA>");
        let of_pods = get("ka.target.resource").is_some_and(|kind| kind == "pods");
        let audit = event.get("source").text().is_some_and(|source| source.starts_with("k8s_audit"));
        let pod = get("ka.target.pod.name").or_else(|| get("ka.target.name").filter(|_| of_pods));
        Self {
            namespace: get("k8s.ns.name").or_else(|| get("ka.target.namespace")),
            pod: get("k8s.pod.name").or(pod),
            container: get("container.id").filter(|id| id != "host"),
            host: event.get("hostname").text().filter(|_| !audit),
            user: get("ka.user.name"),
        }
    }

    /// The same for each event of one rule at one place. What happens on a host itself has no container, and what the
    /// audit log tells of is often no pod; then it counts on which host, and who asked.
    pub(crate) fn fingerprint(&self, rule: &str) -> String {
        let text = |one: &Option<Cow<'_, str>>| one.as_deref().unwrap_or_default().to_string();
        let elsewhere = self.container.is_none() && self.pod.is_none();
        let last = if elsewhere { self.host.as_ref().or(self.user.as_ref()) } else { None };
        let last = last.map_or_else(String::new, ToString::to_string);
        [rule.to_string(), text(&self.namespace), text(&self.pod), text(&self.container), last].join("|")
    }
}
