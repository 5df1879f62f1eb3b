//! Budgets of sources and rules, answers that are used again, and names that are hidden.

use std::time::Duration;

use serde_json::json;

use super::served::{Endpoint, says, with};
use super::{alert, call, happen, incident, kubernetes, looked};
use crate::domain::entry::{ModelAnswer, Purpose};
use crate::domain::{Fact, Incident, IncidentId, Outcome};
use crate::model::{Budget, Client, DayLimits, Options, Price, Scope, ScopeKind, ScopeName};
use crate::ports::Model;

const PERSON: &str = "```yaml\ndecision: need_person\nroot_cause: NAME has no image\nconfidence: 80\nsteps:\n\
                      - text: look\n  command: kubectl describe pod NAME\n```";

fn seen(id: &str, pod: &str) -> Incident {
    let mut incident = incident(vec![alert(pod)]);
    incident.id = IncidentId(id.into());
    let get = call("kubernetes.kubectl_get", json!({"namespace": "payments", "name": pod}));
    happen(&mut incident, looked(Purpose::Evidence, get, &format!("{pod} ImagePullBackOff on worker-7.acme.internal")));
    incident
}

fn client(endpoint: &Endpoint, change: impl FnOnce(&mut Options)) -> Client {
    let mut options = Options {
        endpoints: vec![endpoint.options()],
        budget: Budget::default(),
        reuse: None,
        anonymise: false,
        language: "en".into(),
    };
    change(&mut options);
    with(options)
}

#[tokio::test]
async fn a_source_that_has_spent_its_day_is_not_asked_about_and_others_are() {
    let endpoint = Endpoint::new(vec![says(&PERSON.replace("NAME", "it")); 3]).await;
    let day = DayLimits { calls: Some(1), ..DayLimits::default() };
    let scope = Scope { whose: ScopeKind::Source(ScopeName::Named("alertmanager".into())), day };
    let client = client(&endpoint, |options| options.budget.scopes = vec![scope]);
    assert!(client.ask(&seen("i1", "web"), &kubernetes(), &[]).await.is_ok());
    let (why, usage) = client.ask(&seen("i2", "web"), &kubernetes(), &[]).await.unwrap_err();
    assert_eq!(why, "the model's budget of 1 requests a day for the source alertmanager is used up");
    assert_eq!((usage.calls, endpoint.requests().len()), (0, 1));
    let mut other = seen("i3", "web");
    other.source = "zabbix".into();
    assert!(client.ask(&other, &kubernetes(), &[]).await.is_ok());
}

#[tokio::test]
async fn money_is_counted_by_the_price_and_bounds_an_incident() {
    let endpoint = Endpoint::new(vec![says("no decision"); 4]).await;
    let client = client(&endpoint, |options| {
        options.endpoints[0].price = Some(Price { prompt_micros: 1_000_000, completion_micros: 10_000_000 });
        options.budget.incident_micros = Some(200);
    });
    let (_, usage) = client.ask(&seen("i1", "web"), &kubernetes(), &[]).await.unwrap_err();
    // One request costs 100 + 10 · 10, so that there is no second one.
    assert_eq!((usage.calls, usage.cost_micros, usage.shares[0].cost_micros), (1, 200, 200));
    assert_eq!(client.spending().models[0].cost_micros, 200);
}

#[tokio::test]
async fn an_answer_is_used_again_and_counted_as_saved() {
    let endpoint = Endpoint::new(vec![says(&PERSON.replace("NAME", "the pod")); 2]).await;
    let client = client(&endpoint, |options| options.reuse = Some(Duration::from_secs(600)));
    let mut first = seen("i1", "web-7d9f8c6b5d-x2x4z");
    assert_eq!(client.reusable(&first), None);
    let asked = client.ask(&first, &kubernetes(), &[]).await.unwrap();
    let (answer, text, usage, original) = (asked.answer.clone(), asked.text, asked.usage, asked.original);
    first.apply(&crate::domain::Entry {
        at: super::served::Noon::NOW.parse().unwrap(),
        fact: Fact::Answered { answer: asked.answer, text, usage, original },
    });
    let reason = "r".into();
    first.apply(&crate::domain::Entry {
        at: super::served::Noon::NOW.parse().unwrap(),
        fact: Fact::Concluded { outcome: Outcome::NeedsPerson, reason },
    });
    client.learn(&first);
    let (again, reused) = client.reusable(&seen("i2", "web-7d9f8c6b5d-9kkqp")).unwrap();
    assert_eq!((again, reused.incident.0.as_ref()), (answer, "i1"));
    let spending = client.spending();
    assert_eq!((spending.reused, spending.saved.calls, spending.saved.prompt_tokens), (1, 1, 110));
    assert_eq!(endpoint.requests().len(), 1);
}

#[tokio::test]
async fn an_endpoint_that_must_not_see_names_sees_none_and_people_read_them() {
    let pod = "checkout-7d9f8c6b5d-x2x4z";
    let incident = seen("i1", pod);
    let known = crate::model::alias::Aliases::of(&incident);
    let endpoint = Endpoint::new(vec![says("hm"), says(&PERSON.replace("NAME", &known.hide(pod)))]).await;
    let client = client(&endpoint, |options| options.anonymise = true);
    let asked = client.ask(&incident, &kubernetes(), &[]).await.unwrap();
    let ModelAnswer::Person { diagnosis } = asked.answer else { panic!("{asked:?}") };
    assert_eq!(diagnosis.root_cause, format!("{pod} has no image"));
    assert_eq!(diagnosis.steps[0].command, format!("kubectl describe pod {pod}"));
    for request in endpoint.requests() {
        let sent = request.to_string();
        for gone in ["checkout", "payments", "acme", "worker-7"] {
            assert!(!sent.contains(gone), "{gone} in {sent}");
        }
        assert!(sent.contains("kubernetes__kubectl_get"), "tools keep their names");
    }
}
