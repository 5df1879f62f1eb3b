//! Certificates that are not issued, as cert-manager tells it, or that run out.

use super::CauseSet;
use super::fields::{condition, contains_word, list, object, short, text};
use super::observations::Observations;
use crate::domain::{Cause, NamedCause};

pub(super) fn find(world: &Observations<'_>, found: &mut CauseSet) {
    let challenges = world.of("Challenge").filter(|one| !matches!(text(one, "/status/state"), "valid" | ""));
    for challenge in challenges.filter(|one| !text(one, "/status/reason").is_empty()) {
        let mut cause = NamedCause::new(Cause::CertificateChallengeFailed, object(challenge), 92);
        cause.what = short(text(challenge, "/spec/dnsName"));
        cause.said = short(text(challenge, "/status/reason"));
        cause.evidence.push(format!("state {}: {}", short(text(challenge, "/status/state")), cause.said));
        found.add(cause);
    }
    for kind in ["Issuer", "ClusterIssuer", "CertificateRequest", "Order", "Certificate"] {
        for one in world.of(kind) {
            let failed = ["Ready", "Issuing"].into_iter().find_map(|name| {
                let state = condition(one, name)?;
                // It is being issued anew, which is well unless it has failed.
                (state.status == "False" && (name == "Ready" || contains_word(state.reason, &["failed"])))
                    .then_some(state)
            });
            let state = text(one, "/status/state");
            let order = kind == "Order" && matches!(state, "invalid" | "errored" | "expired");
            let Some(why) = failed.map(|one| one.why()).or_else(|| order.then(|| short(text(one, "/status/reason"))))
            else {
                continue;
            };
            let explained =
                found.has(|cause| matches!(cause, Cause::CertificateChallengeFailed | Cause::CertificateNotIssued));
            if explained && matches!(kind, "Order" | "CertificateRequest" | "Certificate") {
                continue;
            }
            let mut cause = NamedCause::new(Cause::CertificateNotIssued, object(one), 90);
            cause.what = short(text(one, "/spec/issuerRef/name"));
            cause.said = why.clone();
            cause.evidence.push(format!("not ready: {why}"));
            let expires = text(one, "/status/notAfter");
            if !expires.is_empty() {
                cause.evidence.push(format!("valid until {}", short(expires)));
            }
            found.add(cause);
        }
    }
    let failed = |message: &str| {
        contains_word(message, &["certificate has expired", "certificate expired", "x509: certificate"])
    };
    for event in world.strangers().filter(|event| failed(&event.message)).take(3) {
        found.told(Cause::CertificateExpiring, event, 75);
    }
    // What says when it ends needs no condition to be read.
    for one in world.of("Certificate").filter(|one| list(one, "/status/conditions").is_empty()) {
        let expires = text(one, "/status/notAfter");
        if !expires.is_empty() && world.alerts.iter().any(|alert| contains_word(&alert.name, &["expir"])) {
            let mut cause = NamedCause::new(Cause::CertificateExpiring, object(one), 70);
            cause.said = format!("valid until {}", short(expires));
            found.add(cause);
        }
    }
}
