//! What goes wrong: each fault begins, lasts, and is healed before the next of its place.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate_fakes::Scripted;
use tokio::time::sleep;

use super::host::signal;
use super::senders::StoryKind;
use super::stage::{Stage, answer_of_the_model};
use super::tool_server::ServerBehaviour;
use super::{config, damage, slow};
use crate::sim::Dice;

/// Requests that a target fails at most before it is healed.
const MANY: usize = 500;

/// A fault, or a load that is out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SIGKILL, and a start.
    Kill,
    /// SIGTERM, and a start.
    Stop,
    /// SIGTERM while repairs wait for their turn.
    StopInBacklog,
    /// The projection is damaged while the host is stopped.
    Projection,
    /// No space for the journal.
    DiskFull,
    /// The tool server dies and can be started again at once.
    ToolKill,
    /// The tool server dies and cannot be started for a while.
    ToolDown,
    /// The tool server does not answer.
    ToolHang,
    /// Repairs come quicker than the tool server makes them.
    Backlog,
    /// A target closes the connection without an answer.
    TargetCut,
    /// A target does not answer.
    TargetHang,
    /// A target answers 404.
    TargetMissing,
    /// A target answers 503.
    TargetBusy,
    /// A target answers 429 and says when to come back.
    TargetPace,
    /// The model does not answer.
    ModelHang,
    /// The model answers 500.
    ModelError,
    /// Policies are changed.
    Policies,
    /// Policies are changed to what does not load, and back.
    PoliciesBroken,
    /// Clients that take their time.
    SlowClients,
    /// Many groups at once.
    Storm,
    /// Many alerts of one group.
    Crowd,
}

/// Where a fault happens: two at a time are never of one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FaultTarget {
    Host,
    Tools,
    Target,
    Model,
    Policies,
    Clients,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::Kill,
        Self::Stop,
        Self::StopInBacklog,
        Self::Projection,
        Self::DiskFull,
        Self::ToolKill,
        Self::ToolDown,
        Self::ToolHang,
        Self::Backlog,
        Self::TargetCut,
        Self::TargetHang,
        Self::TargetMissing,
        Self::TargetBusy,
        Self::TargetPace,
        Self::ModelHang,
        Self::ModelError,
        Self::Policies,
        Self::PoliciesBroken,
        Self::SlowClients,
        Self::Storm,
        Self::Crowd,
    ];

    /// Its word on the command line and in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::StopInBacklog => "stop-in-backlog",
            Self::Projection => "projection",
            Self::DiskFull => "disk-full",
            Self::ToolKill => "tool-kill",
            Self::ToolDown => "tool-down",
            Self::ToolHang => "tool-hang",
            Self::Backlog => "backlog",
            Self::TargetCut => "target-cut",
            Self::TargetHang => "target-hang",
            Self::TargetMissing => "target-404",
            Self::TargetBusy => "target-503",
            Self::TargetPace => "target-429",
            Self::ModelHang => "model-hang",
            Self::ModelError => "model-500",
            Self::Policies => "policies",
            Self::PoliciesBroken => "policies-broken",
            Self::SlowClients => "slow-clients",
            Self::Storm => "storm",
            Self::Crowd => "crowd",
        }
    }

    fn place(self) -> FaultTarget {
        match self {
            Self::Kill | Self::Stop | Self::Projection | Self::DiskFull => FaultTarget::Host,
            // Both need the tool server for themselves.
            Self::StopInBacklog | Self::ToolKill | Self::ToolDown | Self::ToolHang | Self::Backlog => {
                FaultTarget::Tools
            }
            Self::TargetCut | Self::TargetHang | Self::TargetMissing | Self::TargetBusy | Self::TargetPace => {
                FaultTarget::Target
            }
            Self::ModelHang | Self::ModelError => FaultTarget::Model,
            Self::Policies | Self::PoliciesBroken => FaultTarget::Policies,
            Self::SlowClients | Self::Storm | Self::Crowd => FaultTarget::Clients,
        }
    }

    fn with(self, other: Self) -> bool {
        let stops = |kind: Self| kind.place() == FaultTarget::Host || kind == Self::StopInBacklog;
        // A host that starts with broken policies refuses to, and is right.
        let starts_broken = |one: Self, two: Self| one == Self::PoliciesBroken && stops(two);
        let apart = self.place() != other.place() && !(stops(self) && stops(other));
        apart && ![(self, other), (other, self)].into_iter().any(|(one, two)| starts_broken(one, two))
    }
}

/// One fault after the other, now and then two at a time, each kind once before any comes again.
pub async fn inject(stage: &Arc<Stage>, until: Instant) {
    let mut dice = stage.dice(&format!("faults of phase {}", stage.phase.number()));
    let mut deck: Vec<Kind> = Vec::new();
    while Instant::now() < until {
        sleep(Duration::from_millis(dice.within(500..3000))).await;
        if stage.arguments.faults.is_empty() {
            continue;
        }
        let one = draw(stage, &mut deck, &mut dice);
        let second = dice.chance(35).then(|| draw(stage, &mut deck, &mut dice)).filter(|two| one.with(*two));
        let (mut first_dice, mut second_dice) = (Dice::new(dice.next(), "one"), Dice::new(dice.next(), "two"));
        let other = async {
            if let Some(two) = second {
                happen(stage, two, &mut second_dice).await;
            }
        };
        tokio::join!(happen(stage, one, &mut first_dice), other);
    }
}

fn draw(stage: &Stage, deck: &mut Vec<Kind>, dice: &mut Dice) -> Kind {
    if deck.is_empty() {
        let happened = stage.ledger.faults();
        deck.clone_from(&stage.arguments.faults);
        // What came least often comes first.
        deck.sort_by_cached_key(|kind| {
            (std::cmp::Reverse(happened.get(kind.name()).copied().unwrap_or_default()), dice.next())
        });
    }
    deck.pop().unwrap_or(Kind::Policies)
}

async fn happen(stage: &Stage, kind: Kind, dice: &mut Dice) {
    stage.ledger.fault(kind.name());
    let result = match kind {
        Kind::Kill | Kind::Stop | Kind::Projection | Kind::StopInBacklog => restarted(stage, kind, dice).await,
        Kind::DiskFull => disk_full(stage, dice).await,
        Kind::ToolKill | Kind::ToolDown | Kind::ToolHang | Kind::Backlog => tools(stage, kind, dice).await,
        Kind::TargetCut | Kind::TargetHang | Kind::TargetMissing | Kind::TargetBusy | Kind::TargetPace => {
            target(stage, kind, dice).await;
            Ok(())
        }
        Kind::ModelHang | Kind::ModelError => {
            model(stage, kind, dice).await;
            Ok(())
        }
        Kind::Policies | Kind::PoliciesBroken => policies(stage, kind, dice).await,
        Kind::SlowClients => {
            slow::clients(stage, 40, lasting(dice, 2000, 6000)).await;
            Ok(())
        }
        Kind::Storm => {
            wish(stage, StoryKind::Storm(dice.within(300..1200)), 1);
            Ok(())
        }
        Kind::Crowd => {
            wish(stage, StoryKind::Crowd(dice.within(200..900)), 1);
            Ok(())
        }
    };
    if let Err(error) = result {
        stage.ledger.violation("fault", format!("{}: {error:#}", kind.name()));
    }
}

fn lasting(dice: &mut Dice, from_ms: u64, to_ms: u64) -> Duration {
    Duration::from_millis(dice.within(from_ms..to_ms))
}

fn wish(stage: &Stage, wish: StoryKind, times: u64) {
    for _ in 0..times {
        // Nobody listens only when the run is over.
        let _ = stage.wishes.send(wish);
    }
}

async fn restarted(stage: &Stage, kind: Kind, dice: &mut Dice) -> anyhow::Result<()> {
    if kind == Kind::StopInBacklog {
        ServerBehaviour { takes_ms: 400, ..ServerBehaviour::WELL }.write(&stage.wiring.control)?;
        wish(stage, StoryKind::Stuck, 10);
        wish(stage, StoryKind::Full, 10);
        sleep(lasting(dice, 1500, 4000)).await;
    }
    if kind == Kind::Kill || (kind == Kind::Projection && dice.chance(50)) {
        stage.host.kill().await?;
    } else {
        match stage.host.stop().await {
            Ok(took) => stage.measures.took("orderly stop", took),
            Err(error) => stage.ledger.violation("stop", format!("{error:#}")),
        }
    }
    if kind == Kind::Projection {
        damage::projection(&stage.wiring.data, dice)?;
    }
    sleep(lasting(dice, 0, 1500)).await;
    let started = start(stage).await;
    if kind == Kind::StopInBacklog {
        sleep(Duration::from_secs(4)).await;
        ServerBehaviour::WELL.write(&stage.wiring.control)?;
    }
    started
}

/// Starts it; where only a new projection helps, that is a violation, and the run goes on with one.
async fn start(stage: &Stage) -> anyhow::Result<()> {
    stage.ledger.new_life();
    let error = match stage.host.start().await {
        Ok(took) => {
            stage.measures.took("start", took);
            return Ok(());
        }
        Err(error) => error,
    };
    stage.ledger.violation("start", format!("{error:#}"));
    for name in ["projection.db", "projection.db-wal", "projection.db-shm"] {
        let _ = std::fs::remove_file(stage.wiring.data.join(name));
    }
    stage.host.start().await.map(|_| ())
}

async fn disk_full(stage: &Stage, dice: &mut Dice) -> anyhow::Result<()> {
    let Some(disk) = &stage.disk else { return Ok(()) };
    disk.full(true)?;
    sleep(lasting(dice, 1000, 5000)).await;
    disk.full(false)?;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(20) {
        if stage.host.metric("tidegate_journal_broken").await == Some(0) {
            stage.measures.took("journal revived", begin.elapsed());
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the journal takes nothing 20 s after there was space again")
}

async fn tools(stage: &Stage, kind: Kind, dice: &mut Dice) -> anyhow::Result<()> {
    let control = &stage.wiring.control;
    let pid = stage.calls().pid;
    match kind {
        Kind::ToolKill => {
            // Mostly in the middle of something.
            wish(stage, StoryKind::Stuck, 2);
            wish(stage, StoryKind::Full, 2);
            ServerBehaviour { takes_ms: 300, ..ServerBehaviour::WELL }.write(control)?;
            sleep(lasting(dice, 200, 1000)).await;
            signal("KILL", pid);
            sleep(Duration::from_secs(1)).await;
        }
        Kind::ToolDown => {
            ServerBehaviour { refuses_to_start: true, ..ServerBehaviour::WELL }.write(control)?;
            signal("KILL", pid);
            wish(stage, StoryKind::Stuck, 3);
            wish(stage, StoryKind::Full, 3);
            sleep(lasting(dice, 2000, 7000)).await;
        }
        Kind::ToolHang => {
            ServerBehaviour { hangs: true, ..ServerBehaviour::WELL }.write(control)?;
            sleep(lasting(dice, 2000, 8000)).await;
        }
        _ => {
            ServerBehaviour { takes_ms: 400, ..ServerBehaviour::WELL }.write(control)?;
            wish(stage, StoryKind::Stuck, 8);
            wish(stage, StoryKind::Full, 8);
            sleep(lasting(dice, 4000, 8000)).await;
        }
    }
    ServerBehaviour::WELL.write(control)
}

async fn target(stage: &Stage, kind: Kind, dice: &mut Dice) {
    let target = &stage.duty;
    match kind {
        Kind::TargetCut => target.cut(MANY),
        Kind::TargetHang => target.hang(MANY),
        Kind::TargetMissing => target.fail(MANY, 404, None),
        Kind::TargetBusy => target.fail(MANY, 503, None),
        _ => target.fail(MANY, 429, Some("2")),
    }
    wish(stage, StoryKind::Outage, 3);
    sleep(lasting(dice, 1500, 5000)).await;
    target.heal();
}

async fn model(stage: &Stage, kind: Kind, dice: &mut Dice) {
    stage.model.otherwise(if kind == Kind::ModelHang { Scripted::hang() } else { Scripted::status(500) });
    wish(stage, StoryKind::Riddle, 10);
    wish(stage, StoryKind::Outage, 2);
    sleep(lasting(dice, 2000, 6000)).await;
    stage.model.otherwise(answer_of_the_model());
}

async fn policies(stage: &Stage, kind: Kind, dice: &mut Dice) -> anyhow::Result<()> {
    if kind == Kind::PoliciesBroken {
        put(stage, &config::broken_policies())?;
        sleep(lasting(dice, 500, 2500)).await;
    }
    put(stage, &config::policies(dice.within(1..1000)))?;
    sleep(Duration::from_millis(500)).await;
    Ok(())
}

fn put(stage: &Stage, policies: &str) -> anyhow::Result<()> {
    let folder = stage.folder().join("policies");
    std::fs::write(folder.join("all.new"), policies)?;
    std::fs::rename(folder.join("all.new"), folder.join("all.rhai"))?;
    if stage.host.life().is_some() {
        signal("HUP", stage.host.pid());
    }
    Ok(())
}
