//! The file of accounts on a real disk: what is written is read, by its owner alone, and what cannot be read lets nobody in.

use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;

use super::*;
use crate::domain::Role;

fn write(path: &Path, change: impl FnOnce(&mut Book)) {
    let mut file = Locked::take(path).unwrap();
    change(&mut file.book);
    file.write().unwrap();
}

#[test]
fn what_a_command_writes_a_running_host_sees_and_nobody_else_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("accounts.json");
    let accounts = Accounts::open(&path).unwrap();
    assert_eq!(*accounts.now().0, Book::default());
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
    assert!(Accounts::open(&path).is_err() && Locked::take(&path).is_err(), "and is not written over");
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
    let (used, at) = (Used::beside(&path), |s| Timestamp::from_second(s).unwrap());
    used.note("a", at(125));
    used.note("b", at(60));
    used.save(|id| id == "a").unwrap();
    let again = Used::beside(&path);
    assert_eq!((again.at("a"), again.at("b")), (Some(at(120)), None));
}
