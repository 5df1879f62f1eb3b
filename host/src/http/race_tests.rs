//! A change of accounts waits for its turn: what it rests on is looked at then, and not when it was asked for.

use reqwest::header::{ETAG, IF_MATCH};
use serde_json::{Value, json};

use super::account_tests::{Kept, PASSWORD, account};
use crate::accounts::password;
use crate::domain::Role;
use crate::domain::audit::Channel;
use crate::token;

#[tokio::test]
async fn a_change_rests_on_what_the_file_says_once_it_is_its_turn() {
    let hash = password::hash(PASSWORD).unwrap();
    let kept = Kept::new("[server.auth]\nbearer = { env = \"TOKEN\" }\n", |book| {
        book.accounts.insert("vic".into(), account(Role::Viewer, &hash));
    })
    .await;
    let of_vic = || kept.http.get(kept.host.url("/v1/people/vic")).bearer_auth("t0ken").send();
    let read = of_vic().await.unwrap().headers()[ETAG].clone();
    let other = crate::accounts::LockedFile::take(&kept.path).unwrap();
    let request = kept.http.post(kept.host.url("/v1/people/vic")).bearer_auth("t0ken").header(IF_MATCH, read);
    let waiting = tokio::spawn(request.json(&json!({ "groups": ["late"] })).send());
    // It is past the look that every request takes, and waits for the file.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let by = crate::accounts::Actor {
        person: None,
        way: Channel::Cli,
        from: String::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    other.change_unguarded(&by, |book| {
        book.accounts.get_mut("vic").unwrap().groups.insert("early".into());
    });
    assert_eq!(waiting.await.unwrap().unwrap().status(), 412);
    let groups = crate::accounts::read(&kept.path).unwrap().accounts["vic"].groups.clone();
    assert_eq!(groups.into_iter().collect::<Vec<_>>(), ["early"]);
}

#[tokio::test]
async fn whoever_is_let_in_no_more_when_it_is_their_turn_changes_nothing() {
    let hash = password::hash(PASSWORD).unwrap();
    let secret = token::generate().unwrap();
    let known = crate::token::Hash::of(secret.expose());
    let of_ada = crate::accounts::Token {
        id: known.id(),
        owner: "ada".into(),
        sha256: known.to_string(),
        label: String::new(),
        scopes: std::collections::BTreeSet::new(),
        made: jiff::Timestamp::UNIX_EPOCH,
        expires: None,
        made_with: None,
    };
    let make = json!({ "name": "mallory", "role": "admin", "password": PASSWORD });
    type Meanwhile = fn(&mut crate::accounts::AccountsFile);
    let without_ada: Meanwhile = |book| {
        book.accounts.remove("ada");
        book.tokens.clear();
    };
    let cases: [(&str, &str, Value, Meanwhile, u16); 4] = [
        (
            "lost the role",
            "/v1/people",
            make.clone(),
            |book| book.accounts.get_mut("ada").unwrap().role = Some(Role::Viewer),
            403,
        ),
        ("was disabled", "/v1/people", make.clone(), |book| book.accounts.get_mut("ada").unwrap().disabled = true, 401),
        ("was removed", "/v1/me/tokens", json!({}), without_ada, 401),
        ("lost the token", "/v1/me/tokens", json!({}), |book| book.tokens.clear(), 401),
    ];
    let by = crate::accounts::Actor {
        person: None,
        way: Channel::Cli,
        from: String::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    for (what, path, body, meanwhile, status) in cases {
        let kept = Kept::new("", |book| {
            book.accounts.insert("ada".into(), account(Role::Admin, &hash));
            book.accounts.insert("root".into(), account(Role::Admin, &hash));
            book.tokens.push(of_ada.clone());
        })
        .await;
        let other = crate::accounts::LockedFile::take(&kept.path).unwrap();
        let request = kept.http.post(kept.host.url(path)).bearer_auth(secret.expose());
        let waiting = tokio::spawn(request.json(&body).send());
        // It was let in, and waits for the file; where it is slow it is not let in, which is no less.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        other.change_unguarded(&by, meanwhile);
        assert_eq!(waiting.await.unwrap().unwrap().status().as_u16(), status, "{what}");
        let book = crate::accounts::read(&kept.path).unwrap();
        assert!(!book.accounts.contains_key("mallory") && book.tokens.len() <= 1, "{what}: {book:?}");
    }
    // Who came in because nobody had to prove anything makes no second first admin.
    let kept = Kept::new("", |_| ()).await;
    let other = crate::accounts::LockedFile::take(&kept.path).unwrap();
    let waiting = tokio::spawn(kept.http.post(kept.host.url("/v1/people")).json(&make).send());
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    other.change_unguarded(&by, |book| drop(book.accounts.insert("root".into(), account(Role::Admin, "h"))));
    assert_eq!(waiting.await.unwrap().unwrap().status(), 401);
    assert!(!crate::accounts::read(&kept.path).unwrap().accounts.contains_key("mallory"));
}
