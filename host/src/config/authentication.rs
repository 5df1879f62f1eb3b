//! Who gets in to which source, and how: what `check` tells of it.

use super::Config;

impl Config {
    /// Where people reach this host, as far as anything in the configuration says so: the address of links, or the one to which a
    /// provider sends people back. Without a slash at the end.
    pub fn reached_at(&self) -> Option<String> {
        let of_links = self.approvals.link.as_ref().map(|link| link.base.clone());
        let of_provider = self.server.oidc.as_ref().map(|oidc| oidc.redirect.origin().ascii_serialization());
        of_links.or(of_provider)
    }

    /// A line for each source of `names` that demands a proof, and one for each kind of the others.
    pub fn ways_in(&self, names: &[String]) -> Vec<String> {
        let listen = self.server.listen;
        let at = |name: &str| format!("http://{listen}/v1/alerts/{name}");
        let token = self.has_sender_token();
        let (mut lines, mut off, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            let auth = self.sources.get(name).and_then(|source| source.auth.as_ref());
            match auth {
                _ if !self.source_enabled(name) => off.push(name.as_str()),
                Some(auth) => {
                    let or = if token { ", or a sender's token" } else { "" };
                    lines.push(format!("source {name}: {}, with {}{or}", at(name), auth.describe()));
                }
                None => open.push(name.as_str()),
            }
        }
        let mut more = |text: String, names: Vec<&str>| {
            if !names.is_empty() {
                lines.push(format!("{text}: {}", names.join(", ")));
            }
        };
        let text = if is_this_machine(listen.ip()) {
            format!("sources open to this machine alone, at {}", at("NAME"))
        } else if token {
            format!("sources at {}, with a sender's token", at("NAME"))
        } else {
            "sources that nobody gets into from elsewhere, because they demand no proof".to_string()
        };
        more(text, open);
        more("sources that are switched off".to_string(), off);
        lines
    }
}

/// Whether an address reaches nothing but this machine, however it is written.
pub fn is_this_machine(address: std::net::IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
