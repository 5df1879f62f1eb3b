//! What goes and what stays, in single cases; the corpus holds many.

use super::*;

#[test]
fn escape_sequences_and_unseen_characters_go_and_everything_else_stays() {
    let text = "a\u{1b}[31;1mred\u{1b}[0m\tb\r\nc\u{200b}\u{e0041}\u{202e}d\u{7} 告警\rnext";
    assert_eq!(visible(text), "ared\tb\ncd 告警\nnext");
    assert_eq!(visible("\u{1b}"), "");
}

#[test]
fn known_values_are_found_anywhere() {
    let known = ["s3cr3t-value".to_string(), "ab".to_string()];
    assert_eq!(redact_known("about s3cr3t-value.", &known), "about [redacted].");
}

#[test]
fn secrets_go() {
    let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl";
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----";
    for (text, want) in [
        ("password: hunter2", "password: [redacted]"),
        ("PASSWORD=hunter2 next", "PASSWORD=[redacted] next"),
        (r#"{"dbPassword": "a \"b\" c", "x": 1}"#, r#"{"dbPassword": "[redacted]", "x": 1}"#),
        (r#"{"password": 12345, "x": 1}"#, r#"{"password": "[redacted]", "x": 1}"#),
        (r#"{\"api_key\":\"abcdefgh\"}"#, r#"{\"api_key\":\"[redacted]\"}"#),
        ("    token: abcdefghij", "    token: [redacted]"),
        ("    client-key-data: TFMwdExTMUNSVWRK", "    client-key-data: [redacted]"),
        ("数据库密码:abc123", "数据库密码:[redacted]"),
        ("Authorization: Bearer abcdefghijklmnop1234", "Authorization: Bearer [redacted]"),
        ("key AKIAIOSFODNN7EXAMPLE.", "key [redacted]."),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = [redacted]"),
        ("postgres://app:s3cr3t@db:5432/shop", "postgres://app:[redacted]@db:5432/shop"),
        ("redis://:pw@cache", "redis://:[redacted]@cache"),
        ("OPENAI sk-proj-abcdefghijklmnopqrstuvwx", "OPENAI [redacted]"),
        ("- name: DB_PASSWORD\n  value: hunter2\n", "- name: DB_PASSWORD\n  value: [redacted]\n"),
        (r#"{"name":"API_TOKEN","value":"x y"}"#, r#"{"name":"API_TOKEN","value":"[redacted]"}"#),
        ("      DB_PASSWORD:  hunter2", "      DB_PASSWORD:  [redacted]"),
    ] {
        assert_eq!(redact(text), want);
        assert_eq!(redact(want), want, "a second time must change nothing");
    }
    assert_eq!(redact(&format!("a {jwt} b")), "a [redacted token] b");
    assert_eq!(redact(&format!("a\n{pem}\nb")), "a\n[redacted private key]\nb");
    assert_eq!(redact("-----BEGIN PRIVATE KEY-----\nMIIE cut"), "[redacted private key]");
}

#[test]
fn what_a_person_needs_to_see_stays() {
    for text in [
        "TokenExpirationSeconds:  3607",
        "automountServiceAccountToken: true",
        "secretName: db-credentials",
        "imagePullSecrets:\n- name: registry",
        "volumes:\n- name: x\n  secret:\n    secretName: db",
        "DB_PASSWORD:  <set to the key 'password' in secret 'db'>",
        r#"secret "db-credentials" not found"#,
        "unexpected token: if",
        "Failed to pull image \"nginx:1.25-\": 400 Bad Request https://mirror.example/v2/library?ns=docker.io",
        "env:\n- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      key: password\n      name: db",
        "kube-api-access-fh4sx (ro)",
        "node.kubernetes.io/not-ready:NoExecute op=Exists for 300s",
    ] {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn a_megabyte_of_bait_takes_linear_time() {
    let bait = ["password: \"".repeat(20_000), "eyJ".repeat(100_000), "a://".repeat(100_000)].concat();
    assert!(!redact(&bait).is_empty());
}

#[test]
fn values_of_secrets_go_in_json_and_yaml() {
    let json = r#"{"items":[{"kind":"Secret","data":{"a":"eA=="}},{"kind":"ConfigMap","data":{"b":"keep"}}]}"#;
    let got = redact(json);
    assert!(!got.contains("eA==") && got.contains("keep") && got.contains(MARK), "{got}");

    let yaml =
        "apiVersion: v1\ndata:\n  user: eA==\n  file: |\n    line\n    two\nkind: Secret\nmetadata:\n  name: db\n";
    let want = "apiVersion: v1\ndata:\n  user: [redacted]\n  file: [redacted]\nkind: Secret\nmetadata:\n  name: db\n";
    assert_eq!(redact(yaml), want);
    assert_eq!(redact(want), want);
}

#[test]
fn the_last_applied_configuration_gives_nothing_away() {
    let yaml = "metadata:\n  annotations:\n    last: |\n      {\"kind\":\"Secret\",\"data\":{\"a\":\"eA==\"}}\n";
    assert!(!redact(yaml).contains("eA=="));
    let json = r#"{"kind":"List","items":[{"metadata":{"annotations":{"l":"{\"kind\":\"Secret\",\"stringData\":{\"a\":\"x{y\"}}"}}}]}"#;
    assert!(!redact(json).contains("x{y"));
}

#[test]
fn other_objects_stay_as_they_are() {
    for text in ["{\"kind\": \"ConfigMap\", \"data\": {\"Secret\": \"no\"}}", "kind: Pod\ndata:\n  a: Secret\n"] {
        assert_eq!(redact(text), text);
    }
}

#[test]
fn nothing_that_a_text_holds_makes_a_secret_pass() {
    let secret = r#"{"kind":"Secret","data":{"user":"PASSED00"}}"#;
    for (before, after) in [
        ("{\"open\":[[[", ""),
        ("]]]}}} ", " {{{["),
        ("don't 'quote \"this ", ""),
        ("{\"a\":\"unclosed\n", "\n\"}"),
        (&"[".repeat(5_000), ""),
        (&"{\"a\":".repeat(5_000), &"}".repeat(5_000)),
        (&"- ".repeat(5_000), ""),
        ("```json\n", "\n```"),
        ("\u{feff}告警：", "，请处理"),
        ("kind: ConfigMap\ndata:\n  a: |\n    ", "\n"),
    ] {
        let got = redact(&format!("{before}{secret}{after}"));
        assert!(!got.contains("PASSED00"), "{before:.40}: {}", &got[..got.len().min(200)]);
    }
}

#[test]
fn a_secret_that_is_cut_anywhere_gives_nothing_away() {
    let texts = [
        r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},"data":{"user":"PASSED00"},"type":"Opaque"}"#,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  user: PASSED00\ntype: Opaque\n",
    ];
    for text in texts {
        for end in 0..=text.len() {
            let got = redact(&text[..end]);
            assert!(!got.contains("PASSED0"), "{got}");
        }
    }
}

#[test]
fn json_remains_json() {
    let text = r#"{"items":[{"kind":"Secret","data":{"a":"eA==","n":5,"b":true}},{"password":12345,"token":"abcdefgh12345"}],"log":"password: \"x y\"\nkind: Secret\ndata:\n  a: eA==\n"}"#;
    let got = redact(text);
    let value: serde_json::Value = serde_json::from_str(&got).unwrap();
    assert_eq!(value["items"][0]["data"]["n"], MARK);
    assert_eq!(value["log"], "password: \"[redacted]\"\nkind: Secret\ndata:\n  a: [redacted]\n");
}

#[test]
fn time_and_marks_grow_with_the_text_and_no_faster() {
    let big = |piece: &str| piece.repeat(1_000_000 / piece.len());
    for piece in [
        "{\"kind\":\"Secret\",\"data\":{\"a\":\"b\"}}\n",
        "[1,2,3,",
        "{\"a\":",
        "a: b\n",
        " a:\n",
        "- - - a\n",
        "\\\\\\\"",
        "'",
        "password=",
        "a://b@",
        "--password ",
        "{\"a\":\"\\\\\\\"b",
        "mysql ",
        "-----BEGIN PRIVATE KEY-----",
        "eyJabcdefghi.",
        "kind: Secret ",
    ] {
        assert!(!redact(&big(piece)).is_empty());
    }
}

#[test]
fn text_in_base64_is_read_for_secrets() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let secret = r#"{"user":"app","password":"PASSED00"}"#;
    let file = "db:\n  host: db.example\n  password: PASSED00\n";
    for text in [secret, file, "DB_PASSWORD=PASSED00\n"] {
        for encoded in [STANDARD.encode(text), URL_SAFE_NO_PAD.encode(text), STANDARD.encode(STANDARD.encode(text))] {
            for around in ["{}", "config.json: {}", "\"{}\"", "config={}", "数据 {} 完"] {
                let left = redact(&around.replace("{}", &encoded));
                assert!(!left.contains(&encoded), "{left}");
                assert_eq!(redact(&left), left);
            }
        }
    }
    for text in [r#"{"replicas":3,"image":"registry.example/web:1.2.4"}"#, "just a sentence of some words"] {
        let encoded = STANDARD.encode(text);
        assert_eq!(redact(&encoded), encoded);
    }
}
