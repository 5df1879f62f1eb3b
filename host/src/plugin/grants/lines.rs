//! Grants as they stand in the configuration: the line that would allow a request, with all that is granted
//! already, so that whoever puts it in the place of their own takes nothing away.

use std::fmt;

use super::{Grants, Origin, OutboundRequest};
use crate::plugin::options::Grant;

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, methods, secrets, .. } = self;
        let paths = paths_line(&self.paths);
        write!(f, "{{ origin = \"{origin}\"{paths}, methods = [{}]{}", quoted(methods), secrets_line(secrets))?;
        for (given, key) in [(self.reads, "reads"), (self.private, "private")] {
            if given {
                write!(f, ", {key} = true")?;
            }
        }
        f.write_str(" }")
    }
}

impl Grants {
    /// The line that grants this request besides all that is granted.
    pub(super) fn line_with(&self, wanted: &OutboundRequest<'_>, paths: &[String], reads: bool) -> String {
        let mut all: Vec<Grant> = self.granted.iter().map(|(_, grant)| grant.clone()).collect();
        let methods = vec![wanted.method.to_string()];
        let more = Grant {
            origin: wanted.origin.to_string(),
            paths: paths.to_vec(),
            methods,
            secrets: wanted.secrets.to_vec(),
            reads,
            private: wanted.origin.is_private_address(),
        };
        // What differs in its methods alone is one grant; everything else would lend one grant's secrets to another.
        let same = |grant: &&mut Grant| {
            Origin::parse(&grant.origin).is_ok_and(|origin| origin == *wanted.origin)
                && (&grant.paths, grant.reads, grant.private) == (&more.paths, more.reads, more.private)
                && sorted(&grant.secrets) == sorted(&more.secrets)
        };
        match all.iter_mut().find(same) {
            Some(grant) => grant.methods.extend(more.methods),
            None => all.push(more),
        }
        self.line(&all)
    }

    /// The line with which what is granted for this request reaches private addresses too.
    pub(super) fn line_with_private(&self, wanted: &OutboundRequest<'_>) -> String {
        let covers = |origin: &Origin, grant: &Grant| {
            origin == wanted.origin
                && grant.methods.iter().any(|method| method.eq_ignore_ascii_case(wanted.method))
                && wanted.secrets.iter().all(|name| grant.secrets.contains(name))
        };
        let all = self
            .granted
            .iter()
            .map(|(origin, grant)| Grant { private: grant.private || covers(origin, grant), ..grant.clone() });
        self.line(&all.collect::<Vec<_>>())
    }

    /// The line that lets secrets go to an address which only the operator knows.
    pub(super) fn line_with_secret(&self, secret: &str) -> String {
        let mut all: Vec<Grant> = self.granted.iter().map(|(_, grant)| grant.clone()).collect();
        let ask = self.asks.http.iter().find(|ask| ask.secrets.iter().any(|name| name == secret || name == "*"));
        all.push(Grant {
            origin: ask.map(|ask| ask.origin.clone()).filter(|origin| origin != "*").unwrap_or("https://…".into()),
            paths: vec![],
            methods: ask.map(|ask| ask.methods.clone()).unwrap_or_default(),
            secrets: vec![secret.to_string()],
            reads: false,
            private: false,
        });
        self.line(&all)
    }

    fn line(&self, all: &[Grant]) -> String {
        format!("[{}] grant = [{}]", self.place, all.iter().map(Grant::to_string).collect::<Vec<_>>().join(", "))
    }
}

pub(in crate::plugin) fn quoted(list: &[String]) -> String {
    list.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")
}

pub(super) fn paths_line(paths: &[String]) -> String {
    if paths.is_empty() { String::new() } else { format!(", paths = [{}]", quoted(paths)) }
}

pub(super) fn secrets_line(secrets: &[String]) -> String {
    if secrets.is_empty() { String::new() } else { format!(", secrets = [{}]", quoted(secrets)) }
}

fn sorted(list: &[String]) -> Vec<&String> {
    let mut list: Vec<&String> = list.iter().collect();
    list.sort_unstable();
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::asks::Asks;

    /// What a refusal tells to write, read as the configuration would read it.
    fn told(refusal: &str) -> Vec<Grant> {
        #[derive(serde::Deserialize)]
        struct Told {
            grant: Vec<Grant>,
        }
        let (_, line) = refusal.split_once("[plugins.p] ").unwrap();
        toml::from_str::<Told>(line).unwrap().grant
    }

    fn grants(granted: &str) -> Grants {
        let asks: Asks = toml::from_str(
            "http = [{ origin = \"*\", methods = [\"GET\", \"POST\", \"PUT\"], secrets = [\"*\"] }]\nsigner = [\"a\"]",
        )
        .unwrap();
        #[derive(serde::Deserialize)]
        struct All {
            grant: Vec<Grant>,
        }
        let all: All = toml::from_str(&format!("grant = [{granted}]")).unwrap();
        Grants::new("p", "plugins.p", &asks, &all.grant).unwrap()
    }

    fn refused(grants: &Grants, origin: &str, method: &str, secrets: &[&str]) -> String {
        let secrets: Vec<String> = secrets.iter().map(ToString::to_string).collect();
        let origin = Origin::parse(origin).unwrap();
        let wanted =
            OutboundRequest { origin: &origin, path: Some("/x"), told: "/x", method, secrets: &secrets, marked: false };
        grants.permit(&wanted).unwrap_err()
    }

    #[test]
    fn whoever_puts_the_told_line_in_the_place_of_theirs_loses_nothing() {
        let before = "{ origin = \"https://a.test\", methods = [\"GET\"], secrets = [\"t\"] }, \
                      { origin = \"https://b.test\", paths = [\"/y\"], methods = [\"POST\"], reads = true, private = true }";
        let granted = grants(before);
        for (origin, method, secrets) in [
            ("https://a.test", "PUT", &["t"] as &[&str]),
            ("https://a.test", "GET", &["u"]),
            ("https://b.test", "PUT", &[]),
            ("https://c.test", "GET", &["t", "u"]),
            ("http://127.0.0.1:9", "GET", &[]),
        ] {
            let refusal = refused(&granted, origin, method, secrets);
            let told = told(&refusal);
            for (_, had) in &granted.granted {
                let kept = |one: &Grant| {
                    one.origin == had.origin
                        && one.paths == had.paths
                        && (one.reads, one.private) == (had.reads, had.private)
                        && had.methods.iter().all(|method| one.methods.contains(method))
                        && one.secrets == had.secrets
                };
                assert!(told.iter().any(kept), "{had:?} is missing in {refusal}");
            }
            let after = Grants::new("p", "plugins.p", &granted.asks, &told).unwrap();
            let (of, secrets) =
                (Origin::parse(origin).unwrap(), secrets.iter().map(ToString::to_string).collect::<Vec<_>>());
            let wanted =
                OutboundRequest { origin: &of, path: Some("/x"), told: "/x", method, secrets: &secrets, marked: false };
            let permitted = after.permit(&wanted).unwrap();
            assert_eq!(permitted.private, origin.contains("127.0.0.1"), "{refusal}");
        }
    }

    #[test]
    fn a_line_grants_no_secret_to_another_method() {
        let granted = grants("{ origin = \"https://a.test\", methods = [\"GET\"], secrets = [\"t\"] }");
        let told = told(&refused(&granted, "https://a.test", "PUT", &[]));
        assert!(!told.iter().any(|one| one.methods.contains(&"PUT".into()) && !one.secrets.is_empty()), "{told:?}");
    }

    #[test]
    fn a_private_address_is_allowed_to_the_grant_that_has_it() {
        let granted = grants(
            "{ origin = \"https://a.test\", methods = [\"GET\"] }, { origin = \"https://b.test\", methods = [\"GET\"] }",
        );
        let text = granted.private_needed(&Origin::parse("https://b.test").unwrap(), "GET", &[], "it is 10.0.0.1");
        let told = told(&text);
        assert_eq!(told.iter().map(|one| one.private).collect::<Vec<_>>(), [false, true], "{text}");
    }

    #[test]
    fn what_a_manifest_asks_for_stays_asked_for() {
        let text = grants("").permit_signing("b").unwrap_err();
        assert!(text.ends_with("[asks] signer = [\"a\", \"b\"]"), "{text}");
    }
}
