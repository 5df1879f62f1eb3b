//! Stand-ins for what cannot run on a test machine. They are strict: what a real server would
//! refuse, they refuse, and everything that reached them is on record.
//!
//! | stand-in | stands for |
//! |---|---|
//! | [`FakeKubernetes`] | a Kubernetes API with the controllers and the kubelet behind it |
//! | [`FakeModel`] | a chat-completions server that answers from a script |
//! | [`FakeFeishu`] | a Feishu custom robot |
//! | [`FakeCollector`] | a collector of traces: OTLP over HTTP, in JSON |
//! | [`FakeWebhook`] | any receiver of JSON over HTTP |
//!
//! Every stand-in listens on a port of 127.0.0.1 that the system picks, and stops when it is
//! dropped, cutting the connections that are still open.

mod clock;
pub mod collector;
pub mod feishu;
pub mod kubernetes;
pub mod model;
mod request;
mod server;
pub mod tools;
pub mod webhook;

pub use collector::FakeCollector;
pub use feishu::FakeFeishu;
pub use kubernetes::{FakeKubernetes, Fault, Scenario};
pub use model::{FakeModel, Scripted};
pub use request::Request;
pub use webhook::FakeWebhook;
