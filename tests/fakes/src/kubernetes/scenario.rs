//! What a cluster holds when a test begins, and how its images behave.

mod build;
mod given;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::kubelet::State;
pub(super) use build::build;
pub(super) use given::Printed;

/// How a pod with a certain image fares. An image that no scenario names cannot be pulled.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// It starts and becomes ready.
    Runs,
    /// Its process ends soon after it started.
    Exits {
        /// The exit code.
        code: i64,
        /// What it prints before.
        log: String,
    },
}

/// What controllers and kubelet go by.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(super) start_delay: Duration,
    pub(super) images: BTreeMap<String, Behaviour>,
    pub(super) hashes: BTreeMap<String, String>,
    pub(super) suffixes: BTreeMap<String, Vec<String>>,
    /// Whether nobody may list more than one namespace at a time.
    pub(super) narrow: bool,
}

/// A cluster to start with. Change it with the methods, then hand it to [`super::FakeKubernetes::start`].
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(super) settings: Settings,
    pub(super) deployments: Vec<Deployment>,
    /// Objects that stand as they are.
    pub(super) given: Vec<Value>,
}

#[derive(Debug, Clone)]
pub(super) struct Deployment {
    namespace: &'static str,
    name: &'static str,
    app: &'static str,
    container: &'static str,
    /// Images, oldest first, with their ReplicaSet's hash.
    revisions: Vec<(&'static str, &'static str)>,
    replicas: usize,
    /// Pods with the revision they belong to, counted from 0.
    pods: Vec<(&'static str, usize, State)>,
    age: i64,
    /// The newest rollout has taken too long already.
    stalled: bool,
}

impl Scenario {
    fn with(images: &[&str], deployments: Vec<Deployment>) -> Self {
        let settings = Settings {
            start_delay: Duration::from_millis(300),
            images: images.iter().map(|image| ((*image).to_owned(), Behaviour::Runs)).collect(),
            hashes: BTreeMap::new(),
            suffixes: BTreeMap::new(),
            narrow: false,
        };
        let mut scenario = Self { settings, deployments, given: Vec::new() };
        let revisions: Vec<_> = scenario.deployments.iter().flat_map(|one| one.revisions.clone()).collect();
        for (image, hash) in revisions {
            scenario.settings.hashes.insert(image.to_owned(), hash.to_owned());
        }
        scenario
    }

    /// The recorded incident: `nginx-deployment` in `default` has the image `nginx:1.25-`, which nobody
    /// can pull, and no earlier revision. The image `nginx:1.25` brings the pods that the record shows.
    pub fn bad_image_tag() -> Self {
        let pod = |suffix| (suffix, 0, State::PullBackOff);
        let mut scenario = Self::with(
            &["nginx:1.25"],
            vec![Deployment {
                namespace: "default",
                name: "nginx-deployment",
                app: "nginx-deployment",
                container: "nginx",
                revisions: vec![("nginx:1.25-", "85c88b48cd")],
                replicas: 3,
                pods: vec![pod("6kmxz"), pod("g8d82"), pod("ws758")],
                age: 147 * 60,
                stalled: true,
            }],
        );
        let repaired = "5c989f4f99".to_owned();
        scenario.settings.hashes.insert("nginx:1.25".to_owned(), repaired.clone());
        let suffixes = ["jcn4m", "l548t", "sh8zk"].map(str::to_owned).to_vec();
        scenario.settings.suffixes.insert(format!("nginx-deployment-{repaired}"), suffixes);
        scenario
    }

    /// `checkout` in `shop`: revision 1 (`checkout:2.4.0`) was fine and two of its pods still run;
    /// the first pod of revision 2 (`checkout:2.4.1`) ends with code 1 again and again.
    pub fn crash_loop_after_rollout() -> Self {
        let mut scenario = Self::with(
            &["checkout:2.4.0"],
            vec![Deployment {
                namespace: "shop",
                name: "checkout",
                app: "checkout",
                container: "checkout",
                revisions: vec![("checkout:2.4.0", "7d9f8c6b54"), ("checkout:2.4.1", "6b7c9d8f57")],
                replicas: 2,
                pods: vec![
                    ("4kx2p", 0, State::Running),
                    ("zt6vq", 0, State::Running),
                    ("n8wlc", 1, State::crashed("Error", 1, 7)),
                ],
                age: 40 * 60,
                stalled: true,
            }],
        );
        let log = "starting checkout 2.4.1\nfatal: environment variable PAYMENT_URL is not set\n";
        scenario = scenario.crashing("checkout:2.4.1", 1, log);
        scenario
    }

    /// `report-worker` in `shop`: one of two pods was killed for using too much memory, several times.
    /// A new pod in its place runs well.
    pub fn oom_killed_pod() -> Self {
        Self::with(
            &["report-worker:3.1"],
            vec![Deployment {
                namespace: "shop",
                name: "report-worker",
                app: "report-worker",
                container: "worker",
                revisions: vec![("report-worker:3.1", "84f6d7c9b5")],
                replicas: 2,
                pods: vec![("hx9t4", 0, State::Running), ("vb2mz", 0, State::crashed("OOMKilled", 137, 4))],
                age: 26 * 3600,
                stalled: false,
            }],
        )
    }

    /// `web` in `shop` has an image that nobody has pushed, and no earlier revision.
    pub fn unknown_image() -> Self {
        Self::with(
            &[],
            vec![Deployment {
                namespace: "shop",
                name: "web",
                app: "web",
                container: "web",
                revisions: vec![("web:9.9", "7f9c6d5b84")],
                replicas: 1,
                pods: vec![("x2k4p", 0, State::PullBackOff)],
                age: 40 * 60,
                stalled: true,
            }],
        )
    }

    /// `orders` in `shop` ends again and again since it was made, because a variable is not set.
    pub fn missing_variable() -> Self {
        let scenario = Self::with(
            &[],
            vec![Deployment {
                namespace: "shop",
                name: "orders",
                app: "orders",
                container: "orders",
                revisions: vec![("orders:1.0", "6d4cf56db6")],
                replicas: 1,
                pods: vec![("q9w2e", 0, State::crashed("Error", 1, 9))],
                age: 40 * 60,
                stalled: true,
            }],
        );
        scenario.crashing("orders:1.0", 1, "starting orders 1.0\nfatal: environment variable PAYMENT_URL is not set\n")
    }

    /// `nginx-deployment` in `default` runs `nginx:1.25` with three pods, and nothing is wrong.
    pub fn healthy() -> Self {
        let pod = |suffix| (suffix, 0, State::Running);
        Self::with(
            &["nginx:1.25"],
            vec![Deployment {
                namespace: "default",
                name: "nginx-deployment",
                app: "nginx-deployment",
                container: "nginx",
                revisions: vec![("nginx:1.25", "5c989f4f99")],
                replicas: 3,
                pods: vec![pod("jcn4m"), pod("l548t"), pod("sh8zk")],
                age: 3 * 3600,
                stalled: false,
            }],
        )
    }

    /// The scenario of this name, written with hyphens; none when there is no such scenario.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "bad-image-tag" => Some(Self::bad_image_tag()),
            "crash-loop-after-rollout" => Some(Self::crash_loop_after_rollout()),
            "oom-killed-pod" => Some(Self::oom_killed_pod()),
            "unknown-image" => Some(Self::unknown_image()),
            "missing-variable" => Some(Self::missing_variable()),
            "healthy" => Some(Self::healthy()),
            "empty" => Some(Self::empty()),
            _ => None,
        }
    }

    /// How long a pod takes from being made to running, and from a failed pull to the back-off.
    pub fn start_delay(mut self, delay: Duration) -> Self {
        self.settings.start_delay = delay;
        self
    }

    /// Nobody may list more than one namespace at a time, as where rights are bound namespace by namespace.
    pub fn narrow(mut self) -> Self {
        self.settings.narrow = true;
        self
    }

    /// This image can be pulled and runs.
    pub fn pullable(mut self, image: &str) -> Self {
        self.settings.images.insert(image.to_owned(), Behaviour::Runs);
        self
    }

    /// This image can be pulled, prints `log` and ends with `code`.
    pub fn crashing(mut self, image: &str, code: i64, log: &str) -> Self {
        let behaviour = Behaviour::Exits { code, log: log.to_owned() };
        self.settings.images.insert(image.to_owned(), behaviour);
        self
    }
}
