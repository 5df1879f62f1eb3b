//! Pages that change what is silenced and say something about incidents: what was looked at, by whom, and what else is refused.

use serde_json::{Value, json};

use super::page_tests::{Browser, asking, hidden, people};
use crate::domain::Person;
use crate::domain::entry::IncidentCommand;
use crate::domain::silence::SilenceState;

const SHOP: &str = "namespace=\"shop\"";

#[tokio::test]
async fn a_silence_is_made_as_it_was_looked_at() {
    let people = people();
    let host = asking(&people.config).await;
    let ada = Browser::signed_in(&host, &people.ada).await;
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("matchers", SHOP), ("for", "2h"), ("comment", "the move")])
        .finish();
    let page = ada.look(&format!("/silences/new?{query}")).await.text().await.unwrap();
    assert!(page.contains("It covers nothing that fires now") && page.contains("Make this silence"), "{page}");
    assert!(host.fake.silences.lock().unwrap().is_empty(), "looking makes nothing");
    let seen = hidden(&page, "seen");
    let form = |matchers: &'static str, comment: &'static str, broad: &'static str| {
        [("matchers", matchers), ("for", "2h"), ("comment", comment), ("broad", broad)]
    };
    let with = async |form: [(&str, &str); 4], seen: &str| {
        let mut all = form.to_vec();
        all.push(("seen", seen));
        let answer = ada.send("/silences/new", &all).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, page) = with(form("namespace=\"web\"", "the move", ""), &seen).await;
    assert!(status == 409 && page.contains("not what you have looked at"), "{page}");
    let (status, page) = with(form(SHOP, "", ""), &seen).await;
    assert!(status == 400 && page.contains("comment: is missing"), "{page}");
    let (status, page) = with(form("namespace=~\"(\"", "x", ""), &seen).await;
    assert!(status == 400 && page.contains("is not a pattern that can be used"), "{page}");
    let money = form("namespace=\"payments\"", "x", "");
    let (_, page) = with(money, "").await;
    assert!(page.contains("gate money says no") && !page.contains("Make this silence"), "{page}");
    let all = form("severity=\"critical\"", "x", "");
    let (_, page) = with(all, "").await;
    let broad = hidden(&page, "seen");
    assert!(page.contains("This is very broad"), "{page}");
    let (status, _) = with(all, &broad).await;
    assert_eq!(status, 409, "too broad for one step");
    assert!(host.fake.silences.lock().unwrap().is_empty());
    let (status, _) = with(form("severity=\"critical\"", "x", "yes"), &broad).await;
    assert_eq!(status, 303);
    let (status, _) = with(form(SHOP, "the move", ""), &seen).await;
    assert_eq!(status, 303);
    let made = host.fake.silences.lock().unwrap().clone();
    assert_eq!((made.len(), made[1].silence.person.name(), made[1].silence.comment.as_str()), (2, "ada", "the move"));
}

#[tokio::test]
async fn a_silence_is_changed_as_it_was_seen_and_by_whoever_may() {
    let people = people();
    let host = asking(&people.config).await;
    let (ada, vic) = (Browser::signed_in(&host, &people.ada).await, Browser::signed_in(&host, &people.vic).await);
    let body = json!({ "matchers": [SHOP], "for": "1h", "person": "bob", "comment": "the move" });
    let made = host.post_json("/v1/silences", body).bearer_auth(&people.ada).send().await.unwrap();
    let made: Value = made.json().await.unwrap();
    let id = made["silence"]["id"].as_str().unwrap();
    let path = format!("/silences/{id}");
    let page = ada.look(&path).await.text().await.unwrap();
    let version = hidden(&page, "version");
    let send = async |browser: &Browser<'_>, word: &str, version: &str| {
        browser.send(&path, &[("do", word), ("for", "4h"), ("version", version)]).await.status().as_u16()
    };
    assert_eq!(send(&vic, "expire", &version).await, 403);
    assert_eq!(send(&ada, "expire", "0000").await, 409);
    assert_eq!(send(&ada, "shorten", &version).await, 400);
    assert_eq!(send(&ada, "extend", &version).await, 303);
    assert_eq!(send(&ada, "expire", &version).await, 409, "it is another one by now");
    let page = ada.look(&path).await.text().await.unwrap();
    assert_eq!(send(&ada, "expire", &hidden(&page, "version")).await, 303);
    assert_eq!(host.fake.silences.lock().unwrap()[0].state, SilenceState::Expired);
    let page = ada.look(&path).await.text().await.unwrap();
    assert!(!page.contains("name=\"do\""), "what is over is not changed: {page}");
    assert_eq!(ada.look(&format!("/silences/{}", &id[..8])).await.headers()["location"], path);
    assert_eq!(ada.look("/silences/nope").await.status(), 404);
    assert_eq!(ada.look("/silences?state=odd").await.status(), 400);
}

#[tokio::test]
async fn the_api_says_what_is_wrong_and_changes_nothing_that_it_does_not_say() {
    let host = asking("").await;
    let post = async |path: &str, body: Value| {
        let answer = host.post_json(path, body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    for (matchers, wanted) in [
        (json!(["namespace"]), "bad matcher format: namespace"),
        (json!([{ "name": "a", "value": "(", "isRegex": true }]), "is not a pattern that can be used"),
        (json!([{ "name": "a" }]), "missing field"),
        (json!([7]), "a matcher, such as"),
    ] {
        let body = json!({ "matchers": matchers, "for": "1h", "person": "ann", "comment": "x" });
        let (status, answer) = post("/v1/silences", body).await;
        let error = answer["error"].as_str().unwrap();
        assert!(status == 400 && error.contains(wanted) && !error.contains("variant"), "{matchers}: {error}");
    }
    let body = json!({ "matchers": [SHOP], "for": "1h", "person": "ann", "comment": "the move" });
    let (_, made) = post("/v1/silences", body).await;
    let path = format!("/v1/silences/{}", made["silence"]["id"].as_str().unwrap());
    for (way, more) in [("extend", "matchers"), ("extend", "from"), ("expire", "for")] {
        let body = json!({ "person": "bob", more: [] });
        let (status, answer) = post(&format!("{path}/{way}"), body).await;
        assert!(status == 400 && answer["error"].as_str().unwrap().contains(more), "{way} {more}: {answer}");
    }
    let (status, longer) = post(&format!("{path}/extend"), json!({ "person": "bob", "for": "4h" })).await;
    let silence = &longer["silence"];
    let (maker, changed_by) = (&silence["person"]["name"], &silence["changed_by"]["name"]);
    assert_eq!((status, maker, changed_by), (200, &json!("ann"), &json!("bob")), "{longer:#}");
}

#[tokio::test]
async fn what_people_say_about_an_incident_is_theirs() {
    let people = people();
    let host = asking(&people.config).await;
    let (ada, vic) = (Browser::signed_in(&host, &people.ada).await, Browser::signed_in(&host, &people.vic).await);
    let page = ada.look("/i/i-b1").await.text().await.unwrap();
    let version = hidden(&page, "version");
    assert!(page.contains("/silences/new?matchers="), "{page}");
    let say = async |browser: &Browser<'_>, says: &str, comment: &str, version: &str| {
        let form = [("says", says), ("comment", comment), ("version", version), ("person", "somebody else")];
        let answer = browser.send("/i/i-b1", &form).await;
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_string());
        (answer.status().as_u16(), to.unwrap_or_default())
    };
    assert_eq!(say(&vic, "acknowledge", "", &version).await.0, 403);
    assert_eq!(say(&ada, "close", "done", "0000").await.0, 409, "it has changed since");
    assert_eq!(say(&ada, "close", "", &version).await.0, 409, "a reason is missing");
    assert_eq!(say(&ada, "comment", "x", "").await.0, 409);
    assert_eq!(say(&ada, "sing", "x", &version).await.0, 400);
    assert!(host.fake.words.lock().unwrap().is_empty());
    assert_eq!(say(&ada, "acknowledge", "on it", "0000").await, (303, "/i/i-b1".into()));
    assert_eq!(say(&ada, "rerun", "", &version).await, (303, "/i/i-a1".into()), "where it goes on");
    let words = host.fake.words.lock().unwrap().clone();
    assert_eq!(
        words.iter().map(|word| word.says).collect::<Vec<_>>(),
        [IncidentCommand::Acknowledge, IncidentCommand::Rerun]
    );
    assert!(words.iter().all(|word| word.person.proven().is_some() && word.person.name() == "ada"));
    assert_ne!(words[0].person, Person::typed("ada"));
}

#[tokio::test]
async fn what_is_stopped_is_let_go_by_whoever_has_seen_it() {
    let people = people();
    let host = asking(&people.config).await;
    let (ada, vic) = (Browser::signed_in(&host, &people.ada).await, Browser::signed_in(&host, &people.vic).await);
    let page = ada.look("/tools").await.text().await.unwrap();
    let version = hidden(&page, "version");
    assert!(page.contains("rule:x") && page.contains("pager"), "{page}");
    let send = async |browser: &Browser<'_>, word: (&str, &str), version: &str| {
        browser.send("/tools", &[word, ("version", version), ("reason", "mended")]).await.status().as_u16()
    };
    let breaker = crate::page::version(&"rule:x");
    assert_eq!(send(&vic, ("reset", &breaker), &version).await, 403);
    assert_eq!(send(&ada, ("reset", &breaker), "0000").await, 409);
    assert_eq!(send(&ada, ("reset", "rule:x"), &version).await, 404);
    assert_eq!(send(&ada, ("resume", &breaker), &version).await, 404);
    assert_eq!(send(&ada, ("sing", ""), &version).await, 400);
    assert!(host.fake.orders.lock().unwrap().is_empty());
    assert_eq!(send(&ada, ("reset", &breaker), &version).await, 303);
    assert_eq!(send(&ada, ("pause", ""), "").await, 303, "nobody need look before they stop something");
    let orders = host.fake.orders.lock().unwrap().clone();
    let told: Vec<(&str, &str, &str)> =
        orders.iter().map(|order| (order.scope.as_str(), order.person.name(), order.reason.as_str())).collect();
    assert_eq!(told, [("rule:x", "ada", "mended"), ("", "ada", "mended")]);
}

#[tokio::test]
async fn a_target_is_tried_from_its_page_by_an_operator() {
    let people = people();
    let host = asking(&people.config).await;
    let (ada, vic) = (Browser::signed_in(&host, &people.ada).await, Browser::signed_in(&host, &people.vic).await);
    assert!(ada.look("/tools").await.text().await.unwrap().contains("id=\"try-target\""));
    assert!(!vic.look("/tools").await.text().await.unwrap().contains("id=\"try-target\""));
    let pager = crate::page::version(&"pager");
    let send = async |browser: &Browser<'_>, target: &str, severity: &str| {
        let answer = browser.send("/tools", &[("test", "yes"), ("target", target), ("severity", severity)]).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(send(&vic, &pager, "info").await.0, 403);
    assert_eq!(send(&ada, "pager", "info").await.0, 404, "the form names it otherwise");
    let (status, page) = send(&ada, &pager, "info").await;
    assert!(status == 200 && page.contains("took the test message after") && page.contains("r1"), "{page}");
    let (status, page) = send(&ada, &pager, "critical").await;
    assert!(status == 200 && page.contains("did not take") && page.contains("the token is wrong"), "{page}");
}
