//! EventHooks that people have: imported, put in force, and heard over HTTP by the real binary.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate_fakes::FakeWebhook;
use tidegate_tests::process::{PATIENCE, Process, run};
use tidegate_tests::rig::Rig;

/// The four of the write-up, with targets that are there.
fn hooks(target: &str) -> String {
    let hook = |name: &str, spec: Value| {
        json!({
            "apiVersion": "crd.chenshaowen.com/v1", "kind": "EventHooks",
            "metadata": { "name": name, "namespace": "ops-system" }, "spec": spec,
        })
    };
    let warnings = ".*(BackOff|OOMKilled|Evicted|NetworkNotReady|Unhealthy|Error|Failed|ImagePullBackOff).*";
    let plane = ".*(kube-apiserver-|kube-controller-manager-|kube-scheduler-|kube-proxy-|etcd-|calico-|csi-nfs-|fluid-system).*";
    let (nodes, pods) = ("ops.clusters.*.nodes.*.events", "ops.clusters.*.namespaces.*.pods.*.");
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        hook("nodes-p0", json!({
            "keywords": { "exclude": ["cn-beijing"], "include": ["NodeNotReady", "NodeReady"] },
            "subject": nodes, "type": "xiezuo", "url": format!("{target}/chat?key=very-secret"),
        })),
        hook("custom-disable", json!({
            "additional": "action: cordon-node", "keywords": { "include": ["10005"] },
            "subject": nodes, "type": "webhook", "url": format!("{target}/trigger/action"),
        })),
        hook("convert-clusters-pods-events-to-alerts", json!({
            "keywords": { "include": [warnings], "matchMode": "ALL", "matchType": "REGEX" },
            "subject": format!("{pods}events"), "type": "event", "url": format!("{pods}alerts"),
        })),
        hook("post-cluster-pod-ops-agent", json!({
            "additional": "clusterpodevents", "keywords": { "include": [plane], "matchMode": "ANY", "matchType": "REGEX" },
            "subject": format!("{pods}alerts"), "type": "webhook", "url": format!("{target}/api/push"),
        })),
    ]})
    .to_string()
}

/// Posts an event as a script does, and waits until a target was told; how long that took, and what it was told.
async fn told(
    host: &Process,
    target: &FakeWebhook,
    path: &str,
    event: Value,
    at: &str,
) -> anyhow::Result<(Duration, String)> {
    let before = target.requests().len();
    let began = Instant::now();
    let (status, answer) = host.post_json(&format!("/api/v1/namespaces/kube-system/events/{path}"), &event).await?;
    anyhow::ensure!(status == 200, "{status} {answer}");
    loop {
        let requests = target.requests();
        if let Some(request) = requests.iter().skip(before).find(|request| request.path.starts_with(at)) {
            return Ok((began.elapsed(), String::from_utf8_lossy(&request.body).into_owned()));
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "{at} was not told of {event}: {answer}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until there is an incident that tells of all of this.
async fn some(host: &Process, parts: &[&str]) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let mut all = Vec::new();
        for incident in host.incidents().await? {
            let id = incident["id"].as_str().unwrap_or_default().to_string();
            all.push(host.get(&format!("/v1/incidents/{id}")).await?.to_string());
        }
        if all.iter().any(|text| parts.iter().all(|part| text.contains(part))) {
            return Ok(());
        }
        anyhow::ensure!(began.elapsed() < PATIENCE, "no incident tells of {parts:?}: {all:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_four_hooks_of_the_write_up_do_here_what_they_did_there() -> anyhow::Result<()> {
    let rig = Rig::new("", None).await?;
    rig.ship_policies()?;
    let target = FakeWebhook::start().await?;
    let folder = rig.folder();
    fs::write(folder.join("hooks.json"), hooks(target.url()))?;
    let (code, text, problems) =
        run(folder, &[], &["import", "eventhooks", "hooks.json", "--into", "imported"]).await?;
    assert_eq!(code, 0, "{text}{problems}");
    for part in
        ["[notifiers.nodes-p0]", "names have dots", "hears what", "hook-custom-disable-cordons", "own tests passed"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("very-secret"), "{text}");
    let (code, text, problems) = run(folder, &[], &["policy", "test", "imported"]).await?;
    assert_eq!(code, 0, "{text}{problems}");
    let text = fs::read_to_string(folder.join("imported/12-hooks.rhai"))?;
    fs::write(folder.join("policies/12-hooks.rhai"), text.replace("    mode: \"observe\",\n", ""))?;
    let config = folder.join("tidegate.toml");
    let more = fs::read_to_string(folder.join("imported/notifiers.toml"))?;
    // The shipped routes lead there.
    let default = format!(
        "[notifiers.default]\nplugin = \"webhook\"\nsettings = {{ url = \"{0}/default\" }}\n\
         grant = [{{ origin = \"{0}\", methods = [\"POST\"], private = true }}]\n",
        target.url()
    );
    fs::write(
        &config,
        fs::read_to_string(&config)? + "[events]\ncluster = \"kestrel\"\n" + more.as_str() + default.as_str(),
    )?;
    let (code, text, problems) = run(folder, &rig.environment, &["check"]).await?;
    assert!(code == 0, "{text}{problems}");

    let host = rig.serve().await?;
    let kube = |reason: &str, message: &str| json!({ "type": "Kube", "reason": reason, "message": message });
    // Once for what is done but once: targets are loaded when they are first told.
    told(&host, &target, "nodes.n0.events", kube("NodeNotReady", ""), "/chat").await?;
    let (took, body) = told(&host, &target, "nodes.n1.events", kube("NodeNotReady", "it is gone"), "/chat").await?;
    println!("event to message: {:.1} ms", took.as_secs_f64() * 1_000.0);
    let body: Value = serde_json::from_str(&body)?;
    let content = body["text"]["content"].as_str().unwrap_or_default();
    assert_eq!(body["msgtype"], "text", "{body}");
    assert!(content.starts_with("cluster: kestrel \nnode: n1 \ntype: Kube \nreason: NodeNotReady \n"), "{content}");

    // Its target would have cordoned the node; here somebody is asked first.
    let code = kube("XID", "code 10005");
    let (status, answer) = host.post_json("/api/v1/namespaces/kube-system/events/nodes.n2.events", &code).await?;
    assert!(status == 200 && answer.contains("\"alerts\":1"), "{status} {answer}");
    some(&host, &["node_management", "cordon", "cordons-need-a-person"]).await?;

    // What is sent on is no alert by that: the rules that know it say when it is one. Without a bus it goes nowhere, and that is said.
    let warning = kube("BackOff", "it keeps leaving");
    let (status, answer) = host.post_json("/api/v1/namespaces/shop/events/pods.web-1.events", &warning).await?;
    assert!(status == 200 && answer.contains("\"alerts\":0"), "{status} {answer}");
    let metrics = host.text("/metrics").await?;
    assert!(metrics.contains("tidegate_events_total{what=\"forwarded\"} 1\n"), "{metrics}");
    let ready = host.text("/readyz").await?;
    assert!(
        ready.contains("hook-convert-clusters-pods-events-to-alerts sends events on, and no [[bus.nats]]"),
        "{ready}"
    );

    let (_, text) = told(&host, &target, "pods.etcd-a.events", warning, "/api/push").await?;
    assert!(text.contains("pod: etcd-a \n") && text.ends_with("clusterpodevents"), "{text}");
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_of_odd_hooks_is_taken_by_a_host() -> anyhow::Result<()> {
    let rig = Rig::new("", None).await?;
    rig.ship_policies()?;
    let folder = rig.folder();
    let odd = include_str!("../data/eventhooks/odd.yaml").replace("HUGE", &"x".repeat(64 << 10));
    fs::write(folder.join("odd.yaml"), odd)?;
    let import = |files: &[&str]| {
        let arguments: Vec<String> = ["import", "eventhooks"].iter().chain(files).map(ToString::to_string).collect();
        async move {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            run(folder, &[], &arguments).await
        }
    };
    let (code, text, problems) = import(&["odd.yaml", "./odd.yaml", "nowhere.yaml", "--into", "imported"]).await?;
    assert_eq!(code, 3, "{text}{problems}");
    for part in [
        "left out: odd.yaml: huge-keyword: spec.keywords.include[0]: it has 65536 bytes",
        "left out: nowhere.yaml: it cannot be read",
        "./odd.yaml is named twice",
        "no hook: odd.yaml: document 28",
        "publish = { prefix",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let (code, text, problems) = import(&["odd.yaml", "--into", "imported", "--force", "--json"]).await?;
    let said: Value = serde_json::from_str(&text)?;
    assert!(code == 3 && said["left_out"][0]["file"] == "odd.yaml" && said["kept"] == json!([]), "{text}{problems}");
    fs::create_dir_all(folder.join("policies/tests"))?;
    for name in ["12-hooks.rhai", "tests/12-hooks.toml"] {
        fs::copy(folder.join("imported").join(name), folder.join("policies").join(name))?;
    }
    let (code, text, problems) = run(folder, &[], &["policy", "test", "policies"]).await?;
    assert_eq!(code, 0, "{text}{problems}");
    let config = folder.join("tidegate.toml");
    let more = fs::read_to_string(folder.join("imported/notifiers.toml"))?
        + "[[bus.nats]]\nname = \"ops\"\nservers = [\"nats://127.0.0.1:1\"]\npublish = { prefix = \"ops\" }\n\
           [notifiers.default]\nplugin = \"webhook\"\nsettings = { url = \"https://hooks.example/default\" }\n\
           grant = [{ origin = \"https://hooks.example\", methods = [\"POST\"] }]\n";
    fs::write(&config, fs::read_to_string(&config)? + more.as_str())?;
    let (code, text, problems) = run(folder, &rig.environment, &["check"]).await?;
    assert_eq!(code, 0, "{text}{problems}");
    // What is in force keeps its names.
    let (code, text, problems) = import(&["odd.yaml", "--into", "imported", "--force"]).await?;
    assert!(code == 3 && text.contains("sent on over [[bus.nats]] ops"), "{text}{problems}");
    assert!(text.contains("[notifiers.ops-system-slack]") && !text.contains("the configuration has another"), "{text}");
    Ok(())
}
