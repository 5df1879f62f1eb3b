//! Who may say who there is, and can prove their name: whoever takes that from the last of them is told so first.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Config;
use crate::accounts::AccountsFile;
use crate::domain::{Access, Permission};

impl Config {
    /// What a change of the file of accounts would do that nobody means by the way: a sentence, where there was somebody who may say
    /// who there is, and nobody is behind it.
    pub fn last_admin_lost(&self, before: &AccountsFile, after: &AccountsFile, now: Timestamp) -> Option<String> {
        let (were, are) = (self.admins(before, now), self.admins(after, now));
        let last: Vec<String> = if are.is_empty() { were.into_iter().collect() } else { Vec::new() };
        if last.is_empty() {
            return None;
        }
        let who = last.join(", ");
        let (is, them) = if last.len() == 1 { ("is the last", "them") } else { ("are the last", "any of them") };
        Some(if self.admits_other_admins() {
            format!(
                "{who} {is} whom this host knows itself who may say who there is, and without {them} only those may whom a provider or a \
                 proxy names, or who know what callers of the API share"
            )
        } else if self.demands_proof_with(after) {
            format!(
                "{who} {is} who may say who there is, and without {them} nobody may until a command at this machine makes an admin"
            )
        } else {
            format!(
                "{who} {is} who can prove a name: without {them} nobody gets in by pages and API until the next start, and from then \
                 on whoever is at this machine may do everything"
            )
        })
    }

    /// The only one whom the host knows itself who may say who there is.
    pub fn last_admin(&self, book: &AccountsFile, now: Timestamp) -> Option<String> {
        let mut all = self.admins(book, now).into_iter();
        let first = all.next()?;
        all.next().is_none().then_some(first)
    }

    /// The names of those whom the host knows itself.
    fn admins(&self, book: &AccountsFile, now: Timestamp) -> BTreeSet<String> {
        let administers = |name: &&String| self.access_of(book, name).may_everywhere(Permission::Administer);
        let proves = |name: &&String| {
            let token = |token: &crate::accounts::Token| {
                let permits = token.scopes.is_empty() || token.scopes.contains(&Permission::Administer);
                token.owner == **name && permits && token.is_good(now)
            };
            self.users.get(*name).is_some_and(|user| !user.tokens.is_empty())
                || book.accounts.get(*name).is_some_and(|account| account.password.is_some())
                || book.tokens.iter().any(token)
        };
        let names: BTreeSet<&String> = self.users.keys().chain(book.accounts.keys()).collect();
        names.into_iter().filter(administers).filter(proves).cloned().collect()
    }

    /// Whether others may, of whom nobody here can say who they are: who knows what callers of the API share, and whom a provider or a
    /// proxy names.
    fn admits_other_admins(&self) -> bool {
        let (proxy, provider) = (self.sign_in.proxy.is_some(), self.server.oidc.is_some());
        let mut rules = self.rights.rules().filter(|rule| {
            let somebody = !rule.groups.is_empty() && (proxy || provider) || !rule.people.is_empty() && proxy;
            somebody && Access::new([rule.grant.clone()]).may_everywhere(Permission::Administer)
        });
        self.server.auth.is_some() || rules.next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Account;
    use crate::config::Overrides;
    use crate::domain::Role;

    fn book(all: &[(&str, Role, bool)]) -> AccountsFile {
        let account = |(name, role, disabled): &(&str, Role, bool)| {
            let kept =
                Account { role: Some(*role), password: Some("h".into()), disabled: *disabled, ..Account::default() };
            (name.to_string(), kept)
        };
        AccountsFile { accounts: all.iter().map(account).collect(), ..AccountsFile::default() }
    }

    #[test]
    fn the_last_who_may_say_who_there_is_is_named_and_nobody_else() {
        let config = |text: &str| Config::parse(text.to_string(), None, &Overrides::default()).unwrap();
        let lost = |text: &str, before: &AccountsFile, after: &AccountsFile| {
            config(text).last_admin_lost(before, after, Timestamp::UNIX_EPOCH).unwrap_or_default()
        };
        use Role::{Admin, Viewer};
        let both = book(&[("ada", Admin, false), ("eve", Viewer, false)]);
        let demoted = book(&[("ada", Viewer, false), ("eve", Viewer, false)]);
        let disabled = book(&[("ada", Admin, true), ("eve", Viewer, false)]);
        let gone = book(&[("eve", Viewer, false)]);
        for after in [&demoted, &disabled, &gone] {
            assert!(lost("", &both, after).starts_with("ada is the last who may say who there is"), "{after:?}");
        }
        assert!(
            lost("", &book(&[("ada", Admin, false)]), &AccountsFile::default())
                .contains("whoever is at this machine may do")
        );
        let two = book(&[("ada", Admin, false), ("opal", Admin, false)]);
        assert_eq!((lost("", &two, &both), lost("", &demoted, &gone)), (String::new(), String::new()));
        // Others who may are no reason to say nothing: nobody here knows whether there is anybody.
        let shared = "[server.auth]\nbearer = { env = \"T\" }";
        assert!(lost(shared, &both, &gone).contains("only those may"));
        let oidc = "[server.oidc]\nissuer = \"https://id.example\"\nclient_id = \"t\"\n\
                    redirect = \"https://t.example/oidc/callback\"\n[[access]]\ngroups = [\"sre\"]\n";
        assert!(lost(&format!("{oidc}role = \"admin\""), &both, &gone).contains("only those may"));
        assert!(lost(&format!("{oidc}role = \"operator\""), &both, &gone).contains("nobody may until a command"));
    }
}
