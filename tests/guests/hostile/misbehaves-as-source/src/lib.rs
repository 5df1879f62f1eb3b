//! Does what the request's body orders.

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../../../wit/v0.1", world: "source-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::source::{Alert, CallError, Decoded, Guest, Inbound, LeftOut, Reply};
use bindings::tidegate::plugin::types::{Moment, Status};
use bindings::tidegate::plugin::{log, settings};

struct Plugin;

impl Guest for Plugin {
    fn decode(request: Inbound) -> Result<Decoded, CallError> {
        std::panic::set_hook(Box::new(|info| log::write(log::Level::Error, &info.to_string())));
        let words: Vec<&str> = request.body.splitn(3, ' ').collect();
        let mut decoded = Decoded { alerts: vec![], left_out: vec![], reply: None, confirm: None, extra: vec![] };
        match words.as_slice() {
            ["flood-log"] => loop {
                log::write(log::Level::Info, "all work and no play");
            },
            ["flood-settings"] => loop {
                std::hint::black_box(settings::get());
            },
            ["reply", size] => {
                let body = "r".repeat(size.parse().unwrap_or_default());
                decoded.reply = Some(Reply { status: 200, content_type: "text/plain".into(), headers: vec![], body });
            }
            ["confirm", url] => decoded.confirm = Some(url.to_string()),
            ["confirm-long", url, size] => {
                decoded.confirm = Some(format!("{url}{}", "h".repeat(size.parse().unwrap_or_default())));
            }
            ["refuse", size] => return Err(CallError::InvalidInput("e".repeat(size.parse().unwrap_or_default()))),
            ["extremes"] => {
                decoded.alerts = ["NaN", "Infinity", "-1e999", "1e999", "-9223372036854775809", ""].map(extreme).into();
                let omitted =
                    |by_sender| LeftOut { name: String::new(), reason: String::new(), count: u64::MAX, by_sender };
                decoded.left_out = vec![omitted(true), omitted(true), omitted(false), omitted(false)];
                decoded.reply =
                    Some(Reply { status: u16::MAX, content_type: "\0".into(), headers: vec![], body: String::new() });
            }
            _ => {
                let told = deeds::alone(&request.body).unwrap_or_else(|| format!("what is `{}`?", request.body));
                decoded.alerts = vec![Alert { annotations: vec![("told".into(), told)], ..alert() }];
            }
        }
        Ok(decoded)
    }
}

fn alert() -> Alert {
    Alert {
        name: "Misbehaves".into(),
        status: Status::Firing,
        severity: None,
        labels: vec![],
        annotations: vec![],
        starts_at: None,
        ends_at: None,
        fingerprint: None,
        link: None,
        extra: vec![],
    }
}

/// Everything that is a number somewhere is this one, and the times are the last that there are.
fn extreme(number: &str) -> Alert {
    Alert {
        severity: Some(number.into()),
        labels: vec![("value".into(), number.into())],
        annotations: vec![("value".into(), number.into())],
        starts_at: Some(if number.is_empty() { Moment::Millis(u64::MAX) } else { Moment::Text(number.into()) }),
        ends_at: Some(Moment::Millis(u64::MAX)),
        ..alert()
    }
}
