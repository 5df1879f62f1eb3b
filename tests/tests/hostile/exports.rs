//! Every deed in every export: the call ends, its error names the plugin and the limit, and the next call is as good as
//! any.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use tidegate::domain::catalogue::UNDONE;
use tidegate::domain::{Call, Incident};
use tidegate::plugin::Plugins;
use tidegate::ports::{DecodeError, Planners as _, ToolError, ToolSlot, Tools as _};
use tidegate_tests::guests::{LoadOptions, decode};
use tidegate_tests::permits::{Permitted, permit};

use super::outside::{GRANT, deliver};
use super::{cache, folder};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Export {
    Decode,
    Notify,
    Capabilities,
    Plan,
    Execute,
    Undo,
    Check,
}

use Export::{Capabilities, Check, Decode, Execute, Notify, Plan, Undo};

const ALL: [Export; 7] = [Decode, Notify, Capabilities, Plan, Execute, Undo, Check];

/// All but the one that imports the log and its settings alone.
const MORE: [Export; 6] = [Notify, Capabilities, Plan, Execute, Undo, Check];

/// What is ordered, where it can be, and what the error says.
const DEEDS: [(&str, &[Export], &str); 14] = [
    ("spin", &ALL, "used more than its 150 ms of CPU time"),
    ("flood-settings", &ALL, "used more than its 150 ms of CPU time"),
    ("flood-signer", &MORE, "used more than its 150 ms of CPU time"),
    ("flood-catalogue", &[Plan], "used more than its 150 ms of CPU time"),
    ("recurse", &ALL, "crashed: it reached outside its memory, as a recursion without end does"),
    ("hoard", &ALL, "asked for more than its 32 MiB of memory"),
    ("panic", &ALL, "crashed: it stopped itself, as a panic does (its last log line: panicked at"),
    ("stop", &ALL, "crashed: it stopped itself, as a panic does"),
    ("reach", &ALL, "crashed: it reached outside its memory"),
    ("huge 20000000", &[Notify, Plan, Execute, Undo], "handed over more than 16 MiB at once"),
    ("flood-log", &ALL, "logged more than its 64 KiB (its last log line: all work and no play)"),
    ("flood-state", &MORE, "read and wrote its state more than 256 times in one call"),
    ("flood-looks-at-once cluster.get 20000", &[Plan], "asked for more than 10000 looks in one go"),
    ("hold", &MORE, "crashed: it stopped itself, as a panic does (its last log line: panicked at"),
];

/// The clock on the wall ends no test.
const LIMITS: &str = "limits = { cpu_ms = 150, memory_mib = 32, wall_ms = 300000 }";

async fn loaded(order: &str) -> (Arc<Plugins>, Vec<String>) {
    let plugins = ["source", "notifier", "remediation"].map(|kind| format!("[misbehaves-as-{kind}]\n{LIMITS}\n"));
    let [source, notifier, remediation] = plugins;
    let plugins = format!("{source}{notifier}{GRANT}\n{remediation}settings = {{ order = \"{order}\" }}\n");
    let options = LoadOptions { plugins, cache: Some(cache().await), ..LoadOptions::default() };
    let (plugins, problems) = options.load(folder().await).await.unwrap();
    let own = problems.into_iter().filter(|problem| problem.subject.starts_with("misbehaves-as-remediation"));
    (plugins, own.map(|problem| problem.text).collect())
}

fn call(tool: &str, order: &str) -> Call {
    let mut arguments = json!({ "order": order });
    if tool.ends_with(".undo") {
        arguments[UNDONE] = json!("i1-a1-1");
    }
    let Value::Object(arguments) = arguments else { panic!("an object") };
    Call { tool: format!("misbehaves-as-remediation.{tool}"), arguments }
}

fn incident(order: &str) -> Incident {
    let now = "2026-11-01T00:00:00Z";
    serde_json::from_value(json!({
        "id": "i1", "group_key": "g", "source": "test", "opened_at": now, "updated_at": now,
        "alerts": [{ "source": "test", "name": "a", "status": "firing", "severity": "warning",
                     "labels": { "order": order }, "annotations": {}, "fingerprint": "f" }],
        "decision": null, "plan": null, "collected": false, "looks": [],
        "model": {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "took_ms": 0, "turns": [], "failed": null},
        "actions": [], "conclusion": null, "report": null, "deliveries": [], "closed": null,
        "version": 0,
    }))
    .unwrap()
}

fn problem(plugins: &Plugins, name: &str) -> String {
    let status = plugins.status().into_iter().find(|status| status.name == name).unwrap();
    status.problems.join("; ")
}

/// The error that a person sees; an answer, where there is none.
async fn outcome(plugins: &Arc<Plugins>, export: Export, order: &str) -> Result<String, String> {
    const REMEDIATION: &str = "misbehaves-as-remediation";
    let perform = async |tool: &str| {
        let call = call(tool, order);
        let permit = permit(&call, &plugins.catalogue()).unwrap();
        match plugins.perform(&permit, &call, ToolSlot::default()).await {
            Ok(answer) => Ok(answer.text),
            // It may have had its effect: nobody may take it for a failure.
            Err(ToolError::Lost(text)) => Err(text),
            Err(other) => panic!("{order} in {export:?}: {other:?}"),
        }
    };
    match export {
        Decode => match decode(plugins, "misbehaves-as-source", order).await {
            Ok(alerts) => Ok(alerts.first().map_or(String::new(), |alert| alert.annotations["told"].to_string())),
            Err(DecodeError::Invalid(text) | DecodeError::Unavailable(text)) => Err(text),
            Err(other) => panic!("{order}: {other:?}"),
        },
        Notify => deliver(plugins, "misbehaves-as-notifier", order).await.map_err(|error| format!("{error:?}")),
        Capabilities => {
            let (plugins, problems) = loaded(order).await;
            assert_eq!(plugins.catalogue().get("misbehaves-as-remediation.act").is_some(), problems.is_empty());
            if problems.is_empty() { Ok(String::new()) } else { Err(problems.join("; ")) }
        }
        Plan => {
            let looks = Permitted::new(Arc::clone(plugins) as _);
            let planned = plugins.plan(REMEDIATION, &incident(order), Timestamp::UNIX_EPOCH, looks).await;
            planned.map(|planned| planned.proposals[0].reason.clone())
        }
        Execute => perform("act").await,
        Undo => perform("act.undo").await,
        Check => match plugins.probe(&call("act", order), "i1-a1-1").await {
            Some(happened) => Ok(happened.to_string()),
            None => Err(problem(plugins, REMEDIATION)),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_deed_in_every_export_ends_as_a_named_error() {
    let (plugins, problems) = loaded("").await;
    assert!(problems.is_empty(), "{problems:?}");
    for (deed, exports, want) in DEEDS {
        for export in exports {
            let error = outcome(&plugins, *export, deed).await.expect_err(deed);
            let name = match export {
                Decode => "plugin misbehaves-as-source 0.1.0 ",
                Notify => "plugin misbehaves-as-notifier 0.1.0 ",
                _ => "plugin misbehaves-as-remediation 0.1.0 ",
            };
            assert!(error.contains(name) && error.contains(want), "{deed} in {export:?}: {error}");
            assert!(error.len() < 1_000, "{deed} in {export:?}: {} bytes", error.len());
        }
    }
    // Nothing is left of all that.
    for export in [Decode, Notify, Plan, Execute, Undo] {
        let told = outcome(&plugins, export, "grow").await.unwrap();
        let pages: u32 =
            told.strip_prefix("grew by ").and_then(|text| text.strip_suffix(" pages")).unwrap().parse().unwrap();
        assert!((400..512).contains(&pages), "{export:?}: {told}");
    }
    // What died with the state in hand left it to the next.
    assert_eq!(deliver(&plugins, "misbehaves-as-notifier", "held").await.unwrap(), "Ok(Some(\"by one that died\"))");
}

#[tokio::test]
async fn ends_of_numbers_and_of_lists_are_taken_or_named() {
    let (plugins, _) = loaded("").await;
    let floats = deliver(&plugins, "misbehaves-as-notifier", "numbers").await.unwrap();
    assert!(floats.starts_with("NaN=") && floats.ends_with(" -9223372036854775808 0"), "{floats}");

    for _ in 0..2 {
        let alerts = decode(&plugins, "misbehaves-as-source", "extremes").await.unwrap();
        assert_eq!(alerts.len(), 6);
        assert!(alerts.iter().all(|alert| alert.starts_at.is_none() && alert.ends_at.is_none()), "{alerts:?}");
    }
    let left_out = plugins.left_out();
    assert!(
        left_out.iter().any(|(name, _, count)| name == "misbehaves-as-source" && *count == u64::MAX),
        "{left_out:?}"
    );
    let refused = decode(&plugins, "misbehaves-as-source", "refuse 9000000").await.unwrap_err();
    assert!(refused.to_string().len() < 5_000);
    let later = deliver(&plugins, "misbehaves-as-notifier", "later").await.unwrap_err();
    assert!(format!("{later:?}").len() < 5_000);

    let deep = format!("arguments {}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    for (order, want) in [
        ("extremes", "proposals[0].verify.present has 100000 paths where 64 are allowed"),
        (deep.as_str(), "proposals[0].call.arguments is not a JSON object: recursion limit"),
        ("arguments {\"n\":1e999}", "proposals[0].call.arguments is not a JSON object: number out of range"),
        ("arguments {\"n\":NaN}", "proposals[0].call.arguments is not a JSON object: expected value"),
    ] {
        let error = outcome(&plugins, Plan, order).await.unwrap_err();
        assert!(error.contains(want), "{error}");
    }
    for (order, want) in [
        ("many 5000", "there are 5002 capabilities where 64 are allowed"),
        ("schema 3000", "the schema of the capability `look` is not a JSON object: recursion limit"),
    ] {
        let error = outcome(&plugins, Capabilities, order).await.unwrap_err();
        assert!(error.contains(want), "{error}");
    }
}

/// The answer to a sender is the host's own where a source's is too large.
#[tokio::test]
async fn a_reply_of_ten_megabytes_is_not_sent() {
    let (plugins, _) = loaded("").await;
    let request = |order: &str| tidegate::ports::Inbound {
        method: "POST".into(),
        headers: Default::default(),
        query: vec![],
        body: order.into(),
        received_at: Timestamp::UNIX_EPOCH,
    };
    let reply = async |order: &str| {
        let answer = plugins.call_source("misbehaves-as-source", &request(order)).await.unwrap().unwrap().unwrap();
        answer.reply
    };
    assert!(reply("reply 10000000").await.is_none());
    assert_eq!(reply("reply 16384").await.unwrap().body.len(), 16_384);
    let error = decode(&plugins, "misbehaves-as-source", "reply 20000000").await.unwrap_err().to_string();
    assert!(error.contains("handed over more than 16 MiB at once"), "{error}");
}
