//! A provider that answers as it likes: what is good comes in, and everything else is refused before anybody has a session.

use std::collections::{BTreeMap, HashMap};

use futures::future::BoxFuture;
use reqwest::Url;
use serde_json::{Map, Value, json};

use super::*;
use crate::config::{Config, Overrides};
use crate::http::fetch::Fetch;
use crate::http::fetch::fake::Shelf;
use crate::http::jwt::tests::Provider;

const ISSUER: &str = "https://id.example/ops";
const NOW: i64 = 1_800_000_000;

/// A form, and what proved the host beside it.
type Posted = (HashMap<String, String>, Option<String>);

/// What the provider says, and what it was asked.
struct World {
    shelf: Shelf,
    answer: Mutex<Result<(u16, Value), FetchError>>,
    userinfo: Mutex<(u16, Value)>,
    forms: Mutex<Vec<Posted>>,
}

impl Fetch for World {
    fn get<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Vec<u8>, FetchError>> {
        self.shelf.get(url)
    }
}

impl Talk for World {
    fn post<'a>(
        &'a self,
        url: &'a Url,
        form: String,
        basic: Option<(String, Secret)>,
    ) -> BoxFuture<'a, Result<(u16, Vec<u8>), FetchError>> {
        assert_eq!(url.as_str(), "https://id.example/ops/token");
        let form = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        self.forms.lock().unwrap().push((form, basic.map(|(name, secret)| format!("{name}:{}", secret.expose()))));
        let answer = self.answer.lock().unwrap().clone();
        Box::pin(std::future::ready(answer.map(|(status, body)| (status, body.to_string().into_bytes()))))
    }

    fn get_with<'a>(&'a self, _: &'a Url, token: &'a Secret) -> BoxFuture<'a, Result<(u16, Vec<u8>), FetchError>> {
        assert_eq!(token.expose(), "at");
        let (status, body) = self.userinfo.lock().unwrap().clone();
        Box::pin(std::future::ready(Ok((status, body.to_string().into_bytes()))))
    }
}

struct Scene {
    world: Arc<World>,
    oidc: Oidc,
    provider: Provider,
}

fn metadata() -> Value {
    json!({
        "issuer": ISSUER, "authorization_endpoint": "https://id.example/ops/auth?x=1", "token_endpoint": "https://id.example/ops/token",
        "jwks_uri": "https://id.example/ops/keys", "userinfo_endpoint": "https://id.example/ops/me",
        "end_session_endpoint": "https://id.example/ops/out", "authorization_response_iss_parameter_supported": true,
    })
}

const DESCRIPTION: &str = "https://id.example/ops/.well-known/openid-configuration";

fn scene_with(more: &str) -> Scene {
    let text = format!(
        "[server.oidc]\nissuer = \"{ISSUER}\"\nclient_id = \"tide gate\"\nclient_secret = {{ env = \"S\" }}\n\
         redirect = \"https://t.example/oidc/callback\"\n{more}\n[[access]]\ngroups = [\"sre\"]\nrole = \"responder\"\n"
    );
    let config = Config::parse(text, None, &Overrides::default()).unwrap();
    let provider = Provider::new();
    let shelf = Shelf::default();
    shelf.put(DESCRIPTION, metadata().to_string());
    shelf.put("https://id.example/ops/keys", json!({ "keys": [provider.jwk("k1")] }).to_string());
    let world = Arc::new(World {
        shelf,
        answer: Mutex::new(Ok((400, json!({ "error": "invalid_grant" })))),
        userinfo: Mutex::new((200, json!({ "sub": "7" }))),
        forms: Mutex::default(),
    });
    let environment: BTreeMap<String, String> = [("S".to_string(), "s&cret".to_string())].into();
    let settings = config.server.oidc.unwrap();
    let oidc = Oidc::resolve(&settings, &environment, world.clone()).unwrap();
    Scene { world, oidc, provider }
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// A sign-in as the browser knows it: its cookie, and what it was sent along with.
struct Sent {
    cookie: String,
    query: HashMap<String, String>,
}

impl Scene {
    async fn begin(&self, to: &str) -> Sent {
        let begun = self.oidc.begin(to, now()).await.unwrap();
        let url: Url = begun.to.parse().unwrap();
        assert!(begun.to.starts_with("https://id.example/ops/auth?x=1&"), "{}", begun.to);
        Sent { cookie: begun.cookie, query: url.query_pairs().into_owned().collect() }
    }

    fn claims(&self, sent: &Sent) -> Value {
        json!({
            "iss": ISSUER, "aud": "tide gate", "sub": "7", "exp": NOW + 300, "iat": NOW, "nonce": sent.query["nonce"],
            "preferred_username": "Ann", "groups": ["sre", "Devs"],
        })
    }

    fn gives(&self, token: &str) {
        let body = json!({ "id_token": token, "access_token": "at", "token_type": "Bearer" });
        *self.world.answer.lock().unwrap() = Ok((200, body));
    }

    fn signs(&self, claims: &Value) {
        self.gives(&self.provider.sign(&json!({ "alg": "ES256", "kid": "k1" }), claims));
    }

    async fn back(&self, sent: &Sent, query: &[(&str, &str)]) -> Result<Arrived, Failed> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        self.oidc.finish(&query, Some(&sent.cookie), now()).await
    }

    async fn returns(&self, sent: &Sent) -> Result<Arrived, Failed> {
        self.back(sent, &[("code", "c1"), ("state", &sent.query["state"]), ("iss", ISSUER)]).await
    }

    /// What becomes of a token with other claims.
    async fn with(&self, more: &Value) -> Result<Arrived, Failed> {
        let sent = self.begin("/").await;
        let mut claims = self.claims(&sent);
        for (key, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(key)),
                value => claims[key] = value.clone(),
            }
        }
        self.signs(&claims);
        self.returns(&sent).await
    }
}

fn unproven<T>(result: Result<T, Failed>) -> String {
    match result {
        Err(Failed::Unproven(why)) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was let in"),
    }
}

#[tokio::test]
async fn somebody_comes_back_as_who_the_provider_says() {
    let scene = scene_with("");
    let sent = scene.begin("/i/i1?tab=x").await;
    let asked = |name: &str| sent.query[name].clone();
    assert_eq!((asked("client_id"), asked("scope")), ("tide gate".into(), "openid profile email".into()));
    assert_eq!((asked("response_type"), asked("code_challenge_method")), ("code".into(), "S256".into()));
    assert_eq!(asked("redirect_uri"), "https://t.example/oidc/callback");
    scene.signs(&scene.claims(&sent));
    let arrived = scene.returns(&sent).await.unwrap();
    assert_eq!((arrived.identity.subject.as_str(), arrived.identity.name.as_str()), ("7", "Ann"));
    assert_eq!(arrived.identity.groups, Some(["sre".to_string(), "Devs".to_string()].into()));
    assert_eq!(arrived.to, "/i/i1?tab=x");
    let (form, basic) = scene.world.forms.lock().unwrap()[0].clone();
    assert_eq!(basic.as_deref(), Some("tide+gate:s%26cret"), "as RFC 6749 has it");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    assert_eq!((form["code"].as_str(), challenge), ("c1", asked("code_challenge")));
    // The browser brings the same once more, or brings it to another sign-in.
    assert_eq!(scene.returns(&sent).await.err(), Some(Failed::Unbound), "a second time");
    assert_eq!(scene.world.forms.lock().unwrap().len(), 1, "and the provider hears nothing of it");
    let out = scene.oidc.end_session("idt", now()).unwrap();
    assert!(out.starts_with("https://id.example/ops/out?id_token_hint=idt&client_id=tide+gate&post_logout"), "{out}");
    assert!(out.ends_with("redirect_uri=https%3A%2F%2Ft.example%2Fsign-in"), "{out}");
}

#[tokio::test]
async fn what_was_not_begun_in_this_browser_is_nobodys() {
    let scene = scene_with("");
    let (mine, evil) = (scene.begin("/").await, scene.begin("/").await);
    let state = mine.query["state"].as_str();
    for (cookie, query) in [
        (None, format!("code=c&state={state}&iss={ISSUER}")),
        (Some(evil.cookie.as_str()), format!("code=c&state={state}&iss={ISSUER}")),
        (Some(mine.cookie.as_str()), "code=c".to_string()),
        (Some(mine.cookie.as_str()), format!("code=c&state=&iss={ISSUER}")),
        (Some(mine.cookie.as_str()), format!("code=c&state={}", evil.query["state"])),
        (Some(mine.cookie.as_str()), format!("code=c&code=d&state={state}")),
        (Some(mine.cookie.as_str()), format!("code=c&state={state}&state={state}")),
        (Some(mine.cookie.as_str()), format!("code={}&state={state}", "x".repeat(9000))),
        (Some("x"), format!("code=c&state={state}")),
    ] {
        assert_eq!(scene.oidc.finish(&query, cookie, now()).await.err(), Some(Failed::Unbound), "{query}");
    }
    let later = now() + SignedDuration::from_mins(11);
    let query = format!("code=c&state={state}&iss={ISSUER}");
    assert_eq!(scene.oidc.finish(&query, Some(&mine.cookie), later).await.err(), Some(Failed::Unbound), "too late");
    assert!(scene.world.forms.lock().unwrap().is_empty(), "nothing was asked for any of it");
}

#[tokio::test]
async fn an_answer_that_is_another_providers_or_says_no_is_none() {
    let scene = scene_with("");
    let sent = scene.begin("/").await;
    let wrong =
        scene.back(&sent, &[("code", "c"), ("state", &sent.query["state"]), ("iss", "https://evil.example")]).await;
    assert!(unproven(wrong).contains("another provider"));
    let sent = scene.begin("/").await;
    assert!(
        unproven(scene.back(&sent, &[("code", "c"), ("state", &sent.query["state"])]).await).contains("whose it is")
    );
    let sent = scene.begin("/").await;
    let says = [("error", "access_denied<script>"), ("state", &sent.query["state"]), ("iss", ISSUER)];
    assert_eq!(scene.back(&sent, &says).await.err(), Some(Failed::Denied("access_deniedscript".into())));
    let sent = scene.begin("/").await;
    assert!(unproven(scene.returns(&sent).await).contains("400 invalid_grant"), "a code that was used before");
    for (answer, unreachable) in [
        (Err(FetchError::Unavailable("no route".into())), true),
        (Ok((503, json!({}))), true),
        (Ok((200, json!({ "access_token": "at" }))), false),
        (Ok((200, json!([]))), false),
        (Ok((302, json!({}))), false),
        (Ok((401, json!({ "error": "invalid_client" }))), false),
    ] {
        *scene.world.answer.lock().unwrap() = answer.clone();
        let sent = scene.begin("/").await;
        let failed = scene.returns(&sent).await.err().unwrap();
        assert_eq!(matches!(failed, Failed::Unreachable(_)), unreachable, "{answer:?}: {failed:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_for_this_host_and_this_sign_in_proves_nothing() {
    let scene = scene_with("");
    for (more, part) in [
        (json!({ "iss": "https://evil.example" }), "InvalidIssuer"),
        (json!({ "iss": [ISSUER] }), "iss"),
        (json!({ "aud": "another" }), "InvalidAudience"),
        (json!({ "aud": ["tide gate", "another"] }), "for several"),
        (json!({ "aud": ["tide gate", "another"], "azp": "another" }), "another client"),
        (json!({ "azp": "another" }), "another client"),
        (json!({ "nonce": "other" }), "another sign-in"),
        (json!({ "nonce": null }), "another sign-in"),
        (json!({ "exp": NOW - 61 }), "expired"),
        (json!({ "exp": null }), "expired"),
        (json!({ "iat": NOW + 61 }), "future"),
        (json!({ "iat": null }), "just now"),
        (json!({ "iat": NOW - 661 }), "just now"),
        (json!({ "nbf": NOW + 61 }), "future"),
        (json!({ "sub": null }), "who it is"),
        (json!({ "sub": "" }), "who it is"),
        (json!({ "sub": 7 }), "who it is"),
        (json!({ "sub": "x".repeat(256) }), "who it is"),
    ] {
        let why = unproven(scene.with(&more).await);
        assert!(why.contains(part), "{more}: {why}");
    }
    for more in [
        json!({ "exp": NOW - 59 }),
        json!({ "iat": NOW + 59 }),
        json!({ "aud": ["tide gate", "another"], "azp": "tide gate" }),
    ] {
        assert!(scene.with(&more).await.is_ok(), "{more}");
    }
}

#[tokio::test]
async fn a_token_that_the_provider_did_not_sign_is_none() {
    let (scene, stranger) = (scene_with(""), Provider::new());
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let public = scene.provider.jwk("k1").to_string();
    let hs256 = |claims: &Value| {
        use hmac::{Hmac, KeyInit, Mac};
        let text = format!("{}.{}", part(&json!({ "alg": "HS256", "kid": "k1" })), part(claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(public.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    };
    let header = json!({ "alg": "ES256", "kid": "k1" });
    for forge in [
        &(|claims: &Value| format!("{}.{}.", part(&json!({ "alg": "none", "kid": "k1" })), part(claims)))
            as &dyn Fn(&Value) -> String,
        &hs256,
        &|claims: &Value| stranger.sign(&header, claims),
        &|claims: &Value| stranger.sign(&json!({ "alg": "ES256", "kid": "k9" }), claims),
        &|claims: &Value| format!("{}x", scene.provider.sign(&header, claims)),
        &|_: &Value| "a.b.c".to_string(),
        &|_: &Value| String::new(),
        &|claims: &Value| format!("{}{}", "x".repeat(20_000), scene.provider.sign(&header, claims)),
    ] {
        let sent = scene.begin("/").await;
        let token = forge(&scene.claims(&sent));
        scene.gives(&token);
        match scene.returns(&sent).await {
            // An unknown key is looked for once a minute, and then nobody can tell.
            Err(Failed::Unproven(_) | Failed::Unreachable(_)) => {}
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("{token} was taken"),
        }
    }
    assert_eq!(scene.world.shelf.asked(), 3, "its description, its keys, and once more for a key of another name");
}

#[tokio::test]
async fn groups_come_from_the_token_or_else_from_what_it_lets_one_ask() {
    let scene = scene_with("groups = \"realm_access.roles\"\ngroup_names = { \"8f1c\" = \"sre\" }");
    let groups = async |more: Value| scene.with(&more).await.map(|arrived| arrived.identity.groups.unwrap_or_default());
    let named = |all: &[&str]| Ok(all.iter().map(|group| group.to_string()).collect());
    assert_eq!(
        groups(json!({ "realm_access": { "roles": ["8f1c", "x", 7, "", "a\u{7}"] } })).await,
        named(&["sre", "x"])
    );
    assert_eq!(groups(json!({ "realm_access.roles": "one" })).await, named(&["one"]));
    // What is elsewhere, or of another shape, is asked for there.
    for more in [json!({}), json!({ "realm_access": ["sre"] }), json!({ "realm_access": { "roles": { "a": 1 } } })] {
        assert_eq!(groups(more).await, named(&[]), "nothing is said of them");
    }
    *scene.world.userinfo.lock().unwrap() = (200, json!({ "sub": "7", "realm_access": { "roles": ["sre"] } }));
    assert_eq!(groups(json!({})).await, named(&["sre"]));
    assert_eq!(groups(json!({ "realm_access": { "roles": [] } })).await, named(&[]), "none is none");
    *scene.world.userinfo.lock().unwrap() = (200, json!({ "sub": "8", "realm_access": { "roles": ["sre"] } }));
    assert!(unproven(groups(json!({})).await).contains("about another"));
    *scene.world.userinfo.lock().unwrap() = (500, json!({}));
    assert!(matches!(groups(json!({})).await, Err(Failed::Unreachable(_))));
}

#[tokio::test]
async fn nobody_is_called_by_an_address_that_is_not_proven_theirs() {
    let scene = scene_with("");
    let name = async |more: Value| scene.with(&more).await.unwrap().identity.name;
    let none = |email: Value, verified: Value| json!({ "preferred_username": null, "email": email, "email_verified": verified });
    assert_eq!(name(none(json!("a@x.example"), json!(true))).await, "a@x.example");
    for verified in [json!(false), json!("true"), Value::Null] {
        assert_eq!(name(none(json!("boss@x.example"), verified)).await, "7");
    }
    for odd in [json!(""), json!(" \u{200b}"), json!("a\u{202e}b"), json!("x".repeat(101)), json!(["Ann"])] {
        assert_eq!(name(json!({ "preferred_username": odd })).await, "7", "{odd}");
    }
}

#[tokio::test]
async fn a_provider_that_is_away_or_another_is_told_and_asked_again() {
    let scene = scene_with("");
    let shelf = &scene.world.shelf;
    shelf.documents.lock().unwrap().insert(DESCRIPTION.into(), Err(FetchError::Unavailable("no route".into())));
    scene.oidc.look(now()).await;
    assert!(scene.oidc.is_away());
    for (document, part) in [
        (json!({ "issuer": "https://evil.example" }), "no description"),
        (with(metadata(), "issuer", json!("https://id.example/ops/")), "calls itself"),
        (with(metadata(), "token_endpoint", json!("http://id.example/token")), "token_endpoint"),
        (with(metadata(), "jwks_uri", json!("file:///etc/passwd")), "jwks_uri"),
        (with(metadata(), "token_endpoint_auth_methods_supported", json!(["private_key_jwt"])), "neither"),
    ] {
        shelf.put(DESCRIPTION, document.to_string());
        let failed = scene.oidc.begin("/", now()).await.err().unwrap().to_string();
        assert!(failed.contains(part), "{failed}");
    }
    shelf.put(DESCRIPTION, metadata().to_string());
    assert!(scene.oidc.begin("/", now()).await.is_err(), "so often within a minute");
    assert!(scene.oidc.begin("/", now() + SignedDuration::from_mins(1)).await.is_ok() && !scene.oidc.is_away());
    // Once known, it serves a day where it cannot be asked anew.
    shelf.documents.lock().unwrap().insert(DESCRIPTION.into(), Err(FetchError::Unavailable("no route".into())));
    assert!(scene.oidc.begin("/", now() + SignedDuration::from_hours(20)).await.is_ok() && scene.oidc.is_away());
    assert!(scene.oidc.begin("/", now() + SignedDuration::from_hours(30)).await.is_err());
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object.as_object_mut().map(|members: &mut Map<String, Value>| members.insert(name.into(), value));
    object
}
