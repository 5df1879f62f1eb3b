//! Tokens that a key of our own signs, and every way in which a token can be none.

use std::collections::BTreeMap;

use axum::http::header;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use super::*;
use crate::http::fetch::FetchError;
use crate::http::fetch::fake::Shelf;

const URL: &str = "https://id.example/keys";
const NOW: i64 = 1_700_000_000;

/// A provider with a key.
pub struct Provider(EcdsaKeyPair);

impl Provider {
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap())
    }

    pub fn jwk(&self, name: &str) -> Value {
        let point = self.0.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": name, "x": part(1..33), "y": part(33..65) })
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "JWT", "kid": "k1" })
}

fn claims() -> Value {
    json!({ "iss": "https://id.example", "aud": "tidegate", "exp": NOW + 600, "iat": NOW, "azp": "sender",
            "email": "a@id.example", "email_verified": true })
}

fn with(more: &Value) -> Value {
    let mut claims = claims();
    for (key, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(key)),
            value => claims[key] = value.clone(),
        }
    }
    claims
}

fn tokens(fetch: Arc<Shelf>) -> Tokens {
    let claims: BTreeMap<String, String> =
        [("azp", "sender"), ("email", "a@id.example")].map(|(key, value)| (key.into(), value.into())).into();
    let wanted = config::Jwt {
        issuer: "https://id.example".into(),
        audience: vec!["tidegate".into(), "other".into()],
        keys: URL.parse().unwrap(),
        claims,
    };
    Tokens::new(wanted, fetch)
}

fn shelf(keys: &[Value]) -> Arc<Shelf> {
    let shelf = Shelf::default();
    shelf.put(URL, json!({ "keys": keys }).to_string());
    Arc::new(shelf)
}

async fn check(tokens: &Tokens, token: &str, second: i64) -> Result<(), String> {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    let now = Timestamp::from_second(second).unwrap();
    tokens.check(&headers, now).await.map_err(|failure| format!("{failure:?}"))
}

#[tokio::test]
async fn a_token_of_the_issuer_is_good_while_it_lasts() {
    let provider = Provider::new();
    let shelf = shelf(&[json!({ "kty": "odd" }), json!(7), provider.jwk("k0"), provider.jwk("k1")]);
    let tokens = tokens(shelf.clone());
    let good = provider.sign(&header(), &claims());
    for second in [NOW - 60, NOW, NOW + 660] {
        assert_eq!(check(&tokens, &good, second).await, Ok(()), "{second}");
    }
    assert!(check(&tokens, &good, NOW + 661).await.unwrap_err().contains("expired"));
    assert!(check(&tokens, &good, NOW - 61).await.unwrap_err().contains("future"));
    let listed = provider.sign(&header(), &with(&json!({ "aud": ["x", "other"] })));
    assert_eq!(check(&tokens, &listed, NOW).await, Ok(()));
    assert_eq!(shelf.asked(), 1);
}

#[tokio::test]
async fn any_other_token_is_none() {
    let (provider, stranger) = (Provider::new(), Provider::new());
    let tokens = tokens(shelf(&[provider.jwk("k1")]));
    for more in [
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": null }),
        json!({ "iss": ["https://id.example", "https://evil.example"] }),
        json!({ "aud": "another" }),
        json!({ "aud": null }),
        json!({ "aud": 7 }),
        json!({ "exp": null }),
        json!({ "exp": "9999999999" }),
        json!({ "exp": NOW - 61 }),
        json!({ "nbf": NOW + 61 }),
        json!({ "nbf": "soon" }),
        json!({ "azp": "another" }),
        json!({ "azp": null }),
        json!({ "email": "b@id.example" }),
        json!({ "email_verified": false }),
        json!({ "email_verified": "true" }),
    ] {
        let token = provider.sign(&header(), &with(&more));
        let refused = check(&tokens, &token, NOW).await;
        assert!(refused.as_ref().is_err_and(|text| text.contains("401")), "{more}: {refused:?}");
    }
    let good = provider.sign(&header(), &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for odd in [
        String::new(),
        "a.b.c".into(),
        stranger.sign(&header(), &claims()),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", part(json!({ "alg": "none", "kid": "k1" })), parts[1], parts[2]),
        format!("{}.{}.{}", part(json!({ "alg": "HS256", "kid": "k1" })), parts[1], parts[2]),
        format!("{}.{}.{}", part(json!({ "alg": "RS256", "kid": "k1" })), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], part(with(&json!({ "exp": NOW + 9_999 }))), parts[2]),
        format!("{good}x"),
        provider.sign(&json!({ "alg": "ES256", "kid": "k1", "crit": ["x"] }), &claims()),
        "x".repeat(LONGEST + 1),
    ] {
        let refused = check(&tokens, &odd, NOW).await;
        assert!(refused.as_ref().is_err_and(|text| text.contains("401")), "{odd}: {refused:?}");
    }
}

#[tokio::test]
async fn keys_are_fetched_when_they_are_wanted_and_not_for_every_stranger() {
    let (old, new) = (Provider::new(), Provider::new());
    let shelf = shelf(&[old.jwk("k1")]);
    let tokens = tokens(shelf.clone());
    let of = |provider: &Provider, name: &str, second: i64| {
        let claims = with(&json!({ "iat": second, "exp": second + 600 }));
        provider.sign(&json!({ "alg": "ES256", "kid": name }), &claims)
    };
    assert_eq!(check(&tokens, &of(&old, "k1", NOW), NOW).await, Ok(()));
    shelf.put(URL, json!({ "keys": [old.jwk("k1"), new.jwk("k2")] }).to_string());
    assert_eq!(check(&tokens, &of(&new, "k2", NOW), NOW).await, Ok(()), "a new key is found at once");
    for n in 0..20 {
        let made_up = of(&new, &format!("made-up-{n}"), NOW);
        assert!(check(&tokens, &made_up, NOW).await.unwrap_err().contains("asked for a moment ago"));
    }
    assert_eq!(shelf.asked(), 2);
    let made_up = of(&new, "made-up", NOW + 60);
    assert!(check(&tokens, &made_up, NOW + 60).await.unwrap_err().contains("none of the issuer's"));
    let gone = Err(FetchError::Unavailable("no route".into()));
    shelf.documents.lock().unwrap().insert(URL.into(), gone);
    let (later, much_later) = (NOW + 7_200, NOW + 90_000);
    assert_eq!(check(&tokens, &of(&old, "k1", later), later).await, Ok(()), "yesterday's keys serve for a day");
    let refused = check(&tokens, &of(&old, "k1", much_later), much_later).await.unwrap_err();
    assert!(refused.contains("503") && refused.contains("no route"), "{refused}");
}
