//! Signatures over bodies: what can be told before the body is read, and the check while it is.

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::answer::Failure;
use super::proof::Proof;
use super::replays::{Signature, UNTIMED};

/// How far a signed time may be from ours, as Grafana recommends.
const TOLERANCE_S: i64 = 300;

/// Signatures that one request may carry: some senders give several while they change their secret.
const MOST: usize = 8;

/// A check of a body that goes along with reading it.
pub struct Verifier {
    mac: Hmac<Sha256>,
    given: Vec<[u8; 32]>,
    header: String,
    until: Timestamp,
}

impl Proof {
    /// The check of a body, of a proof that wants one. Whatever cannot be a good signature is refused
    /// here, before anything of the body is read: no signature, one that is none, a time that is not
    /// now.
    pub fn verifier(&self, headers: &HeaderMap, now: Timestamp) -> Result<Option<Verifier>, Failure> {
        let Self::Hmac { secret, header, prefix, timestamp_header } = self else { return Ok(None) };
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let digits = |part: &str| {
            let mut mac = [0; 32];
            hex::decode_to_slice(part.trim().strip_prefix(prefix.as_str())?, &mut mac).ok()?;
            Some(mac)
        };
        let given: Vec<[u8; 32]> = text(header).split(',').take(MOST).filter_map(digits).collect();
        let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes());
        let (Ok(mut mac), false) = (mac, given.is_empty()) else { return Err(unsigned(header)) };
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
        Ok(Some(Verifier { mac, given, header: header.clone(), until }))
    }
}

impl Verifier {
    /// Takes the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        self.mac.update(part);
    }

    /// The signature, when it is good for all that was read.
    pub fn finish(self) -> Result<Signature, Failure> {
        let expected: [u8; 32] = self.mac.finalize().into_bytes().into();
        let good = self.given.iter().fold(Choice::from(0), |good, given| good | given.ct_eq(&expected));
        if bool::from(good) { Ok(Signature { mac: expected, until: self.until }) } else { Err(unsigned(&self.header)) }
    }
}

fn unsigned(header: &str) -> Failure {
    Failure::unauthorized(format!("this needs the right signature in {header}"), "Signature")
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;
    use crate::secret::Secret;

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

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn check(proof: Proof, headers: &HeaderMap, body: &[u8], second: i64) -> Result<Signature, Failure> {
        let mut verifier = proof.verifier(headers, at(second))?.unwrap();
        body.chunks(3).for_each(|part| verifier.update(part));
        verifier.finish()
    }

    #[test]
    fn signatures_with_and_without_a_prefix_and_a_time() {
        let plain = headers(&[("x-sig", PLAIN)]);
        assert_eq!(hex::encode(check(hmac("", None), &plain, BODY, 0).unwrap().mac), PLAIN);
        assert!(check(hmac("", None), &plain, b"{\"a\":2}", 0).is_err());
        assert!(check(hmac("sha256=", None), &plain, BODY, 0).is_err(), "the prefix is demanded");
        let listed = "v1=00, v1=37beaf650f70b40ec9706929c2e9d835cbd63729988f48781e6383a147215f07";
        assert!(check(hmac("v1=", None), &headers(&[("x-sig", listed)]), BODY, 0).is_ok());
        let timed = headers(&[("x-sig", TIMED), ("x-time", "1700000000")]);
        assert!(check(hmac("", Some("x-time")), &timed, BODY, 1_700_000_300).is_ok());
        assert!(check(hmac("", Some("x-time")), &timed, BODY, 1_700_000_301).is_err(), "too old");
        assert!(check(hmac("", Some("x-time")), &plain, BODY, 0).is_err(), "no time");
    }

    #[test]
    fn what_cannot_be_good_is_refused_before_the_body() {
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
            assert!(hmac("", None).verifier(&headers(&[("x-sig", odd)]), at(0)).is_err(), "{odd}");
        }
        assert!(hmac("", None).verifier(&headers(&[]), at(0)).is_err());
        for time in ["", "0", "-1", "1e9", "1699999699", "1700000301", "99999999999999999999", " 1700000000"] {
            let timed = headers(&[("x-sig", TIMED), ("x-time", time)]);
            assert!(hmac("", Some("x-time")).verifier(&timed, at(1_700_000_000)).is_err(), "{time}");
        }
        assert!(Proof::Bearer(Secret::new("t")).verifier(&headers(&[]), at(0)).is_ok_and(|check| check.is_none()));
    }
}
