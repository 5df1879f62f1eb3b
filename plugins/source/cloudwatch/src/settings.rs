//! The settings.

use tidegate_plugin::source::aws::Missing;
use tidegate_plugin::source::{Node, parse};

/// What the operator chooses.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub missing: Missing,
}

impl Settings {
    /// Reads them; the error names the setting.
    pub fn read(text: &str) -> Result<Self, String> {
        let value = parse(text)?;
        let word = Node::root(&value).get("insufficient_data");
        let missing = match word.text().as_deref() {
            None | Some("ignore") => Missing::Ignored,
            Some("firing") => Missing::Fires,
            Some(_) => return Err(word.expected("\"ignore\" or \"firing\"")),
        };
        Ok(Self { missing })
    }
}
