//! The file of accounts on a real disk: what is written is read, by its owner alone, and what cannot be read lets nobody in.

use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;

use super::*;
use crate::domain::Role;

fn by() -> Actor {
    let person = Some(crate::domain::Person::typed("ann"));
    Actor {
        person,
        way: crate::domain::audit::Channel::Cli,
        from: "here".into(),
        at: Timestamp::from_second(1).unwrap(),
    }
}

impl LockedFile {
    /// A change that nobody guards.
    pub fn change_unguarded(self, by: &Actor, change: impl FnOnce(&mut AccountsFile)) {
        let guards = Guards { had_accounts: &|| false, admins_lost: &|_, _| None, last_admin: true };
        let change = |book: &mut AccountsFile| {
            change(book);
            Ok::<(), String>(())
        };
        self.change(by, &guards, change).unwrap();
    }
}

fn write(path: &Path, change: impl FnOnce(&mut AccountsFile)) {
    LockedFile::take(path).unwrap().change_unguarded(&by(), change);
}

#[test]
fn what_a_command_writes_a_running_host_sees_and_nobody_else_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("accounts.json");
    let accounts = Accounts::open(&path).unwrap();
    assert_eq!(*accounts.now().0, AccountsFile::default());
    let ada = Account { role: Some(Role::Viewer), password: Some("x".into()), ..Account::default() };
    write(&path, |book| drop(book.accounts.insert("ada".into(), ada.clone())));
    let (book, edition) = accounts.now();
    assert_eq!((book.accounts["ada"].clone(), edition), (ada, 1));
    assert!(book.proves() && accounts.now().1 == 1);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    write(&path, |book| book.accounts.get_mut("ada").unwrap().disabled = true);
    let (later, edition) = accounts.now();
    assert_eq!((later.changes_since(&book), edition), (vec!["account ada was disabled".to_string()], 2));

    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(read(&path).unwrap_err().contains("chmod 600"));
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "{").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (closed, _) = accounts.now();
    assert!(
        !closed.proves() && closed.is_disabled("ada"),
        "what cannot be read lets nobody in, whoever was kept out before"
    );
    std::fs::remove_file(&path).unwrap();
    assert!(accounts.now().0.is_disabled("ada") && accounts.problem().unwrap().contains("is gone"));
    std::fs::write(&path, "{").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    accounts.now();
    assert!(accounts.problem().unwrap().contains("is not one"));
    assert!(Accounts::open(&path).is_err() && LockedFile::take(&path).is_err(), "and is not written over");
}

#[test]
fn who_changed_what_stands_beside_the_change_and_is_told_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.json");
    let bounds = |text: &str| crate::domain::Scope::parse(text).unwrap();
    write(&path, |book| book.make("ada", Account { role: Some(Role::Viewer), ..Account::default() }).unwrap());
    let accounts = Accounts::open(&path).unwrap();
    let places = Some(vec![bounds("cluster=a,namespace=pay*")]);
    let edit =
        Edit { role: Some(Some(Role::Responder)), places, groups: Some(["sre".to_string()].into()), ..Edit::default() };
    write(&path, |book| book.edit("ada", edit, false).unwrap());
    let book = accounts.now().0;
    let told: Vec<&str> = book.changes.iter().map(|change| change.what.as_str()).collect();
    assert_eq!(
        told,
        [
            "account ada was made",
            "ada is viewer now, and was without a role of their own",
            "ada is responder where cluster=a namespace=pay* now, and was viewer",
            "the groups of ada are sre now, and were none",
        ]
    );
    assert!(book.changes.is_sorted_by(|a, b| a.n < b.n) && book.latest_change() > 1000, "{:?}", book.changes);
    assert!(book.changes.iter().all(|change| change.person == by().person && change.from == "here"));
    assert!(accounts.take_changes().is_empty(), "what says itself who it was is not told as somebody's");
    // By hand.
    let text = std::fs::read_to_string(&path).unwrap().replace("\"responder\"", "\"admin\"");
    std::fs::write(&path, text).unwrap();
    accounts.now();
    assert!(accounts.take_changes()[0].starts_with("ada is admin where"));
}

#[test]
fn what_cannot_be_is_not_made_so() {
    let mut book = AccountsFile::default();
    let with = |role, places: &[&str]| Account {
        role,
        places: edit::places(places.iter().copied()).unwrap(),
        ..Account::default()
    };
    assert!(
        book.make("a", with(None, &["namespace=a"])).is_err()
            && book.make("a", with(Some(Role::Sender), &["cluster=a"])).is_err()
    );
    book.make("a", with(Some(Role::Responder), &["namespace=pay*"])).unwrap();
    assert!(book.make("a", with(None, &[])).is_err(), "twice");
    let to = |role| Edit { role: Some(role), ..Edit::default() };
    assert!(book.edit("a", to(None), false).is_err(), "its places would bound nothing");
    assert!(book.edit("b", to(None), false).is_err() && book.edit("b", to(None), true).is_err());
    assert!(book.edit("b", Edit { groups: Some(["x".into()].into()), ..Edit::default() }, true).is_ok());
    for bad in ["", "x", "namespace=", "namespace=a b", "pod=a", "namespace=a,namespace=b", "cluster"] {
        assert!(edit::places([bad]).is_err(), "{bad}");
    }
    assert!(edit::role("root").is_err() && edit::role("none") == Ok(None) && edit::scopes(["look", "rule"]).is_err());
}

#[test]
fn whoever_is_kept_out_and_let_in_again_is_told_of() {
    let before = AccountsFile::default();
    let mut book = before.clone();
    book.keep_out("https://id.example 7", "Ann", true);
    assert_eq!(book.changes_since(&before), ["Ann of the provider (https://id.example 7) was disabled"]);
    let kept_out = book.clone();
    assert_eq!(kept_out.closed().outside, kept_out.outside, "a file that cannot be read lets nobody in again");
    book.keep_out("https://id.example 7", "Ann", false);
    assert_eq!(book.changes_since(&kept_out), ["Ann of the provider (https://id.example 7) was enabled"]);
    assert_eq!(book, before);
}

#[test]
fn a_token_takes_all_that_were_made_with_it_along() {
    let mut book = AccountsFile::default();
    let now = Timestamp::from_second(1).unwrap();
    let access = crate::domain::Access::of(Role::Admin);
    let mut mint = |owner: &str, made_with: Option<&str>| {
        let expires = now + jiff::SignedDuration::from_hours(1);
        let (scopes, label) = (std::collections::BTreeSet::new(), String::new());
        let wanted =
            edit::NewToken { owner: owner.into(), scopes, expires, label, made_with: made_with.map(String::from) };
        book.mint(wanted, &access, now).unwrap().1.id
    };
    let found = mint("ada", None);
    let (child, other) = (mint("ada", Some(&found)), mint("ada", None));
    let grandchild = mint("ada", Some(&child));
    assert!(book.revoke(&found, Some("bob")).is_err());
    book.revoke(&found, Some("ada")).unwrap();
    let left: Vec<&String> = book.tokens.iter().map(|token| &token.id).collect();
    assert!(left == [&other] && grandchild != child);
}

#[test]
fn two_commands_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.json");
    std::thread::scope(|scope| {
        for n in 0..8 {
            let path = &path;
            scope.spawn(move || write(path, |book| drop(book.accounts.insert(format!("u{n}"), Account::default()))));
        }
    });
    assert_eq!(read(&path).unwrap().accounts.len(), 8);
}

#[test]
fn the_last_use_of_a_token_is_known_to_the_minute_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.json");
    let (used, at) = (LastUsed::beside(&path), |s| Timestamp::from_second(s).unwrap());
    used.note("a", at(125));
    used.note("b", at(60));
    used.save(|id| id == "a").unwrap();
    let again = LastUsed::beside(&path);
    assert_eq!((again.at("a"), again.at("b")), (Some(at(120)), None));
}
