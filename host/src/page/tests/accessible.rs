//! Whether everybody can use the pages: whoever hears them, whoever has no mouse, whoever sees little.

use std::collections::BTreeMap;

use super::html::{Element, elements};
use super::*;

/// What is wrong with a page.
fn wrong(page: &str) -> Vec<String> {
    let all = elements(page);
    let mut wrong = Vec::new();
    let of = |name: &str| all.iter().filter(|one| one.tag.name == name).collect::<Vec<_>>();
    for name in ["h1", "main", "html", "title"] {
        if of(name).len() != 1 {
            wrong.push(format!("{} times {name}", of(name).len()));
        }
    }
    if !matches!(of("html").first().and_then(|one| one.tag.value("lang")), Some("en" | "zh")) {
        wrong.push("no language".into());
    }
    let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
    all.iter().filter_map(|one| one.tag.value("id")).for_each(|id| *ids.entry(id).or_default() += 1);
    wrong.extend(ids.iter().filter(|(_, count)| **count > 1).map(|(id, count)| format!("{count} times #{id}")));
    for one in &all {
        for name in ["aria-labelledby", "aria-describedby", "list"] {
            let refers = one.tag.value(name).unwrap_or_default().split_whitespace();
            wrong.extend(refers.filter(|id| !ids.contains_key(id)).map(|id| format!("{name} of nothing: {id}")));
        }
        wrong.extend(nameless(one, &all));
    }
    let mut level = 0;
    for heading in all.iter().filter_map(|one| one.tag.name.strip_prefix('h')?.parse::<usize>().ok()) {
        if heading > level + 1 {
            wrong.push(format!("h{heading} below h{level}"));
        }
        level = heading;
    }
    let mut navs: Vec<&str> = of("nav").iter().filter_map(|nav| nav.tag.value("aria-label")).collect();
    let count = of("nav").len();
    navs.sort_unstable();
    navs.dedup();
    if navs.len() != count {
        wrong.push("navigations with one name".into());
    }
    wrong
}

/// What has no name that could be heard.
fn nameless(one: &Element, all: &[Element]) -> Option<String> {
    let (tag, named) = (&one.tag, one.tag.value("aria-label").is_some_and(|name| !name.trim().is_empty()));
    let within = |name: &str| one.within.iter().filter_map(|at| all.get(*at)).find(|other| other.tag.name == name);
    let missing = match tag.name.as_str() {
        "input" if matches!(tag.value("type"), Some("hidden")) => false,
        "input" | "select" | "textarea" => within("label").is_none_or(|label| label.text.trim().is_empty()) && !named,
        "button" => one.text.trim().is_empty() && tag.value("hidden").is_none() && !named,
        "a" | "summary" | "h1" | "h2" | "h3" | "th" | "figcaption" => one.text.trim().is_empty() && !named,
        "svg" => !named && tag.value("aria-hidden").is_none(),
        "table" => !all.iter().any(|other| {
            other.tag.name == "thead"
                && other.within.iter().any(|at| all.get(*at).is_some_and(|at| std::ptr::eq(at, one)))
        }),
        "nav" => !named,
        _ => false,
    };
    let scopeless = tag.name == "th" && tag.value("scope").is_none();
    (missing || scopeless).then(|| format!("{tag:?} has no name: {:?}", one.text))
}

#[test]
fn every_page_can_be_heard_and_used_without_a_mouse() {
    for story in [stories::asked(), stories::fixed(), stories::escalated()] {
        for language in LANGUAGES {
            for (name, page) in pages(&story, &host(), language, "x") {
                assert_eq!(wrong(&page), Vec::<String>::new(), "{name} in {language:?}:\n{page}");
            }
        }
    }
    let bad = "<html><head><title>x</title></head><body><h3 id=\"a\">x</h3><p id=\"a\"></p><input name=\"x\"><button></button>";
    assert_eq!(wrong(bad).len(), 7, "{:?}", wrong(bad));
}

/// Relative luminance of a colour such as `#0b5d7a`, by WCAG.
fn luminance(colour: &str) -> f64 {
    let digits: String = match colour.len() {
        4 => colour.chars().skip(1).flat_map(|digit| [digit, digit]).collect(),
        _ => colour[1..].to_string(),
    };
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

#[test]
fn colours_can_be_told_from_what_is_behind_them() {
    let sheet = std::str::from_utf8(STYLE.plain).unwrap();
    let themes: Vec<BTreeMap<&str, &str>> = sheet
        .split(":root{")
        .skip(1)
        .map(|rest| {
            let inside = rest.split('}').next().unwrap();
            inside.split(';').filter_map(|one| one.trim().strip_prefix("--")?.split_once(':')).collect()
        })
        .collect();
    assert_eq!(themes.len(), 2, "light and dark");
    assert!(sheet.contains("[hidden]{display:none!important}"), "what is hidden is not shown by another rule");
    for theme in &themes {
        for (front, back) in [
            ("fg", "bg"),
            ("fg", "card"),
            ("dim", "bg"),
            ("dim", "card"),
            ("link", "bg"),
            ("link", "card"),
            ("bad", "bg"),
            ("bad", "card"),
            ("bad", "badbg"),
            ("warn", "bg"),
            ("warn", "card"),
            ("warn", "warnbg"),
            ("good", "bg"),
            ("good", "card"),
            ("good", "goodbg"),
            ("fg", "goodbg"),
            ("fg", "badbg"),
            ("asks", "bg"),
            ("bg", "link"),
        ] {
            let (one, other) = (luminance(theme[front]), luminance(theme[back]));
            let ratio = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            assert!(ratio >= 4.5, "{front} on {back} has a contrast of {ratio:.2}");
        }
    }
}
