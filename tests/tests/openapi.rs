//! Tools of others take the description of the API and the metrics, and a client that is made of the description works.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tidegate_tests::process::Process;
use tidegate_tests::rig::POD_NOT_READY;

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("toolchains/clients/bin").join(name)
}

fn description() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/openapi.json")
}

fn run(command: &mut Command, input: &str) -> String {
    use std::io::Write as _;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("tests/setup installs it");
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = [done.stdout.clone(), done.stderr].concat();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
    String::from_utf8(done.stdout).unwrap()
}

async fn host(place: &Path) -> Process {
    std::fs::write(place.join("tidegate.toml"), "").unwrap();
    let host = Process::serve(place, &[]).await.unwrap();
    let (status, told) = host.post("/alert", POD_NOT_READY).await.unwrap();
    assert_eq!(status, 200, "{told}");
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_made_of_the_description_works() {
    let place = tempfile::tempdir().unwrap();
    run(Command::new(program("openapi-spec-validator")).arg(description()), "");
    let client = place.path().join("client");
    let config = place.path().join("client.yaml");
    std::fs::write(
        &config,
        "project_name_override: tidegate-client\npackage_name_override: tidegate_client\npost_hooks: []\n",
    )
    .unwrap();
    let mut generate = Command::new(program("openapi-python-client"));
    generate.args(["generate", "--fail-on-warning", "--meta", "none", "--path"]).arg(description());
    generate.arg("--config").arg(&config).arg("--output-path").arg(client.join("tidegate_client"));
    std::fs::create_dir(&client).unwrap();
    run(generate.current_dir(place.path()), "");
    let host = host(place.path()).await;
    let served = host.get("/v1/openapi.json").await.unwrap();
    let file: Value = serde_json::from_str(&std::fs::read_to_string(description()).unwrap()).unwrap();
    assert_eq!(served, file);
    let smoke = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/smoke.py");
    let seen = run(Command::new(program("python")).arg(smoke).arg(&client).arg(&host.url), "");
    let seen: Value = serde_json::from_str(&seen).unwrap();
    assert_eq!(seen["incident"]["source"], "alertmanager", "{seen:#}");
    assert_eq!(seen["silence"]["silence"]["comment"], "the move", "{seen:#}");
    assert_eq!((&seen["silences"], &seen["breakers"]), (&1.into(), &0.into()), "{seen:#}");
    assert_eq!(seen["missing"]["type"], "urn:tidegate:problem:not-found", "{seen:#}");
}

#[tokio::test]
async fn the_reference_parser_of_openmetrics_takes_every_metric() {
    let place = tempfile::tempdir().unwrap();
    let host = host(place.path()).await;
    let accept = "application/openmetrics-text; version=1.0.0";
    let scrape =
        tidegate::network::builder().build().unwrap().get(format!("{}/metrics", host.url)).header("accept", accept);
    let scrape = scrape.send().await.unwrap().text().await.unwrap();
    let parser = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/openmetrics.py");
    let families = run(Command::new(program("python")).arg(parser), &scrape);
    assert!(families.trim().parse::<usize>().unwrap() > 50, "{families}");
}
