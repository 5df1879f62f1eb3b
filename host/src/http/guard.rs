//! Who may do what: proofs of senders and of callers of the API.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::answer::Failure;
use super::callers::Caller;
use super::replays::{Signature, UNTIMED};
use super::{Shared, origin};
use crate::config::Auth;
use crate::environment::Environment;
use crate::secret::{Secret, SecretError, SecretSource};

/// How far a signed time may be from ours, as Grafana recommends.
const TOLERANCE_S: i64 = 300;

/// An accepted proof with its secret at hand.
pub enum Proof {
    Bearer(Secret),
    Basic { user: String, password: Secret },
    Hmac { secret: Secret, header: String, prefix: String, timestamp_header: Option<String> },
}

impl Proof {
    /// Reads the secret.
    pub fn resolve(auth: &Auth, environment: &dyn Environment) -> Result<Self, SecretError> {
        let read = |source: &SecretSource| source.resolve(environment);
        Ok(match auth {
            Auth::Bearer(token) => Self::Bearer(read(token)?),
            Auth::Basic { user, password } => Self::Basic { user: user.clone(), password: read(password)? },
            Auth::Hmac { secret, header, prefix, timestamp_header } => Self::Hmac {
                secret: read(secret)?,
                header: header.clone(),
                prefix: prefix.clone(),
                timestamp_header: timestamp_header.clone(),
            },
        })
    }

    /// Checks what can be checked before the body is read.
    pub fn head(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let given = match self {
            Self::Hmac { header, .. } => return self.denied_unless(headers.contains_key(header)),
            _ => headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default(),
        };
        let (scheme, credentials) = given.split_once(' ').unwrap_or_default();
        let credentials = credentials.trim();
        let ok = match self {
            Self::Bearer(token) => {
                scheme.eq_ignore_ascii_case("bearer") && same(credentials.as_bytes(), token.expose().as_bytes())
            }
            Self::Basic { user, password } => {
                let decoded = base64::engine::general_purpose::STANDARD.decode(credentials).unwrap_or_default();
                let expected = format!("{user}:{}", password.expose());
                scheme.eq_ignore_ascii_case("basic") && same(&decoded, expected.as_bytes())
            }
            Self::Hmac { .. } => false,
        };
        self.denied_unless(ok)
    }

    /// Checks a signature over the raw body; what was signed, so that it is taken once.
    pub fn body(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Option<Signature>, Failure> {
        let Self::Hmac { secret, header, prefix, timestamp_header } = self else { return Ok(None) };
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
            return self.denied_unless(false).map(|()| None);
        };
        let mut until = now.saturating_add(UNTIMED).unwrap_or(Timestamp::MAX);
        if let Some(name) = timestamp_header {
            let time = text(name);
            let signed = time.parse::<i64>().ok();
            let signed = signed.filter(|time| time.abs_diff(now.as_second()) <= TOLERANCE_S.unsigned_abs());
            let Some(signed) = signed else {
                let text = format!("the time in {name} is missing or more than {TOLERANCE_S} s from the host's own");
                return Err(Failure::unauthorized(text, "Signature"));
            };
            until = Timestamp::from_second(signed.saturating_add(TOLERANCE_S)).unwrap_or(Timestamp::MAX);
            mac.update(time.as_bytes());
            mac.update(b":");
        }
        mac.update(body);
        let expected = mac.finalize().into_bytes();
        // Some senders give several signatures while they change their secret.
        let matches = |part: &str| {
            let digits = part.trim().strip_prefix(prefix.as_str()).unwrap_or_default();
            hex::decode(digits).is_ok_and(|given| same(&given, &expected))
        };
        self.denied_unless(text(header).split(',').any(matches))?;
        Ok(Some(Signature { mac: expected.into(), until }))
    }

    /// The name that the proof itself vouches for.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::Basic { user, .. } => Some(user),
            _ => None,
        }
    }

    /// The header that carries it, besides `Authorization`.
    pub fn header(&self) -> Option<&str> {
        match self {
            Self::Hmac { header, .. } => Some(header),
            _ => None,
        }
    }

    fn denied_unless(&self, ok: bool) -> Result<(), Failure> {
        if ok {
            return Ok(());
        }
        Err(match self {
            Self::Bearer(_) => Failure::unauthorized(
                "this needs the right token in Authorization: Bearer …",
                "Bearer realm=\"tidegate\"",
            ),
            Self::Basic { .. } => {
                Failure::unauthorized("this needs the right user and password", "Basic realm=\"tidegate\"")
            }
            Self::Hmac { header, .. } => {
                Failure::unauthorized(format!("this needs the right signature in {header}"), "Signature")
            }
        })
    }
}

fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// In front of every path of the API.
pub async fn api(State(state): State<Arc<Shared>>, mut request: Request, next: Next) -> Result<Response, Failure> {
    let headers = request.headers();
    let caller = match state.callers.caller(headers)? {
        Some(caller) => caller,
        // Cannot happen beyond loopback, where starting is refused; if it did, nobody gets in.
        None if !state.loopback => {
            return Err(Failure::unauthorized(
                "no authentication is configured for the API",
                "Bearer realm=\"tidegate\"",
            ));
        }
        None => {
            origin::check_host(headers, state.listen)?;
            Caller::unnamed()
        }
    };
    if request.method() != Method::GET && request.method() != Method::HEAD {
        origin::check_origin(headers)?;
        if !caller.acts {
            return Err(Failure::forbidden("this token may look and change nothing"));
        }
    }
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    fn hmac(prefix: &str, timestamp_header: Option<&str>) -> Proof {
        Proof::Hmac {
            secret: Secret::new("s"),
            header: "x-sig".into(),
            prefix: prefix.into(),
            timestamp_header: timestamp_header.map(Into::into),
        }
    }

    const BODY: &[u8] = br#"{"a":1}"#;
    const PLAIN: &str = "37beaf650f70b40ec9706929c2e9d835cbd63729988f48781e6383a147215f07";
    const TIMED: &str = "c2c95eecbf6116a1931c7a7f923adf6fa5926b5e488a6bc41ef020431e29d7df";

    #[test]
    fn signatures_with_and_without_a_prefix_and_a_time() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let plain = headers(&[("x-sig", PLAIN)]);
        assert!(hmac("", None).body(&plain, BODY, at(0)).is_ok());
        assert!(hmac("", None).body(&plain, b"{\"a\":2}", at(0)).is_err());
        assert!(hmac("sha256=", None).body(&plain, BODY, at(0)).is_err(), "the prefix is demanded");
        let listed = "v1=00, v1=37beaf650f70b40ec9706929c2e9d835cbd63729988f48781e6383a147215f07";
        assert!(hmac("v1=", None).body(&headers(&[("x-sig", listed)]), BODY, at(0)).is_ok());
        let timed = headers(&[("x-sig", TIMED), ("x-time", "1700000000")]);
        assert!(hmac("", Some("x-time")).body(&timed, BODY, at(1_700_000_300)).is_ok());
        assert!(hmac("", Some("x-time")).body(&timed, BODY, at(1_700_000_301)).is_err(), "too old");
        assert!(hmac("", Some("x-time")).body(&plain, BODY, at(0)).is_err(), "no time");
        assert!(hmac("", None).head(&headers(&[])).is_err());
    }

    #[test]
    fn tokens_and_passwords() {
        let bearer = Proof::Bearer(Secret::new("t0ken"));
        assert!(bearer.head(&headers(&[("authorization", "Bearer t0ken")])).is_ok());
        assert!(bearer.head(&headers(&[("authorization", "bearer t0ken")])).is_ok());
        for wrong in ["Bearer t0ke", "Bearer ", "t0ken", "Basic t0ken", ""] {
            assert!(bearer.head(&headers(&[("authorization", wrong)])).is_err(), "{wrong}");
        }
        let basic = Proof::Basic { user: "u".into(), password: Secret::new("p:w") };
        assert!(basic.head(&headers(&[("authorization", "Basic dTpwOnc=")])).is_ok());
        assert!(basic.head(&headers(&[("authorization", "Basic dTpw")])).is_err());
    }
}
