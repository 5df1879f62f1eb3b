//! What the running host says of somebody, beside what the files say that a command has read: it may have been started with another
//! configuration, or with other files.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::Context;
use super::super::remote::Remote;

/// How long it may take: whoever looks into files must not wait for a host that hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a running host says of somebody.
#[derive(Debug, PartialEq)]
pub enum Running {
    /// None answers.
    Absent,
    /// The same.
    Same,
    /// Something else: what they may be there, or why they may be nothing.
    Otherwise(String),
    /// It does not say, and why.
    Silent(String),
}

/// How somebody stands: what they may do and where, whether nobody comes in as them, and their groups.
pub fn standing(access: &impl serde::Serialize, disabled: bool, groups: &impl serde::Serialize) -> Value {
    json!({ "access": access, "disabled": disabled, "groups": groups })
}

impl Running {
    /// Asks the host of the configuration about somebody who stands so by the files.
    pub async fn of(context: &Context<'_>, name: &str, here: &Value) -> anyhow::Result<(Self, String)> {
        let remote = Remote::new(context)?;
        let asked = async {
            if !remote.is_there().await {
                return Self::Absent;
            }
            match remote.get::<Value>(&format!("/v1/people/{name}")).await {
                Ok(answer) => Self::compared(here, &answer),
                Err(error) => Self::Silent(error.to_string()),
            }
        };
        let slow = |_| Self::Silent("it does not answer in time".into());
        let running = tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(slow);
        Ok((running, remote.address().to_string()))
    }

    fn compared(here: &Value, answer: &Value) -> Self {
        let person = answer.get("person").unwrap_or(&Value::Null);
        let of = |key: &str| person.get(key).cloned().unwrap_or_default();
        let there = standing(&of("access"), of("disabled") == Value::Bool(true), &of("groups"));
        if there == *here { Self::Same } else { Self::Otherwise(shown(&there)) }
    }

    /// In a sentence for whoever has only looked.
    pub fn seen(&self, address: &str) -> String {
        match self {
            Self::Absent => format!("no host answers at {address}; this is what the files say"),
            Self::Same => format!("the running host at {address} says the same"),
            Self::Otherwise(says) => format!(
                "the running host at {address} says otherwise: {says}. It was started with another configuration or other files; \
                 what it says counts until it is started anew"
            ),
            Self::Silent(why) => {
                format!("this is what the files say; what the running host at {address} says is not known: {why}")
            }
        }
    }

    /// In a sentence for whoever has changed something.
    pub fn taken(&self, address: &str) -> String {
        match self {
            Self::Absent => format!("no host answers at {address}; the next one that reads this file takes it"),
            Self::Same => format!("the running host at {address} has taken it"),
            Self::Otherwise(says) => format!(
                "but the running host at {address} says: {says}. It was started with another configuration or other files: start it \
                 anew, or name its own with --config and --data"
            ),
            Self::Silent(why) => format!(
                "a running host that reads this file takes it at once; the one at {address} does not say: {why}"
            ),
        }
    }

    /// In a word, for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Same => "same",
            Self::Otherwise(_) => "otherwise",
            Self::Silent(_) => "unknown",
        }
    }
}

/// How somebody stands, for people.
fn shown(standing: &Value) -> String {
    let list = |key: &str| standing.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_string);
    let grant = |grant: &Value| {
        let places = ["cluster", "namespace"].map(|key| text(grant, key).map(|value| format!(" {key}={value}")));
        let places: String = places.into_iter().flatten().collect();
        format!("{}{places}", text(grant, "role").unwrap_or_default())
    };
    let access: Vec<String> = list("access").iter().map(grant).collect();
    let groups: Vec<String> = list("groups").iter().filter_map(|group| group.as_str().map(str::to_string)).collect();
    let or_none = |all: Vec<String>| if all.is_empty() { "none".to_string() } else { all.join(", ") };
    let disabled = if standing.get("disabled") == Some(&Value::Bool(true)) { "disabled; " } else { "" };
    format!("{disabled}may be {}; groups {}", or_none(access), or_none(groups))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_says_otherwise_is_said_beside_what_the_files_say() {
        let here = standing(&json!([{"role": "viewer", "cluster": null, "namespace": null}]), false, &json!(["dba"]));
        let person = |access: Value, disabled: bool| json!({"person": {"name": "eve", "access": access, "disabled": disabled, "groups": ["dba"], "seen": null}});
        let same = person(json!([{"role": "viewer", "cluster": null, "namespace": null}]), false);
        assert_eq!(Running::compared(&here, &same), Running::Same);
        let admin = person(json!([{"role": "admin", "cluster": "lab", "namespace": null}]), false);
        let Running::Otherwise(says) = Running::compared(&here, &admin) else { panic!() };
        assert_eq!(says, "may be admin cluster=lab; groups dba");
        let Running::Otherwise(says) = Running::compared(&here, &person(json!([]), true)) else { panic!() };
        assert_eq!(says, "disabled; may be none; groups dba");
    }
}
