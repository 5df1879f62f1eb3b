//! The messages of which each notifier keeps a rendering: `plugins/notifier/messages`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::domain::message::Content;

/// One message for each occasion, by name.
pub(super) fn all<'a>(action: &'a ActionId, link: &'a str) -> Vec<(&'static str, IncidentRecord, MessageContext<'a>)> {
    let question = MessageContext { link: Some(link), ..question(action) };
    vec![
        ("asked", stories::asked(), question),
        (
            "asked-instead",
            stories::undelivered(),
            MessageContext { link: None, instead_of: Some("i7k2m9-approval-a1-pager"), ..question },
        ),
        ("answered", stories::useless(), MessageContext { occasion: Occasion::Answered, link: None, ..question }),
        ("fixed", stories::fixed(), MessageContext::about(Occasion::Report)),
        ("useless", stories::useless(), MessageContext::about(Occasion::Report)),
        ("observed", stories::observed(), MessageContext::about(Occasion::Report)),
        ("escalated", stories::escalated(), MessageContext::about(Occasion::Report)),
        ("resolved", stories::over(), MessageContext::about(Occasion::Resolved)),
        ("hostile", stories::hostile(), question),
    ]
}

/// As it stands in a notifier's test data.
fn notification(story: &IncidentRecord, telling: &MessageContext<'_>, language: Language) -> Value {
    let Content { title, summary, description, objects, objects_left_out, cause, actions, body, facts, links, alerts } =
        message(story, telling, language);
    let pairs = |pairs: &mut dyn Iterator<Item = (String, String)>| {
        Value::Object(pairs.map(|(key, value)| (key, json!(value))).collect())
    };
    let millis = |at: Option<jiff::Timestamp>| at.map(|at| json!({"millis": at.as_millisecond()}));
    let incident = &story.incident;
    let (word, action) = (telling.occasion.as_str(), telling.action.map_or_else(String::new, |id| format!("-{id}")));
    let own = format!("i7k2m9-{word}{action}-team");
    let (stage, id, earlier) = match telling.occasion {
        Occasion::Answered => {
            let asked = format!("i7k2m9-approval{action}-team");
            let sent = json!([{"message-id": asked, "occasion": "approval", "reference": asked}]);
            ("update", asked.clone(), sent)
        }
        Occasion::Resolved => ("end", own.clone(), json!([])),
        Occasion::Approval | Occasion::Report => ("first", own.clone(), json!([])),
    };
    json!({
        "delivery-id": own,
        "message-id": id,
        "incident-id": incident.id.to_string(),
        "occasion": word,
        "stage": stage,
        "earlier": earlier,
        "title": title,
        "severity": incident.severity().as_str(),
        "outcome": incident.outcome().map_or("", |outcome| outcome.as_str()),
        "summary": summary,
        "description": description,
        "objects": objects.iter().map(|object| json!({
            "kind": object.kind, "namespace": object.namespace, "name": object.name,
        })).collect::<Vec<_>>(),
        "objects-left-out": objects_left_out,
        "cause": cause.map(|cause| json!({
            "text": cause.text, "confirmed": cause.confirmed, "confidence-percent": cause.confidence_percent,
        })),
        "actions": actions.iter().map(|action| json!({
            "id": action.id, "tool": action.tool, "target": action.target, "arguments": action.arguments,
            "risk": action.risk, "state": action.state, "state-text": action.state_text,
            "proposed-by": action.proposed_by, "reason": action.reason, "evidence": action.evidence,
            "undo": action.undo, "approvers": action.approvers, "expires-ms": action.expires_ms,
            "answers": action.answers, "result": action.result, "digest": action.digest,
        })).collect::<Vec<_>>(),
        "body-markdown": body,
        "facts": pairs(&mut facts.into_iter()),
        "links": links.iter().map(|link| json!({
            "purpose": format!("{:?}", link.purpose()).to_lowercase(), "title": link.title(), "url": link.url(),
            "from-alert": link.from_alert(),
        })).collect::<Vec<_>>(),
        "alerts": alerts.alerts().iter().map(|alert| json!({
            "name": alert.name,
            "status": alert.status,
            "severity": alert.severity,
            "labels": alert.labels,
            "annotations": alert.annotations,
            "starts-at": millis(alert.starts_at),
            "ends-at": millis(alert.ends_at),
            "fingerprint": alert.fingerprint,
            "link": alert.link,
            "extra": {},
        })).collect::<Vec<_>>(),
        "alerts-left-out": alerts.left_out(),
        "language": language.as_str(),
        "now-ms": 1_749_029_400_250_u64,
        "extra": {},
    })
}

#[test]
fn what_notifiers_render_is_what_the_host_sends() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../plugins/notifier/messages");
    #[expect(clippy::disallowed_methods, reason = "no part of the program")]
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut names = std::collections::BTreeSet::new();
    for (name, story, telling) in all(&a1(), "https://tidegate.example/approve/i7k2m9/a1?token=t0k3n") {
        for language in [Language::En, Language::Zh] {
            let file = format!("{name}.{}.json", language.as_str());
            let (path, found) = (folder.join(&file), notification(&story, &telling, language));
            if update {
                std::fs::write(&path, format!("{found:#}\n")).unwrap();
            }
            let kept: Value =
                std::fs::read_to_string(&path).map(|text| serde_json::from_str(&text).unwrap()).unwrap_or_default();
            assert!(
                kept == found,
                "{} is older than the message; UPDATE_EXPECT=1 writes it anew, and then the notifiers' tests their renderings",
                path.display()
            );
            names.insert(file);
        }
    }
    let kept = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(kept.collect::<std::collections::BTreeSet<_>>(), names);
}
