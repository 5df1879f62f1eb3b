//! Tries whatever the body names, with the standard library alone, and says in an alert what came of it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, process, thread};

#[allow(unsafe_code, missing_docs, clippy::all, clippy::restriction, reason = "generated")]
mod bindings {
    use super::Plugin;

    wit_bindgen::generate!({ path: "../../wit/v0.1", world: "source-plugin" });

    export!(Plugin);
}

use bindings::exports::tidegate::plugin::source::{Alert, CallError, Decoded, Guest, Inbound};
use bindings::tidegate::plugin::types::Status;

struct Plugin;

impl Guest for Plugin {
    fn decode(request: Inbound) -> Result<Decoded, CallError> {
        let (what, argument) = request.body.split_once(' ').unwrap_or((&request.body, ""));
        let text = tried(what, argument);
        let alert = Alert {
            name: what.into(),
            status: Status::Firing,
            severity: None,
            labels: vec![],
            annotations: vec![("outcome".into(), text)],
            starts_at: None,
            ends_at: None,
            fingerprint: None,
            link: None,
            extra: vec![],
        };
        Ok(Decoded { alerts: vec![alert], left_out: vec![], reply: None, confirm: None, extra: vec![] })
    }
}

fn tried(what: &str, argument: &str) -> String {
    match what {
        "read" => outcome(fs::read_to_string(argument)),
        "write" => outcome(fs::write(argument, "x").map(|()| "written")),
        "list" => outcome(fs::read_dir(argument).map(|entries| entries.count())),
        "environment" => format!("{} variables", env::vars().count()),
        "arguments" => format!("{} arguments", env::args().count()),
        "connect" => outcome(TcpStream::connect(argument).map(|_| "connected")),
        "listen" => outcome(TcpListener::bind(argument).map(|_| "listening")),
        "datagram" => outcome(UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.send_to(b"x", argument))),
        "resolve" => outcome(argument.to_socket_addrs().map(|addresses| addresses.count())),
        "input" => {
            let mut text = String::new();
            outcome(std::io::stdin().read_to_string(&mut text))
        }
        "run" => outcome(process::Command::new(argument).output().map(|_| "ran")),
        "thread" => outcome(thread::Builder::new().spawn(|| ()).map(|_| "started")),
        "time" => {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_millis());
            let (start, mut x) = (Instant::now(), 0_u64);
            (0..1_000_000).for_each(|_| x = std::hint::black_box(x.wrapping_add(1)));
            format!("{} ms, and then {} ns", since.unwrap_or_default(), start.elapsed().as_nanos())
        }
        "random" => RandomState::new().build_hasher().finish().to_string(),
        "print" => {
            println!("to the output");
            eprintln!("to the error");
            panic!("what the author needs to see");
        }
        "flood" => loop {
            let _ = std::io::stderr().write_all(&[b'x'; 1000]);
        },
        "sleep" => {
            thread::sleep(Duration::from_secs(30));
            "slept".into()
        }
        "exit" => process::exit(argument.parse().unwrap_or(1)),
        "spin" => loop {
            std::hint::black_box(Instant::now());
        },
        other => format!("there is no {other}"),
    }
}

fn outcome<T: std::fmt::Debug, E: std::fmt::Display>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => format!("ok: {value:?}"),
        Err(error) => format!("refused: {error}"),
    }
}
