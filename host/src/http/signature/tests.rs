//! The vectors of the senders' documents, and every way in which a signature can be none.

use axum::http::{HeaderName, HeaderValue};

use super::*;
use crate::config::scheme::{SENDERS, Signed};

const BODY: &[u8] = br#"{"a":1}"#;
const PLAIN: &str = "37beaf650f70b40ec9706929c2e9d835cbd63729988f48781e6383a147215f07";
const TIMED: &str = "c2c95eecbf6116a1931c7a7f923adf6fa5926b5e488a6bc41ef020431e29d7df";
const ROOTLY: &str = "3db9a4a61eb20b2f2b31f35d1bed9e8b1f861ece070ccb678d3ac99dd451e075";
const BASE64: &str = "N76vZQ9wtA7JcGkpwunYNcvWNymYj0h4HmODoUchXwc=";
const AT: i64 = 1_700_000_000;

fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn scheme(prefix: &str, timed: bool) -> Scheme {
    let time = timed.then(|| Item::new("x-time", ""));
    Scheme { signature: Item::new("x-sig", prefix), encoding: Encoding::Hex, time, signed: Signed::usual(timed) }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn with(scheme: &Scheme, secrets: &[&str], headers: &HeaderMap, body: &[u8], second: i64) -> Result<Mark, Failure> {
    let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    let mut verifier = Verifier::new(scheme, &secrets, headers, at(second))?;
    body.chunks(3).for_each(|part| verifier.update(part));
    verifier.finish()
}

fn check(scheme: &Scheme, headers: &HeaderMap, body: &[u8], second: i64) -> Result<Mark, Failure> {
    with(scheme, &["s"], headers, body, second)
}

fn sign(secret: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// A sender's word, and the headers with which it would send [`BODY`], signed with `s` at [`AT`].
fn vectors() -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let slack = hex::encode(sign("s", &[b"v0:1700000000:", BODY]));
    vec![
        ("checkly", vec![("x-checkly-signature", PLAIN.into())]),
        ("flux", vec![("x-signature", format!("sha256={PLAIN}"))]),
        ("github", vec![("x-hub-signature-256", format!("sha256={PLAIN}"))]),
        ("grafana", vec![("x-grafana-alerting-signature", PLAIN.into())]),
        ("pagerduty", vec![("x-pagerduty-signature", format!("v1={PLAIN}"))]),
        ("rootly", vec![("x-rootly-signature", format!("t={AT},v1={ROOTLY}"))]),
        ("sentry", vec![("sentry-hook-signature", PLAIN.into())]),
        ("signalfx", vec![("x-sfx-signature", BASE64.into())]),
        ("slack", vec![("x-slack-signature", format!("v0={slack}")), ("x-slack-request-timestamp", AT.to_string())]),
    ]
}

#[test]
fn every_senders_own_signature_is_good_and_nothing_else_is() {
    let vectors = vectors();
    assert_eq!(vectors.len(), SENDERS.len(), "a sender without a vector");
    for ((word, scheme), (of, given)) in SENDERS.iter().zip(&vectors) {
        assert_eq!(word, of);
        let good = headers(given);
        let mark = check(scheme, &good, BODY, AT).unwrap();
        assert!(with(scheme, &["other"], &good, BODY, AT).is_err(), "{word}: another secret");
        assert!(check(scheme, &good, b"{\"a\":2}", AT).is_err(), "{word}: another body");
        assert!(check(scheme, &good, b"{\"a\":1} ", AT).is_err(), "{word}: a longer body");
        assert!(check(scheme, &good, b"", AT).is_err(), "{word}: no body");
        assert!(check(scheme, &HeaderMap::new(), BODY, AT).is_err(), "{word}: no signature");
        let (header, signature) = &given[0];
        let first = |signature: String| {
            let mut given = given.clone();
            given[0].1 = signature;
            headers(&given)
        };
        let cut = first(signature[..signature.len() - 2].to_string());
        assert!(check(scheme, &cut, BODY, AT).is_err(), "{word}: cut");
        let other = first(signature.replace("sha256=", "sha1=").replace("v1=", "v2=").replace("v0=", "v9="));
        assert_eq!(check(scheme, &other, BODY, AT).is_err(), !scheme.signature.prefix.is_empty(), "{word}: its prefix");
        if scheme.encoding == Encoding::Hex {
            let (start, digits) = signature.split_at(signature.len() - 64);
            let upper = first(format!("{start}{}", digits.to_uppercase()));
            assert_eq!(check(scheme, &upper, BODY, AT).ok(), Some(mark), "{word}: upper case is the same request");
        }
        // A header that stands twice is a list.
        let mut twice = HeaderMap::new();
        twice.append(HeaderName::from_static(header), HeaderValue::from_static("v1=00,sha256=00,v0=00,00"));
        for (name, value) in &good {
            twice.append(name, value.clone());
        }
        assert_eq!(check(scheme, &twice, BODY, AT).ok(), Some(mark), "{word}: twice");
        for (second, fresh) in [(AT - 300, true), (AT + 300, true), (AT - 301, false), (AT + 301, false)] {
            let timed = scheme.time.is_some();
            assert_eq!(check(scheme, &good, BODY, second).is_ok(), fresh || !timed, "{word}: at {second}");
        }
    }
}

#[test]
fn the_time_is_signed_along() {
    let (_, slack) = SENDERS.iter().find(|(word, _)| *word == "slack").unwrap();
    let (_, given) = vectors().pop().unwrap();
    let moved = headers(&[given[0].clone(), ("x-slack-request-timestamp", (AT + 1).to_string())]);
    assert!(check(slack, &moved, BODY, AT).is_err());
    let twice = headers(&[given[0].clone(), given[1].clone(), ("x-slack-request-timestamp", (AT + 1).to_string())]);
    assert!(check(slack, &twice, BODY, AT).is_err(), "two times are none");
    let (_, rootly) = SENDERS.iter().find(|(word, _)| *word == "rootly").unwrap();
    for odd in [format!("v1={ROOTLY}"), format!("t={},v1={ROOTLY}", AT + 1), format!("t={AT},t={AT},v1={ROOTLY}")] {
        assert!(check(rootly, &headers(&[("x-rootly-signature", odd.clone())]), BODY, AT).is_err(), "{odd}");
    }
    let spaced = headers(&[("x-rootly-signature", format!("v1={ROOTLY} , t={AT}"))]);
    assert!(check(rootly, &spaced, BODY, AT).is_ok());
}

#[test]
fn old_and_new_secrets_are_good_while_one_is_changed_for_the_other() {
    let (_, pagerduty) = SENDERS.iter().find(|(word, _)| *word == "pagerduty").unwrap();
    let signed = |secrets: &[&str]| {
        let parts: Vec<String> = secrets.iter().map(|s| format!("v1={}", hex::encode(sign(s, &[BODY])))).collect();
        headers(&[("x-pagerduty-signature", parts.join(","))])
    };
    // The sender has two, the host one.
    assert!(check(pagerduty, &signed(&["new", "s"]), BODY, AT).is_ok());
    assert!(check(pagerduty, &signed(&["new", "newer"]), BODY, AT).is_err());
    // The host has two, the sender one of them, or both.
    let marks: Vec<_> = [&["s"][..], &["new"], &["new", "s"], &["s", "new"]]
        .iter()
        .map(|of| with(pagerduty, &["s", "new"], &signed(of), BODY, AT).unwrap())
        .collect();
    assert!(marks.windows(2).all(|pair| pair[0] == pair[1]), "one request, whichever secret signed it");
    assert!(with(pagerduty, &["s", "new"], &signed(&["other"]), BODY, AT).is_err());
}

#[test]
fn base64_with_and_without_padding_and_nothing_but_a_whole_one() {
    let (_, signalfx) = SENDERS.iter().find(|(word, _)| *word == "signalfx").unwrap();
    let of = |text: &str| check(signalfx, &headers(&[("x-sfx-signature", text.into())]), BODY, AT).is_ok();
    assert!(of(BASE64) && of(BASE64.trim_end_matches('=')));
    for odd in [PLAIN, "N76vZQ==", "", "====", &BASE64[1..], &format!("{BASE64}{BASE64}"), &BASE64.to_lowercase()] {
        assert!(!of(odd), "{odd}");
    }
}

#[test]
fn a_scheme_of_ones_own() {
    let given = |name, value: &str| headers(&[(name, value.to_string())]);
    assert!(check(&scheme("", false), &given("x-sig", PLAIN), BODY, 0).is_ok());
    assert!(check(&scheme("sha256=", false), &given("x-sig", PLAIN), BODY, 0).is_err(), "the prefix is demanded");
    let timed = headers(&[("x-sig", TIMED.into()), ("x-time", AT.to_string())]);
    assert!(check(&scheme("", true), &timed, BODY, AT + 300).is_ok());
    assert!(check(&scheme("", true), &given("x-sig", PLAIN), BODY, 0).is_err(), "no time");
    let own = Scheme { signed: Signed::parse("v0:{time}.{body}").unwrap(), ..scheme("", true) };
    let mac = hex::encode(sign("s", &[b"v0:1700000000.", BODY]));
    assert!(check(&own, &headers(&[("x-sig", mac), ("x-time", AT.to_string())]), BODY, AT).is_ok());
}

#[test]
fn what_cannot_be_good_is_refused_before_the_body() {
    let secrets = [Secret::new("s")];
    let odd = [
        "",
        "00",
        "x",
        "37beaf650f70b40ec9706929c2e9d835cbd63729988f48781e6383a147215f0",
        "37beaf650f70b40ec9706929c2e9d835cbd63729988f48781e6383a147215f0700",
        "zzbeaf650f70b40ec9706929c2e9d835cbd63729988f48781e6383a147215f07",
        "sha256=37beaf650f70b40ec9706929c2e9d835cbd63729988f48781e6383a147215f07",
        ",,,,,,,,37beaf650f70b40ec9706929c2e9d835cbd63729988f48781e6383a147215f07",
    ];
    for odd in odd {
        let given = headers(&[("x-sig", odd.into())]);
        let refused = Verifier::new(&scheme("", false), &secrets, &given, at(0)).err().unwrap();
        assert!(format!("{refused:?}").contains("x-sig: <hex of HMAC-SHA256 over {body}"), "{odd}: {refused:?}");
    }
    for time in ["", "0", "-1", "1e9", "1699999699", "1700000301", "99999999999999999999", "1700000000.0"] {
        let timed = headers(&[("x-sig", TIMED.into()), ("x-time", time.into())]);
        assert!(Verifier::new(&scheme("", true), &secrets, &timed, at(AT)).is_err(), "{time}");
    }
}
