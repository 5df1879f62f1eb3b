//! One event.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Node, Status, kubernetes};

use crate::reason::{Meaning, exact, meaning};
use crate::settings::Settings;
use crate::wrap::Wrapped;

/// Kinds whose objects stand in no namespace; their events stand in `default`.
const CLUSTER_WIDE: [&str; 6] =
    ["Node", "PersistentVolume", "Namespace", "StorageClass", "CSINode", "VolumeAttachment"];

/// Whom an event is about.
struct Object<'a> {
    node: Node<'a>,
    kind: Cow<'a, str>,
    namespace: Option<Cow<'a, str>>,
    name: Cow<'a, str>,
    container: Option<String>,
    cluster: Option<Cow<'a, str>>,
}

/// Reads one: an alert, the ends of those that it puts right, or nothing where nothing bad is told.
pub(crate) fn read(wrapped: Wrapped<'_>, settings: &Settings) -> Result<Vec<Alert>, String> {
    let event = wrapped.event.need_object()?;
    match event.get("kind").text().as_deref() {
        Some("Status") => return Ok(Vec::new()),
        Some(kind) if kind != "Event" && !event.get("reason").exists() => {
            let place = event.get("kind").place();
            return Err(format!(
                "{place}: expected Event, found {kind}; send the events themselves and not their objects"
            ));
        }
        _ => {}
    }
    let known = ["regarding", "involvedObject"].iter().any(|key| event.get(key).is_object());
    // The reason is optional in `v1`.
    let reason = event.get("reason").text().or(known.then_some(Cow::Borrowed("Event")));
    let reason = reason.ok_or_else(|| event.get("reason").expected("the reason of an event"))?;
    let cluster = wrapped.cluster.text().or(settings.cluster.as_deref().map(Cow::Borrowed));
    let object = Object::of(event, cluster)?;
    let message = event.first(&["message", "note"]).unwrap_or_default();
    // There are two types; what is neither is not taken for granted.
    let warning = !event.get("type").text().is_some_and(|kind| kind.eq_ignore_ascii_case("normal"));
    Ok(match meaning(&reason, &object.kind, &message, warning) {
        Meaning::Bad(severity) => vec![fires(event, &object, &exact(&reason, &message), severity)],
        Meaning::Normal if settings.normal => vec![fires(event, &object, &reason, "info")],
        Meaning::Normal | Meaning::Benign => Vec::new(),
        Meaning::Ends(reasons) => reasons.iter().map(|reason| ended(event, &object, reason)).collect(),
    })
}

fn fires(event: Node<'_>, object: &Object<'_>, reason: &str, severity: &'static str) -> Alert {
    let last = event.first(&["series.lastObservedTime", "lastTimestamp", "deprecatedLastTimestamp"]);
    let count = event.first(&["series.count", "count", "deprecatedCount"]);
    object
        .alert(event, reason)
        .severity(Some(Cow::Borrowed(severity)))
        .annotation("count", count)
        .annotation("last_seen", last)
        .starts(event.first(&[
            "firstTimestamp",
            "deprecatedFirstTimestamp",
            "eventTime",
            "metadata.creationTimestamp",
            "timestamp",
        ]))
}

fn ended(event: Node<'_>, object: &Object<'_>, reason: &str) -> Alert {
    let last = ["series.lastObservedTime", "lastTimestamp", "deprecatedLastTimestamp", "eventTime"];
    let now = event.first(&last).or_else(|| event.first(&["metadata.creationTimestamp"]));
    object.alert(event, reason).status(Status::Resolved).annotation("ended_by", event.get("reason").text()).ends(now)
}

impl<'a> Object<'a> {
    fn of(event: Node<'a>, cluster: Option<Cow<'a, str>>) -> Result<Self, String> {
        let places = [event.get("regarding"), event.get("involvedObject"), event.get("object")];
        // An exporter with a layout of its own may write the object's fields beside the reason.
        let node = places.into_iter().find(|place| place.is_object()).unwrap_or(event);
        let own_kind = node.get("kind").text().filter(|kind| kind != "Event");
        let kind = own_kind.unwrap_or("Object".into());
        // The name of an event is its object's with a number behind.
        let of_event = || {
            let name = event.path("metadata.name").text()?;
            Some(Cow::Owned(name.rsplit_once('.').map_or(name.as_ref(), |(before, _)| before).to_string()))
        };
        let name =
            node.get("name").text().or_else(of_event).ok_or_else(|| node.get("name").expected("the object's name"))?;
        let own = node.get("namespace").text();
        let of_event = event.path("metadata.namespace").text();
        let namespace = own.or_else(|| of_event.filter(|_| !CLUSTER_WIDE.contains(&kind.as_ref())));
        let field = node.get("fieldPath").text();
        let container =
            field.as_deref().and_then(|field| Some(field.split_once('{')?.1.trim_end_matches('}').to_string()));
        Ok(Self { node, kind, namespace, name, container, cluster })
    }

    /// The object is known by its name and not by its uid: for one node that is not ready, kubelet gives the node's
    /// name as uid, and node-controller the uid.
    fn alert(&self, event: Node<'a>, reason: &str) -> Alert {
        let field = self.node.get("fieldPath").text().unwrap_or_default();
        let (namespace, cluster) =
            (self.namespace.as_deref().unwrap_or_default(), self.cluster.as_deref().unwrap_or_default());
        let fingerprint = [cluster, &self.kind, namespace, &self.name, reason, &field].join("|");
        let message = event.first(&["message", "note"]).map(|message| Cow::from(message.trim().to_string()));
        let (name, _) = reason.split_once('/').unwrap_or((reason, ""));
        let of_pod = self.kind == "Pod";
        let owner = self.node.get("ownerReferences").items().next();
        let owner = owner.and_then(|one| Some(format!("{} {}", one.get("kind").text()?, one.get("name").text()?)));
        let reporter = event.first(&[
            "source.component",
            "reportingComponent",
            "reportingController",
            "deprecatedSource.component",
        ]);
        Alert::firing(name)
            .fingerprint(Some(Cow::Owned(fingerprint)))
            .label("kind", Some(self.kind.clone()))
            .label("namespace", self.namespace.clone())
            .label(&kubernetes::label(&self.kind), Some(self.name.clone()))
            .label("container", self.container.as_deref().map(Cow::Borrowed))
            .label("reason", Some(Cow::Borrowed(name)))
            .label("cluster", self.cluster.clone())
            .label("node", event.first(&["source.host", "deprecatedSource.host"]).filter(|_| of_pod))
            .annotation("summary", message)
            .annotation("owner", owner.map(Cow::Owned))
            .annotation("reported_by", reporter)
            .annotation("action", event.get("action").text())
            .annotation("event", event.path("metadata.name").text())
    }
}
