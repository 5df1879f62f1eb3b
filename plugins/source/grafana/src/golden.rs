//! Compares `testdata/<case>/body.json` with `expected.json`, as the host's golden runner does
//! through the sandbox. `UPDATE_EXPECT=1` accepts what is decoded now.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::bindings::exports::tidegate::plugin::source::Alert;
use crate::bindings::tidegate::plugin::types::{Moment, Status};
use crate::body;

#[test]
fn testdata() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let update = std::env::vars_os().any(|(name, _)| name == "UPDATE_EXPECT");
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        let Ok(input) = fs::read_to_string(case.join("body.json")) else {
            continue;
        };
        let found = match body::decode(&input) {
            Ok(alerts) => json!({"ok": alerts.iter().map(alert).collect::<Vec<_>>()}),
            Err(reason) => json!({"error": {"invalid-input": reason}}),
        };
        let path = case.join("expected.json");
        if update {
            fs::write(&path, format!("{found:#}\n")).unwrap();
        }
        let expected: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(found, expected, "{}", case.display());
        cases += 1;
    }
    assert!(cases >= 4, "the testdata is gone");
}

fn alert(alert: &Alert) -> Value {
    let object = |pairs: &[(String, String)]| {
        Value::Object(pairs.iter().map(|(k, v)| (k.clone(), json!(v))).collect::<Map<_, _>>())
    };
    let moment = |moment: &Option<Moment>| match moment {
        Some(Moment::Millis(millis)) => json!({"millis": millis}),
        Some(Moment::Text(text)) => json!({"text": text}),
        None => Value::Null,
    };
    json!({
        "name": alert.name,
        "status": if matches!(alert.status, Status::Firing) { "firing" } else { "resolved" },
        "severity": alert.severity,
        "labels": object(&alert.labels),
        "annotations": object(&alert.annotations),
        "starts-at": moment(&alert.starts_at),
        "ends-at": moment(&alert.ends_at),
        "fingerprint": alert.fingerprint,
        "link": alert.link,
        "extra": object(&alert.extra),
    })
}
