//! The exported interfaces: the host's traits over the generated calls.

use futures::future::BoxFuture;
use jiff::Timestamp;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::super::super::imports::State;
use super::super::super::kind::CallError;
use super::super::super::kind::notifier::Notify;
use super::super::super::kind::remediation::{ActionRequest, Capability, RawPlan, Remediate};
use super::super::super::kind::source::{Decode, Decoding};
use super::convert;
use super::generated::exports::tidegate::plugin::{notifier, probe, remediation, reversal, source};
use crate::domain::Incident;
use crate::ports::{Inbound, Message};

type Called<'a, T> = BoxFuture<'a, wasmtime::Result<Result<T, CallError>>>;

/// Exports `source`.
pub(in crate::plugin) struct Source(source::GuestIndices);

impl Source {
    pub fn new(pre: &InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self(source::GuestIndices::new(pre)?))
    }
}

impl Decode for Source {
    fn decode<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        request: &'a Inbound,
    ) -> Called<'a, Decoding> {
        Box::pin(async move {
            store.data_mut().now = request.received_at;
            let guest = self.0.load(&mut *store, &instance)?;
            let answer = guest.call_decode(store, &request.into()).await?;
            Ok(answer.map(Into::into).map_err(Into::into))
        })
    }
}

/// Exports `notifier`.
pub(in crate::plugin) struct Notifier(notifier::GuestIndices);

impl Notifier {
    pub fn new(pre: &InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self(notifier::GuestIndices::new(pre)?))
    }
}

impl Notify for Notifier {
    fn notify<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        message: &'a Message,
        now: Timestamp,
    ) -> Called<'a, Option<String>> {
        Box::pin(async move {
            store.data_mut().now = now;
            let guest = self.0.load(&mut *store, &instance)?;
            let answer = guest.call_notify(store, &convert::notification(message, now)).await?;
            Ok(answer.map_err(Into::into))
        })
    }
}

/// Exports `remediation` and perhaps `reversal` and `probe`.
pub(in crate::plugin) struct Remediation {
    remediation: remediation::GuestIndices,
    reversal: Option<reversal::GuestIndices>,
    probe: Option<probe::GuestIndices>,
}

impl Remediation {
    pub fn new(pre: &InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self {
            remediation: remediation::GuestIndices::new(pre)?,
            reversal: reversal::GuestIndices::new(pre).ok(),
            probe: probe::GuestIndices::new(pre).ok(),
        })
    }
}

impl Remediate for Remediation {
    fn capabilities<'a>(&'a self, store: &'a mut Store<State>, instance: Instance) -> Called<'a, Vec<Capability>> {
        Box::pin(async move {
            let guest = self.remediation.load(&mut *store, &instance)?;
            let answer = guest.call_capabilities(store).await?;
            Ok(answer.map(|list| list.into_iter().map(Into::into).collect()).map_err(Into::into))
        })
    }

    fn plan<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        incident: &'a Incident,
        now: Timestamp,
    ) -> Called<'a, RawPlan> {
        Box::pin(async move {
            store.data_mut().now = now;
            let guest = self.remediation.load(&mut *store, &instance)?;
            let answer = guest.call_plan(store, &convert::incident(incident, now)).await?;
            Ok(answer.map(convert::planned).map_err(Into::into))
        })
    }

    fn execute<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        attempt: &'a str,
        action: &'a ActionRequest,
    ) -> Called<'a, String> {
        Box::pin(async move {
            let guest = self.remediation.load(&mut *store, &instance)?;
            let answer = guest.call_execute(store, attempt, &convert::action(action)).await?;
            Ok(answer.map_err(Into::into))
        })
    }

    fn undo<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        attempt: &'a str,
        action: &'a ActionRequest,
    ) -> Called<'a, String> {
        Box::pin(async move {
            let reversal = self.reversal.as_ref().ok_or_else(|| missing("reversal"))?;
            let guest = reversal.load(&mut *store, &instance)?;
            let answer = guest.call_undo(store, attempt, &convert::action(action)).await?;
            Ok(answer.map_err(Into::into))
        })
    }

    fn probe<'a>(
        &'a self,
        store: &'a mut Store<State>,
        instance: Instance,
        attempt: &'a str,
        action: &'a ActionRequest,
    ) -> Called<'a, Option<bool>> {
        Box::pin(async move {
            let exported = self.probe.as_ref().ok_or_else(|| missing("probe"))?;
            let guest = exported.load(&mut *store, &instance)?;
            let answer = guest.call_check(store, attempt, &convert::action(action)).await?;
            Ok(answer
                .map(|effect| match effect {
                    probe::Effect::Happened => Some(true),
                    probe::Effect::DidNotHappen => Some(false),
                    probe::Effect::Unknown => None,
                })
                .map_err(Into::into))
        })
    }

    fn reversible(&self) -> bool {
        self.reversal.is_some()
    }

    fn probed(&self) -> bool {
        self.probe.is_some()
    }
}

fn missing(interface: &str) -> wasmtime::Error {
    wasmtime::Error::msg(format!("the plugin does not export {interface}"))
}
