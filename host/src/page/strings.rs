//! Words of a view in both languages, side by side. A word that lacks a language does not compile.

/// A struct of words with one value a language: `name: "English", "中文";`.
macro_rules! strings {
    ($($field:ident: $en:literal, $zh:literal;)+) => {
        pub(in crate::page) struct Strings { $(pub $field: &'static str,)+ }

        /// The words of a language.
        pub(in crate::page) fn strings(language: $crate::report::Language) -> &'static Strings {
            match language {
                $crate::report::Language::En => &Strings { $($field: $en,)+ },
                $crate::report::Language::Zh => &Strings { $($field: $zh,)+ },
            }
        }
    };
}

/// A sentence with arguments in both languages.
macro_rules! sentence {
    ($language:expr, $en:literal, $zh:literal $(, $argument:expr)* $(,)?) => {
        match $language {
            $crate::report::Language::En => format!($en $(, $argument)*),
            $crate::report::Language::Zh => format!($zh $(, $argument)*),
        }
    };
}
