//! Certificates and domains that expire. Uptime Kuma sends a text alone:
//! `[shop][https://shop.example] server certificate shop.example will expire in 7 days`.

use tidegate_plugin::source::Alert;

/// None where the text tells of no such thing. It comes again as the days go by, and nobody tells when it is mended.
pub(crate) fn decode(message: &str) -> Option<Alert> {
    let lower = message.to_ascii_lowercase();
    let what = ["certificate", "domain"].into_iter().find(|what| lower.contains(what))?;
    if !lower.contains("expire") {
        return None;
    }
    let (monitor, rest) = bracket(message).unwrap_or(("", message));
    let (url, rest) = bracket(rest).unwrap_or(("", rest));
    let subject = subject(rest, what);
    let of = [monitor, subject, url].into_iter().find(|name| !name.is_empty()).unwrap_or("unknown");
    let url = Some(url).filter(|url| !matches!(*url, "" | "null" | "undefined" | "https://" | "http://"));
    let alert = Alert::firing(format!("{what} of {of} expires"))
        .label("monitor", Some(monitor.into()))
        .label(what, Some(subject.into()))
        .label("url", url.map(Into::into))
        .annotation("summary", Some(message.trim().into()))
        .annotation("days", days(&lower).map(Into::into))
        .fingerprint(Some(format!("{what}:{monitor}:{subject}").into()))
        .link(url.map(Into::into));
    Some(alert)
}

/// What stands in brackets in front, and what is behind it.
fn bracket(text: &str) -> Option<(&str, &str)> {
    let (within, rest) = text.trim_start().strip_prefix('[')?.split_once(']')?;
    Some((within.trim(), rest))
}

/// The name behind `certificate` or `domain name`, where one stands there.
fn subject<'a>(text: &'a str, what: &str) -> &'a str {
    let mut words = text.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case(what)).skip(1);
    let name = words.find(|word| !word.eq_ignore_ascii_case("name")).unwrap_or_default();
    if name.contains('.') { name.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '*') } else { "" }
}

fn days(lower: &str) -> Option<String> {
    let before = lower.split("day").next()?;
    let number = before.split_whitespace().last()?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.to_string())
}
