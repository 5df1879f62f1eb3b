//! The plugin's own actions. Each looks before it acts: what was ruled on names what was seen, so a repeat changes
//! nothing more, and neither does a yes that comes after somebody else was quicker.

use serde::Deserialize;
use serde_json::json;
use tidegate_plugin::remediation::{Action, CallError, Capability, Risk, arguments, capability, no_action};

use crate::api::{Application, ArgoCd, short};
use crate::settings::Settings;
use crate::{REFRESH, ROLLBACK, STATUS, SYNC};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    application: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sync {
    application: String,
    revision: String,
    /// When the operation began that was seen.
    seen: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollback {
    application: String,
    /// Of the history.
    id: u64,
    revision: String,
    instead_of: u64,
}

/// What the plugin can do; only with Applications that the settings name.
pub(crate) fn capabilities(settings: &Settings) -> Result<Vec<Capability>, CallError> {
    settings.checked()?;
    if settings.applications.is_empty() {
        return Ok(vec![]);
    }
    let (text, number) = (json!({"type": "string"}), json!({"type": "integer", "minimum": 0}));
    let application = json!({"type": "string", "enum": settings.applications});
    let mut capabilities = vec![
        capability(
            REFRESH,
            "Has Argo CD compare an Application with its repository anew",
            Risk::Low,
            &json!({"application": application}),
        ),
        capability(
            SYNC,
            "Syncs an Argo CD Application once more to the revision whose sync failed, without pruning",
            Risk::High,
            &json!({"application": application, "revision": text, "seen": text}),
        ),
        capability(
            STATUS,
            "Shows the state of an Argo CD Application",
            Risk::Read,
            &json!({"application": application}),
        ),
    ];
    if !settings.rollback.is_empty() {
        capabilities.push(capability(
            ROLLBACK,
            "Rolls an Argo CD Application back to the deployment before the last, without pruning",
            Risk::High,
            &json!({"application": {"type": "string", "enum": settings.rollback}, "id": number, "revision": text,
                "instead_of": number}),
        ));
    }
    Ok(capabilities)
}

/// Performs what was ruled on.
pub(crate) fn execute(attempt_id: &str, what: &Action, settings: &Settings) -> Result<String, CallError> {
    let argocd = ArgoCd::new(settings, 0)?;
    match what.name.as_str() {
        REFRESH => {
            let which: Which = arguments(what)?;
            let application = allowed(&which.application, settings)?;
            let seen = argocd.refresh(application)?;
            Ok(format!("{application} was compared anew; it is {}", seen.sync()))
        }
        SYNC => sync(&argocd, attempt_id, &arguments(what)?, settings),
        ROLLBACK => roll_back(&argocd, &arguments(what)?, settings),
        STATUS => {
            let which: Which = arguments(what)?;
            let seen = argocd.application(allowed(&which.application, settings)?)?;
            let history = seen.history();
            let last = history.first();
            // In a list, so that one path can ask for several members at once.
            Ok(json!({"application": [{"sync": seen.sync(), "health": seen.health(), "phase": seen.phase(),
                "began": seen.began(), "deployment": last.map(|last| last.id),
                "revision": last.map(|last| last.revision)}]})
            .to_string())
        }
        _ => Err(no_action(what)),
    }
}

fn sync(argocd: &ArgoCd, attempt_id: &str, what: &Sync, settings: &Settings) -> Result<String, CallError> {
    let application = allowed(&what.application, settings)?;
    let seen = argocd.application(application)?;
    if seen.asked_in() == Some(attempt_id) {
        return Ok(format!("{application} is being synced already, or was: {}", seen.phase()));
    }
    free(&seen)?;
    if seen.began() != what.seen || !matches!(seen.phase(), "Failed" | "Error") {
        return Err(refused("it was synced since"));
    }
    if seen.text("/status/operationState/syncResult/revision") != what.revision || seen.has_several_sources() {
        return Err(refused("the sync that failed was of another revision"));
    }
    argocd.sync(application, &what.revision, attempt_id)?;
    Ok(format!("{application} is synced to revision {}", short(&what.revision)))
}

fn roll_back(argocd: &ArgoCd, what: &Rollback, settings: &Settings) -> Result<String, CallError> {
    let application = allowed(&what.application, settings)?;
    if !settings.rollback.iter().any(|known| known == application) {
        return Err(refused("it is not one of rollback"));
    }
    let seen = argocd.application(application)?;
    let history = seen.history();
    let last = history.first().ok_or_else(|| refused("nothing was deployed yet"))?;
    if last.id > what.instead_of && last.revision == what.revision {
        return Ok(format!("{application} is at revision {} already", short(&what.revision)));
    }
    free(&seen)?;
    if last.id != what.instead_of || seen.is_automated() {
        return Err(refused("it was deployed since, or Argo CD syncs it by itself"));
    }
    if history.get(1).is_none_or(|before| before.id != what.id || before.revision != what.revision) {
        return Err(refused("the deployment before the last is another one"));
    }
    argocd.roll_back(application, what.id)?;
    Ok(format!("{application} is rolled back to revision {}", short(&what.revision)))
}

fn free(seen: &Application) -> Result<(), CallError> {
    if seen.is_busy() { Err(refused("an operation of Argo CD's is under way")) } else { Ok(()) }
}

fn allowed<'a>(application: &str, settings: &'a Settings) -> Result<&'a str, CallError> {
    settings.application(application).ok_or_else(|| refused("it is not one of applications"))
}

fn refused(why: &str) -> CallError {
    CallError::InvalidInput(format!("the Application is left alone: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn nothing_is_offered_that_the_settings_do_not_name() {
        for (settings, want) in [
            (r#"{"url":"u"}"#, vec![]),
            (
                r#"{"url":"u","applications":["a"]}"#,
                vec![(REFRESH, Risk::Low), (SYNC, Risk::High), (STATUS, Risk::Read)],
            ),
            (
                r#"{"url":"u","applications":["a"],"rollback":["a"]}"#,
                vec![(REFRESH, Risk::Low), (SYNC, Risk::High), (STATUS, Risk::Read), (ROLLBACK, Risk::High)],
            ),
        ] {
            let settings: Settings = tidegate_plugin::settings::parse(settings).unwrap();
            let offered = capabilities(&settings).unwrap();
            for one in &offered {
                let schema: Value = serde_json::from_str(&one.schema).unwrap();
                assert_eq!(schema["additionalProperties"], false);
                assert_eq!(
                    schema["required"].as_array().unwrap().len(),
                    schema["properties"].as_object().unwrap().len()
                );
                assert_eq!(schema["properties"]["application"]["enum"], json!(["a"]));
            }
            let offered: Vec<_> = offered.iter().map(|one| (one.name.as_str(), one.risk)).collect();
            assert_eq!(offered, want);
        }
    }
}
