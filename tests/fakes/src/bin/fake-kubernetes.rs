//! The Kubernetes stand-in for use by hand: prints where it listens, writes a kubeconfig, runs until
//! it is interrupted.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use tidegate_fakes::{FakeKubernetes, Scenario};

const USAGE: &str = "usage: fake-kubernetes [--scenario NAME] [--objects FILE]... [--port N] [--kubeconfig FILE] [--narrow]\n\
    scenarios: bad-image-tag, crash-loop-after-rollout, oom-killed-pod, unknown-image, missing-variable, healthy, empty";

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().skip(1).any(|argument| ["--help", "-h"].contains(&argument.as_str())) {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever mistypes an argument wants to read what is wrong, and no backtrace.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let (mut scenario, mut port, mut file, mut objects) = ("bad-image-tag".to_owned(), 0, None, Vec::new());
    let mut narrow = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value\n{USAGE}"));
        match argument.as_str() {
            // Nobody may list more than one namespace at a time.
            "--narrow" => narrow = true,
            "--scenario" => scenario = value()?,
            "--objects" => objects.push(PathBuf::from(value()?)),
            "--port" => port = value()?.parse().context("a port is a number up to 65535")?,
            "--kubeconfig" => file = Some(PathBuf::from(value()?)),
            _ => bail!("unknown argument {argument}\n{USAGE}"),
        }
    }
    let wanted = Scenario::named(&scenario).with_context(|| format!("unknown scenario {scenario}\n{USAGE}"))?;
    let wanted = objects.iter().try_fold(wanted, |scenario, file| scenario.objects_of(file))?;
    let wanted = if narrow { wanted.narrow() } else { wanted };
    let kubernetes = FakeKubernetes::start_on(wanted, port).await?;
    let file = file.unwrap_or_else(|| std::env::temp_dir().join("fake-kubernetes.yaml"));
    std::fs::write(&file, kubernetes.kubeconfig())
        .with_context(|| format!("cannot write the kubeconfig {}", file.display()))?;
    println!("{}", kubernetes.url());
    println!("export KUBECONFIG={}", file.display());
    tokio::signal::ctrl_c().await.context("cannot wait for an interrupt")
}
