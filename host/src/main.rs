//! The program: hands its arguments to the command line and returns its exit code.

use std::process::ExitCode;
use std::sync::Arc;

use futures::future::BoxFuture;
use tidegate::config::{Config, Problem, Problems};
use tidegate::front::{Checked, Handled, Host, Payload, Progress, Records, Started, Verified};

fn main() -> ExitCode {
    tidegate::cli::run(std::env::args_os(), &Unwired)
}

/// Stands in until the parts are wired together.
struct Unwired;

const MISSING: &str = "this build has no host behind its commands";

impl Host for Unwired {
    fn start<'a>(&'a self, _: Arc<Config>, _: &'a Progress) -> BoxFuture<'a, Result<Started, Problems>> {
        Box::pin(async { Err(Problems(vec![Problem::general(MISSING)])) })
    }

    fn check<'a>(&'a self, _: Arc<Config>, _: &'a Progress) -> BoxFuture<'a, Checked> {
        Box::pin(async { Checked { problems: vec![Problem::general(MISSING)], ..Checked::default() } })
    }

    fn handle<'a>(
        &'a self,
        _: Arc<Config>,
        _: Vec<Payload>,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<Handled, Problems>> {
        Box::pin(async { Err(Problems(vec![Problem::general(MISSING)])) })
    }

    fn records(&self, _: &Config) -> Result<Box<dyn Records>, String> {
        Err(MISSING.into())
    }

    fn verify(&self, _: &Config, _: &Progress) -> Result<Verified, String> {
        Err(MISSING.into())
    }
}
