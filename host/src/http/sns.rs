//! The signature of Amazon SNS, which stands within the message that it signs.

mod certificate;
mod message;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};

use super::answer::Failure;
use super::fetch::Fetch;
use super::replays::Mark;
use crate::domain::text::truncate;
use certificate::{Certificates, Missing};
use message::Message;

/// How old a message may be: SNS repeats one that was not taken for up to an hour.
const OLDEST: SignedDuration = SignedDuration::from_hours(1);

/// How far its time may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// SNS has messages of 256 KiB at most, whose text may grow when it is written as JSON.
const LARGEST: usize = 2 << 20;

/// The check of messages of some topics.
pub struct Topics {
    topics: Vec<String>,
    certificates: Certificates,
    fetch: Arc<dyn Fetch>,
}

impl Topics {
    /// ARNs, of which one may end in `*`.
    pub fn new(topics: &[String], fetch: Arc<dyn Fetch>) -> Self {
        Self { topics: topics.to_vec(), certificates: Certificates::new(), fetch }
    }

    /// A body must be a message that Amazon signed a while ago for one of the topics. What it is known by.
    ///
    /// # Errors
    /// 401 where it is not, 503 where the certificate cannot be had.
    pub async fn check(&self, body: &[u8], now: Timestamp) -> Result<Mark, Failure> {
        if body.len() > LARGEST {
            return Err(wrong("the body is larger than any message of SNS"));
        }
        let message: Message<'_> = serde_json::from_slice(body).map_err(|error| {
            wrong(&format!(
                "the body is no message of SNS ({}); a raw delivery carries no signature",
                truncate(&error.to_string(), 100)
            ))
        })?;
        // What costs nothing first: nobody makes this host fetch a certificate with less.
        if !self.topics.iter().any(|topic| fits(topic, &message.topic_arn)) {
            let topic = truncate(&message.topic_arn, 200);
            return Err(wrong(&format!("{topic:?} is not among the source's topics")));
        }
        let at: Timestamp = message.timestamp.parse().map_err(|_| wrong("its Timestamp cannot be read"))?;
        let age = now.duration_since(at);
        if age > OLDEST || age < -AHEAD {
            return Err(wrong("its Timestamp is more than an hour old, or not yet"));
        }
        let algorithm: &dyn VerificationAlgorithm = match &*message.signature_version {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(wrong("its SignatureVersion is neither 1 nor 2")),
        };
        let signed = message.canonical().ok_or_else(|| wrong("its Type is not known, or lacks something"))?;
        let signature = STANDARD.decode(&*message.signature).map_err(|_| wrong("its Signature is no base64"))?;
        let url = certificate::address(&message.signing_cert_url)
            .ok_or_else(|| wrong("its SigningCertURL is not https at sns.REGION.amazonaws.com"))?;
        let signer = self.certificates.get(&url, now, self.fetch.as_ref()).await.map_err(|missing| match missing {
            Missing::Wrong(text) => wrong(&format!("the certificate at its SigningCertURL is not good: {text}")),
            Missing::Unavailable(text) => Failure::unavailable(format!("the certificate of SNS cannot be had: {text}")),
        })?;
        let verified = UnparsedPublicKey::new(algorithm, &signer.key).verify(signed.as_bytes(), &signature);
        verified.map_err(|_| wrong("the signature is over something else"))?;
        let until = at.saturating_add(OLDEST).unwrap_or(Timestamp::MAX);
        Ok(Mark::of(message.message_id.as_bytes(), until))
    }
}

fn fits(topic: &str, given: &str) -> bool {
    match topic.strip_suffix('*') {
        Some(start) => given.starts_with(start),
        None => topic == given,
    }
}

fn wrong(why: &str) -> Failure {
    Failure::unauthorized(
        format!("this needs a message that Amazon SNS signed for a topic of this source; {why}"),
        "Signature",
    )
}

#[cfg(test)]
mod tests;
