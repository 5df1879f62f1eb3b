//! Proofs that a sender or a caller of the API gives: tokens, passwords, signatures.

use axum::http::{HeaderMap, header};
use base64::Engine;
use subtle::ConstantTimeEq;

use super::answer::Failure;
use crate::config::Auth;
use crate::environment::Environment;
use crate::secret::{Secret, SecretError, SecretSource};

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
