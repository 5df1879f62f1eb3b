//! Recorded bodies decode to what lies beside them; every wrong place is named.

use std::path::Path;

use serde_json::json;

use super::*;
use crate::environment::{Environment, ProcessEnvironment};

fn request(body: impl Into<String>) -> Inbound {
    Inbound {
        method: "POST".into(),
        headers: Labels::new(),
        query: Vec::new(),
        body: body.into(),
        received_at: "2026-06-01T00:00:00Z".parse().unwrap(),
    }
}

fn decode(request: &Inbound) -> Result<Vec<Alert>, String> {
    super::decode(request)?.taken()
}

fn slowly(request: &Inbound) -> Result<Vec<Alert>, String> {
    let value: Value = serde_json::from_str(&request.body).unwrap();
    let Parts { status, alerts, truncated } = read(Located::root(&value))?;
    super::taken(status.as_ref(), alerts.into_iter(), truncated, "alerts", request.received_at).taken()
}

#[test]
fn recorded_bodies_decode_to_what_lies_beside_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/source/testdata/alertmanager");
    let mut cases = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        cases += 1;
        let request = request(std::fs::read_to_string(&path).unwrap());
        let decoded = decode(&request);
        assert_eq!(decoded, slowly(&request), "both ways agree on {}", path.display());
        let got = match decoded {
            Ok(alerts) => json!({ "alerts": alerts }),
            Err(error) => json!({ "error": error }),
        };
        let got = serde_json::to_string_pretty(&got).unwrap() + "\n";
        let expected = path.with_extension("expected");
        if ProcessEnvironment.get("TIDEGATE_BLESS").is_some() {
            std::fs::write(&expected, &got).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&expected).unwrap_or_default(), got, "{}", path.display());
    }
    assert!(cases >= 17, "{cases}");
}

#[test]
fn every_wrong_place_is_named() {
    let nested = "[".repeat(200_000);
    for (body, want) in [
        ("", "the body is empty"),
        (" \n", "the body is empty"),
        ("{", "the body is not JSON: EOF while parsing an object at line 1 column 1"),
        ("{\"alerts\":\n [}", "the body is not JSON: expected value at line 2 column 3"),
        (nested.as_str(), "the body is not JSON: recursion limit exceeded at line 1 column 128"),
        ("3", "the body: expected an object, found a number"),
        ("\"text\"", "the body: expected an object, found a string"),
        ("{}", "alerts: is missing"),
        (r#"{"alerts":null}"#, "alerts: is missing"),
        (r#"{"alerts":{}}"#, "alerts: expected a list, found an object"),
        (r#"{"alerts":[7]}"#, "alerts[0]: expected an object, found a number"),
        (r#"{"alerts":[{}]}"#, "alerts[0].labels: is missing or empty"),
        (r#"[{"labels":[]}]"#, "[0].labels: expected an object, found a list"),
        (
            r#"{"alerts":[{"labels":{"alertname":"a"},"status":"broken"}]}"#,
            "alerts[0].status: expected \"firing\" or \"resolved\", found \"broken\"",
        ),
        (r#"{"alerts":[{"labels":{"job":"a"}}]}"#, "alerts[0]: has neither a status"),
    ] {
        let error = decode(&request(body)).unwrap_err();
        assert!(error.starts_with(want), "{error}\n  should start with\n{want}");
    }
}

#[test]
fn one_bad_alert_is_named_and_costs_no_other() {
    let good = |name: &str| format!(r#"{{"status":"firing","labels":{{"alertname":"{name}"}}}}"#);
    for (bad, name, place) in [
        (r#"{"status":"paused","labels":{"alertname":"Bad"}}"#, "Bad", "alerts[1].status: expected"),
        (r#"{"status":7,"labels":{"alertname":"Bad"}}"#, "Bad", "alerts[1].status: expected"),
        (r#"{"status":"firing","labels":{}}"#, "", "alerts[1].labels: is missing or empty"),
        (r#"{"status":"firing","labels":{"n":null}}"#, "", "alerts[1].labels: is missing or empty"),
        (r#"{"status":"firing","labels":["alertname","Bad"]}"#, "", "alerts[1].labels: expected an object"),
        ("null", "", "alerts[1]: expected an object"),
    ] {
        let body = format!(r#"{{"alerts":[{},{bad},{}]}}"#, good("First"), good("Last"));
        let normalised = super::decode(&request(body)).unwrap();
        let names: Vec<&str> = normalised.alerts.iter().map(|alert| alert.name.as_str()).collect();
        assert_eq!(names, ["First", "Last"], "beside {bad}");
        let [left_out] = normalised.left_out.as_slice() else { panic!("{:?}", normalised.left_out) };
        assert!(left_out.name == name && left_out.text.starts_with(place), "{left_out:?}");
    }
}

#[test]
fn what_the_sender_left_out_is_told_by_its_siblings() {
    let body = |count: &str| {
        format!(r#"{{"truncatedAlerts":{count},"alerts":[{{"status":"firing","labels":{{"alertname":"A"}}}}]}}"#)
    };
    for (count, want) in [("55", 55), ("\"55\"", 55), ("1", 1), ("0", 0), ("null", 0), ("-3", 0), ("[]", 0)] {
        let normalised = super::decode(&request(body(count))).unwrap();
        assert_eq!(normalised.left_out.iter().map(|one| one.count).sum::<u64>(), want, "{count}");
        let normalised = normalised.marked();
        let told = normalised.alerts[0].annotations.get("tidegate_left_out");
        match want {
            0 => assert_eq!(told, None),
            1 => assert_eq!(told, Some("the sender left 1 more alert out of this message")),
            _ => assert_eq!(told, Some("the sender left 55 more alerts out of this message")),
        }
    }
    let none = super::decode(&request(r#"{"truncatedAlerts":5,"alerts":[]}"#)).unwrap();
    assert!(none.left_out[0].count == 5 && none.readable().is_ok());
}

#[test]
fn what_is_no_text_becomes_one_or_nothing_and_costs_no_alert() {
    let body = r#"{"status":7,"alerts":[{"status":"firing","labels":{"alertname":"Scan","port":8443,"tls":true,"none":null},
        "annotations":{"x":{"a":[1]},"y":1.5,"z":null},"startsAt":1790000000,"endsAt":null,"generatorURL":5,
        "fingerprint":77},{"labels":{"alertname":"B"},"annotations":["odd"],"startsAt":{}}]}"#;
    let [scan, b] = decode(&request(body)).unwrap().try_into().unwrap();
    let pairs = |labels: &Labels| labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
    assert_eq!(pairs(&scan.labels), ["alertname=Scan", "port=8443", "tls=true"]);
    assert_eq!(pairs(&scan.annotations), [r#"x={"a":[1]}"#, "y=1.5"]);
    assert_eq!(
        (scan.fingerprint.as_str(), scan.link, scan.starts_at.unwrap().as_second()),
        ("77", None, 1_790_000_000)
    );
    assert_eq!(pairs(&b.annotations), [r#"annotations=["odd"]"#, "startsAt={}"]);
}

#[test]
fn one_alert_without_a_list_and_json_with_small_mistakes_are_read() {
    for body in [
        r#"{"status":"firing","labels":{"alertname":"a"}}"#,
        r#"{"version":"4","alerts":{"status":"firing","labels":{"alertname":"a"}}}"#,
        r#"{"status":"odd","alerts":[{"labels":{"alertname":"a","x":"cut \ud83d"}}]}"#,
        "{\"alerts\":[{\"labels\":{\"alertname\":\"a\"},\"annotations\":{\"d\":\"two\nlines\",\"v\":NaN}},]}",
    ] {
        let [alert] = decode(&request(body)).unwrap().try_into().unwrap();
        assert_eq!((alert.name.as_str(), alert.status), ("a", Status::Firing), "{body}");
    }
    let deep = format!(
        r#"{{"alerts":[{{"labels":{{"alertname":"a"}},"annotations":{{"x":{}{}}}}},{{"labels":{{"alertname":"b"}}}}]}}"#,
        "[".repeat(300),
        "]".repeat(300)
    );
    assert_eq!(decode(&request(deep)).unwrap().len(), 2);
}

#[test]
fn the_apis_lists_are_understood() {
    let pushed = r#"[{"labels":{"alertname":"a"},"endsAt":"2026-07-01T00:00:00Z"},
                     {"labels":{"alertname":"b"},"endsAt":"2026-05-31T00:00:00Z"},
                     {"labels":{"alertname":"c"},"annotations":null}]"#;
    let alerts = decode(&request(pushed)).unwrap();
    let status: Vec<Status> = alerts.iter().map(|alert| alert.status).collect();
    assert_eq!(status, [Status::Firing, Status::Resolved, Status::Firing]);
    assert_eq!(alerts[0].ends_at, None, "an end in the future is an expiry");
    // The message's status says of none which it is; an alert's own is its sender's word.
    let message = r#"{"status":"firing","alerts":[
        {"labels":{"alertname":"a"},"endsAt":"2026-05-31T00:00:00Z"},
        {"labels":{"alertname":"b"},"endsAt":"0001-01-01T00:00:00Z"},
        {"labels":{"alertname":"c"},"endsAt":"2026-05-31T00:00:00Z","status":"firing"}]}"#;
    let status: Vec<Status> = decode(&request(message)).unwrap().iter().map(|alert| alert.status).collect();
    assert_eq!(status, [Status::Resolved, Status::Firing, Status::Firing]);
    let listed = r#"[{"labels":{"alertname":"a"},"status":{"state":"active","silencedBy":[]}}]"#;
    assert_eq!(decode(&request(listed)).unwrap()[0].status, Status::Firing);
    assert_eq!(decode(&request(r#"{"alerts":[],"status":"firing"}"#)).unwrap(), []);
}

#[test]
fn an_alert_is_not_lost_over_an_odd_time_or_link() {
    let body = r#"{"status":"firing","alerts":[{"labels":{"job":"x"},"startsAt":"yesterday",
        "generatorURL":"javascript:alert(1)","fingerprint":" "}]}"#;
    let alert = decode(&request(body)).unwrap().remove(0);
    assert_eq!((alert.starts_at, alert.link.as_deref(), alert.name.as_str()), (None, None, "unnamed"));
    assert_eq!(&alert.annotations["startsAt"], "yesterday");
    assert_eq!(alert.fingerprint.len(), 16);
}

#[test]
fn ten_thousand_alerts_in_one_body_are_fine() {
    let one = |i: usize| format!(r#"{{"status":"firing","labels":{{"alertname":"a","pod":"p{i}"}}}}"#);
    let body = format!(r#"{{"alerts":[{}]}}"#, (0..10_000).map(one).collect::<Vec<_>>().join(","));
    let alerts = decode(&request(body)).unwrap();
    assert_eq!((alerts.len(), &alerts[9_999].labels["pod"]), (10_000, "p9999"));
}
