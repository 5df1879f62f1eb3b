//! The command line: words in, calls of the host, texts and an exit code out.
//!
//! Commands that only look read the data files, whether or not a host is running; where `--listen` names a host, they ask
//! that one. Commands that answer or intervene talk to the running host over HTTP. No type of the argument parser leaves
//! this module.

mod answer;
mod audit;
mod backtest;
mod breakers;
mod chat;
mod check;
mod confirmation;
mod costs;
mod deliveries;
mod evidence;
mod handle;
mod handling;
mod import;
mod incidents;
mod inspect;
mod journal;
mod knowledge;
mod mcp;
mod model;
mod notify;
mod plugin;
mod policy;
mod record;
mod remote;
mod routes;
mod schedule;
mod screen;
mod serve;
mod server_sent;
mod silence;
mod suggest;
mod table;
mod token;
mod top;
mod user;
mod watch;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand, ValueEnum};

use crate::backend::Host;
use crate::config::{Config, Log, LogFormat, Overrides, Problem, Problems, REFERENCE, parse_listen};
use crate::domain::Mode;
use crate::environment::{Environment, ProcessEnvironment};
use crate::telemetry;
use screen::{Screen, note, note_lines};

/// Receives alerts, decides by policy, repairs what the policies allow, and tells people.
#[derive(Parser)]
#[command(name = "tidegate", version, max_term_width = 100, after_help = AFTER_HELP)]
struct Arguments {
    /// The configuration; without it ./tidegate.toml is read if it exists
    #[arg(long, global = true, value_name = "FILE", help_heading = GLOBAL)]
    config: Option<PathBuf>,
    /// Address and port of the HTTP server, over the configuration; what only looks asks it then, and reads no files
    #[arg(long, global = true, value_name = "ADDRESS:PORT", value_parser = read_listen, help_heading = GLOBAL)]
    listen: Option<SocketAddr>,
    /// observe (change nothing) or enforce (execute what the gate allows), over the configuration
    #[arg(long, global = true, value_name = "MODE", help_heading = GLOBAL, hide_possible_values = true)]
    mode: Option<ModeWord>,
    /// Directory of the journal and what belongs to it, over the configuration
    #[arg(long, global = true, value_name = "DIRECTORY", help_heading = GLOBAL)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// Heading of the options that every command takes.
const GLOBAL: &str = "Options of every command";

const AFTER_HELP: &str = "\
To begin:
  tidegate serve                                        start with the built-in defaults
  curl --data @alert.json http://127.0.0.1:10000/alert  send what an Alertmanager would send
  tidegate incidents                                    see what came of it
  tidegate config > tidegate.toml                       get the commented reference of all settings

The environment variable TIDEGATE_LOG sets which lines the log has, such as debug.";

#[derive(Clone, Copy, ValueEnum)]
enum ModeWord {
    Observe,
    Enforce,
}

#[derive(Subcommand)]
enum Command {
    /// Start the host: receive alerts over HTTP and handle them
    Serve(serve::Arguments),
    /// Take payload files through the whole pipeline in this process, to the end
    Handle(handle::Arguments),
    /// Check configuration, policies, plugins and tools; report all problems at once
    Check(check::Arguments),
    /// Print the commented reference of all settings
    Config,
    /// Look at incidents: list them, show one, or watch them change
    Incidents(incidents::Arguments),
    /// Show what happens now, again and again: questions, who needs a person, what is worked on, what is newest
    Top(top::Arguments),
    /// Print the report of an incident as Markdown
    Report {
        /// The incident: its id, a unique beginning of it, or `latest`
        incident: String,
    },
    /// Print what was looked at for an incident: excerpts, or one answer as it is in the journal
    Evidence(evidence::Arguments),
    /// Search runbooks and closed incidents
    Search(knowledge::SearchArguments),
    /// Print which runbooks apply to an incident and which closed ones are like it, how they were fixed, and whether that held
    Similar(knowledge::SimilarArguments),
    /// Look at a whole cluster now: what is wrong, and what changed since the last time
    Inspect(inspect::Arguments),
    /// List what is done by the clock and who is to be heard from, or have it done now
    Schedule(schedule::Arguments),
    /// Ask a language model about the cluster and incidents; it looks as far as gates allow and changes nothing
    Chat(chat::Arguments),
    /// Serve an MCP client over standard input and output: what it asks is asked of the running host
    Mcp,
    /// Say yes to an action that waits for a person, after it was shown
    Approve(answer::Arguments),
    /// Say no to an action that waits for a person
    Deny(answer::Arguments),
    /// Execute nothing until `resume`, across restarts
    Pause(answer::PauseArguments),
    /// Go on executing
    Resume(answer::ResumeArguments),
    /// Hold back what is known for a while, list what is held back, end or extend it
    Silence(silence::Arguments),
    /// Prove policies before they are live, and see why they decide as they do
    Policy(policy::Arguments),
    /// Show whom the policies tell, and who would be told of an alert, and why
    Routes(routes::Arguments),
    /// Translate what people have elsewhere, such as EventHooks of ops, into policies and targets
    Import(import::Arguments),
    /// List what was stopped because its fixes did not help or its proposals were denied, or let it go on
    Breakers(breakers::Arguments),
    /// List messages that were not delivered, or have them sent anew
    Deliveries(deliveries::Arguments),
    /// Try whether a target takes messages, with a real one that says it is a test
    Notify(notify::Arguments),
    /// List who did what to the host, and who tried
    Audit(audit::Arguments),
    /// Say who there is: people with tokens or passwords, and senders
    User(user::Arguments),
    /// Make, list and revoke tokens that the host keeps
    Token(token::Arguments),
    /// Write, build, test, install and list plugins
    Plugin(plugin::Arguments),
    /// Show what language models have cost, what was saved, and what was decided without them
    Costs(costs::Arguments),
    /// Try the language models that are configured
    Model(model::Arguments),
    /// Look at the journal itself
    Journal(journal::Arguments),
}

/// What every command gets.
struct Context<'a> {
    host: &'a dyn Host,
    config: Arc<Config>,
    /// The command line names the host that is asked, also for what the files of the data folder know.
    asks_host: bool,
    environment: &'a dyn Environment,
}

/// Runs one command to its end.
pub fn run(arguments: impl IntoIterator<Item = OsString>, host: &dyn Host) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match dispatch(arguments, host) {
        Ok(code) => code,
        Err(error) => {
            match error.downcast_ref::<Problems>() {
                Some(problems) => print_problems(&problems.0),
                None => match (error.downcast_ref::<plugin::Lines>(), error.downcast_ref::<answer::QuestionList>()) {
                    (Some(plugin::Lines(text)), _) => format!("error: {text}").lines().for_each(note),
                    (_, Some(answer::QuestionList(text))) => note_lines(format!("error: {text}")),
                    _ => note(format!("error: {error:#}")),
                },
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: Arguments, host: &dyn Host) -> anyhow::Result<ExitCode> {
    if let Command::Config = arguments.command {
        let mut screen = Screen::default();
        screen.block(REFERENCE);
        screen.print()?;
        return Ok(ExitCode::SUCCESS);
    }
    let overrides = Overrides {
        listen: arguments.listen,
        mode: arguments.mode.map(|word| match word {
            ModeWord::Observe => Mode::Observe,
            ModeWord::Enforce => Mode::Enforce,
        }),
        data: arguments.data,
        accept_loss: matches!(&arguments.command, Command::Serve(serve) if serve.accept_loss),
    };
    let loaded = match &arguments.command {
        Command::Plugin(plugin) if !plugin.needs_configuration() => of_author(plugin.log_level()),
        Command::Check(_) => Config::load_with_mistakes(arguments.config.as_deref(), &overrides),
        _ => Config::load(arguments.config.as_deref(), &overrides),
    };
    let config = match loaded {
        Ok(config) => Arc::new(config),
        Err(problems) => {
            if let Command::Check(arguments) = &arguments.command {
                return check::report(arguments, &[], &problems.0);
            }
            return Err(problems.into());
        }
    };
    let environment = &ProcessEnvironment;
    telemetry::start(&config.log, environment).map_err(anyhow::Error::msg)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let asks_host = overrides.listen.is_some();
    let context = Context { host, config, asks_host, environment };
    let result = runtime.block_on(async {
        match arguments.command {
            Command::Serve(_) => serve::run(&context).await,
            Command::Handle(arguments) => handle::run(&context, arguments).await,
            Command::Check(arguments) => check::run(&context, arguments).await,
            Command::Config => Ok(ExitCode::SUCCESS),
            Command::Incidents(arguments) => incidents::run(&context, arguments).await,
            Command::Top(arguments) => top::run(&context, &arguments).await,
            Command::Inspect(arguments) => inspect::run(&context, arguments).await,
            Command::Schedule(arguments) => schedule::run(&context, arguments).await,
            Command::Report { incident } => incidents::report(&context, &incident).await,
            Command::Evidence(arguments) => evidence::run(&context, &arguments).await,
            Command::Search(arguments) => knowledge::search(&context, &arguments).await,
            Command::Similar(arguments) => knowledge::similar(&context, &arguments).await,
            Command::Chat(arguments) => chat::run(&context, arguments).await,
            Command::Mcp => mcp::run(&context).await,
            Command::Approve(arguments) => answer::approve(&context, arguments).await,
            Command::Deny(arguments) => answer::deny(&context, arguments).await,
            Command::Pause(arguments) => answer::pause(&context, arguments).await,
            Command::Resume(arguments) => answer::resume(&context, arguments).await,
            Command::Silence(arguments) => silence::run(&context, arguments).await,
            Command::Policy(arguments) => policy::run(&context, arguments).await,
            Command::Routes(arguments) => routes::run(&context, arguments).await,
            Command::Import(arguments) => import::run(&context, arguments),
            Command::Breakers(arguments) => breakers::run(&context, arguments).await,
            Command::Deliveries(arguments) => deliveries::run(&context, arguments).await,
            Command::Notify(arguments) => notify::run(&context, arguments).await,
            Command::Plugin(arguments) => plugin::run(&context, arguments).await,
            Command::Costs(arguments) => costs::run(&context, &arguments),
            Command::Model(arguments) => model::run(&context, arguments).await,
            Command::Audit(arguments) => audit::run(&context, arguments).await,
            Command::Token(arguments) => token::run(&context, arguments),
            Command::User(arguments) => user::run(&context, arguments).await,
            Command::Journal(arguments) => journal::run(&context, arguments),
        }
    });
    // Work that hangs in a thread must not keep a finished command from ending.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}

/// The defaults, with a log for whoever sits at the terminal: an author's folder need not stand beside a configuration
/// that is whole.
fn of_author(log_level: &str) -> Result<Config, Problems> {
    let mut config = Config::parse(String::new(), None, &Overrides::default())?;
    config.log = Log { format: LogFormat::Text, level: log_level.to_string() };
    Ok(config)
}

fn read_listen(text: &str) -> Result<SocketAddr, String> {
    parse_listen(text).ok_or_else(|| "write an address with a port, such as 127.0.0.1:10000 or [::1]:10000".into())
}

/// Problems go to standard error, one a line.
fn print_problems(problems: &[Problem]) {
    for problem in problems {
        note_lines(format!("error: {problem}"));
    }
}

/// Long work says how far it is, where somebody is looking.
fn progress() -> Box<dyn Fn(&str) + Send + Sync> {
    use std::io::IsTerminal;
    if std::io::stderr().is_terminal() { Box::new(|line| note(format!("… {line}"))) } else { Box::new(|_| {}) }
}

#[cfg(test)]
mod tests;
