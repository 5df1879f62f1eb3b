//! Messages of ops and of others, read: what is there, what is missing, what is too much.

use super::*;

const KUBE: &str = r#"{"specversion":"1.0","id":"1","source":"https://github.com/shaowenchen/ops","type":"Kube","subject":"ops.clusters.kestrel.namespaces.shop.pods.cart-1.events","datacontenttype":"application/json","time":"2026-11-27T04:12:09.118204331Z","data":{"type":"Warning","reason":"BackOff","eventTime":"2026-11-27T12:12:08+08:00","from":"kubelet","message":"container cart keeps leaving"},"cluster":"kestrel"}"#;

fn one(headers: &[(&str, &str)], body: &str) -> Result<Event, String> {
    let mut read = read(&headers.iter().copied().collect(), body)?;
    assert_eq!((read.events.len(), read.left_out.len()), (1, 0));
    Ok(read.events.remove(0))
}

#[test]
fn a_message_of_ops_is_read_whatever_its_headers_say() {
    for headers in [
        &[][..],
        &[("content-type", "application/json")],
        &[("content-type", "application/cloudevents+json; charset=utf-8")],
        &[("content-type", "text/plain"), ("ce-specversion", "1.0"), ("ce-type", "other")],
    ] {
        let event = one(headers, KUBE).unwrap();
        assert_eq!((event.said.kind.as_str(), event.reason()), ("Kube", Some("BackOff")), "{headers:?}");
        assert_eq!((event.object.kind.as_str(), event.object.name.as_str()), ("pod", "cart-1"));
        assert_eq!(event.occurred().unwrap().to_string(), "2026-11-27T04:12:08Z");
    }
}

#[test]
fn attributes_may_be_headers() {
    let headers = [
        ("ce-specversion", "1.0"),
        ("ce-id", "7"),
        ("ce-source", "/a%20b"),
        ("ce-type", "Default"),
        ("ce-subject", "ops.clusters.k.nodes.n1.alerts"),
        ("ce-cluster", "k"),
        ("ce-time", "never"),
        ("content-type", "application/json"),
    ];
    let event = one(&headers, r#"{"message":"it is hot"}"#).unwrap();
    assert_eq!((event.said.source.as_str(), event.message()), ("/a b", Some("it is hot")));
    assert_eq!((event.object.name.as_str(), event.said.time), ("n1", None));
    let text = one(&[("ce-specversion", "1.0"), ("ce-type", "t"), ("content-type", "text/plain")], "{}").unwrap();
    assert_eq!(text.said.data, Value::String("{}".into()));
    // As NATS names it.
    let headers = [("ce-specversion", "1.0"), ("ce-type", "t"), ("ce-datacontenttype", "text/plain")];
    assert_eq!(one(&headers, "7").unwrap().said.data, Value::String("7".into()));
    let nothing = one(&[("ce-specversion", "1.0"), ("ce-type", "t")], "").unwrap();
    assert_eq!(nothing.said.data, Value::Null);
}

#[test]
fn what_a_header_cannot_hold_is_written_in_hexadecimal() {
    let source = |value: &str| {
        one(&[("ce-specversion", "1.0"), ("ce-type", "t"), ("ce-source", value)], "{}").unwrap().said.source
    };
    for (value, wanted) in [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%e2%82%ac", "€"),
        // What is no such number stands for itself.
        ("100%", "100%"),
        ("%+1%-1% 1%g0", "%+1%-1% 1%g0"),
        ("%é%2", "%é%2"),
        ("ü", "ü"),
        ("%C3", "\u{fffd}"),
    ] {
        assert_eq!(source(value), wanted, "{value}");
    }
}

#[test]
fn of_a_list_what_cannot_be_read_is_named_and_costs_no_other() {
    let body = format!(
        r#"[{KUBE}, 7, {{"specversion":"1.0"}}, {{"specversion":"1.0","type":"t","data_base64":"eyJhIjoxfQ=="}},
           {{"specversion":"9","type":"t"}}, {{"specversion":"1.0","type":"t","data":1,"data_base64":""}},
           {{"specversion":"1.0","type":{{}}}}, {{"specversion":"1.0","type":"t","subject":"{}"}}]"#,
        "x".repeat(2_000)
    );
    let read = read(&Labels::new(), &body).unwrap();
    assert_eq!(read.events.len(), 2);
    assert_eq!(read.events[1].said.data, serde_json::json!({ "a": 1 }));
    let said: Vec<&str> = read.left_out.iter().map(|one| one.text.as_str()).collect();
    let wanted = ["event 2 ", "event 3 ", "event 5 ", "event 6 ", "event 7 ", "event 8 "];
    assert_eq!(said.len(), wanted.len(), "{said:?}");
    assert!(said.iter().zip(wanted).all(|(said, wanted)| said.starts_with(wanted)), "{said:?}");
    assert!(said[5].contains("subject has 2000 bytes"), "{said:?}");
}

#[test]
fn a_list_has_an_end_and_data_a_size() {
    let small = r#"{"specversion":"1.0","type":"t"}"#;
    let body = format!("[{}]", vec![small; MOST + 3].join(","));
    let read = read(&Labels::new(), &body).unwrap();
    assert_eq!((read.events.len(), read.left_out[0].count), (MOST, 3));
    let large = format!(r#"{{"specversion":"1.0","type":"t","data":"{}"}}"#, "x".repeat(DATA));
    assert!(one(&[], &large).unwrap_err().contains("its data has"));
}

#[test]
fn what_is_no_cloudevent_is_said_to_be_none() {
    for (body, part) in [
        ("", "no JSON"),
        ("hello", "no JSON"),
        ("7", "it is no object"),
        (r#"{"alerts":[]}"#, "it has no specversion"),
        (r#"{"specversion":"1.0","type":""}"#, "it has no type"),
    ] {
        let error = one(&[], body).unwrap_err();
        assert!(error.contains(part), "{body}: {error}");
    }
}
