//! In which language somebody reads: as they have chosen, else as their browser says, else as the configuration says.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Deserialize;

use super::sent::Sent;
use super::sessions::cookies;
use super::{own_path, see_other};
use crate::report::Language;

/// The cookie that keeps a choice.
const COOKIE: &str = "tidegate-language";

/// For a year.
const KEPT: &str = "Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly";

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Choice {
    language: String,
    to: String,
}

/// The language of a request.
pub fn of(headers: &HeaderMap, otherwise: Language) -> Language {
    let chosen = cookies(headers).find(|(name, _)| *name == COOKIE).and_then(|(_, value)| named(value));
    chosen.or_else(|| accepted(headers)).unwrap_or(otherwise)
}

fn named(word: &str) -> Option<Language> {
    [Language::En, Language::Zh].into_iter().find(|language| language.as_str() == word)
}

/// The first of the languages that a browser would rather have.
fn accepted(headers: &HeaderMap) -> Option<Language> {
    let value = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let weighed = value.split(',').take(32).filter_map(|one| {
        let (tag, weight) = one.split_once(';').unwrap_or((one, "q=1"));
        let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
        let language = named(tag.trim().split('-').next()?.to_ascii_lowercase().as_str())?;
        (weight > 0.0).then_some((weight, language))
    });
    let best = weighed.fold(None, |best: Option<(f32, Language)>, one| match best {
        Some(known) if known.0 >= one.0 => Some(known),
        _ => Some(one),
    });
    best.map(|(_, language)| language)
}

/// `POST /language`: keeps a choice.
pub async fn choose(Sent(choice): Sent<Choice>) -> Response {
    let mut response = see_other(own_path(&choice.to));
    if let Some(language) = named(&choice.language)
        && let Ok(cookie) = HeaderValue::from_str(&format!("{COOKIE}={}; {KEPT}", language.as_str()))
    {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_chosen_reads_that_and_who_has_not_what_the_browser_says() {
        let language = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            of(&pairs.collect(), Language::En)
        };
        assert_eq!(language(&[]), Language::En);
        for (accept, wanted) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Zh),
            ("en-US,en;q=0.9,zh;q=0.8", Language::En),
            ("de,zh;q=0.5,en;q=0.7", Language::En),
            ("fr;q=1,zh-Hant;q=0.1", Language::Zh),
            ("zh;q=0", Language::En),
            ("zh;q=x", Language::En),
        ] {
            assert_eq!(language(&[("accept-language", accept)]), wanted, "{accept}");
        }
        let chosen = ("cookie", "a=b; tidegate-language=zh");
        assert_eq!(language(&[("accept-language", "en"), chosen]), Language::Zh);
        assert_eq!(language(&[("cookie", "tidegate-language=<b>")]), Language::En);
    }
}
