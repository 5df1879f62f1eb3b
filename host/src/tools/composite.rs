//! The tools of MCP servers and of remediation plugins as one.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;

use super::servers::Servers;
use crate::domain::{Call, Catalogue};
use crate::gate::{Permit, ReadPermit};
use crate::ports::{ToolAnswer, ToolError, ToolSlot, Tools};

/// Sends each call to where its tool is. The name of an MCP server goes before that of a plugin.
pub struct Composite {
    servers: Arc<Servers>,
    plugins: Option<Arc<dyn Tools>>,
    merged: Mutex<Option<MergedCatalogue>>,
}

/// The two catalogues that were merged, and what came out.
struct MergedCatalogue {
    servers: Arc<Catalogue>,
    plugins: Arc<Catalogue>,
    both: Arc<Catalogue>,
}

impl Composite {
    /// Puts them together.
    pub fn new(servers: Arc<Servers>, plugins: Option<Arc<dyn Tools>>) -> Self {
        Self { servers, plugins, merged: Mutex::new(None) }
    }

    fn of(&self, call: &Call) -> &dyn Tools {
        self.at(&call.tool)
    }

    fn at(&self, tool: &str) -> &dyn Tools {
        let server = tool.split('.').next().unwrap_or_default();
        match &self.plugins {
            Some(plugins) if !self.servers.has(server) => plugins.as_ref(),
            _ => self.servers.as_ref(),
        }
    }
}

impl Tools for Composite {
    fn catalogue(&self) -> Arc<Catalogue> {
        let servers = self.servers.catalogue();
        let Some(plugins) = self.plugins.as_ref().map(|plugins| plugins.catalogue()) else {
            return servers;
        };
        let mut merged = self.merged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(merged) = merged.as_ref()
            && Arc::ptr_eq(&merged.servers, &servers)
            && Arc::ptr_eq(&merged.plugins, &plugins)
        {
            return merged.both.clone();
        }
        let mut both = Catalogue::clone(&plugins);
        let taken = |name: &String| self.servers.has(name.split('.').next().unwrap_or_default());
        both.tools.retain(|name, _| !taken(name));
        both.clusters = servers.clusters.clone();
        both.tools.extend(servers.tools.iter().map(|(name, tool)| (name.clone(), tool.clone())));
        let both = Arc::new(both);
        *merged = Some(MergedCatalogue { servers, plugins, both: both.clone() });
        both
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        self.servers.settled()
    }

    fn look<'a>(&'a self, permit: &'a ReadPermit) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        self.of(permit.call()).look(permit)
    }

    fn survey<'a>(&'a self, permit: &'a ReadPermit, most: usize) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        self.of(permit.call()).survey(permit, most)
    }

    fn probe<'a>(&'a self, call: &'a Call, attempt: &'a str) -> BoxFuture<'a, Option<bool>> {
        self.of(call).probe(call, attempt)
    }

    fn ready(&self, tool: &str) -> bool {
        self.at(tool).ready(tool)
    }

    fn acquire<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<ToolSlot, ToolError>> {
        self.of(call).acquire(call)
    }

    fn perform<'a>(
        &'a self,
        permit: &'a Permit,
        call: &'a Call,
        turn: ToolSlot,
    ) -> BoxFuture<'a, Result<ToolAnswer, ToolError>> {
        self.of(call).perform(permit, call, turn)
    }
}
