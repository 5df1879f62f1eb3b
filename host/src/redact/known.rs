//! Values that the host itself keeps secret, in every form in which they may come back.
//!
//! Whoever reads a secret of the configuration remembers it here, once; from then on it is taken out of
//! every text that is redacted and of every line of the log, wherever it came from. Values are only ever
//! added, so that no line is written between a change of the configuration and its effect.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::names::{Class, class};
use super::urls::token_like;
use super::values::behind_scheme;
use super::{MARK, find_secrets};

/// The shortest value that is taken out of texts, in bytes: shorter ones are parts of ordinary words.
pub const SHORTEST: usize = 6;

/// Secret values, the longest first, so that no form is left over where a shorter one is part of it.
/// Neither `Debug` nor `Display`.
#[derive(Clone, Default)]
pub struct KnownSecrets(Arc<[String]>);

impl KnownSecrets {
    /// The text without the values.
    pub fn remove(&self, text: &str) -> String {
        let mut text = text.to_string();
        for value in self.0.iter() {
            if text.contains(value.as_str()) {
                text = text.replace(value.as_str(), MARK);
            }
        }
        text
    }

    /// Whether there is nothing to take out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

static REMEMBERED: LazyLock<RwLock<KnownSecrets>> = LazyLock::new(RwLock::default);

/// The values that were remembered so far.
pub fn remembered() -> KnownSecrets {
    REMEMBERED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Remembers a value in every form; of a URL also the parts that give access.
pub fn remember(value: &str) {
    remember_all(of(value));
}

/// Remembers values as they are, such as those of [`of_url`] and [`of_setting`].
pub fn remember_all(values: impl IntoIterator<Item = String>) {
    let mut all: BTreeSet<String> = values.into_iter().filter(|value| value.len() >= SHORTEST).collect();
    let mut known = REMEMBERED.write().unwrap_or_else(PoisonError::into_inner);
    if all.iter().all(|value| known.0.contains(value)) {
        return;
    }
    all.extend(known.0.iter().cloned());
    let mut all: Vec<String> = all.into_iter().collect();
    all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    *known = KnownSecrets(all.into());
}

/// A value in every form, with the parts of a URL that give access. Short ones are left out.
pub fn of(value: &str) -> Vec<String> {
    let mut forms = BTreeSet::new();
    add(&mut forms, value);
    if value.contains("://") {
        forms.extend(of_url(value));
    }
    forms.into_iter().collect()
}

/// The parts of a URL that give access: passwords, users that are tokens, values of the query, and parts
/// of the path that look drawn by lot; in every form.
pub fn of_url(url: &str) -> Vec<String> {
    let mut forms = BTreeSet::new();
    let Ok(parsed) = reqwest::Url::parse(url) else {
        // Nobody can say what in it is harmless.
        add(&mut forms, url);
        return forms.into_iter().collect();
    };
    // The same as it is written and as the library writes it.
    let raw = url.split_once("://").map_or(url, |(_, rest)| rest);
    let raw_user =
        raw.split(['/', '?', '#']).next().and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    for (user, password) in [
        raw_user.map(|user| user.split_once(':').unwrap_or((user, ""))),
        Some((parsed.username(), parsed.password().unwrap_or_default())),
    ]
    .into_iter()
    .flatten()
    {
        add(&mut forms, password);
        if password.is_empty() || token_like(user, 16) {
            add(&mut forms, user);
        }
        if !password.is_empty() {
            let (user, password) = (decoded(user), decoded(password));
            add(&mut forms, &password);
            forms.insert(STANDARD.encode(format!("{user}:{password}")));
        }
    }
    let queries = [parsed.query(), raw.split('#').next().and_then(|raw| raw.split_once('?')).map(|(_, query)| query)];
    for value in queries.into_iter().flatten().flat_map(|query| query.split('&')) {
        let value = value.split_once('=').map_or(value, |(_, value)| value);
        // Numbers and switches are no secrets, and stand in many texts.
        if value.len() >= SHORTEST && value.bytes().any(|byte| !byte.is_ascii_digit()) {
            add(&mut forms, value);
            add(&mut forms, &decoded(value));
        }
    }
    if let Some(fragment) = parsed.fragment() {
        add(&mut forms, fragment);
    }
    for part in parsed.path().split('/').filter(|part| token_like(part, 12)) {
        add(&mut forms, part);
        add(&mut forms, &decoded(part));
    }
    forms.into_iter().collect()
}

/// What in a setting with a name gives access: all of it where the name says so, and what looks like a
/// secret in it.
pub fn of_setting(name: &str, value: &str) -> Vec<String> {
    let mut forms = BTreeSet::new();
    let lower = name.to_ascii_lowercase();
    let telling = ["token", "secret", "password", "key", "auth"].iter().any(|word| lower.contains(word));
    if value.len() >= 8 && (telling || class(name) != Class::Plain) {
        forms.extend(of(value));
        add(&mut forms, value.get(behind_scheme(value)..).unwrap_or_default());
    }
    if value.contains("://") {
        forms.extend(of_url(value));
    }
    for part in find_secrets(value) {
        add(&mut forms, part);
    }
    forms.into_iter().collect()
}

/// A URL as it may be shown: without user, query and fragment, and without parts of the path that look
/// drawn by lot.
pub fn shown_url(url: &str) -> String {
    let Ok(mut parsed) = reqwest::Url::parse(url) else { return "(an address that cannot be read)".into() };
    let hidden = parsed.query().is_some() || parsed.fragment().is_some();
    let (_, _) = (parsed.set_username(""), parsed.set_password(None));
    parsed.set_query(None);
    parsed.set_fragment(None);
    let path: Vec<&str> = parsed.path().split('/').map(|part| if token_like(part, 12) { "…" } else { part }).collect();
    let origin = parsed.origin().ascii_serialization();
    format!("{origin}{}{}", path.join("/"), if hidden { "?…" } else { "" })
}

fn add(forms: &mut BTreeSet<String>, value: &str) {
    if value.len() < SHORTEST || value == MARK {
        return;
    }
    let json = serde_json::Value::from(value).to_string();
    let json = json.trim_matches('"').to_string();
    let debug = format!("{value:?}").trim_matches('"').to_string();
    let percent = percent(value);
    forms.extend([
        value.to_string(),
        json,
        debug,
        percent.to_lowercase(),
        percent.replace("%20", "+"),
        percent,
        STANDARD.encode(value),
        STANDARD_NO_PAD.encode(value),
        URL_SAFE.encode(value),
        URL_SAFE_NO_PAD.encode(value),
        hex::encode(value),
    ]);
}

fn percent(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    let piece = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(piece).collect()
}

/// A part of a URL in which some letters are written as `%` and two digits.
pub fn decoded(value: &str) -> String {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let byte = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|pair| hex::decode(pair).ok())
            .and_then(|byte| byte.first().copied());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_urls_are_secrets_in_every_encoding() {
        let url = "https://u:p%40ss-w0rd@host.example/hook/abc123def456ghi?key=K3Y+VALUE&n=5";
        let forms = of(url);
        for form in ["p%40ss-w0rd", "p@ss-w0rd", "abc123def456ghi", "K3Y+VALUE", &STANDARD.encode("u:p@ss-w0rd"), url] {
            assert!(forms.iter().any(|known| known == form), "{form}");
        }
        for harmless in ["host.example", "5", "hook", "u"] {
            assert!(!forms.iter().any(|known| known == harmless), "{harmless}");
        }
        assert_eq!(shown_url(url), "https://host.example/hook/…?…");
        assert_eq!(shown_url("http://127.0.0.1:8000/v1"), "http://127.0.0.1:8000/v1");
    }

    #[test]
    fn what_is_remembered_is_taken_out_everywhere() {
        remember("only-this-test-remembers-it\"1");
        let text =
            "a only-this-test-remembers-it\"1 b only-this-test-remembers-it\\\"1 c only-this-test-remembers-it%221";
        assert_eq!(super::super::redact(text), "a [redacted] b [redacted] c [redacted]");
    }
}
