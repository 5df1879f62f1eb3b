//! Does what it is ordered to by the setting `order` (for `capabilities`), the label `order` (for `plan`) or the
//! argument `order` of its actions.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "probed-remediation-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::probe::{self, Effect};
use bindings::exports::tidegate::plugin::remediation::{
    self, Action, Call, CallError, Capability, Incident, Planned, Proposal, Risk, Verification,
};
use bindings::exports::tidegate::plugin::reversal;
use bindings::tidegate::plugin::tools;

deeds::obey!();

struct Plugin;

/// The text under `"order"` of a JSON object; orders need no escapes.
fn order(json: &str) -> &str {
    json.split_once(r#""order":""#).and_then(|(_, rest)| rest.split_once('"')).map_or("", |(order, _)| order)
}

fn told(order: &str) -> String {
    if order.is_empty() { String::new() } else { obey(order) }
}

fn own(order: &str) -> Option<String> {
    let words: Vec<&str> = order.split(' ').collect();
    let calls = |times: &str, name: &str| -> Vec<tools::LookCall> {
        let call = |_| tools::LookCall { name: name.into(), arguments: "{}".into() };
        (0..times.parse().unwrap_or_default()).map(call).collect()
    };
    Some(match words.as_slice() {
        ["flood-catalogue"] => loop {
            std::hint::black_box(tools::catalogue());
        },
        ["flood-looks", tool, times] => {
            let answers: Vec<_> =
                calls(times, tool).into_iter().map(|call| tools::look(&call.name, &call.arguments)).collect();
            let taken = answers.iter().filter(|answer| answer.is_ok()).count();
            format!("{taken} answered; the last: {:?}", answers.last())
        }
        ["flood-looks-at-once", tool, times] => {
            let answers = tools::look_all(&calls(times, tool));
            let taken = answers.iter().filter(|answer| answer.is_ok()).count();
            format!("{taken} of {} answered; the last: {:?}", answers.len(), answers.last())
        }
        ["look-at", size] => {
            let name = format!("elsewhere.{}", "n".repeat(size.parse().unwrap_or_default()));
            format!("{} bytes", format!("{:?}", tools::look(&name, "{}")).len())
        }
        _ => return None,
    })
}

impl remediation::Guest for Plugin {
    fn capabilities() -> Result<Vec<Capability>, CallError> {
        let settings = settings::get();
        let order = order(&settings);
        let many = order.strip_prefix("many ").and_then(|count| count.parse().ok());
        let description = if many.is_some() || order.starts_with("schema ") { String::new() } else { told(order) };
        let deep = order.strip_prefix("schema ").and_then(|depth| depth.parse().ok()).unwrap_or(0);
        let schema = format!("{}{{}}{}", r#"{"properties":{"a":"#.repeat(deep), "}}".repeat(deep));
        let one = |name: String, risk| Capability {
            name,
            description: description.clone(),
            schema: if deep > 0 { schema.clone() } else { r#"{"type":"object"}"#.into() },
            risk,
            repeatable: true,
            extra: vec![],
        };
        let more = (0..many.unwrap_or(0)).map(|n| one(format!("more-{n}"), Risk::Low));
        Ok(vec![one("look".into(), Risk::Read), one("act".into(), Risk::Low)].into_iter().chain(more).collect())
    }

    fn plan(what: Incident) -> Result<Planned, CallError> {
        let order = what.labels.iter().find(|(name, _)| name == "order").map_or("", |(_, value)| value.as_str());
        let call = |arguments: &str| Call { tool: "misbehaves-as-remediation.act".into(), arguments: arguments.into() };
        let arguments = order.strip_prefix("arguments ");
        let extreme = order == "extremes";
        let verify = Verification {
            look: call("{}"),
            present: vec!["$".into(); if extreme { 100_000 } else { 1 }],
            absent: vec![],
            applied: vec![],
            within_ms: if extreme { u64::MAX } else { 1_000 },
            every_ms: if extreme { 0 } else { 100 },
        };
        let reason = if extreme || arguments.is_some() { String::new() } else { told(order) };
        let proposals = vec![Proposal {
            call: call(arguments.unwrap_or("{}")),
            target: "a harmless test".into(),
            reason,
            evidence: vec![],
            root_cause: String::new(),
            verify: Some(verify),
            undo: None,
            extra: vec![],
        }];
        Ok(Planned { proposals, findings: vec![], extra: vec![] })
    }

    fn execute(_: String, what: Action) -> Result<String, CallError> {
        Ok(told(order(&what.arguments)))
    }
}

impl reversal::Guest for Plugin {
    fn undo(_: String, what: Action) -> Result<String, CallError> {
        Ok(told(order(&what.arguments)))
    }
}

impl probe::Guest for Plugin {
    fn check(_: String, what: Action) -> Result<Effect, CallError> {
        let told = told(order(&what.arguments));
        Ok(if told.is_empty() { Effect::Unknown } else { Effect::Happened })
    }
}
