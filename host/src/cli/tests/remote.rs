//! Commands that talk to a running host, against the real server with a fake host behind it.

use std::path::Path;

use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::*;
use crate::backend::fake::Fake;
use crate::backend::policies::{
    ExplainInput, Explanation, LintReport, LintRequest, ReplayRequest, SuggestRequest, TestReport,
};
use crate::backend::{CheckReport, Payload, Progress, Records, RunningHost, VerifiedJournal};
use crate::backtest::Report;
use crate::clock::SystemClock;
use crate::domain::{ActionId, Anchor, Entry, Fact, Head, Person};
use crate::http;
use crate::suggest::DraftOutcome;

/// Has the records of a fake and nothing that runs.
struct Stopped;

impl Host for Stopped {
    fn start<'a>(&'a self, _: Arc<Config>, _: &'a Progress) -> BoxFuture<'a, Result<RunningHost, Problems>> {
        Box::pin(async { Err(Problems(vec![Problem::general("not here")])) })
    }

    fn check<'a>(&'a self, _: Arc<Config>, _: &'a Progress) -> BoxFuture<'a, CheckReport> {
        Box::pin(async { CheckReport::default() })
    }

    fn check_tools<'a>(&'a self, _: Arc<Config>, _: &'a Progress) -> BoxFuture<'a, CheckReport> {
        Box::pin(async { CheckReport { loaded: vec!["tool server k: 2 tools".into()], problems: Vec::new() } })
    }

    fn check_model<'a>(&'a self, _: &'a Config) -> BoxFuture<'a, Result<Vec<crate::model::EndpointReport>, Problems>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn handle<'a>(
        &'a self,
        _: Arc<Config>,
        payloads: Vec<Payload>,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<HandleReport, Problems>> {
        let failures = payloads.into_iter().map(|payload| (payload.name, payload.request.body)).collect();
        Box::pin(async { Ok(HandleReport { failures, ..HandleReport::default() }) })
    }

    fn inspect<'a>(
        &'a self,
        _: Arc<Config>,
        _: &'a str,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<crate::domain::inspection::Run, Problems>> {
        Box::pin(async { Err(Problems(vec![Problem::general("not here")])) })
    }

    fn inspections(&self, _: &Config) -> Result<Vec<crate::backend::InspectionView>, String> {
        Ok(Vec::new())
    }

    fn schedules(&self, _: &Config) -> Result<Vec<crate::backend::ScheduleView>, String> {
        Ok(Vec::new())
    }

    fn plan_by_hand<'a>(
        &'a self,
        _: &'a Config,
        _: &'a crate::author::cases::PluginUnderTest<'a>,
        _: &'a serde_json::Value,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<crate::author::cases::Outcome, String>> {
        Box::pin(async { Err("not here".into()) })
    }

    fn plugins<'a>(&'a self, _: &'a Config) -> BoxFuture<'a, Result<Vec<crate::backend::PluginView>, Problems>> {
        Box::pin(async { Ok(vec![crate::backend::PluginView::default()]) })
    }

    fn bundled(&self) -> Vec<(String, crate::plugin::Kind)> {
        vec![("slack".into(), crate::plugin::Kind::Notifier)]
    }

    fn records(&self, _: &Config) -> Result<Box<dyn Records>, String> {
        Ok(Box::new(Fake::default()))
    }

    fn test_policies(&self, _: &Config, folder: Option<&std::path::Path>) -> Result<TestReport, Problems> {
        let failed = if folder.is_some() { vec!["tests/a.toml · case\n    wanted".into()] } else { Vec::new() };
        Ok(TestReport {
            folder: "p".into(),
            passed: 1,
            failed,
            reached: 1,
            all: 2,
            missing: vec!["a.rhai:1: x".into()],
        })
    }

    fn lint_policies<'a>(
        &'a self,
        _: Arc<Config>,
        wanted: &'a LintRequest,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<LintReport, Problems>> {
        let findings = wanted.folder.iter().map(|_| "a.rhai:1: never".into()).collect();
        Box::pin(async { Ok(LintReport { findings, unchecked: vec!["the tools of k".into()] }) })
    }

    fn explain<'a>(
        &'a self,
        _: Arc<Config>,
        subject: ExplainInput,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<Vec<Explanation>, Problems>> {
        Box::pin(async move {
            match subject {
                ExplainInput::Incident(id) if id == "latest" => Ok(Vec::new()),
                _ => Err(Problems(vec![Problem::general("there is no such incident")])),
            }
        })
    }

    fn backtest(&self, _: &Config, _: &ReplayRequest, _: &Progress) -> Result<Report, Problems> {
        Err(Problems(vec![Problem::general("there is no journal")]))
    }

    fn costs(&self, _: &Config, _: u32) -> Result<crate::model::costs::Costs, String> {
        Ok(crate::model::costs::Costs::default())
    }

    fn suggest(&self, _: &Config, _: &SuggestRequest, _: &Progress) -> Result<Vec<DraftOutcome>, Problems> {
        Ok(Vec::new())
    }

    fn verify(&self, config: &Config, _: &[Anchor], _: &Progress) -> Result<VerifiedJournal, String> {
        let faults = if config.data().ends_with("broken") { vec!["entry 2 is missing".into()] } else { Vec::new() };
        Ok(VerifiedJournal { streams: 1, entries: 2, head: Head::default().to_string(), faults })
    }

    fn journal_head(&self, _: &Config) -> Result<Head, String> {
        Ok(Head::default())
    }

    fn back_up(&self, _: &Config, to: &Path) -> Result<Head, String> {
        if to.ends_with("taken") { Err("it exists already".into()) } else { Ok(Head::default()) }
    }

    fn restore(&self, _: &Config, _: &Path) -> Result<Vec<String>, String> {
        Ok(vec!["done".into()])
    }

    fn export(&self, _: &Config, after: u64, line: &mut dyn FnMut(&str) -> Result<(), String>) -> Result<(), String> {
        (after..3).try_for_each(|position| line(&format!("{{\"position\":{}}}", position + 1)))
    }
}

/// The exit code of a command line.
fn code(line: &str) -> u8 {
    let code = run(line.split(' ').map(OsString::from), &Stopped);
    (0..=u8::MAX).find(|n| ExitCode::from(*n) == code).unwrap()
}

#[test]
fn who_is_the_last_admin_goes_only_where_that_is_meant_and_what_is_there_is_not_reset() {
    use crate::accounts::{Account, Actor, LockedFile};
    use crate::domain::Role;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.json");
    let at = |rest: &str| code(&format!("tidegate {rest} --data {}", folder.path().display()));
    assert_eq!(at("user reset"), 0, "a file that is gone");
    assert_eq!(at("user reset"), 1, "it is there");
    let way = crate::domain::audit::Channel::Cli;
    let by = Actor { person: None, way, from: String::new(), at: Timestamp::UNIX_EPOCH };
    LockedFile::take(&path).unwrap().change_unguarded(&by, |book| {
        for (name, role) in [("ada", Role::Admin), ("opal", Role::Admin), ("vic", Role::Viewer)] {
            let account = Account { role: Some(role), password: Some("h".into()), ..Account::default() };
            book.make(name, account).unwrap();
        }
    });
    assert_eq!(at("user disable opal"), 0, "another is left");
    for last in
        ["user disable ada", "user remove ada", "user set ada --role operator", "user set ada --place cluster=lab"]
    {
        assert_eq!(at(last), 1, "{last}");
        assert_eq!(crate::accounts::read(&path).unwrap().accounts["ada"].role, Some(Role::Admin), "{last}");
    }
    assert_eq!(at("user remove vic"), 0);
    assert_eq!(at("user set ada --role operator --last-admin"), 0);
    assert_eq!(at("user remove ada"), 0, "who may not is no admin");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_reach_the_running_host_with_the_digest_of_what_was_shown() {
    let config = Config::parse("[server]\nlisten = \"127.0.0.1:0\"".into(), None, &Overrides::default()).unwrap();
    let mut fake = Fake::default();
    let denied = Fact::Rejected {
        action: ActionId("a2".into()),
        person: Person::typed("bob"),
        via: "cli".into(),
        comment: String::new(),
    };
    crate::backend::fake::ask(&mut fake.incidents[0], "a2");
    fake.incidents[0].apply(&Entry { at: Timestamp::UNIX_EPOCH, fact: denied });
    let fake = Arc::new(fake);
    let listener = http::listen(&config).await.unwrap();
    let environment = std::collections::BTreeMap::new();
    let server = http::Server::new(listener, &config, fake.clone(), Arc::new(SystemClock), &environment).unwrap();
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    let done = tokio::spawn(server.run(async move { drop(stopped.await) }));
    let digest = fake.incidents[0].actions[0].action.digest.clone();
    let commands = move || {
        let at = |rest: &str| code(&format!("tidegate --listen {address} {rest}"));
        assert_eq!(at("approve i-b a1 --as ada"), 1, "a beginning of an id may come to mean another incident");
        assert_eq!(at("approve latest a1 --as ada"), 1, "so may the word for the newest");
        assert_eq!(at(&format!("approve latest a1 --as ada --digest {}", &digest[..7])), 1, "too short");
        assert_eq!(
            at("approve i-b1 a1 --as ada --digest 0123456789ab"),
            1,
            "another action than the one that was seen"
        );
        assert_eq!(at(&format!("approve latest a1 --as ada --comment go --digest {}", &digest[..8])), 0);
        assert_eq!(at("approve i-b1 a1 --as ada"), 0, "the full id means one incident");
        for word in ["latest", "i-b"] {
            for acts in ["deny", "incidents ack", "incidents comment", "incidents close", "incidents rerun"] {
                let rest = if acts == "deny" { "a1" } else { "why" };
                assert_eq!(at(&format!("{acts} {word} {rest} --as bob")), 1, "{acts} {word}");
            }
        }
        assert_eq!(at(&format!("deny latest a1 --as bob --digest {}", &digest[..8])), 0);
        for acts in ["ack", "comment", "close", "rerun"] {
            assert_eq!(at(&format!("incidents {acts} i-b1 why --as bob")), 0, "{acts}");
        }
        assert_eq!(at("approve i-b1 a9 --as ada"), 1, "no such action");
        assert_eq!(at("approve i-b1 a2 --as ada"), 1, "it was denied, and waits for nobody");
        assert_eq!(at("deny i-b1 a2 --as ada"), 1, "nor for another no");
        assert_eq!(at("approve i-a a1 --as ada"), 1, "several incidents");
        assert_eq!(at("approve ../x a1 --as ada"), 1, "not an id");
        assert_eq!(at("pause --reason r --as ada"), 0);
        assert_eq!(at("resume --as ada"), 0);
        assert_eq!(at("breakers"), 0);
        assert_eq!(at("breakers --json"), 0);
        for line in [
            "incidents --limit 2 --json",
            "incidents show i-b1",
            "incidents show latest --json",
            "report i-a2",
            "evidence i-b1 --json",
            "similar i-b1",
            "search pods",
            "audit --person ada --outcome done",
            "notify test pager --as ada",
        ] {
            assert_eq!(at(line), 0, "{line}");
        }
        for line in [
            "incidents show nope",
            "report i-b1",
            "evidence i-b1 9",
            "notify test other --as ada",
            "notify test ../x --as ada",
            "notify test pager --severity critical --as ada",
        ] {
            assert_eq!(at(line), 1, "{line}");
        }
        assert_eq!(at("plugin list"), 0);
        assert_eq!(at("plugin list --json"), 0);
        assert_eq!(at("breakers reset rule:x --as ada --reason fixed"), 0);
        assert_eq!(at("breakers reset rule:y --as ada"), 1, "no such breaker");
        assert_eq!(at("silence add namespace=shop --preview --as ada"), 0, "whoever looks needs no end");
        assert_eq!(at("silence add namespace=shop --comment x --as ada"), 1, "whoever silences does");
    };
    tokio::task::spawn_blocking(commands).await.unwrap();
    let answers = fake.answers.lock().unwrap().clone();
    assert_eq!(answers.len(), 3);
    assert_eq!(fake.words.lock().unwrap().len(), 4, "nothing was said of another incident than was named");
    let digest = &fake.incidents[0].actions[0].action.digest;
    assert_eq!((answers[0].incident.as_str(), answers[0].digest.as_ref()), ("i-b1", Some(digest)));
    assert_eq!((answers[0].person.name(), answers[0].via.as_str(), answers[0].comment.as_str()), ("ada", "cli", "go"));
    let orders = fake.orders.lock().unwrap().clone();
    assert_eq!(orders.len(), 4);
    assert_eq!(
        (orders[2].person.name(), orders[2].scope.as_str(), orders[2].reason.as_str()),
        ("ada", "rule:x", "fixed")
    );

    // The watch ends when the host stops.
    let watch = tokio::task::spawn_blocking(move || code(&format!("tidegate --listen {address} incidents watch")));
    let client = crate::network::builder().build().unwrap();
    let watched = async || {
        let metrics = client.get(format!("http://{address}/metrics")).send().await.unwrap().text().await.unwrap();
        metrics.contains("route=\"/v1/incidents/watch\"")
    };
    while !watched().await {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    fake.changes.send("i-b1".into()).unwrap();
    stop.send(()).unwrap();
    assert_eq!(watch.await.unwrap(), 0);
    done.await.unwrap();
    let gone = tokio::task::spawn_blocking(move || code(&format!("tidegate --listen {address} pause --as ada")));
    assert_eq!(gone.await.unwrap(), 1, "nobody listens there any more");
}

#[test]
fn commands_that_look_need_no_running_host() {
    assert_eq!(code("tidegate incidents"), 0);
    assert_eq!(code("tidegate incidents list --state open --json"), 0);
    assert_eq!(code("tidegate incidents show latest"), 0);
    assert_eq!(code("tidegate incidents show i-a"), 1);
    assert_eq!(code("tidegate report i-a2"), 0);
    assert_eq!(code("tidegate report i-b1"), 1);
    assert_eq!(code("tidegate journal verify"), 0);
    assert_eq!(code("tidegate --data broken journal verify"), 1);
    assert_eq!(code("tidegate check"), 0);
    assert_eq!(code("tidegate config"), 0);
    assert_eq!(code("tidegate policy test --coverage"), 0);
    assert_eq!(code("tidegate policy test somewhere"), 1);
    assert_eq!(code("tidegate policy lint"), 0);
    assert_eq!(code("tidegate policy lint somewhere"), 1);
    assert_eq!(code("tidegate policy lint --offline"), 0);
    assert_eq!(code("tidegate policy explain latest"), 0);
    assert_eq!(code("tidegate policy explain i9"), 1);
    assert_eq!(code("tidegate policy explain /nowhere/x.json"), 1);
    assert_eq!(code("tidegate policy backtest --since 7d"), 1);
    assert_eq!(code("tidegate policy backtest --since 7 --json"), 2);
    assert_eq!(code("tidegate policy suggest --min 2"), 0);
    assert_eq!(code("tidegate policy"), 2);
    assert_eq!(code("tidegate --config /nowhere/t.toml incidents"), 1);
    assert_eq!(code("tidegate handle /nowhere/alert.json"), 1);
    assert_eq!(code("tidegate --help"), 0);
    assert_eq!(code("tidegate nonsense"), 2);
}
