//! Addresses of mail.

use std::fmt;

use lettre::Address;

/// An address, with the name of whom it belongs to where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox(pub(super) lettre::message::Mailbox);

impl Mailbox {
    /// Reads `oncall@example.com` or `On call <oncall@example.com>`. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(100).collect();
        let wrong = |why: &str| format!("`{shown}` is no address of mail{why}");
        if text.chars().any(char::is_control) {
            return Err(wrong(": it holds a line break or another control character"));
        }
        let mailbox: lettre::message::Mailbox =
            text.trim().parse().map_err(|_| wrong(" such as oncall@example.com"))?;
        let address: &str = mailbox.email.as_ref();
        if !address.is_ascii() {
            return Err(wrong(" in ASCII: write its domain as xn--…"));
        }
        // Quoted names would be legal; nobody has one, and they hold what delimits addresses.
        if address.contains(['"', '<', '>', ' ', ',', ';', '\\']) || address.starts_with('-') {
            return Err(wrong(" that every server takes"));
        }
        Ok(Self(mailbox))
    }

    /// The address alone, in lower case.
    pub fn address(&self) -> String {
        self.0.email.to_string().to_lowercase()
    }

    /// What is right of the `@`, in lower case.
    pub fn domain(&self) -> String {
        self.0.email.domain().to_lowercase()
    }

    pub(super) fn email(&self) -> Address {
        self.0.email.clone()
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_compared_without_case() {
        let mailbox = Mailbox::parse("On call <OnCall+a@Example.com>").unwrap();
        assert_eq!((mailbox.address().as_str(), mailbox.domain().as_str()), ("oncall+a@example.com", "example.com"));
        assert_eq!(Mailbox::parse("a@b.test").unwrap().to_string(), "a@b.test");
    }

    #[test]
    fn what_could_be_more_than_one_address_is_none() {
        for text in [
            "",
            "oncall",
            "a@b.test, c@d.test",
            "a@b.test\r\nBcc: c@d.test",
            "X\nBcc: c@d.test <a@b.test>",
            "\"a>,c\"@b.test",
            "<a@b.test> <c@d.test>",
            "ä@b.test",
            "a@bücher.test",
            "-oX@b.test",
        ] {
            assert!(Mailbox::parse(text).is_err(), "{text:?}");
        }
    }
}
