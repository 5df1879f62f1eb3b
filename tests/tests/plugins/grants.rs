//! Mail and requests go only where they are granted, whatever a guest writes: `tests/attack/grants.jsonl`, tried by
//! a guest that sends what it is told, against servers that keep what arrives.

use std::path::Path;

use serde_json::Value;
use tidegate_tests::guests::LoadOptions;
use tidegate_tests::smtp::{Behaviour, MailServer};

use super::{deliver, folder, mirror};

fn cases() -> Vec<Value> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("attack/grants.jsonl");
    std::fs::read_to_string(corpus).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn target(i: usize, case: &Value, mail_server: &str, http_server: &str) -> String {
    let list = |key: &str| case.get(key).map(Value::to_string);
    let grant = match (list("to"), list("paths")) {
        (Some(to), _) => format!(
            "mail = {{ server = \"{mail_server}\", tls = \"none\", private = true, from = \"tidegate@example.com\", to = {to} }}"
        ),
        (None, paths) => format!(
            "grant = [{{ origin = \"{http_server}\", methods = [\"POST\"], private = true, secrets = [\"token\"], paths = {} }}]",
            paths.unwrap()
        ),
    };
    format!("[t{i}]\nplugin = \"echo-notifier\"\nsecrets = {{ token = {{ env = \"TOKEN\" }} }}\n{grant}\n")
}

#[tokio::test]
async fn nothing_leaves_but_where_it_is_granted() {
    let mails = MailServer::start(Behaviour { no_starttls: true, ..Behaviour::default() }).await.unwrap();
    let (http, requests) = mirror().await;
    let cases = cases();
    let targets = cases.iter().enumerate().map(|(i, case)| target(i, case, &mails.address, &http));
    let options = LoadOptions {
        notifiers: targets.collect(),
        environment: [("TOKEN".to_string(), "../../admin".to_string())].into(),
        ..LoadOptions::default()
    };
    let (plugins, problems) = options.load(folder().await).await.unwrap();
    let of_targets = problems.iter().filter(|problem| problem.subject.starts_with("notifiers."));
    assert_eq!(of_targets.collect::<Vec<_>>(), Vec::<&_>::new());
    let mut denied = 0;
    for (i, case) in cases.iter().enumerate() {
        let text = |key: &str| case.get(key).and_then(Value::as_str).unwrap_or_default();
        let order = match text("mail") {
            "" => format!("send {} {http}{}", text("method"), text("send")),
            to => format!("mail {to} Subject text"),
        };
        let before = (mails.taken().len(), requests.lock().unwrap().len());
        let told = deliver(&plugins, &format!("t{i}"), &order).await.unwrap();
        let after = (mails.taken().len(), requests.lock().unwrap().len());
        let name = text("name");
        assert!(!text("why").is_empty(), "{name}");
        if text("want") == "sent" {
            assert_ne!(before, after, "{name} is granted: {told}");
            continue;
        }
        assert_eq!(before, after, "{name} left: {told}");
        assert!(told.contains("Denied") || told.contains("Invalid"), "{name}: {told}");
        denied += 1;
    }
    assert!(mails.taken().iter().all(|mail| mail.to.iter().all(|to| to.to_lowercase().ends_with("@example.com"))));
    assert!(denied >= 40, "{denied}");
}
