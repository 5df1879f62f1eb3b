//! Signatures over bodies: what can be told before the body is read, and the check while it is.

use axum::http::HeaderMap;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::answer::Failure;
use super::replays::{Mark, UNTIMED};
use crate::config::Scheme;
use crate::config::scheme::{Encoding, Item};
use crate::secret::Secret;

/// How far a signed time may be from ours, as Grafana and Slack recommend.
const TOLERANCE_S: i64 = 300;

/// Signatures that one request may carry: some senders give several while they change their secret.
const MOST: usize = 8;

/// Senders disagree on padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A check of a body that goes along with reading it.
pub struct Verifier<'a> {
    /// One for each secret.
    macs: Vec<Hmac<Sha256>>,
    given: Vec<[u8; 32]>,
    until: Timestamp,
    scheme: &'a Scheme,
}

impl<'a> Verifier<'a> {
    /// Whatever cannot be a good signature is refused here, before anything of the body is read: no
    /// signature, one that is none, a time that is not now.
    pub fn new(scheme: &'a Scheme, secrets: &[Secret], headers: &HeaderMap, now: Timestamp) -> Result<Self, Failure> {
        let Scheme { signature, encoding, time, signed } = scheme;
        let given: Vec<[u8; 32]> =
            items(headers, signature).take(MOST).filter_map(|item| decode(*encoding, item)).collect();
        if given.is_empty() {
            return Err(wrong(scheme));
        }
        let macs: Result<Vec<_>, _> =
            secrets.iter().map(|secret| Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())).collect();
        // Of any length a key is one.
        let mut macs = macs.map_err(|_| wrong(scheme))?;
        let mut until = now.saturating_add(UNTIMED).unwrap_or(Timestamp::MAX);
        if let Some(item) = time {
            let (time, signed) = signed_time(headers, item, now)?;
            until = Timestamp::from_second(signed.saturating_add(TOLERANCE_S)).unwrap_or(Timestamp::MAX);
            for mac in &mut macs {
                mac.update(scheme.signed.before.as_bytes());
                mac.update(time.as_bytes());
            }
        }
        let between = signed.between.as_deref().unwrap_or_default();
        macs.iter_mut().for_each(|mac| mac.update(between.as_bytes()));
        Ok(Self { macs, given, until, scheme })
    }

    /// Takes the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        self.macs.iter_mut().for_each(|mac| mac.update(part));
    }

    /// What the request is known by, when one of its signatures is good for all that was read.
    pub fn finish(self) -> Result<Mark, Failure> {
        let expected = self.macs.into_iter().map(|mac| <[u8; 32]>::from(mac.finalize().into_bytes()));
        let expected: Vec<[u8; 32]> = expected.collect();
        let pairs = expected.iter().flat_map(|expected| self.given.iter().map(move |given| given.ct_eq(expected)));
        let good = pairs.fold(Choice::from(0), |good, one| good | one);
        // By the first secret, whichever was used: the same request in another form is the same.
        match expected.first() {
            Some(first) if bool::from(good) => Ok(Mark::of(first, self.until)),
            _ => Err(wrong(self.scheme)),
        }
    }
}

fn wrong(scheme: &Scheme) -> Failure {
    Failure::unauthorized(format!("this needs the right signature: {}", scheme.expected()), "Signature")
}

/// The items of a header's list that have the prefix, without it. Lines of one header are one list.
fn items<'a>(headers: &'a HeaderMap, item: &'a Item) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(&*item.header).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).filter_map(|part| part.trim().strip_prefix(&*item.prefix))
}

fn decode(encoding: Encoding, text: &str) -> Option<[u8; 32]> {
    let mut mac = [0; 32];
    match encoding {
        Encoding::Hex => hex::decode_to_slice(text, &mut mac).ok()?,
        Encoding::Base64 => {
            let length = BASE64.decode_slice(text, &mut mac).ok()?;
            (length == mac.len()).then_some(())?;
        }
    }
    Some(mac)
}

/// The time as it is written, and as it is meant. There is one, near ours.
fn signed_time<'a>(headers: &'a HeaderMap, item: &'a Item, now: Timestamp) -> Result<(&'a str, i64), Failure> {
    let mut times = items(headers, item);
    let only = times.next().filter(|_| times.next().is_none());
    let near = |time: &i64| time.abs_diff(now.as_second()) <= TOLERANCE_S.unsigned_abs();
    let found = only.and_then(|text| Some((text, text.parse::<i64>().ok().filter(near)?)));
    found.ok_or_else(|| {
        let text = format!("the time in {} is missing or more than {TOLERANCE_S} s from the host's own", item.header);
        Failure::unauthorized(text, "Signature")
    })
}

#[cfg(test)]
mod tests;
