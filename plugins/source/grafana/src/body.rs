//! The group: is this Grafana's own format, and what do its alerts share?

use std::borrow::Cow;

use serde_json::Value;

use crate::alert;
use crate::bindings::exports::tidegate::plugin::source::Alert;
use crate::reader::Reader;

/// What the alerts of one request have from their group.
pub(crate) struct Group<'a> {
    pub org: String,
    /// The rule's name, where alerts are grouped by rule.
    pub rule: Option<Cow<'a, str>>,
    pub title: Option<Cow<'a, str>>,
    pub external_url: Option<Cow<'a, str>>,
}

/// Decodes a whole body.
pub(crate) fn decode(text: &str) -> Result<Vec<Alert>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("body: expected JSON: {error}{CUSTOM}"))?;
    let body = Reader::new(&value, "").map_err(custom)?;
    let org = recognise(&body)?;
    let labels = body.get("groupLabels").and_then(|value| Reader::new(value, "groupLabels").ok());
    let group = Group {
        org,
        rule: labels.and_then(|labels| labels.text("alertname")),
        title: body.text("title"),
        external_url: body.text("externalURL"),
    };
    let alerts = body.list("alerts").map_err(custom)?.iter().enumerate();
    let read = |(i, value)| {
        alert::decode(value, &format!("alerts[{i}]"), &group).unwrap_or_else(|reason| alert::unreadable(value, reason))
    };
    // The host is told of them by one entry that stands for all.
    let truncated = body.text("truncatedAlerts").and_then(|count| count.parse::<u64>().ok()).unwrap_or_default();
    let rest = (truncated > 0).then(|| alert::truncated(truncated));
    Ok(alerts.map(read).chain(rest).collect())
}

/// Grafana writes version 1 and the number of the organisation. Alertmanager's body looks almost
/// alike, and reading one as the other would give its alerts another identity; so a body is refused that
/// is version 4, or that has neither member. Otherwise an odd value costs no alert.
fn recognise(body: &Reader<'_>) -> Result<String, String> {
    match body.text("version").as_deref() {
        Some("4") => {
            return Err("version: 4 is Alertmanager's format; \
                        send this to a source of the kind alertmanager"
                .into());
        }
        None if body.get("orgId").is_none() => return body.refuse("version", "\"1\"").map_err(custom),
        _ => {}
    }
    // Grafana's first organisation is the one that nearly all have alone.
    let org = body.text("orgId").unwrap_or("1".into());
    Ok(org.trim().chars().take(ORG).collect())
}

/// A contact point may write anything; say what to change there.
fn custom(reason: String) -> String {
    format!("{reason}{CUSTOM}")
}

/// Characters of an organisation's name that are kept.
const ORG: usize = 64;

const CUSTOM: &str = "; if the contact point has a custom payload, remove it, \
                      because only Grafana's own format can be read";

#[cfg(test)]
mod tests {
    use super::decode;

    fn refused(body: &str) -> String {
        decode(body).unwrap_err()
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
            assert!(refused(body).contains(place), "{}", refused(body));
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
            let alerts = decode(&body).unwrap();
            assert_eq!(alerts[0].fingerprint.as_deref(), Some(fingerprint), "{body}");
        }
    }

    #[test]
    fn what_grafana_left_out_is_told() {
        let body = |count: &str| {
            format!(
                r#"{{"version":"1","orgId":1,"truncatedAlerts":{count},"alerts":[{{"status":"firing","labels":{{}}}}]}}"#
            )
        };
        let alerts = decode(&body("40")).unwrap();
        let marks: Vec<&str> = alerts[1].extra.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!((alerts.len(), marks, alerts[1].extra[1].1.as_str()), (2, vec!["unreadable", "truncated"], "40"));
        for none in ["0", "null", "-1", "\"x\""] {
            assert_eq!(decode(&body(none)).unwrap().len(), 1);
        }
    }

    #[test]
    fn one_bad_alert_is_marked_and_costs_no_other() {
        let body = |alert: &str| {
            format!(r#"{{"version":"1","orgId":1,"alerts":[{{"status":"firing","labels":{{}}}},{alert}]}}"#)
        };
        for (alert, place) in [
            ("7", "alerts[1]: expected an object, found a number"),
            ("{}", "alerts[1].status: expected firing or resolved, found nothing"),
            (r#"{"status":"paused","labels":{}}"#, "alerts[1].status: expected firing or resolved"),
            (r#"{"status":"firing"}"#, "alerts[1].labels: expected an object, found nothing"),
            (r#"{"status":"firing","labels":["a"]}"#, "alerts[1].labels: expected an object, found a list"),
        ] {
            let alerts = decode(&body(alert)).unwrap();
            let marks: Vec<_> = alerts.iter().map(|alert| alert.extra.first()).collect();
            assert_eq!((marks.len(), marks[0]), (2, None));
            let (key, reason) = marks[1].unwrap();
            assert!(key == "unreadable" && reason.contains(place), "{reason}");
        }
    }

    #[test]
    fn what_is_no_text_becomes_one_or_nothing_and_costs_no_alert() {
        let alerts = decode(
            r#"{"version":1,"orgId":"7","title":5,"groupLabels":[],"externalURL":null,"alerts":[{"status":"Firing",
            "labels":{"alertname":"Scan","port":8443,"tls":true,"none":null},"annotations":{"threshold":100,"x":[1]},
            "values":{"A":[],"B":1.50,"C":null},"startsAt":1790000000,"fingerprint":12,"generatorURL":{}},
            {"status":"firing","labels":{},"annotations":"odd","values":3}]}"#,
        )
        .unwrap();
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
        assert!(decode(r#"{"version":"1","orgId":1,"alerts":[]}"#).unwrap().is_empty());
    }

    #[test]
    fn the_groups_state_does_not_speak_for_its_alerts() {
        let body = r#"{"version":"1","orgId":1,"status":"resolved","state":"ok",
            "alerts":[{"status":"firing","labels":{"alertname":"A"}}]}"#;
        let alerts = decode(body).unwrap();
        assert!(matches!(
            alerts.first().map(|alert| alert.status),
            Some(crate::bindings::tidegate::plugin::types::Status::Firing)
        ));
    }
}
