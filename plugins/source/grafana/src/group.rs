//! The group: is this Grafana's own format, and what do its alerts share?

use std::borrow::Cow;

use tidegate_plugin::source::{Decoded, Decoding, Node};

use crate::alert;

/// What the alerts of one request have from their group.
pub(crate) struct Group<'a> {
    pub org: String,
    /// The rule's name, where alerts are grouped by rule.
    pub rule: Option<Cow<'a, str>>,
    pub title: Option<Cow<'a, str>>,
    pub external_url: Option<Cow<'a, str>>,
}

/// Decodes a whole body.
pub(crate) fn decode(body: Node<'_>) -> Decoding {
    let group = Group {
        org: recognise(body)?,
        rule: body.path("groupLabels.alertname").text(),
        title: body.get("title").text(),
        external_url: body.get("externalURL").text(),
    };
    let alerts = body.get("alerts").need_items()?;
    let decoded = Decoded::of_items(
        alerts,
        |native| alert::decode(native, &group).map(Some),
        |native| native.path("labels.alertname").text(),
    );
    Ok(decoded.truncated(body.get("truncatedAlerts").number()))
}

/// Grafana writes version 1 and the number of the organisation. Alertmanager's body looks almost
/// alike, and reading one as the other would give its alerts another identity; so a body is refused that
/// is version 4, or that has neither member. Otherwise an odd value costs no alert.
fn recognise(body: Node<'_>) -> Result<String, String> {
    let version = body.get("version");
    match version.text().as_deref() {
        Some("4") => {
            return Err("version: 4 is Alertmanager's format; send this to the source alertmanager".into());
        }
        None if !body.get("orgId").exists() => return Err(version.expected("\"1\"")),
        _ => {}
    }
    Ok(org(body))
}

/// Grafana's first organisation is the one that nearly all have alone.
pub(crate) fn org(body: Node<'_>) -> String {
    let org = body.get("orgId").text().unwrap_or("1".into());
    org.trim().chars().take(ORG).collect()
}

/// Characters of an organisation's name that are kept.
const ORG: usize = 64;

#[cfg(test)]
mod tests {
    use tidegate_plugin::source::{Alert, Decoded, Inbound, Status};

    fn decode(body: &str) -> Result<Decoded, String> {
        let (method, body) = ("POST".to_string(), body.to_string());
        let none = Vec::new;
        crate::decode(&Inbound { method, headers: none(), query: none(), body, received_at_ms: 0, extra: none() })
    }

    fn alerts(body: &str) -> Vec<Alert> {
        decode(body).unwrap().alerts
    }

    #[test]
    fn what_is_not_grafanas_own_format_is_refused_with_its_place() {
        for (body, place) in [
            ("hello", "body: expected JSON"),
            ("[]", "body: expected an object, found a list"),
            (r#"{"text":"custom"}"#, "version: expected \"1\", found nothing"),
            (r#"{"version":"4","alerts":[]}"#, "Alertmanager's format"),
            (r#"{"version":"1","orgId":1}"#, "alerts: expected a list, found nothing"),
        ] {
            let refused = decode(body).unwrap_err();
            assert!(refused.contains(place) && refused.contains("custom payload"), "{refused}");
        }
    }

    #[test]
    fn an_odd_version_or_organisation_costs_no_alert() {
        for (head, fingerprint) in [
            (r#""version":"2","orgId":3"#, "3:f"),
            (r#""version":"1""#, "1:f"),
            (r#""version":"1","orgId":null"#, "1:f"),
            (r#""version":1.0,"orgId":"main""#, "main:f"),
            (r#""orgId":2"#, "2:f"),
        ] {
            let body = format!(
                r#"{{{head},"alerts":[{{"status":"firing","labels":{{"alertname":"A"}},"fingerprint":"f"}}]}}"#
            );
            assert_eq!(alerts(&body)[0].fingerprint.as_deref(), Some(fingerprint), "{body}");
        }
    }

    #[test]
    fn what_grafana_left_out_is_told() {
        let told = |count: &str| {
            let decoded = decode(&format!(
                r#"{{"version":"1","orgId":1,"truncatedAlerts":{count},"alerts":[{{"status":"firing","labels":{{}}}}]}}"#
            ));
            let decoded = decoded.unwrap();
            assert_eq!(decoded.alerts.len(), 1);
            decoded.left_out.iter().map(|one| (one.count, one.by_sender)).collect::<Vec<_>>()
        };
        assert_eq!(told("40"), [(40, true)]);
        for none in ["0", "null", "-1", "\"x\""] {
            assert!(told(none).is_empty());
        }
    }

    #[test]
    fn one_bad_alert_is_named_and_costs_no_other() {
        for (alert, place) in [
            ("7", "alerts[1].status: expected firing or resolved, found nothing"),
            ("{}", "alerts[1].status: expected firing or resolved, found nothing"),
            (r#"{"status":"paused","labels":{}}"#, "alerts[1].status: expected firing or resolved"),
            (r#"{"status":"firing"}"#, "alerts[1].labels: expected an object, found nothing"),
            (r#"{"status":"firing","labels":["a"]}"#, "alerts[1].labels: expected an object, found a list"),
        ] {
            let body = format!(r#"{{"version":"1","orgId":1,"alerts":[{{"status":"firing","labels":{{}}}},{alert}]}}"#);
            let decoded = decode(&body).unwrap();
            let [left_out] = decoded.left_out.as_slice() else { panic!("{}", decoded.left_out.len()) };
            assert!(decoded.alerts.len() == 1 && left_out.reason.contains(place), "{}", left_out.reason);
        }
    }

    #[test]
    fn what_is_no_text_becomes_one_or_nothing_and_costs_no_alert() {
        let alerts = alerts(
            r#"{"version":1,"orgId":"7","title":5,"groupLabels":[],"externalURL":null,"alerts":[{"status":"Firing",
            "labels":{"alertname":"Scan","port":8443,"tls":true,"none":null},"annotations":{"threshold":100,"x":[1]},
            "values":{"A":[],"B":1.50,"C":null},"startsAt":1790000000,"fingerprint":12,"generatorURL":{}},
            {"status":"firing","labels":{},"annotations":"odd","values":3}]}"#,
        );
        let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
        let [scan, odd] = alerts.as_slice() else { panic!("{}", alerts.len()) };
        assert_eq!(pairs(&scan.labels), ["alertname=Scan", "port=8443", "tls=true"]);
        let annotations = pairs(&scan.annotations);
        for one in ["threshold=100", "x=[1]", "value.A=[]", "value.B=1.50"] {
            assert!(annotations.iter().any(|known| known == one), "{annotations:?}");
        }
        assert_eq!(scan.fingerprint.as_deref(), Some("7:12"));
        assert_eq!((odd.name.as_str(), odd.extra.len()), ("5", 0));
        assert!(pairs(&odd.annotations).contains(&"annotations=odd".to_string()));
    }

    #[test]
    fn a_group_without_alerts_is_valid() {
        assert!(alerts(r#"{"version":"1","orgId":1,"alerts":[]}"#).is_empty());
    }

    #[test]
    fn the_groups_state_does_not_speak_for_its_alerts() {
        let found = alerts(
            r#"{"version":"1","orgId":1,"status":"resolved","state":"ok",
            "alerts":[{"status":"firing","labels":{"alertname":"A"}}]}"#,
        );
        assert!(matches!(found[0].status, Status::Firing));
    }
}
