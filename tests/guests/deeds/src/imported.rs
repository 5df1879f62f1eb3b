//! What needs the host: written once, for the imports that notifiers and remediations have alike.

/// Makes `obey`, which does what an order says; it uses the bindings of the crate that calls it.
#[macro_export]
macro_rules! obey {
    () => {
        use bindings::tidegate::plugin::{http_client, log, settings, signer, state};

        /// Does it, and says what came of it where that did not end the call.
        fn obey(order: &str) -> String {
            std::panic::set_hook(Box::new(|info| log::write(log::Level::Error, &info.to_string())));
            let told = $crate::alone(order).or_else(|| imported(order)).or_else(|| own(order));
            told.unwrap_or_else(|| format!("what is `{order}`?"))
        }

        fn imported(order: &str) -> Option<String> {
            let words: Vec<&str> = order.split(' ').collect();
            Some(match words.as_slice() {
                ["flood-log"] => loop {
                    log::write(log::Level::Info, "all work and no play");
                },
                ["flood-settings"] => loop {
                    std::hint::black_box(settings::get());
                },
                ["flood-signer"] => loop {
                    std::hint::black_box(signer::hmac_sha256("k", "m", false, signer::Encoding::Hex).is_ok());
                },
                ["flood-state"] => loop {
                    std::hint::black_box(state::get("k").is_ok());
                },
                ["hold"] => {
                    let held = state::set("held", "by one that died");
                    panic!("with the state in hand: {held:?}")
                }
                ["held"] => format!("{:?}", state::get("held")),
                // Two hundred values of this size, or up to the first that is not taken.
                ["fill", prefix, size] => {
                    let value = "v".repeat(size.parse().unwrap_or_default());
                    let set = |n: u32| state::set(&format!("{prefix}{n}"), &value).err().map(|error| (n, error));
                    format!("{:?}", (0..200).find_map(set))
                }
                ["flood-http", method, url, times] => {
                    let times: usize = times.parse().unwrap_or_default();
                    let told: Vec<String> = (0..times).map(|_| send(request(method, url, 10_000))).collect();
                    format!("{} answers; the last: {}", told.len(), told.last().map_or("", String::as_str))
                }
                ["send", method, url, timeout] => send(request(method, url, timeout.parse().unwrap_or_default())),
                // Requests whose parts have no end: `url`, `method`, `name`, `value`, `count`, `body`, `secret`.
                ["send-much", url, what, size] => {
                    let size: usize = size.parse().unwrap_or_default();
                    let mut request = request("GET", url, 10_000);
                    match *what {
                        "url" => request.url.push_str(&"p".repeat(size)),
                        "method" => request.method = "G".repeat(size),
                        "name" => request.headers = vec![("n".repeat(size), "v".into())],
                        "value" => request.headers = vec![("x-n".into(), "v".repeat(size))],
                        "count" => request.headers = (0..size).map(|n| (format!("x-{n}"), "v".into())).collect(),
                        "secret" => request.url.push_str(&format!("{{{{secret:{}}}}}", "s".repeat(size))),
                        _ => request.body = "b".repeat(size),
                    }
                    send(request)
                }
                _ => return None,
            })
        }

        fn request(method: &str, url: &str, timeout: u32) -> http_client::Request {
            http_client::Request {
                method: method.into(),
                url: url.into(),
                headers: vec![],
                body: String::new(),
                body_secrets: false,
                timeout_ms: Some(timeout),
            }
        }

        fn send(request: http_client::Request) -> String {
            match http_client::send(&request) {
                Ok(response) => format!("{} {} bytes", response.status, response.body.len()),
                Err(error) => format!("{error:?}"),
            }
        }
    };
}
