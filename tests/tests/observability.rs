//! The alerts and the dashboard that are shipped speak of metrics that a host has, and Prometheus' own tool takes them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tidegate_tests::process::Process;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/observability")
}

fn promtool(arguments: &[&str], input: &str) {
    use std::io::Write as _;
    let mut tool = Command::new("promtool");
    tool.args(arguments).current_dir(folder()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tool.spawn().expect("promtool comes with tests/setup");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "promtool {arguments:?}: {}", String::from_utf8_lossy(&said));
}

/// Metrics that a text names, without what histograms add to their names.
fn named(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !word(c)).filter(|word| word.starts_with("tidegate_"));
    words
        .map(|word| {
            ["_bucket", "_count", "_sum"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_string()
        })
        .collect()
}

#[test]
fn prometheus_takes_the_alerts_and_they_fire_when_they_should() {
    promtool(&["check", "rules", "alerts.yaml"], "");
    promtool(&["test", "rules", "alerts.test.yaml"], "");
}

#[test]
fn every_alert_has_a_heading_that_says_what_to_do() {
    let (alerts, page) = (read("alerts.yaml"), read("README.md"));
    let alerts: Vec<&str> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        assert!(page.contains(&format!("\n### {alert}\n")), "{alert} has no heading");
        let place = format!("runbook_url: README.md#{}", alert.to_lowercase());
        assert!(read("alerts.yaml").contains(&place), "{alert} does not lead there");
    }
}

#[tokio::test]
async fn a_host_has_every_metric_that_alerts_and_dashboard_name() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("tidegate.toml"), "").unwrap();
    let host = Process::serve(place.path(), &[]).await.unwrap();
    let scrape = reqwest::get(format!("{}/metrics", host.url)).await.unwrap().text().await.unwrap();
    promtool(&["check", "metrics"], &scrape);
    let has: BTreeSet<&str> =
        scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    for file in ["alerts.yaml", "dashboard.json"] {
        let named = named(&read(file));
        assert!(named.len() > 10);
        let unknown: Vec<&String> = named.iter().filter(|name| !has.contains(name.as_str())).collect();
        assert!(unknown.is_empty(), "{file} names what no host has: {unknown:?}");
    }
    let series = scrape.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series < 3_000, "{series} series in a host that has done nothing");
}

fn read(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap()
}
