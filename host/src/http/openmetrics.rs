//! Metrics as OpenMetrics 1.0, for whoever accepts that: the same families as in Prometheus' text, by that format's rules.

use std::collections::BTreeSet;
use std::fmt::Write;

/// Its media type.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether an `Accept` likes OpenMetrics at least as much as plain text.
pub fn is_wanted(accept: &str) -> bool {
    let quality = |wanted: &str| -> Option<f32> {
        accept.split(',').find_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            if !parts.next()?.eq_ignore_ascii_case(wanted) {
                return None;
            }
            let q = parts.find_map(|parameter| parameter.strip_prefix("q="));
            Some(q.and_then(|q| q.parse().ok()).unwrap_or(1.0))
        })
    };
    let open = quality("application/openmetrics-text").unwrap_or(0.0);
    open > 0.0 && open >= quality("text/plain").unwrap_or(0.0)
}

/// One family of the text, whose samples follow its head.
#[derive(Default)]
struct Family<'a> {
    name: &'a str,
    help: &'a str,
    kind: &'a str,
    samples: Vec<&'a str>,
}

/// The same metrics as OpenMetrics.
pub fn of(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let names: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let mut family = Family::default();
    for line in text.lines() {
        let head = line.strip_prefix("# ").and_then(|rest| rest.split_once(' '));
        match head {
            Some(("HELP", rest)) => {
                let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
                if family.name != name {
                    write(&mut out, &family, &names);
                    family = Family { name, ..Family::default() };
                }
                family.help = help;
            }
            Some(("TYPE", rest)) => {
                let (name, kind) = rest.split_once(' ').unwrap_or((rest, "unknown"));
                if family.name != name {
                    write(&mut out, &family, &names);
                    family = Family { name, ..Family::default() };
                }
                family.kind = kind;
            }
            _ if line.is_empty() || line.starts_with('#') => {}
            _ => family.samples.push(line),
        }
    }
    write(&mut out, &family, &names);
    out.push_str("# EOF\n");
    out
}

fn write(out: &mut String, family: &Family<'_>, names: &BTreeSet<&str>) {
    if family.name.is_empty() {
        return;
    }
    // There the suffix is the sample's and not the family's, which must not have the name of another one.
    let stem = |suffix: &str| family.name.strip_suffix(suffix).filter(|stem| !names.contains(stem));
    let (name, kind) = match family.kind {
        "counter" => stem("_total").map_or((family.name, "unknown"), |stem| (stem, "counter")),
        "gauge" => stem("_info").map_or((family.name, "gauge"), |stem| (stem, "info")),
        "untyped" | "" => (family.name, "unknown"),
        kind => (family.name, kind),
    };
    // Writing into a text does not fail.
    let _ = writeln!(out, "# TYPE {name} {kind}");
    if let Some(unit) = ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(&format!("_{unit}"))) {
        let _ = writeln!(out, "# UNIT {name} {unit}");
    }
    let _ = writeln!(out, "# HELP {name} {}", family.help.replace('"', "\\\""));
    for sample in &family.samples {
        if kind == "histogram" {
            let _ = writeln!(out, "{}", canonical(sample));
        } else {
            let _ = writeln!(out, "{sample}");
        }
    }
}

/// A bound of a bucket is a float there: `10.0`.
fn canonical(sample: &str) -> String {
    let Some((before, rest)) = sample.split_once("le=\"") else { return sample.to_string() };
    let Some((bound, after)) = rest.split_once('"') else { return sample.to_string() };
    let point = if bound.bytes().all(|b| b.is_ascii_digit()) { ".0" } else { "" };
    format!("{before}le=\"{bound}{point}\"{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_accepts_it_gets_it() {
        for (accept, wanted) in [
            ("application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true),
            ("application/openmetrics-text; version=1.0.0", true),
            ("text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.1", false),
            ("application/openmetrics-text;q=0", false),
            ("*/*", false),
            ("", false),
        ] {
            assert_eq!(is_wanted(accept), wanted, "{accept}");
        }
    }

    #[test]
    fn suffixes_and_units_are_as_that_format_has_them() {
        let text = "# HELP a_total How \"many\".\n# TYPE a_total counter\na_total{x=\"y\"} 1\n\
            # HELP b_info The program.\n# TYPE b_info gauge\nb_info{version=\"1\"} 1\n\
            # HELP c_seconds How long.\n# TYPE c_seconds histogram\nc_seconds_bucket{le=\"10\"} 1\n\
            c_seconds_bucket{le=\"+Inf\"} 1\nc_seconds_sum 2.5\nc_seconds_count 1\n";
        let wanted = "# TYPE a counter\n# HELP a How \\\"many\\\".\na_total{x=\"y\"} 1\n\
            # TYPE b info\n# HELP b The program.\nb_info{version=\"1\"} 1\n\
            # TYPE c_seconds histogram\n# UNIT c_seconds seconds\n# HELP c_seconds How long.\n\
            c_seconds_bucket{le=\"10.0\"} 1\nc_seconds_bucket{le=\"+Inf\"} 1\nc_seconds_sum 2.5\nc_seconds_count 1\n# EOF\n";
        assert_eq!(of(text), wanted);
        let both = "# HELP d Now.\n# TYPE d gauge\nd 1\n# HELP d_total Ever.\n# TYPE d_total counter\nd_total 2\n";
        let apart =
            "# TYPE d gauge\n# HELP d Now.\nd 1\n# TYPE d_total unknown\n# HELP d_total Ever.\nd_total 2\n# EOF\n";
        assert_eq!(of(both), apart, "one name is one family");
    }
}
