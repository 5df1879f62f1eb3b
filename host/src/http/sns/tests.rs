//! Messages that were signed with openssl, and what becomes of them when anything about them is another.

use serde_json::{Value, json};

use super::*;
use crate::http::fetch::FetchError;
use crate::http::fetch::fake::Shelf;

const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alarms";
const CERTIFICATE: &str =
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

fn message(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("testdata/messages.json")).unwrap();
    all[name].clone()
}

fn shelf() -> Arc<Shelf> {
    let shelf = Shelf::default();
    shelf.put(CERTIFICATE, include_str!("testdata/certificate.pem"));
    Arc::new(shelf)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-12-01T19:10:00Z")
}

async fn check(topics: &Topics, message: &Value, now: Timestamp) -> Result<Mark, String> {
    topics.check(message.to_string().as_bytes(), now).await.map_err(|failure| format!("{failure:?}"))
}

#[tokio::test]
async fn messages_of_both_versions_are_good_and_one_fetch_serves_them() {
    let shelf = shelf();
    let topics = Topics::new(&[TOPIC.into()], shelf.clone());
    let mut marks = Vec::new();
    for name in ["v1", "v2", "without_subject", "confirmation"] {
        marks.push(check(&topics, &message(name), now()).await.unwrap());
    }
    assert_eq!(shelf.asked(), 1);
    assert_eq!(check(&topics, &message("v1"), now()).await, Ok(marks[0]), "the same message is known again");
    assert!(marks[0] != marks[1]);
    let any = Topics::new(&["arn:aws:sns:eu-west-1:123456789012:*".into()], shelf);
    assert!(check(&any, &message("v2"), now()).await.is_ok());
}

#[tokio::test]
async fn whatever_is_signed_cannot_be_another() {
    let topics = Topics::new(&["arn:aws:sns:eu-west-1:123456789012:*".into()], shelf());
    for (name, key, value) in [
        ("v1", "Message", json!("{}")),
        ("v1", "MessageId", json!("another")),
        ("v1", "Subject", json!("another")),
        ("v1", "Subject", Value::Null),
        ("v1", "Timestamp", json!("2026-12-01T19:00:00.124Z")),
        ("v1", "TopicArn", json!("arn:aws:sns:eu-west-1:123456789012:other")),
        ("v1", "Type", json!("SubscriptionConfirmation")),
        ("v1", "SignatureVersion", json!("2")),
        ("v2", "SignatureVersion", json!("1")),
        ("v2", "Signature", message("v1")["Signature"].clone()),
        ("v2", "Signature", json!("")),
        ("without_subject", "Subject", json!("put in")),
        ("confirmation", "SubscribeURL", json!("https://evil.example/")),
        ("confirmation", "Token", json!("another")),
        ("confirmation", "Type", json!("Notification")),
    ] {
        let mut other = message(name);
        other[key] = value;
        let refused = check(&topics, &other, now()).await;
        assert!(refused.as_ref().is_err_and(|text| text.contains("401")), "{name}.{key}: {refused:?}");
    }
    for (name, sentence) in [("odd_type", "its Type is not known")] {
        assert!(check(&topics, &message(name), now()).await.unwrap_err().contains(sentence));
    }
    let mut odd = message("v2");
    odd["SignatureVersion"] = json!("3");
    assert!(check(&topics, &odd, now()).await.unwrap_err().contains("neither 1 nor 2"));
    let twice = message("v2").to_string().replacen('{', "{\"Message\":\"first\",", 1);
    assert!(topics.check(twice.as_bytes(), now()).await.is_err(), "of two members none is signed");
    for body in [&b""[..], b"{}", b"[]", b"{\"AlarmName\":\"raw delivery\"}", b"\xff\xfe"] {
        let refused = topics.check(body, now()).await.map_err(|failure| format!("{failure:?}"));
        assert!(refused.unwrap_err().contains("raw delivery carries no signature"));
    }
}

#[tokio::test]
async fn nothing_is_fetched_for_other_topics_times_and_addresses() {
    let shelf = shelf();
    let topics = Topics::new(&["arn:aws:sns:eu-west-1:123456789012:other".into()], shelf.clone());
    assert!(check(&topics, &message("v1"), now()).await.unwrap_err().contains("not among the source's topics"));
    let topics = Topics::new(&[TOPIC.into()], shelf.clone());
    for late in ["2026-12-01T20:00:01Z", "2026-12-01T18:54:00Z", "2027-12-01T19:00:00Z"] {
        assert!(check(&topics, &message("v1"), at(late)).await.unwrap_err().contains("Timestamp"), "{late}");
    }
    for url in [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem",
        "https://sns.evil.example/SimpleNotificationService-1.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-1.pem",
        "https://sns.a.b.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns..amazonaws.com/SimpleNotificationService-1.pem",
        "https://s3.amazonaws.com/sns/SimpleNotificationService-1.pem",
        "https://xsns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem?a",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem#a",
        "https://sns.eu-west-1.amazonaws.com/a/SimpleNotificationService-1.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-../../a.pem",
        "https://sns.eu-west-1.amazonaws.com/other.pem",
        "https://169.254.169.254/SimpleNotificationService-1.pem",
        "file:///etc/SimpleNotificationService-1.pem",
        "",
    ] {
        let mut other = message("v1");
        other["SigningCertURL"] = json!(url);
        assert!(check(&topics, &other, now()).await.unwrap_err().contains("SigningCertURL"), "{url}");
    }
    assert_eq!(shelf.asked(), 0);
    assert!(certificate::address("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1a.pem").is_some());
}

#[tokio::test]
async fn a_certificate_must_be_one_of_sns_and_valid_and_there() {
    for (pem, status, sentence) in [
        (Ok(include_bytes!("testdata/of_another_name.pem").to_vec()), "401", "not one of SNS but of evil.example"),
        (Ok(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec()), "401", "cannot be read"),
        (Ok(Vec::new()), "401", "not good"),
        (Err(FetchError::Refused(404)), "401", "the answer is 404"),
        (Err(FetchError::Unavailable("no route".into())), "503", "no route"),
    ] {
        let shelf = Shelf::default();
        shelf.documents.lock().unwrap().insert(CERTIFICATE.into(), pem);
        let refused = check(&Topics::new(&[TOPIC.into()], Arc::new(shelf)), &message("v1"), now()).await.unwrap_err();
        assert!(refused.contains(status) && refused.contains(sentence), "{refused}");
    }
    let signer = certificate::Signer::read(include_bytes!("testdata/certificate.pem")).unwrap();
    assert!(
        signer.is_valid(now())
            && !signer.is_valid(at("2020-01-01T00:00:00Z"))
            && !signer.is_valid(at("2200-01-01T00:00:00Z"))
    );
}

#[tokio::test]
async fn made_up_addresses_cost_few_fetches() {
    let shelf = shelf();
    let topics = Topics::new(&[TOPIC.into()], shelf.clone());
    let mut refused = String::new();
    for n in 0..50 {
        let mut other = message("v1");
        other["SigningCertURL"] =
            json!(format!("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-{n}.pem"));
        refused = check(&topics, &other, now()).await.unwrap_err();
    }
    assert!(shelf.asked() <= 12 && refused.contains("503"), "{} {refused}", shelf.asked());
    assert!(check(&topics, &message("v1"), at("2026-12-01T19:11:00Z")).await.is_ok(), "a minute later");
}
