//! The host's part, played by a test on the thread that calls the plugin.

use std::cell::RefCell;
use std::rc::Rc;

use super::{
    BusError, BusMessage, Encoding, HttpError, Level, LookCall, Mail, MailError, Published, Receipt, Request, Response,
    StateError, Tool, ToolError,
};

/// What a test plays. What it does not play ends the test.
pub(crate) trait Part {
    fn log(&self, _level: Level, _line: &str) {}
    fn settings(&self) -> String {
        "{}".into()
    }
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        Err(HttpError::Denied(format!("{} {}: no answer is recorded", request.method, request.url)))
    }
    fn send_mail(&self, _mail: &Mail) -> Result<Receipt, MailError> {
        Err(MailError::Denied("no mail is recorded".into()))
    }
    fn publish(&self, _message: &BusMessage) -> Result<Published, BusError> {
        Err(BusError::Denied("no message is recorded".into()))
    }
    fn bus_sender(&self) -> Result<String, BusError> {
        Ok("tidegate/example".into())
    }
    fn hmac_sha256(
        &self,
        _key: &str,
        _message: &str,
        _message_secrets: bool,
        _encoding: Encoding,
    ) -> Result<String, String> {
        Err("no secret is recorded".into())
    }
    fn state(&self, _key: &str) -> Result<Option<String>, StateError> {
        Ok(None)
    }
    fn set_state(&self, _key: &str, _value: &str) -> Result<(), StateError> {
        Err(StateError::Other("no state is recorded".into()))
    }
    fn catalogue(&self) -> Vec<Tool> {
        Vec::new()
    }
    fn look(&self, tool: &str, arguments: &str) -> Result<String, ToolError> {
        Err(ToolError::Denied(format!("no look is recorded for {tool} {arguments}")))
    }
}

/// Where nobody plays.
struct Nobody;

impl Part for Nobody {}

thread_local! {
    static PART: RefCell<Rc<dyn Part>> = RefCell::new(Rc::new(Nobody));
}

/// Calls `plugin` with the host's part played.
#[cfg(any(feature = "notifier", feature = "remediation"))]
pub(crate) fn with<T>(part: Rc<dyn Part>, plugin: impl FnOnce() -> T) -> T {
    PART.with(|current| current.replace(part));
    let result = plugin();
    PART.with(|current| current.replace(Rc::new(Nobody)));
    result
}

fn part() -> Rc<dyn Part> {
    PART.with(|current| current.borrow().clone())
}

pub(crate) mod log {
    pub fn write(level: super::Level, line: &str) {
        super::part().log(level, line);
    }
}

pub(crate) mod settings {
    pub fn get() -> String {
        super::part().settings()
    }
}

pub(crate) mod http_client {
    pub fn send(request: &super::Request) -> Result<super::Response, super::HttpError> {
        super::part().send(request)
    }
}

pub(crate) mod mail {
    pub fn send(mail: &super::Mail) -> Result<super::Receipt, super::MailError> {
        super::part().send_mail(mail)
    }
}

pub(crate) mod bus {
    pub fn publish(message: &super::BusMessage) -> Result<super::Published, super::BusError> {
        super::part().publish(message)
    }

    pub fn sender() -> Result<String, super::BusError> {
        super::part().bus_sender()
    }
}

pub(crate) mod signer {
    pub fn hmac_sha256(
        key: &str,
        message: &str,
        message_secrets: bool,
        encoding: super::Encoding,
    ) -> Result<String, String> {
        super::part().hmac_sha256(key, message, message_secrets, encoding)
    }
}

pub(crate) mod state {
    pub fn get(key: &str) -> Result<Option<String>, super::StateError> {
        super::part().state(key)
    }

    pub fn set(key: &str, value: &str) -> Result<(), super::StateError> {
        super::part().set_state(key, value)
    }
}

pub(crate) mod tools {
    pub fn catalogue() -> Vec<super::Tool> {
        super::part().catalogue()
    }

    pub fn look(tool: &str, arguments: &str) -> Result<String, super::ToolError> {
        super::part().look(tool, arguments)
    }

    pub fn look_all(calls: &[super::LookCall]) -> Vec<Result<String, super::ToolError>> {
        calls.iter().map(|call| super::part().look(&call.name, &call.arguments)).collect()
    }
}
