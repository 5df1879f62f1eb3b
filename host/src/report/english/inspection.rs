//! What is said of inspections, in English.

use super::count;
use crate::domain::inspection::Problem;
use crate::report::escape::Style;
use crate::report::inspection::InspectionStrings;

pub(super) struct Strings;

impl InspectionStrings for Strings {
    fn title(&self) -> &'static str {
        "Inspection"
    }

    fn counts(&self, new: usize, still: usize, gone: usize, unseen: usize) -> String {
        let unseen = if unseen == 0 { String::new() } else { format!(", {unseen} not looked at again") };
        format!("{new} new, {still} still there, {gone} gone{unseen}")
    }

    fn nothing_wrong(&self) -> &'static str {
        "nothing is wrong"
    }

    fn nothing_found(&self) -> &'static str {
        "nothing wrong was found, but not everything could be seen"
    }

    fn nothing_seen(&self) -> &'static str {
        "nothing could be seen"
    }

    fn in_part(&self) -> &'static str {
        "; not everything could be seen"
    }

    fn no_tools(&self, server: Option<&str>) -> String {
        match server {
            Some(server) => {
                format!("{server} offers no tool now that lists what is in a cluster, as far as `collectors/` knows")
            }
            None => {
                "no tool server is there that lists what is in a cluster, as far as `collectors/` knows".to_string()
            }
        }
    }

    fn blind(&self) -> &'static str {
        "Blind"
    }

    fn within(&self, kind: &str, namespaces: &[String], more: usize) -> String {
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("{kind} in {}{more}", namespaces.join(", "))
    }

    fn anywhere(&self, kind: &str, some: bool) -> String {
        format!("{kind} {}", if some { "in part" } else { "everywhere" })
    }

    fn not_seen(&self) -> &'static str {
        "Known from before, not seen this time"
    }

    fn refused(&self) -> &'static str {
        "Refused by gates"
    }

    fn appeared(&self) -> &'static str {
        "New"
    }

    fn still(&self) -> &'static str {
        "Still there"
    }

    fn gone(&self) -> &'static str {
        "Gone"
    }

    fn cluster(&self) -> &'static str {
        "whole cluster"
    }

    fn more(&self, count: usize) -> String {
        format!("{count} more")
    }

    fn since(&self, at: &str) -> String {
        format!("since {at}")
    }

    fn others(&self, more: u64) -> String {
        format!(" and {}", count(more, "other"))
    }

    fn what(&self, what: &Problem, s: Style) -> String {
        match what {
            Problem::Cause(named) => named.cause.as_str().to_string(),
            Problem::PodNotReady { status } => format!("not ready, state {}", s.name(status)),
            Problem::Restarts { times } => format!("began anew {}, lately within the day", count(*times, "time")),
            Problem::ReplicasMissing { ready, wanted } => format!("{ready} of {wanted} replicas are ready"),
            Problem::QuotaNearlyFull { resource, used, hard, percent } => {
                format!("{percent} % of {} are used ({} of {})", s.name(resource), s.name(used), s.name(hard))
            }
            Problem::CertificateEnds { at, days } if *days < 0 => format!("the certificate ended at {}", s.name(at)),
            Problem::CertificateEnds { at, days } => {
                format!("the certificate ends in {} ({})", count((*days).unsigned_abs(), "day"), s.name(at))
            }
            Problem::Warnings { reason, times, said } => {
                format!("warned of {} {}: {}", s.name(reason), count(*times, "time"), s.say(said))
            }
        }
    }

    fn summary(&self) -> &'static str {
        "Summary by the model"
    }

    fn no_summary(&self, why: &str) -> String {
        format!("No summary: {why}")
    }

    fn unseen(&self) -> &'static str {
        "Why not everything could be seen"
    }

    fn looked(&self, objects: u64, calls: u64, seconds: u64) -> String {
        format!("Looked at {} in {}, {seconds} s", count(objects, "object"), count(calls, "call"))
    }

    fn left_out(&self, n: u64) -> String {
        format!("{} beyond the bounds of one run", count(n, "finding"))
    }
}
