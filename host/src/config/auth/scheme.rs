//! How senders sign: what is signed, and where and how the signature is written. One row a sender.

use std::borrow::Cow;
use std::fmt;

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Digits of either case.
    Hex,
    /// The standard alphabet, with or without padding.
    Base64,
}

/// An item of a header: the header is a list with commas, and the item begins with `prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Lower case.
    pub header: Cow<'static, str>,
    /// Such as `sha256=`; empty where the item is the value alone.
    pub prefix: Cow<'static, str>,
}

/// The bytes that are signed: `before`, the time and `between` where a time is signed, and then the body as it
/// was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// In front of the time.
    pub before: Cow<'static, str>,
    /// Between time and body; none where no time is signed.
    pub between: Option<Cow<'static, str>>,
}

/// A way to sign with HMAC-SHA256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Where the signatures are. There may be several, of which one must be good.
    pub signature: Item,
    /// How they are written.
    pub encoding: Encoding,
    /// Where the time is, in Unix seconds; there is one exactly if it is signed.
    pub time: Option<Item>,
    /// What they are over.
    pub signed: Signed,
}

impl Item {
    const fn fixed(header: &'static str, prefix: &'static str) -> Self {
        Self { header: Cow::Borrowed(header), prefix: Cow::Borrowed(prefix) }
    }

    /// The item of a configuration.
    pub fn new(header: &str, prefix: impl Into<String>) -> Self {
        Self { header: header.to_ascii_lowercase().into(), prefix: Cow::Owned(prefix.into()) }
    }
}

impl Signed {
    const BODY: Self = Self { before: Cow::Borrowed(""), between: None };

    const fn timed(before: &'static str, between: &'static str) -> Self {
        Self { before: Cow::Borrowed(before), between: Some(Cow::Borrowed(between)) }
    }

    /// What is meant where nothing is said: the body, behind the time and a colon if there is a time.
    pub fn usual(timed: bool) -> Self {
        if timed { Self::timed("", ":") } else { Self::BODY }
    }

    /// Reads a template such as `v0:{time}:{body}`. The error is a sentence.
    pub fn parse(template: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{template:?} is none of the forms \"{{body}}\", \"{{time}}:{{body}}\" and \"v0:{{time}}:{{body}}\""
            )
        };
        let head = template.strip_suffix("{body}").ok_or_else(wrong)?;
        let (before, between) = match head.split_once("{time}") {
            Some((before, between)) => (before, Some(between.to_string())),
            None => (head, None),
        };
        let stray = [Some(before), between.as_deref()].into_iter().flatten().any(|part| part.contains(['{', '}']));
        // Without a time, a text in front of the body would be of no use to anybody.
        if stray || between.is_none() && !before.is_empty() {
            return Err(wrong());
        }
        Ok(Self { before: before.to_string().into(), between: between.map(Into::into) })
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.between {
            Some(between) => write!(f, "{}{{time}}{between}{{body}}", self.before),
            None => f.write_str("{body}"),
        }
    }
}

impl Scheme {
    /// What must be sent, for people.
    pub fn expected(&self) -> String {
        let Item { header, prefix } = &self.signature;
        let digits = match self.encoding {
            Encoding::Hex => "hex",
            Encoding::Base64 => "base64",
        };
        let time = self.time.as_ref().map(|time| format!(" and {}: {}<Unix seconds>", time.header, time.prefix));
        let time = time.unwrap_or_default();
        format!("{header}: {prefix}<{digits} of HMAC-SHA256 over {}, the body as it is sent>{time}", self.signed)
    }

    const fn of_body(header: &'static str, prefix: &'static str, encoding: Encoding) -> Self {
        Self { signature: Item::fixed(header, prefix), encoding, time: None, signed: Signed::BODY }
    }

    const fn hex(header: &'static str, prefix: &'static str) -> Self {
        Self::of_body(header, prefix, Encoding::Hex)
    }
}

/// Every sender whose way to sign is fixed, by its word.
pub static SENDERS: [(&str, Scheme); 9] = [
    ("checkly", Scheme::hex("x-checkly-signature", "")),
    ("flux", Scheme::hex("x-signature", "sha256=")),
    ("github", Scheme::hex("x-hub-signature-256", "sha256=")),
    ("grafana", Scheme::hex("x-grafana-alerting-signature", "")),
    ("pagerduty", Scheme::hex("x-pagerduty-signature", "v1=")),
    (
        "rootly",
        Scheme {
            signature: Item::fixed("x-rootly-signature", "v1="),
            encoding: Encoding::Hex,
            time: Some(Item::fixed("x-rootly-signature", "t=")),
            signed: Signed::timed("", ""),
        },
    ),
    ("sentry", Scheme::hex("sentry-hook-signature", "")),
    ("signalfx", Scheme::of_body("x-sfx-signature", "", Encoding::Base64)),
    (
        "slack",
        Scheme {
            signature: Item::fixed("x-slack-signature", "v0="),
            encoding: Encoding::Hex,
            time: Some(Item::fixed("x-slack-request-timestamp", "")),
            signed: Signed::timed("v0:", ":"),
        },
    ),
];

/// Senders that send their token in a header of its own, by their word.
pub static TOKEN_HEADERS: [(&str, &str); 1] = [("gitlab", "x-gitlab-token")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_end_in_the_body_and_hold_one_time_at_most() {
        assert_eq!(Signed::parse("{body}"), Ok(Signed::BODY));
        assert_eq!(Signed::parse("{time}{body}"), Ok(Signed::timed("", "")));
        assert_eq!(Signed::parse("v0:{time}:{body}"), Ok(Signed::timed("v0:", ":")));
        for wrong in
            ["", "body", "{time}", "{body}{time}", "{time}{time}{body}", "{body}{body}", "x{body}", "{id}.{time}{body}"]
        {
            assert!(Signed::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_sender_has_a_time_exactly_if_it_signs_one() {
        for (word, scheme) in &SENDERS {
            assert_eq!(scheme.time.is_some(), scheme.signed.between.is_some(), "{word}");
            assert_eq!(scheme.signature.header, scheme.signature.header.to_lowercase());
        }
    }
}
