//! A Feishu custom robot. Accepts what Feishu would accept and refuses the rest with Feishu's own codes,
//! which come with HTTP 200: a sender that only looks at the HTTP status fails here as it would there.

mod card;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::Request;
use crate::clock::{self, lock};
use crate::server::Server;

/// The largest body that Feishu takes.
pub const LARGEST_BODY: usize = 20 * 1024;
/// How far, in seconds, a timestamp may be from Feishu's clock.
pub const LARGEST_SKEW: i64 = 3600;

const PATH: &str = "/open-apis/bot/v2/hook/00000000-fake-0000-feishu-000000000000";

/// A running stand-in for a Feishu custom robot.
#[derive(Debug)]
pub struct FakeFeishu {
    server: Server,
    robot: Arc<Mutex<Robot>>,
}

#[derive(Debug, Default)]
struct Robot {
    secret: Option<String>,
    limited: u32,
    now: Option<i64>,
    requests: Vec<Request>,
    cards: Vec<Value>,
    refusals: Vec<String>,
}

impl FakeFeishu {
    /// Starts a robot; with a secret it demands a signature.
    pub async fn start(secret: Option<&str>) -> anyhow::Result<Self> {
        let robot = Arc::new(Mutex::new(Robot { secret: secret.map(str::to_owned), ..Robot::default() }));
        let routes = Router::new().fallback(handle).with_state(Arc::clone(&robot));
        let server = Server::start(routes, 0).await?;
        Ok(Self { server, robot })
    }

    /// The address of the robot, with its token.
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.server.url())
    }

    /// The cards it accepted, in order.
    pub fn cards(&self) -> Vec<Value> {
        lock(&self.robot).cards.clone()
    }

    /// Every request, also the refused ones.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.robot).requests.clone()
    }

    /// Why it refused what it refused, in order.
    pub fn refusals(&self) -> Vec<String> {
        lock(&self.robot).refusals.clone()
    }

    /// Answers the next `count` requests with 11232, too many requests.
    pub fn limit_rate(&self, count: u32) {
        lock(&self.robot).limited = count;
    }

    /// Sets the robot's clock to these seconds since 1970, instead of the time of day.
    pub fn set_clock(&self, seconds: i64) {
        lock(&self.robot).now = Some(seconds);
    }
}

/// The signature that Feishu expects: the secret is in the key, and the message is empty.
pub fn sign(timestamp: &str, secret: &str) -> String {
    let key = format!("{timestamp}\n{secret}");
    // HMAC takes keys of any length, so there is always a signature.
    let hmac = Hmac::<Sha256>::new_from_slice(key.as_bytes());
    hmac.map(|hmac| STANDARD.encode(hmac.finalize().into_bytes())).unwrap_or_default()
}

async fn handle(
    State(robot): State<Arc<Mutex<Robot>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Request::new(&method, &uri, &headers, &body);
    let mut robot = lock(&robot);
    let verdict = robot.judge(&request);
    let (status, answer) = match verdict {
        Ok(card) => {
            robot.cards.push(card);
            let ok = json!({ "code": 0, "msg": "success", "data": {}, "StatusCode": 0, "StatusMessage": "success" });
            (StatusCode::OK, ok)
        }
        Err((code, message)) => {
            robot.refusals.push(format!("{code} {message}"));
            let status = if code == 404 { StatusCode::NOT_FOUND } else { StatusCode::OK };
            (status, json!({ "code": code, "msg": message, "data": {} }))
        }
    };
    robot.requests.push(Request { status: Some(status.as_u16()), ..request });
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (status, kind, answer.to_string()).into_response()
}

impl Robot {
    fn judge(&mut self, request: &Request) -> Result<Value, (u32, String)> {
        if request.method != "POST" {
            return Err((404, "the robot takes POST only".to_owned()));
        }
        if request.path != PATH {
            return Err((19001, "param invalid: incoming webhook access token invalid".to_owned()));
        }
        if self.limited > 0 {
            self.limited -= 1;
            return Err((11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]".to_owned()));
        }
        let bad = |why: String| (9499, format!("Bad Request: {why}"));
        if !request.header("content-type").starts_with("application/json") {
            return Err(bad("the content type is not application/json".to_owned()));
        }
        if request.body.len() > LARGEST_BODY {
            return Err(bad(format!("the body has {} bytes, {LARGEST_BODY} are allowed", request.body.len())));
        }
        let message: Value =
            serde_json::from_slice(&request.body).map_err(|error| bad(format!("the body is not JSON: {error}")))?;
        self.check_signature(&message).map_err(|why| (19021, why))?;
        match message.get("msg_type").and_then(Value::as_str) {
            Some("interactive") => card::check(&message).map_err(bad),
            Some(other) => Err(bad(format!("msg_type {other} is not interactive"))),
            None => Err(bad("there is no msg_type".to_owned())),
        }
    }

    fn check_signature(&self, message: &Value) -> Result<(), String> {
        let Some(secret) = &self.secret else {
            return Ok(());
        };
        let text = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default();
        let (timestamp, given) = (text("timestamp"), text("sign"));
        let refused = "sign match fail or timestamp is not within one hour from current time";
        let at =
            timestamp.parse::<i64>().map_err(|_| format!("{refused}: the timestamp is not a string of seconds"))?;
        let now = self.now.unwrap_or_else(|| clock::now().as_second());
        if now.abs_diff(at) > LARGEST_SKEW.unsigned_abs() {
            return Err(format!("{refused}: it is {now}"));
        }
        match given == sign(timestamp, secret) {
            true => Ok(()),
            false => Err(format!("{refused}: the signature differs")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_has_the_secret_in_the_key() {
        assert_eq!(sign("1599360473", "demo-secret"), "3/MaVZ8JLIy4TUG+7KSFJqvUkTKd+HWY8g+56DZWq8s=");
    }
}
