//! The imported interfaces: each call is handed to the host's function of the same name.

use std::time::Duration;

use super::super::super::imports::{State, bus, http_client, log, mail, settings, signer, state, tools};
use super::wit;
use crate::bus::Published;
use crate::domain::Risk;
use crate::network::smtp::RefusedRecipient;

impl wit::types::Host for State {}

impl wit::log::Host for State {
    fn write(&mut self, level: wit::log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            wit::log::Level::Debug => log::Level::Debug,
            wit::log::Level::Info => log::Level::Info,
            wit::log::Level::Warn => log::Level::Warn,
            wit::log::Level::Error => log::Level::Error,
        };
        Ok(log::write(self, level, &message)?)
    }
}

impl wit::settings::Host for State {
    fn get(&mut self) -> String {
        settings::get(self)
    }
}

impl wit::http_client::Host for State {
    async fn send(
        &mut self,
        request: wit::http_client::Request,
    ) -> Result<wit::http_client::Response, wit::http_client::HttpError> {
        let request = http_client::Request {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            body_secrets: request.body_secrets,
            timeout: request.timeout_ms.map(|ms| Duration::from_millis(ms.into())),
        };
        match http_client::send(self, request).await {
            Ok(response) => Ok(wit::http_client::Response {
                status: response.status,
                headers: response.headers,
                body: response.body,
            }),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<http_client::HttpError> for wit::http_client::HttpError {
    fn from(error: http_client::HttpError) -> Self {
        match error {
            http_client::HttpError::Denied(text) => Self::Denied(text),
            http_client::HttpError::Invalid(text) => Self::InvalidRequest(text),
            http_client::HttpError::Timeout => Self::Timeout,
            http_client::HttpError::Unreachable(text) => Self::Unreachable(text),
            http_client::HttpError::TooLarge(size) => Self::ResponseTooLarge(size),
            http_client::HttpError::Other(text) => Self::Other(text),
        }
    }
}

impl wit::signer::Host for State {
    fn hmac_sha256(
        &mut self,
        key: String,
        message: String,
        message_secrets: bool,
        encoding: wit::signer::Encoding,
    ) -> Result<String, String> {
        let encoding = match encoding {
            wit::signer::Encoding::Hex => signer::Encoding::Hex,
            wit::signer::Encoding::Base64 => signer::Encoding::Base64,
        };
        signer::hmac_sha256(&self.binding, signer::Signing { key, message, message_secrets, encoding })
    }
}

impl wit::state::Host for State {
    async fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, wit::state::StateError>> {
        state::count(self)?;
        Ok(state::get(&self.binding, self.authority, key).await.map_err(Into::into))
    }

    async fn set(&mut self, key: String, value: String) -> wasmtime::Result<Result<(), wit::state::StateError>> {
        state::count(self)?;
        Ok(state::set(&self.binding, self.authority, key, value).await.map_err(Into::into))
    }
}

impl From<state::StateError> for wit::state::StateError {
    fn from(error: state::StateError) -> Self {
        match error {
            state::StateError::QuotaExceeded => Self::QuotaExceeded,
            state::StateError::Other(text) => Self::Other(text),
        }
    }
}

impl wit::mail::Host for State {
    async fn send(&mut self, message: wit::mail::Message) -> Result<wit::mail::Receipt, wit::mail::MailError> {
        let message = mail::Message {
            to: message.to,
            cc: message.cc,
            subject: message.subject,
            text: message.text,
            html: message.html,
            id: message.message_id,
            in_reply_to: message.in_reply_to,
            references: message.references,
            headers: message.headers,
        };
        match mail::send(self, message).await {
            Ok(receipt) => Ok(wit::mail::Receipt {
                message_id: receipt.id,
                refused: receipt.refused.into_iter().map(Into::into).collect(),
                extra: vec![],
            }),
            Err(error) => Err(error.into()),
        }
    }
}

impl From<RefusedRecipient> for wit::mail::Refusal {
    fn from(refused: RefusedRecipient) -> Self {
        Self { address: refused.address, reason: refused.reason, temporary: refused.temporary }
    }
}

impl From<mail::MailError> for wit::mail::MailError {
    fn from(error: mail::MailError) -> Self {
        match error {
            mail::MailError::Denied(text) => Self::Denied(text),
            mail::MailError::Invalid(text) => Self::Invalid(text),
            mail::MailError::Rejected(text) => Self::Rejected(text),
            mail::MailError::Auth(text) => Self::Auth(text),
            mail::MailError::Unavailable(reason, after) => {
                let after_ms = after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
                Self::Unavailable(wit::types::Retry { reason, after_ms })
            }
        }
    }
}

impl wit::bus::Host for State {
    fn sender(&mut self) -> Result<String, wit::bus::BusError> {
        bus::sender(self).map_err(Into::into)
    }

    async fn publish(&mut self, message: wit::bus::Message) -> Result<wit::bus::Receipt, wit::bus::BusError> {
        let wit::bus::Message { subject, headers, body, message_id: id, extra: _ } = message;
        bus::publish(self, bus::Message { subject, headers, body, id }).await.map(Into::into).map_err(Into::into)
    }
}

impl From<Published> for wit::bus::Receipt {
    fn from(taken: Published) -> Self {
        let (kept_by, sequence) = taken.kept.unzip();
        Self { kept_by, sequence, duplicate: taken.duplicate, extra: vec![] }
    }
}

impl From<bus::BusError> for wit::bus::BusError {
    fn from(error: bus::BusError) -> Self {
        match error {
            bus::BusError::Denied(text) => Self::Denied(text),
            bus::BusError::Invalid(text) => Self::Invalid(text),
            bus::BusError::TooLarge(most) => Self::TooLarge(most),
            bus::BusError::Rejected(text) => Self::Rejected(text),
            bus::BusError::Forbidden(text) => Self::Forbidden(text),
            bus::BusError::Unavailable(reason, after) => {
                let after_ms = after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
                Self::Unavailable(wit::types::Retry { reason, after_ms })
            }
        }
    }
}

impl wit::tools::Host for State {
    fn catalogue(&mut self) -> Vec<wit::tools::Tool> {
        let tools = tools::catalogue(self).into_iter();
        tools
            .map(|tool| wit::tools::Tool {
                name: tool.name,
                description: tool.description,
                schema: tool.schema.to_string(),
                read_only: tool.risk == Risk::Read,
            })
            .collect()
    }

    async fn look(&mut self, name: String, arguments: String) -> Result<String, wit::tools::ToolError> {
        tools::look(self, name, &arguments).await.map_err(Into::into)
    }

    async fn look_all(
        &mut self,
        calls: Vec<wit::tools::LookCall>,
    ) -> wasmtime::Result<Vec<Result<String, wit::tools::ToolError>>> {
        let calls = calls.into_iter().map(|call| (call.name, call.arguments)).collect();
        let answers = tools::look_all(self, calls).await?.into_iter();
        Ok(answers.map(|answer| answer.map_err(Into::into)).collect())
    }
}

impl From<tools::LookError> for wit::tools::ToolError {
    fn from(error: tools::LookError) -> Self {
        match error {
            tools::LookError::Denied(text) => Self::Denied(text),
            tools::LookError::Failed(text) => Self::Failed(text),
            tools::LookError::Unavailable(text) => Self::Unavailable(text),
        }
    }
}
