//! Tokens and passwords wherever senders put them.

use axum::http::{HeaderName, HeaderValue};

use super::*;

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair =
        |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    pairs.iter().map(pair).collect()
}

async fn head(proof: &Proof, given: &[(&'static str, &'static str)], query: &str) -> bool {
    proof.head(&headers(given), query, Timestamp::UNIX_EPOCH).await.is_ok()
}

#[tokio::test]
async fn tokens_and_passwords() {
    let bearer = Proof::Bearer(vec![Secret::new("t0ken"), Secret::new("former")]);
    for good in ["Bearer t0ken", "bearer t0ken", "Bearer former"] {
        assert!(head(&bearer, &[("authorization", good)], "").await, "{good}");
    }
    for wrong in ["Bearer t0ke", "Bearer t0ken2", "Bearer ", "t0ken", "Basic t0ken", ""] {
        assert!(!head(&bearer, &[("authorization", wrong)], "").await, "{wrong}");
    }
    let basic = Proof::Basic { user: "u".into(), passwords: vec![Secret::new("p:w"), Secret::new("old")] };
    for (good, given) in [(true, "Basic dTpwOnc="), (true, "Basic dTpvbGQ="), (false, "Basic dTpw"), (false, "Basic !")]
    {
        assert_eq!(head(&basic, &[("authorization", given)], "").await, good, "{given}");
    }
}

#[tokio::test]
async fn tokens_in_headers_and_in_the_url() {
    let gitlab = Proof::Header { name: "x-gitlab-token".into(), tokens: vec![Secret::new("t0ken")] };
    assert!(head(&gitlab, &[("x-gitlab-token", "t0ken")], "").await);
    for wrong in [&[("x-gitlab-token", "t0ke")][..], &[("x-other", "t0ken")], &[("authorization", "Bearer t0ken")], &[]]
    {
        assert!(!head(&gitlab, wrong, "x-gitlab-token=t0ken").await, "{wrong:?}");
    }
    assert!(gitlab.is_in_header("x-gitlab-token") && !gitlab.is_in_header("x-other"));
    let query = Proof::Query { name: "auth_token".into(), tokens: vec![Secret::new("t 0ken"), Secret::new("old")] };
    for (good, given) in [
        (true, "auth_token=t+0ken"),
        (true, "a=1&auth%5Ftoken=t%200ken"),
        (true, "auth_token=old"),
        (false, "auth_token=t+0ke"),
        (false, "auth_token="),
        (false, "token=old"),
        (false, "AUTH_TOKEN=old"),
        (false, "%ff=%ff"),
        (false, ""),
    ] {
        assert_eq!(head(&query, &[], given).await, good, "{given}");
    }
    assert!(query.is_in_query("auth_token") && !query.is_in_query("a"));
}

#[tokio::test]
async fn the_token_of_a_form_is_checked_and_taken_out() {
    let environment: std::collections::BTreeMap<String, String> =
        [("KEY", "apikey"), ("OLD", "former")].map(|(name, value)| (name.to_string(), value.to_string())).into();
    let source = |name: &str| crate::secret::SecretSource::Env(name.into());
    let key = Secrets { first: source("KEY"), others: vec![source("OLD")] };
    let auth = Auth::StatusCake { user: "ada".into(), key };
    let fetch: Arc<dyn Fetch> = Arc::new(crate::http::fetch::fake::Shelf::default());
    let proof = Proof::resolve(&auth, &environment, &fetch).ok().unwrap();
    let check = async |body: &str| {
        let rest = proof.head(&headers(&[]), "", Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(!rest.is_nothing());
        rest.finish(body.as_bytes(), Timestamp::UNIX_EPOCH).await
    };
    // printf adaapikey | md5sum; printf adaformer | md5sum
    let (token, former) = ("8759af7f6a966924172f36aa20d11484", "abf3c74b3a03397f87a8e3f207b247b8");
    for good in
        [format!("Status=Down&Token={token}"), format!("Token={}", token.to_uppercase()), format!("Token={former}&a=b")]
    {
        assert!(check(&good).await.is_ok(), "{good}");
    }
    for wrong in ["", "Token=", "Token=00", "{\"Token\":\"x\"}", "\u{fffd}"] {
        assert!(check(wrong).await.is_err(), "{wrong}");
    }
    assert_eq!(proof.taken_out(format!("Token={token}&Status=Down").into_bytes()), b"Status=Down");
}
