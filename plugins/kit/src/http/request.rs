//! Builds a request.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::answer::Answer;
use super::template::{Place, Template};
use crate::host;

/// A request on its way. Text in it asks for no secret, whatever it holds; a [`Secret`](super::Secret)
/// does, and a setting in which the operator wrote `{{secret:name}}`.
#[derive(Clone, Debug)]
pub struct Request {
    method: &'static str,
    url: Template,
    headers: Vec<(String, Template)>,
    body: Body,
    timeout_ms: Option<u32>,
}

#[derive(Clone, Debug)]
enum Body {
    Empty,
    Json(Value, Vec<(String, Template)>),
    Form(Vec<(String, Template)>),
    Text(String),
}

impl Request {
    /// A request without a body yet.
    pub fn new(method: &'static str, url: impl Into<Template>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: Body::Empty, timeout_ms: None }
    }

    /// `GET`
    pub fn get(url: impl Into<Template>) -> Self {
        Self::new("GET", url)
    }

    /// `POST`
    pub fn post(url: impl Into<Template>) -> Self {
        Self::new("POST", url)
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: impl Into<Template>) -> Self {
        self.headers.push((name.to_string(), value.into()));
        self
    }

    /// `Authorization: Bearer …`
    pub fn bearer(self, token: impl Into<Template>) -> Self {
        self.header("Authorization", Template::from("Bearer ") + token)
    }

    /// A JSON body, with its `Content-Type`.
    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body, Vec::new());
        self.header("Content-Type", "application/json")
    }

    /// Puts a value that may hold a secret into the JSON body, at a JSON pointer such as `/routing_key`
    /// whose value is there already.
    pub fn secret_at(mut self, pointer: &str, value: impl Into<Template>) -> Self {
        if let Body::Json(_, secrets) = &mut self.body {
            secrets.push((pointer.to_string(), value.into()));
        }
        self
    }

    /// A form as browsers send it, with its `Content-Type`.
    pub fn form<'a>(mut self, fields: impl IntoIterator<Item = (&'a str, Template)>) -> Self {
        self.body = Body::Form(fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect());
        self.header("Content-Type", "application/x-www-form-urlencoded")
    }

    /// Any other text as a body.
    pub fn text(mut self, content_type: &str, body: &str) -> Self {
        self.body = Body::Text(body.to_string());
        self.header("Content-Type", content_type)
    }

    /// How long to wait for the answer in milliseconds; the host's own deadline applies in any case.
    pub fn timeout_ms(mut self, timeout_ms: Option<u32>) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }

    /// The body as it goes to the host, for a signature.
    pub fn body(&self) -> String {
        match &self.body {
            Body::Empty => String::new(),
            Body::Json(value, secrets) => json(value, secrets),
            Body::Form(fields) => {
                let field = |(name, value): &(String, Template)| {
                    format!("{}={}", Place::Form.without_pairs(name), value.written(Place::Form))
                };
                fields.iter().map(field).collect::<Vec<_>>().join("&")
            }
            // In it nothing is filled in.
            Body::Text(text) => text.clone(),
        }
    }

    /// Whether the host is to fill in secrets in the body.
    fn body_secrets(&self) -> bool {
        match &self.body {
            Body::Empty | Body::Text(_) => false,
            Body::Json(_, values) | Body::Form(values) => values.iter().any(|(_, value)| value.holds_secret()),
        }
    }

    /// As it goes to the host.
    pub fn built(&self) -> host::Request {
        host::Request {
            method: self.method.to_string(),
            url: self.url.written(Place::Url),
            headers: self.headers.iter().map(|(name, value)| (name.clone(), value.written(Place::Header))).collect(),
            body: self.body(),
            body_secrets: self.body_secrets(),
            timeout_ms: self.timeout_ms,
        }
    }

    /// Sends it. `target` is the name of whom it is sent to, for errors; `now_ms` the host's clock.
    pub fn send(&self, target: &'static str, now_ms: u64) -> Answer {
        Answer::of(host::send(&self.built()), target, now_ms)
    }
}

/// Serialises a body in which secrets stand where they are meant to. Each is marked by a text that the body
/// does not hold, so that nothing in the body is taken for it.
fn json(value: &Value, secrets: &[(String, Template)]) -> String {
    let plain = value.to_string();
    if secrets.is_empty() {
        return plain;
    }
    let mut marked = value.clone();
    let mut marks = Vec::new();
    let mut numbers = 0_u64..;
    for (pointer, template) in secrets {
        let Some(place) = marked.pointer_mut(pointer) else { continue };
        let free =
            numbers.by_ref().map(|number| format!("place-{number}-")).find(|mark| !plain.contains(mark.as_str()));
        let mark = free.unwrap_or_default();
        *place = Value::from(mark.as_str());
        marks.push((format!("\"{mark}\""), format!("\"{}\"", template.written(Place::Json))));
    }
    let mut body = without_placeholders(&marked.to_string());
    for (mark, template) in marks {
        body = body.replacen(&mark, &template, 1);
    }
    body
}

/// The host replaces `{{secret:name}}` in a body. No two braces stand side by side within a string of
/// JSON written so, and to its reader the escape is the same text.
fn without_placeholders(json: &str) -> String {
    json.replace("{{", "{\\u007b")
}

/// A value of a form.
pub(super) fn encoded(text: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*');
    utf8_percent_encode(text, KEPT).to_string()
}

/// Text as one segment of a URL's path or one value of its query.
pub fn segment(text: &str) -> Template {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    Template::from(utf8_percent_encode(text, KEPT).to_string().as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::Secret;

    const ASKS: &str = "{{secret:token}} {{{secret:token}}}";

    #[test]
    fn text_asks_for_no_secret_wherever_it_stands() {
        let hostile = Request::post(ASKS).header("X-Title", ASKS);
        for request in [
            hostile.clone().json(json!({ASKS: ASKS, "nested": [{"a": ASKS}]})),
            hostile.clone().form([(ASKS, ASKS.into())]),
            hostile.clone().text("text/plain", ASKS),
            hostile.clone().json(json!({"a": null})).secret_at("/a", ASKS),
        ] {
            let built = request.built();
            let header = built.headers.first().map(|(_, value)| value.as_str()).unwrap();
            for text in [built.url.as_str(), header] {
                assert!(!text.contains("{{"), "{text}");
            }
            assert!(!built.body_secrets, "nothing of the body is filled in");
        }
        // Beside a true secret no text is one, and to its reader it is the same text.
        let body = json!({ASKS: ASKS, "key": null});
        let built = hostile.json(body).secret_at("/key", Secret::named("token")).built();
        assert_eq!((built.body.matches("{{").count(), built.body_secrets), (1, true));
        let read: Value = serde_json::from_str(&built.body).unwrap();
        assert_eq!(read, json!({ASKS: ASKS, "key": "{{secret:token}}"}));
    }

    #[test]
    fn a_typed_secret_is_asked_for_everywhere() {
        let token = Secret::named("token");
        let url = Template::from("https://a.example/{") + token.clone() + "?x={{";
        let request = Request::post(url).bearer(token.clone()).json(json!({"text": "place-0-", "auth": {"key": ""}}));
        let built = request.secret_at("/auth/key", Template::from("k\"{") + token.clone() + "{{").built();
        assert_eq!(built.url, "https://a.example/%7B{{secret:token}}?x=%7B%7B");
        assert_eq!(built.headers.first().unwrap().1, "Bearer {{secret:token}}");
        assert_eq!(built.body, r#"{"text":"place-0-","auth":{"key":"k\"\u007b{{secret:token}}{\u007b"}}"#);
        let form = Request::post("u").form([("a b", Template::from("1&2=") + token)]).body();
        assert_eq!(form, "a%20b=1%262%3D{{secret:token}}");
    }

    #[test]
    fn a_setting_is_the_operators() {
        let read = |text: &str| Request::get(Template::of_setting(text)).built().url;
        assert_eq!(
            read("https://x/{{secret:path}}?{{secret:b.c-d_1}}"),
            "https://x/{{secret:path}}?{{secret:b.c-d_1}}"
        );
        assert_eq!(read("{{secret:}}{{secret:a b}}{{x}}"), "%7B%7Bsecret:}}%7B%7Bsecret:a b}}%7B%7Bx}}");
    }

    #[test]
    fn a_segment_stays_one() {
        assert_eq!(
            Request::get(Template::from("https://x/") + segment("a/../b?c#d")).built().url,
            "https://x/a%2F..%2Fb%3Fc%23d"
        );
    }
}
