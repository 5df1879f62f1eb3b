//! The members of a body by whatever name its author gave them.

use std::borrow::Cow;

use tidegate_plugin::source::{Node, placeholder};

/// A body's members.
pub(crate) struct Fields<'a> {
    body: Node<'a>,
}

impl<'a> Fields<'a> {
    pub fn of(body: Node<'a>) -> Self {
        Self { body }
    }

    /// The first of these members that has a value.
    pub fn text(&self, names: &[&'a str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| self.find(name)?.text().and_then(placeholder::filled))
    }

    /// The first of these members that is there.
    pub fn node(&self, names: &[&'a str]) -> Node<'a> {
        names.iter().find_map(|name| self.find(name)).unwrap_or_else(|| self.body.get("tags"))
    }

    /// In any spelling (`alertTransition`, `ALERT_TRANSITION`), also within a member (`alert`, `metadata`).
    fn find(&self, name: &'a str) -> Option<Node<'a>> {
        let direct = self.body.path(name);
        if direct.exists() {
            return Some(direct);
        }
        // Not within others: `org` has a name too.
        let within = ["alert", "event", "metadata", "data"].map(|key| self.body.get(key));
        std::iter::once(self.body).chain(within).find_map(|members| {
            members.members().find(|(key, value)| value.exists() && same(key, name)).map(|(_, value)| value)
        })
    }
}

fn same(key: &str, name: &str) -> bool {
    let letters =
        |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    letters(key) == letters(name)
}
