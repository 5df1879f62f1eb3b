//! A person answers over the signed link in a message: looking answers nothing, an answer is taken
//! once, and what is not exactly that link is refused with a page that says why.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tidegate::clock::SystemClock;
use tidegate::domain::incident::ActionRecord;
use tidegate::domain::{
    Action, ActionId, Catalogue, Decision, Entry, Fact, Incident, IncidentId, Mode, Origin, Proof, Proposal, Proven,
    Risk, Ruling, RulingKind, Sealed, Verdict,
};
use tidegate::gate::link::Links;
use tidegate::journal::{Options, Reader, Sqlite};
use tidegate::ports::{Clock, Journal};
use tidegate::secret::Secret;
use tidegate::token::Hash;
use tidegate_fakes::FakeWebhook;
use tidegate_tests::process::{PATIENCE, Process, run};
use tidegate_tests::rig::{POD_NOT_READY, Rig};

/// Where people reach the host: a proxy in front of it, which takes `/ops` away.
pub(crate) const BASE: &str = "https://tidegate.example/ops";
const LINK_SECRET: &str = "0123456789abcdef-links";
/// What ada and bob of the group, and eve, who is in none, prove their names with.
pub(crate) const ADA: &str = "tg_p_AdaTestAdaTestAdaTestAdaTestAdJiV94H";
pub(crate) const BOB: &str = "tg_p_BobTestBobTestBobTestBobTestBoOLQjtm";
pub(crate) const EVE: &str = "tg_p_EveTestEveTestEveTestEveTestEv6XWmuZ";

/// The plugin plans a patch, a person of the group must approve it.
fn policy(within: &str) -> String {
    format!(
        r#"
rule("pod-not-ready", #{{
    on: #{{ alertname: "KubePodNotReady" }},
    then: |i| plan("kubernetes-workload"),
}});
gate("patches-need-a-person", #{{
    on: #{{ tool: re(".*\\.kubectl_patch") }},
    ask: #{{ who: "sre", within: "{within}", reason: "it changes what runs" }},
}});
check("a-patched-deployment-is-available", #{{
    on: #{{ tool: re(".*\\.kubectl_patch") }},
    verify: |a, i| verification(look(a.server + ".kubectl_get", #{{
        resourceType: "deployment", name: a.arguments.name, namespace: a.arguments.namespace, output: "json",
    }}), #{{ present: "$[?$.status.updatedReplicas == $.spec.replicas && $.status.availableReplicas == $.spec.replicas]" }}),
}});
route("everything", #{{ to: ["feishu-oncall", "hook"] }});
"#
    )
}

/// The rig with signed links, a group of people, and a second place that is told.
pub(crate) async fn rig(within: &str) -> anyhow::Result<(Rig, FakeWebhook)> {
    let mut rig = Rig::new(&policy(within), None).await?;
    let hook = FakeWebhook::start().await?;
    let path = rig.folder().join("tidegate.toml");
    let more = format!(
        r#"
[approvals]
link = {{ base = "{BASE}/", secret = {{ env = "LINK_SECRET" }} }}
[people]
sre = ["ada", "bob"]
[users.ada]
tokens = ["{1}"]
notify = "ada-alone"
[users.bob]
tokens = ["{2}"]
[users.eve]
tokens = ["{3}"]
[notifiers.ada-alone]
plugin = "webhook"
settings = {{ url = "{0}/ada" }}
grant = [{{ origin = "{0}", methods = ["POST"], private = true }}]
[notifiers.hook]
plugin = "webhook"
settings = {{ url = "{0}/told" }}
grant = [{{ origin = "{0}", methods = ["POST"], private = true }}]
"#,
        hook.url(),
        Hash::of(ADA),
        Hash::of(BOB),
        Hash::of(EVE),
    );
    fs::write(&path, fs::read_to_string(&path)? + more.as_str())?;
    rig.environment.push(("LINK_SECRET".into(), LINK_SECRET.into()));
    rig.environment.push(("TIDEGATE_USER_TOKEN".into(), EVE.into()));
    Ok((rig, hook))
}

/// What a browser behind the proxy does with a link.
struct Browser {
    http: reqwest::Client,
    host: String,
}

impl Browser {
    fn new(host: &Process) -> anyhow::Result<Self> {
        Ok(Self { http: tidegate::network::builder().build()?, host: host.url.clone() })
    }

    /// Status and page.
    async fn open(&self, method: Method, link: &str, form: Option<String>) -> anyhow::Result<(u16, String)> {
        let path = link.strip_prefix(BASE).expect("the link leads to the configured address");
        let mut request = self.http.request(method, format!("{}{path}", self.host));
        if let Some(form) = form {
            // Browsers hide where the form was, because the page sends no referrer.
            request = request.header("Origin", "null").header("Sec-Fetch-Site", "same-origin");
            request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        }
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    }

    async fn look(&self, link: &str) -> anyhow::Result<(u16, String)> {
        self.open(Method::GET, link, None).await
    }

    /// Sends the form of the page as it came, filled in.
    async fn answer(&self, link: &str, answer: &str, token: &str, comment: &str) -> anyhow::Result<(u16, String)> {
        self.answer_as(link, answer, "somebody", token, comment).await
    }

    async fn answer_as(
        &self,
        link: &str,
        answer: &str,
        person: &str,
        token: &str,
        comment: &str,
    ) -> anyhow::Result<(u16, String)> {
        let (path, query) = link.split_once('?').expect("the link has a ticket");
        let form = format!("{query}&answer={answer}&person={person}&own_token={token}&comment={comment}");
        self.open(Method::POST, path, Some(form)).await
    }
}

/// Waits for the question and the message about it; the incident, the message and its link.
pub(crate) async fn asked(host: &Process, hook: &FakeWebhook) -> anyhow::Result<(Value, Value, String)> {
    asked_at(host, hook, "/told").await
}

/// The same at the place that is told on this path.
async fn asked_at(host: &Process, hook: &FakeWebhook, path: &str) -> anyhow::Result<(Value, Value, String)> {
    let (status, answer) = host.post("/alert", POD_NOT_READY).await?;
    assert_eq!(status, 200, "{answer}");
    let incident = host
        .until("a question to a person", |incident| {
            incident["state"] == "awaiting_approval" || incident["outcome"].is_string()
        })
        .await?;
    assert_eq!(incident["state"], "awaiting_approval", "{incident:#}");
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let told = hook.requests().into_iter().filter(|one| one.path == path);
        let messages = told.filter_map(|one| serde_json::from_slice::<Value>(&one.body).ok());
        let mut messages = messages;
        if let Some(message) = messages.find(|message| message["occasion"] == "approval") {
            let links = message["links"].as_array().unwrap();
            let approve = links.iter().find(|link| link["purpose"] == "approve").expect("a link to approve by");
            let link = approve["url"].as_str().unwrap().split('#').next().unwrap_or_default().to_string();
            return Ok((incident, message, link));
        }
        anyhow::ensure!(std::time::Instant::now() < deadline, "nobody was asked");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// The record of the first action, from the journal.
fn record(rig: &Rig, id: &str) -> anyhow::Result<ActionRecord> {
    let reader = Reader::open(&rig.folder().join("data/journal.db"))?;
    let mut incident: Option<Incident> = None;
    for sealed in reader.stream(id)? {
        let entry: Entry = serde_json::from_str(&sealed.body)?;
        match &mut incident {
            None => incident = Incident::open(IncidentId(id.into()), &entry),
            Some(incident) => incident.apply(&entry),
        }
    }
    Ok(incident.expect("the journal has it").actions[0].clone())
}

/// What a webhook was told until it heard that a question is over.
async fn told_of_the_end(hook: &FakeWebhook, path: &str) -> anyhow::Result<Vec<Value>> {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let told = hook.requests().into_iter().filter(|one| one.path == path);
        let told: Vec<Value> = told.map(|one| serde_json::from_slice(&one.body)).collect::<Result<_, _>>()?;
        if told.iter().any(|message| message["occasion"] == "answered") {
            return Ok(told);
        }
        anyhow::ensure!(std::time::Instant::now() < deadline, "{path} does not hear that the question is over");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn timeline(rig: &Rig, id: &str) -> anyhow::Result<String> {
    let (code, timeline, problems) = run(rig.folder(), &rig.environment, &["incidents", "show", id]).await?;
    assert_eq!(code, 0, "{problems}");
    Ok(timeline)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_the_question_takes_one_answer_and_nothing_else_passes_for_it() -> anyhow::Result<()> {
    let (rig, hook) = rig("30m").await?;
    let host = rig.serve().await?;
    let browser = Browser::new(&host)?;
    let (incident, message, link) = asked(&host, &hook).await?;
    let id = incident["id"].as_str().unwrap();
    let body = message["body_markdown"].as_str().unwrap();
    for part in ["kubectl_patch", "nginx-deployment", "nginx:1.25", "patches-need-a-person", "tidegate approve"] {
        assert!(body.contains(part), "the message lacks {part}:\n{body}");
    }
    assert!(body.contains(&format!("[Approve]({link}#approve) · [Deny]({link}#deny)")), "{body}");
    let card = rig.feishu.cards()[0].to_string();
    assert!(card.contains("\"tag\":\"button\"") && card.contains(&link), "{card}");

    // Chats and mail servers look at links before people do.
    let before = timeline(&rig, id).await?;
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let (status, _) = browser.open(method, &link, None).await?;
        assert_eq!(status, 200);
    }
    let (_, page) = browser.look(&link).await?;
    for part in
        ["kubernetes.kubectl_patch", "nginx-deployment", "nginx:1.25", "it changes what runs", "A token of your own"]
    {
        assert!(page.contains(part), "the page lacks {part}:\n{page}");
    }
    assert_eq!(timeline(&rig, id).await?, before, "looking changes nothing");
    assert_eq!(rig.patches(), 0);

    // One changed byte, another moment of expiry, another action, other arguments, another secret.
    let record = record(&rig, id)?;
    let of = |secret: &str, record: &ActionRecord| {
        Links::new(BASE, Secret::new(secret)).url(&IncidentId(id.into()), record).unwrap()
    };
    assert_eq!(of(LINK_SECRET, &record), link, "a link is made of the question and the secret alone");
    let mut other = record.clone();
    other.action.proposal.call.arguments.insert("name".into(), json!("another-deployment"));
    other.action = other.action.sealed();
    let mut byte = link.clone().into_bytes();
    let last = byte.len() - 10;
    byte[last] = if byte[last] == b'A' { b'B' } else { b'A' };
    let wrong = [
        String::from_utf8(byte)?,
        link.replace("until=1", "until=2"),
        link.replace("/a1?", "/a2?"),
        of(LINK_SECRET, &other),
        of("another secret of enough bytes", &record),
    ];
    for wrong in &wrong {
        assert_ne!(*wrong, link);
        for (status, page) in [browser.look(wrong).await?, browser.answer(wrong, "approve", ADA, "").await?] {
            assert_eq!(status, 403, "{wrong}");
            assert!(page.contains("<h1>Nothing was done</h1>") && page.contains("is not valid"), "{page}");
            assert!(!page.contains("kubectl_patch"), "who has no good link learns nothing: {page}");
        }
    }
    let (status, page) = browser.answer(&link, "approve", EVE, "").await?;
    assert_eq!(status, 403, "{page}");
    assert!(page.contains("eve is not among those who are asked") && !page.contains("sre"), "{page}");
    for typed in ["mallory", "ada"] {
        let (status, page) = browser.answer_as(&link, "approve", typed, "", "").await?;
        assert_eq!(status, 403, "{page}");
        assert!(page.contains("people who prove their name") && !page.contains("sre"), "{page}");
    }
    assert_eq!(rig.patches(), 0);

    let begin = SystemClock.now();
    let (status, page) = browser.answer(&link, "approve", ADA, "the+tag+has+a+typo").await?;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("<h1>Approved</h1>"), "{page}");
    let done = host.until("the report", |incident| incident["report"].is_string()).await?;
    assert_eq!(done["outcome"], "fixed", "{done:#}");
    assert_eq!(done["actions"][0]["state"], "verified");
    assert_eq!(rig.patches(), 1);
    for (status, page) in [browser.look(&link).await?, browser.answer(&link, "deny", BOB, "").await?] {
        assert_eq!(status, 409);
        assert!(page.contains("answered already"), "{page}");
    }
    // Who, when, over what, and in which words.
    let timeline = timeline(&rig, id).await?;
    let approved =
        timeline.lines().position(|line| line.contains("a1: approved by ada over link")).expect("an approval");
    let lines: Vec<&str> = timeline.lines().skip(approved).take(1).collect();
    let at: Timestamp = lines[0].split_whitespace().find_map(|word| word.parse().ok()).expect("a time");
    assert!(at >= begin - SignedDuration::from_secs(1) && at <= SystemClock.now(), "{timeline}");
    assert!(lines.concat().contains("the tag has a typo"), "{timeline}");
    // Whoever was asked sees that it is answered, as the same message; a bot that cannot change its card is silent.
    for path in ["/told", "/ada"] {
        let told = told_of_the_end(&hook, path).await?;
        let of = |occasion: &str| told.iter().find(|message| message["occasion"] == occasion);
        let (asked, answered) = (of("approval").expect("a question"), of("answered").expect("its end"));
        assert_eq!(answered["message_id"], asked["delivery_id"], "{answered:#}");
        assert_ne!(answered["delivery_id"], asked["delivery_id"]);
        assert_eq!((&asked["stage"], &answered["stage"]), (&json!("first"), &json!("update")));
        assert!(answered["title"].as_str().unwrap().starts_with("[Approved] "), "{answered:#}");
        let said = answered["actions"][0]["answers"][0].as_str().unwrap();
        assert!(said.contains("ada") && said.contains("the tag has a typo"), "{said}");
        assert_eq!(told.iter().filter(|message| message["occasion"] == "answered").count(), 1);
    }
    let cards = rig.feishu.cards();
    assert!(!cards.iter().any(|card| card.to_string().contains("[Approved]")), "{cards:#?}");
    rig.reproduces().await?;
    let (code, verified, problems) = run(rig.folder(), &rig.environment, &["journal", "verify"]).await?;
    assert_eq!(code, 0, "{verified}{problems}");
    explained(&rig, id).await?;
    host.kill().await
}

/// What `policy explain` says of it, before and after the policies change.
async fn explained(rig: &Rig, id: &str) -> anyhow::Result<()> {
    let explain = ["policy", "explain", id];
    let (code, text, problems) = run(rig.folder(), &rig.environment, &explain).await?;
    assert_eq!(code, 0, "{problems}");
    let moment = |word: &str| word.trim_matches([',', ':']).parse::<Timestamp>().is_ok();
    let timeless = |line: &str| {
        let words = line
            .split(' ')
            .map(|word| if moment(word) { word.replace(word.trim_matches([',', ':']), "TIME") } else { word.into() });
        words.collect::<Vec<String>>().join(" ")
    };
    let text: Vec<String> = text.replace(id, "ID").lines().map(timeless).collect();
    let wanted = r#"ID
  KubePodNotReady: deployment default/nginx-deployment
  note: the policies of now were asked about it as it stood at TIME, when it was decided

verdict
  then and now  remediate (rule pod-not-ready, story.rhai:2): rule pod-not-ready

silences, inhibitions and rules in order
  yes  pod-not-ready (story.rhai:2)
       says remediate as plugin kubernetes-workload plans, and decides

action a1: kubernetes.kubectl_patch on kubernetes:default/deployment/nginx-deployment (high risk, by plugin kubernetes-workload)
  then  it was ruled ask (patches-need-a-person), 1 approval of sre until TIME: it changes what runs
    ask    patches-need-a-person: it changes what runs
    yes    ada at TIME (link)
  now   the gates say ask (patches-need-a-person)
    as they did then
  it stands at verified"#;
    assert_eq!(text.join("\n"), wanted);

    let stricter = policy("30m").replace("then: |i| plan(", "when: |i| i.count > 9, then: |i| plan(")
        + "gate(\"freeze\", #{ on: #{ risk: \"high\" }, deny: \"nothing is changed today\" });\n";
    fs::write(rig.folder().join("policies/story.rhai"), stricter)?;
    let (code, text, problems) = run(rig.folder(), &rig.environment, &explain).await?;
    assert_eq!(code, 0, "{problems}");
    for part in [
        "note: the policies have changed since then\n",
        "  then  remediate (rule pod-not-ready, story.rhai:2): rule pod-not-ready\n  now   none: no rule matches",
        "  no   pod-not-ready (story.rhai:2)\n       `when` is false\n",
        "  now   the gates say deny (freeze)\n    ask    patches-need-a-person: it changes what runs\n    deny   freeze:",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    Ok(())
}

/// A member of the group who is reached alone gets the question without any route, and answers it
/// without a token.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_reached_alone_gets_a_link_that_proves_who_they_are() -> anyhow::Result<()> {
    let (rig, hook) = rig("30m").await?;
    let host = rig.serve().await?;
    let browser = Browser::new(&host)?;
    let (incident, _, link) = asked_at(&host, &hook, "/ada").await?;
    assert!(link.contains("&for=ada&token="), "{link}");
    let others = hook.requests().into_iter().filter(|one| one.path != "/ada");
    for other in others {
        assert!(!String::from_utf8_lossy(&other.body).contains("for=ada"), "nobody else reads it");
    }
    let (_, page) = browser.look(&link).await?;
    assert!(page.contains("You answer as") && !page.contains("sre"), "{page}");
    let (status, page) = browser.answer_as(&link, "approve", "", "", "it+is+mine").await?;
    assert_eq!(status, 200, "{page}");
    let done = host.until("the report", |incident| incident["report"].is_string()).await?;
    assert_eq!((done["outcome"].as_str(), rig.patches()), (Some("fixed"), 1), "{done:#}");
    let timeline = timeline(&rig, incident["id"].as_str().unwrap()).await?;
    assert!(timeline.contains("a1: approved by ada over link"), "{timeline}");
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_denies_as_well() -> anyhow::Result<()> {
    let (rig, hook) = rig("30m").await?;
    let host = rig.serve().await?;
    let browser = Browser::new(&host)?;
    let (incident, _, link) = asked(&host, &hook).await?;
    let (status, page) = browser.answer(&link, "deny", BOB, "not+during+the+sale").await?;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("<h1>Denied</h1>"), "{page}");
    let done = host.until("the report", |incident| incident["report"].is_string()).await?;
    assert_eq!(done["outcome"], "needs_person", "{done:#}");
    assert_eq!(done["actions"][0]["state"], "rejected");
    assert!(done["report"].as_str().unwrap().contains("not during the sale"), "{done:#}");
    let (status, page) = browser.answer(&link, "approve", ADA, "").await?;
    assert_eq!(status, 409, "{page}");
    assert_eq!(rig.patches(), 0);
    let timeline = timeline(&rig, incident["id"].as_str().unwrap()).await?;
    assert!(
        timeline.contains("a1: rejected by bob over link") && timeline.contains("not during the sale"),
        "{timeline}"
    );
    host.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_expires_with_its_question() -> anyhow::Result<()> {
    let (rig, hook) = rig("3s").await?;
    let host = rig.serve().await?;
    let browser = Browser::new(&host)?;
    let (_, _, link) = asked(&host, &hook).await?;
    let done = host.until("the report", |incident| incident["report"].is_string()).await?;
    assert_eq!(done["actions"][0]["state"], "expired", "{done:#}");
    for (status, page) in [browser.look(&link).await?, browser.answer(&link, "approve", ADA, "").await?] {
        assert_eq!(status, 410);
        assert!(page.contains("nobody answered in time, which means no"), "{page}");
    }
    assert_eq!(rig.patches(), 0);
    host.kill().await
}

/// An incident in which a person proposed the patch in a chat, asked about and not answered.
async fn proposed_by(rig: &Rig, person: &str) -> anyhow::Result<ActionRecord> {
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "nginx", "image": "nginx:1.25"}]}}}});
    let arguments = json!({
        "resourceType": "deployment", "name": "nginx-deployment", "namespace": "default", "patchData": patch,
    });
    let proposal: Proposal = serde_json::from_value(
        json!({"call": {"tool": "kubernetes.kubectl_patch", "arguments": arguments}, "reason": "the tag has a typo"}),
    )?;
    let touches = Catalogue::default().touches(&proposal.call);
    let person = Proven::new(person, Proof::Password, Default::default()).expect("a name");
    let origin = Origin::Person { person: person.into() };
    let id = ActionId("a1".into());
    let action = Action::new(id.clone(), proposal, origin, Risk::High, touches);
    let alert = json!({
        "source": "alertmanager", "name": "KubePodNotReady", "status": "firing", "severity": "warning",
        "labels": {"alertname": "KubePodNotReady", "namespace": "default"}, "annotations": {},
        "fingerprint": "f1", "starts_at": null, "ends_at": null, "link": null,
    });
    let decision = Decision {
        verdict: Verdict::Investigate,
        rule: None,
        reason: String::new(),
        mode: Mode::Enforce,
        evidence: Vec::new(),
        faults: Vec::new(),
        policies: String::new(),
    };
    let ruling: Ruling = serde_json::from_value(json!({
        "kind": "ask", "rule": "patches-need-a-person", "reason": "it changes what runs", "heard": [],
        "mode": "enforce", "requires": [{ "gate": "patches-need-a-person", "who": ["sre"], "approvals": 1 }],
    }))?;
    let until = SystemClock.now() + SignedDuration::from_mins(30);
    let facts = [
        Fact::Opened {
            group_key: "g".into(),
            source: "alertmanager".into(),
            alerts: vec![serde_json::from_value(alert)?],
        },
        Fact::Decided { decision: decision.into() },
        Fact::Proposed { action: Box::new(action) },
        Fact::Ruled { action: id, ruling: Ruling { kind: RulingKind::Ask, until: Some(until), ..ruling } },
    ];
    let seal = |(n, fact)| Sealed::new("i-chat", n, &Entry { at: SystemClock.now(), fact });
    let sealed = (1..).zip(facts).map(seal).collect::<Result<Vec<_>, _>>()?;
    let journal = Sqlite::open(&rig.folder().join("data/journal.db"), Options::default())?;
    journal.append(sealed).await.map_err(|error| anyhow::anyhow!("{error}"))?;
    drop(journal);
    record(rig, "i-chat")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proposed_it_in_a_chat_cannot_approve_it_over_the_link() -> anyhow::Result<()> {
    let (rig, _hook) = rig("30m").await?;
    let record = proposed_by(&rig, "Ada").await?;
    let link = Links::new(BASE, Secret::new(LINK_SECRET)).url(&IncidentId("i-chat".into()), &record).unwrap();
    let host = rig.serve().await?;
    let browser = Browser::new(&host)?;
    let (status, page) = browser.look(&link).await?;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("person Ada") || page.contains("Ada"), "{page}");
    for spelling in ["bob", "+ADA+", "ada+(as+bob)"] {
        let (status, page) = browser.answer_as(&link, "approve", spelling, ADA, "").await?;
        assert_eq!(status, 403, "{page}");
        assert!(page.contains("Ada proposed it and cannot approve it too"), "{page}");
    }
    assert_eq!(rig.patches(), 0);
    let (status, page) = browser.answer(&link, "approve", BOB, "").await?;
    assert_eq!(status, 200, "{page}");
    let deadline = std::time::Instant::now() + PATIENCE;
    while rig.patches() == 0 && std::time::Instant::now() < deadline {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(rig.patches(), 1, "what another person approved is executed: {:#?}", host.incidents().await?);
    host.kill().await
}
