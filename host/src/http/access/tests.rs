//! Every route, asked by everybody on a real socket: the whole table, as `cases.txt` says it.

mod bound;

use super::table::{ANY, TABLE};
use crate::backend::fake::Fake;
use crate::domain::{Alert, Entry, Fact, Incident, IncidentId, Labels, Severity, Status};
use crate::http::tests::{Running, start};
use crate::token::{self, Hash};

const CASES: &str = include_str!("cases.txt");
const COLUMNS: usize = 8;

/// An incident of one alert in a namespace.
fn incident(id: &str, namespace: &str) -> Incident {
    let alert = Alert {
        source: "s".into(),
        name: "n".into(),
        status: Status::Firing,
        severity: Severity::Error,
        labels: Labels::from([("namespace", namespace)]),
        annotations: Labels::new(),
        starts_at: None,
        ends_at: None,
        fingerprint: id.into(),
        link: None,
    };
    let opened = Fact::Opened { group_key: id.into(), source: "s".into(), alerts: vec![alert] };
    Incident::open(IncidentId(id.into()), &Entry { at: jiff::Timestamp::UNIX_EPOCH, fact: opened }).unwrap()
}

struct People {
    host: Running,
    /// Follows nothing by itself.
    browser: reqwest::Client,
    tokens: Vec<(&'static str, String)>,
    _folder: tempfile::TempDir,
}

async fn people() -> People {
    let folder = tempfile::tempdir().unwrap();
    let accounts = folder.path().join("accounts.json");
    let mut config = format!("[mcp]\nwrite = [\"silence\"]\n[sign_in]\naccounts = {accounts:?}\n");
    config += "[[access]]\npeople = [\"bo\"]\nrole = \"responder\"\nnamespace = \"pay*\"\n";
    let mut tokens = Vec::new();
    for (name, role) in [
        ("send", "role = \"sender\""),
        ("vic", "role = \"viewer\""),
        ("bo", ""),
        ("rae", "role = \"responder\""),
        ("opal", "role = \"operator\""),
        ("ada", "role = \"admin\""),
    ] {
        let token = token::generate().unwrap();
        config.push_str(&format!("[users.{name}]\n{role}\ntokens = [\"{}\"]\n", Hash::of(token.expose())));
        tokens.push((name, token.expose().to_string()));
    }
    let incidents = vec![incident("i-pay", "payments"), incident("i-shop", "shop")];
    let browser = crate::network::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    People { host: start(&config, Fake { incidents, ..Fake::default() }).await, browser, tokens, _folder: folder }
}

impl People {
    fn token(&self, name: &str) -> &str {
        &self.tokens.iter().find(|(known, _)| *known == name).unwrap().1
    }

    /// What a route says to somebody: the word of `cases.txt`.
    async fn said(&self, method: &str, path: &str, name: Option<&str>) -> String {
        let method = if method == ANY { "POST" } else { method };
        let mut request = self.browser.request(method.parse().unwrap(), self.host.url(path));
        if let Some(name) = name {
            request = request.header("Authorization", format!("Bearer {}", self.token(name)));
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_string()).unwrap_or_default();
        if to.starts_with("/sign-in?to=") {
            return "sign-in".into();
        }
        if !matches!(status, 401 | 403 | 404) {
            return "in".into();
        }
        let text = answer.text().await.unwrap();
        // Handlers refuse as well; they do not speak of roles and places.
        let table = ["the roles that may", " only where ", "bo may look", "may send alerts and nothing else"];
        let refused = status == 401 || table.iter().any(|part| text.contains(part));
        if refused { status.to_string() } else { "in".into() }
    }
}

#[tokio::test]
async fn every_route_says_to_everybody_what_the_table_says() {
    let people = people().await;
    let lines: Vec<Vec<&str>> = CASES
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split_whitespace().collect())
        .collect();
    let mut wrong = Vec::new();
    for row in TABLE {
        if !lines.iter().any(|line| line[..2] == [row.method, row.path]) {
            wrong.push(format!("{} {} is not in cases.txt", row.method, row.path));
        }
    }
    for line in &lines {
        assert_eq!(line.len(), 2 + COLUMNS, "{line:?}");
        let (method, pattern) = (line[0], line[1]);
        let path = |id: &str| {
            let path = pattern.replace("{id}", id).replace("{incident}", id).replace("{action}", "a1");
            let path = path.replace("{source}", "alertmanager").replace("{number}", "1");
            path.replace(['{', '}', '*'], "")
        };
        let callers = [
            (None, "i-pay"),
            (Some("send"), "i-pay"),
            (Some("vic"), "i-pay"),
            (Some("bo"), "i-pay"),
            (Some("bo"), "i-shop"),
            (Some("rae"), "i-pay"),
            (Some("opal"), "i-pay"),
            (Some("ada"), "i-pay"),
        ];
        for (n, (name, id)) in callers.into_iter().enumerate() {
            let said = people.said(method, &path(id), name).await;
            if said != line[2 + n] {
                wrong.push(format!("{method} {pattern} for {name:?} about {id}: {said}, not {}", line[2 + n]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn who_is_bound_sees_and_names_only_what_is_there() {
    let people = people().await;
    let get = async |path: &str, name: &str| {
        let request = people.host.get(path).header("Authorization", format!("Bearer {}", people.token(name)));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    for (name, wanted) in [("bo", vec!["i-pay"]), ("vic", vec!["i-pay", "i-shop"])] {
        let (_, text) = get("/v1/incidents", name).await;
        let listed: serde_json::Value = serde_json::from_str(&text).unwrap();
        let ids: Vec<&str> =
            listed["incidents"].as_array().unwrap().iter().map(|incident| incident["id"].as_str().unwrap()).collect();
        assert_eq!(ids, wanted, "{name}");
    }
    for path in ["/", "/incidents?state=all", "/incidents?state=all&q=shop"] {
        let (status, page) = get(path, "bo").await;
        assert!(status == 200 && !page.contains("i-shop"), "{path}: {page}");
    }
    // What is only the beginning of a name could be another one by the time it is looked at.
    for path in ["/v1/incidents/latest", "/v1/incidents/i-p", "/v1/incidents/i-%70ay", "/i/i-p"] {
        let (status, text) = get(path, "bo").await;
        assert!(status == 404 && text.contains("namespace=pay*"), "{path}: {status} {text}");
    }
    let silence = |namespace: &str| format!(r#"{{"matchers":["{namespace}"],"for":"1h","comment":"x"}}"#);
    for (matcher, status) in [
        ("namespace=payroll", 200),
        ("namespace=~pay|payroll", 200),
        ("namespace=shop", 403),
        ("alertname=x", 403),
        ("namespace=~pay.*", 403),
    ] {
        let request = people.host.post("/v1/silences", silence(matcher)).header("Content-Type", "application/json");
        let request = request.header("Authorization", format!("Bearer {}", people.token("bo")));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{matcher}: {}", answer.text().await.unwrap());
    }
}

#[tokio::test]
async fn a_refusal_says_who_could() {
    let people = people().await;
    for (name, path, sentence) in [
        (
            "vic",
            "/v1/pause",
            "vic may look and change nothing; the roles that may stop execution: responder, operator, admin",
        ),
        ("rae", "/v1/resume", "rae has the role responder; the roles that may let execution go on"),
        ("bo", "/v1/pause", "bo may stop execution only where namespace=pay*, and this is about the host as a whole"),
        ("bo", "/v1/incidents/i-shop/close", "there is no incident i-shop where namespace=pay*, where bo may look"),
    ] {
        let request = people.host.post(path, "").header("Authorization", format!("Bearer {}", people.token(name)));
        let text = request.send().await.unwrap().text().await.unwrap();
        assert!(text.contains(sentence), "{text}");
    }
}

#[tokio::test]
async fn a_silence_of_another_place_is_not_there_for_whoever_is_bound_and_nobody_signs_out() {
    let people = people().await;
    let send = async |name: &str, path: &str, body: String| {
        let request = people.host.post(path, body).header("Content-Type", "application/json");
        let answer = request.header("Authorization", format!("Bearer {}", people.token(name))).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let of_shop = r#"{"matchers":["namespace=shop"],"for":"1h","comment":"x"}"#.to_string();
    let (status, text) = send("rae", "/v1/silences", of_shop).await;
    let made: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200, "{text}");
    let id = made["silence"]["id"].as_str().unwrap();
    let set = |id: &str, namespace: &str| {
        serde_json::json!({
            "id": id, "comment": "x", "createdBy": "bo", "startsAt": "2030-01-01T00:00:00Z", "endsAt": "2030-01-02T00:00:00Z",
            "matchers": [{ "name": "namespace", "value": namespace, "isRegex": false }],
        })
        .to_string()
    };
    let other = send("bo", "/api/v2/silences", set(id, "payroll")).await;
    assert_eq!(other, (404, "\"silence not found\"".to_string()), "as if there were none");
    let (status, text) = send("bo", "/api/v2/silences", set("", "shop")).await;
    assert!(status == 403 && text.contains("a silence must name"), "{status} {text}");
    let (status, text) = send("ada", "/v1/people/nobody/sign-out", String::new()).await;
    assert!(status == 404 && text.contains("there is nobody called nobody"), "{status} {text}");
    assert_eq!(send("ada", "/v1/people/VIC/sign-out", String::new()).await.0, 200);
}

#[tokio::test]
async fn whoever_uses_another_method_is_told_which_there_are() {
    let host = start("", Fake::default()).await;
    let mut refused = std::collections::BTreeSet::new();
    for row in TABLE {
        let path = row.path.replace("{source}", "alertmanager").replace(['{', '}', '*'], "");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "QUERY"] {
            let answer = host.client().request(method.parse().unwrap(), host.url(&path)).send().await.unwrap();
            if answer.status() != 405 {
                continue;
            }
            let allowed = answer.headers().get("allow").map(|allow| allow.to_str().unwrap().to_string());
            let allowed = allowed.unwrap_or_else(|| panic!("{method} {path} is answered without `Allow`"));
            let allowed: Vec<&str> = allowed.split(',').map(str::trim).collect();
            let own = TABLE.iter().filter(|other| other.path == row.path && other.method != ANY);
            let own: Vec<&str> = own.map(|other| other.method).collect();
            assert!(own.iter().all(|own| allowed.contains(own)), "{method} {path}: {allowed:?}, and there are {own:?}");
            assert!(!allowed.contains(&method) && !allowed.contains(&""), "{method} {path}: {allowed:?}");
            refused.insert(row.path);
        }
    }
    // What answers every method by itself is gone, or nothing.
    let every = |path: &str| {
        path.starts_with("/api/v1/") && !path.contains('{') && path != "/api/v1/events" || path == "/api/v2/{*path}"
    };
    let silent: Vec<&str> =
        TABLE.iter().map(|row| row.path).filter(|path| !refused.contains(path) && !every(path)).collect();
    assert_eq!(silent, [""; 0]);
    // A reader of pages is told as well.
    let page = host.post("/incidents", "").header("accept", "text/html").send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.headers()["allow"].to_str().unwrap()), (405, "GET,HEAD"));
    let guarded = start("[sources.alertmanager]\nauth = { bearer = { env = \"TOKEN\" } }", Fake::default()).await;
    let stranger = guarded.client().delete(guarded.url("/v1/alerts/alertmanager")).send().await.unwrap();
    assert_eq!((stranger.status().as_u16(), stranger.headers()["allow"].to_str().unwrap()), (405, "POST"));
}
