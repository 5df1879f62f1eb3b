//! Mail, end to end: the real client against a strict server.

use std::time::{Duration, Instant};

use tidegate::network::Network;
use tidegate::network::smtp::{AcceptedMail, Mail, Mailbox, Server, SmtpError, Tls};
use tidegate::secret::Secret;
use tidegate_tests::smtp::{Behaviour, MailServer};

fn mail() -> Mail {
    let mailbox = |text: &str| Mailbox::parse(text).unwrap();
    Mail {
        from: mailbox("tidegate <tidegate@example.com>"),
        to: vec![mailbox("On call <oncall@example.com>"), mailbox("second@example.com")],
        cc: vec![mailbox("lead@example.com")],
        subject: "数据库 is down".into(),
        text: "First\n.\n..\nMAIL FROM:<x@y>\nlast".into(),
        html: None,
        id: "<d-1@example.com>".into(),
        in_reply_to: None,
        references: vec![],
        headers: vec![],
        date: "2026-07-01T03:04:05Z".parse().unwrap(),
    }
}

fn to(server: &MailServer, tls: Tls, login: Option<(&str, &str)>) -> Server {
    let (host, port) = Server::at(&server.address).unwrap();
    let login = login.map(|(name, password)| (name.to_string(), Secret::new(password)));
    Server { host, port, tls, login, authorities: Some(server.certificate.clone().into_bytes()), private: true }
}

async fn send(
    behaviour: Behaviour,
    tls: Tls,
    login: Option<(&str, &str)>,
) -> (MailServer, Result<AcceptedMail, SmtpError>) {
    let server = MailServer::start(behaviour).await.unwrap();
    let answer = Network::default().send_mail(&to(&server, tls, login), &mail()).await;
    (server, answer)
}

fn unavailable(answer: Result<AcceptedMail, SmtpError>) -> String {
    match answer {
        Err(SmtpError::Unavailable(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let login = Some(("tidegate", "pass word"));
    for mechanisms in ["PLAIN LOGIN", "LOGIN"] {
        for (tls, implicit) in [(Tls::Starttls, false), (Tls::Implicit, true)] {
            let behaviour = Behaviour { implicit, mechanisms, login, ..Behaviour::default() };
            let (server, answer) = send(behaviour, tls, login).await;
            assert_eq!(answer, Ok(AcceptedMail::default()), "{mechanisms} {tls:?}");
            let [taken] = server.taken().try_into().unwrap();
            assert!(taken.protected);
            assert_eq!(taken.from, "tidegate@example.com");
            assert_eq!(taken.to, ["oncall@example.com", "second@example.com", "lead@example.com"]);
            assert!(taken.text.ends_with("First\n.\n..\nMAIL FROM:<x@y>\nlast\n"), "{}", taken.text);
            assert!(
                taken.text.contains("To: \"On call\" <oncall@example.com>, second@example.com\n"),
                "{}",
                taken.text
            );
        }
    }
    let (server, answer) = send(Behaviour { no_starttls: true, ..Behaviour::default() }, Tls::None, None).await;
    assert_eq!(answer, Ok(AcceptedMail::default()));
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn nothing_is_said_without_the_tls_that_is_demanded() {
    let (server, answer) = send(Behaviour { no_starttls: true, ..Behaviour::default() }, Tls::Starttls, None).await;
    assert!(unavailable(answer).contains("offers no STARTTLS"));
    assert!(server.said().iter().all(|line| line.starts_with("EHLO")), "{:?}", server.said());

    let injected = "250-mail.test\r\n250 AUTH PLAIN\r\n";
    let (server, answer) = send(Behaviour { injected, ..Behaviour::default() }, Tls::Starttls, None).await;
    let text = unavailable(answer);
    assert!(text.contains("between STARTTLS and TLS") || text.contains("no TLS"), "{text}");
    assert!(server.taken().is_empty());

    for (tls, implicit) in [(Tls::Starttls, false), (Tls::Implicit, true)] {
        let server = MailServer::start(Behaviour { implicit, ..Behaviour::default() }).await.unwrap();
        let stranger = Server { authorities: None, ..to(&server, tls, None) };
        let text = unavailable(Network::default().send_mail(&stranger, &mail()).await);
        assert!(text.contains("certificate"), "{text}");
        assert!(server.taken().is_empty() && !server.said().iter().any(|line| line.starts_with("MAIL")));
    }
}

#[tokio::test]
async fn a_login_that_is_not_taken_is_told_apart() {
    let right = Some(("tidegate", "pass word"));
    let behaviour = || Behaviour { mechanisms: "PLAIN", login: right, ..Behaviour::default() };
    let (server, answer) = send(behaviour(), Tls::Starttls, Some(("tidegate", "other word"))).await;
    let Err(SmtpError::Auth(text)) = answer else { panic!("{answer:?}") };
    assert!(text.contains("does not take the login of `tidegate`: 535"), "{text}");
    assert!(server.taken().is_empty());
    let (_, answer) = send(behaviour(), Tls::Starttls, None).await;
    assert!(matches!(&answer, Err(SmtpError::Auth(text)) if text.contains("Authentication required")), "{answer:?}");
    let (_, answer) = send(Behaviour { mechanisms: "", ..behaviour() }, Tls::Starttls, right).await;
    assert!(matches!(&answer, Err(SmtpError::Auth(text)) if text.contains("offers no login")), "{answer:?}");
}

#[tokio::test]
async fn each_refusal_means_what_its_number_says() {
    let refused = &[("second", "550 5.1.1 no such user"), ("lead", "451 4.7.1 come again")];
    let (server, answer) = send(Behaviour { refused, ..Behaviour::default() }, Tls::Starttls, None).await;
    let told: Vec<_> = answer.unwrap().refused.into_iter().map(|one| (one.address, one.temporary)).collect();
    assert_eq!(told, [("second@example.com".to_string(), false), ("lead@example.com".to_string(), true)]);
    assert_eq!(server.taken()[0].to, ["oncall@example.com"]);

    let all = &[("", "550 5.1.1 no such user")];
    let (_, answer) = send(Behaviour { refused: all, ..Behaviour::default() }, Tls::Starttls, None).await;
    assert!(
        matches!(&answer, Err(SmtpError::Rejected(text)) if text.contains("second@example.com: 550")),
        "{answer:?}"
    );
    let later = &[("", "450 4.2.0 greylisted")];
    let (_, answer) = send(Behaviour { refused: later, ..Behaviour::default() }, Tls::Starttls, None).await;
    assert!(unavailable(answer).contains("greylisted"));
    let verdict = |verdict| Behaviour { verdict: Some(verdict), ..Behaviour::default() };
    let (_, answer) = send(verdict("554 5.7.1 spam"), Tls::Starttls, None).await;
    assert!(matches!(&answer, Err(SmtpError::Rejected(text)) if text.contains("spam")), "{answer:?}");
    let (_, answer) = send(verdict("452 4.3.1 full"), Tls::Starttls, None).await;
    assert!(unavailable(answer).contains("452"));
    let (_, answer) = send(verdict("lost"), Tls::Starttls, None).await;
    assert!(unavailable(answer).contains("which it may have taken"));
}

#[tokio::test]
async fn a_server_that_talks_without_end_or_not_at_all_is_left() {
    let begin = Instant::now();
    for (tls, implicit) in [(Tls::Starttls, false), (Tls::Implicit, true), (Tls::None, false)] {
        let talkative = Behaviour { talkative: 8 << 20, implicit, ..Behaviour::default() };
        let (_, answer) = send(talkative, tls, None).await;
        let text = unavailable(answer);
        assert!(text.contains("too long") || text.contains("more than it may"), "{text}");
    }
    assert!(begin.elapsed() < Duration::from_secs(20));
    let server =
        MailServer::start(Behaviour { slow: Some(Duration::from_secs(600)), ..Behaviour::default() }).await.unwrap();
    let server = to(&server, Tls::Starttls, None);
    let network = Network::default();
    tokio::time::timeout(Duration::from_secs(1), network.send_mail(&server, &mail())).await.unwrap_err();
}

#[tokio::test]
async fn a_server_lies_where_it_may_lie() {
    let server = MailServer::start(Behaviour::default()).await.unwrap();
    let public = Server { private: false, ..to(&server, Tls::Starttls, None) };
    let answer = Network::default().send_mail(&public, &mail()).await;
    assert!(matches!(&answer, Err(SmtpError::Refused(text)) if text.contains("loopback")), "{answer:?}");
    let open = Server { host: "1.1.1.1".into(), ..to(&server, Tls::None, None) };
    let answer = Network::default().send_mail(&open, &mail()).await;
    assert!(matches!(&answer, Err(SmtpError::Refused(text)) if text.contains("without TLS")), "{answer:?}");
    assert!(server.said().is_empty());
}
