//! Every cause has a sentence of its own in both languages, which nothing from outside can break.

use std::collections::HashSet;

use super::*;
use crate::domain::{Cause, NamedCause};

#[test]
fn each_has_a_sentence_that_names_what_it_is_about() {
    for language in [Language::En, Language::Zh] {
        let mut sentences = HashSet::new();
        for cause in Cause::ALL {
            let mut named = NamedCause::new(*cause, "pod shop/web-1", 90);
            (named.container, named.code, named.restarts) = ("web".into(), Some(3), 7);
            named.what = "a|b".into();
            named.said = "**not** bold\n# nor a heading".into();
            let sentence = language.translation().finding(&named, Style::Markdown);
            assert!(sentence.contains("shop/web-1") && !sentence.contains('\n'), "{sentence}");
            assert!(!sentence.contains("**not**"), "{sentence}");
            sentences.insert(sentence.clone());
            let bare = language.translation().finding(&NamedCause::new(*cause, "pod x", 50), Style::Markdown);
            let unsure = if language == Language::En { "not certain" } else { "不确定" };
            assert!(bare.contains(unsure), "{bare}");
        }
        assert_eq!(sentences.len(), Cause::ALL.len(), "each says something of its own");
    }
}
