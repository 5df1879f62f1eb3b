//! The last line of a report that is sent: what holds the record to its word from then on.

use super::Language;
use crate::domain::chain::{Anchor, Head};

/// The head of the record as it stood when the report was written, with the command that checks the record
/// against it. A report lies where whoever could change the journal cannot change it too.
pub fn anchor(head: Head, language: Language) -> String {
    let anchor = Anchor::from(head);
    let what = language.translation().anchor();
    format!("\n{what} `tidegate journal verify --anchor {anchor}`\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chain::ChainHash;

    #[test]
    fn the_report_says_how_the_record_is_checked_against_it() {
        let head = Head { position: 7, chain: ChainHash::GENESIS };
        for (language, start) in [(Language::En, "\nRecord up to here: "), (Language::Zh, "\n截至此处的记录：")]
        {
            let line = anchor(head, language);
            assert!(line.starts_with(start), "{line}");
            assert!(line.ends_with("`tidegate journal verify --anchor 7:0000000000000`\n"), "{line}");
        }
    }
}
