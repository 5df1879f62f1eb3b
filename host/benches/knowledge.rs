//! What it costs to ask runbooks and the past, when there are many:
//! `cargo bench -p tidegate --bench knowledge [INCIDENTS [RUNBOOKS]]`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot run must stop"
)]

#[path = "common/alert.rs"]
mod alert;
#[allow(dead_code, reason = "others print medians of one call")]
#[path = "common/measure.rs"]
mod measure;

use std::time::{Duration, Instant};

use alert::{alert, opened};
use jiff::{SignedDuration, Timestamp};
use measure::{head, line, took};
use tidegate::domain::{Entry, Fact, Incident, IncidentId, Outcome};
use tidegate::knowledge::{Past, Question, Runbooks, Summary};

/// Aim: the 99th percentile of a question.
const AIM: Duration = Duration::from_millis(50);

const ENGLISH: [&str; 24] = [
    "pod",
    "crash",
    "loop",
    "restart",
    "node",
    "memory",
    "image",
    "registry",
    "volume",
    "claim",
    "storage",
    "quota",
    "deployment",
    "rollout",
    "probe",
    "service",
    "endpoint",
    "certificate",
    "disk",
    "latency",
    "error",
    "scale",
    "replica",
    "configuration",
];
const CHINESE: [&str; 12] = [
    "容器重启",
    "镜像拉取",
    "节点内存",
    "磁盘空间",
    "存储卷",
    "副本扩容",
    "证书过期",
    "网络策略",
    "服务端点",
    "探针检查",
    "配置缺失",
    "回滚版本",
];

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn text(&mut self, words: usize) -> String {
        let mut text = String::new();
        for _ in 0..words {
            let word = if self.below(6) == 0 { CHINESE[self.below(12)] } else { ENGLISH[self.below(24)] };
            text.push_str(word);
            text.push(' ');
        }
        text
    }
}

fn main() {
    let wanted: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let incidents = wanted.first().copied().unwrap_or(200_000);
    let documents = wanted.get(1).copied().unwrap_or(10_000);
    head("aim: 50 ms");
    runbooks(documents);
    past(incidents);
}

fn name(n: usize) -> String {
    format!("Kube{}{}{}", capital(ENGLISH[n % 24]), capital(ENGLISH[n / 24 % 24]), n % 40)
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

fn incident(n: usize) -> Incident {
    let at = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(n as i64 * 5);
    let fact = opened(alert(&name(n), &format!("web-{}", n % 5000)));
    Incident::open(IncidentId::new(at, n as u64), &Entry { at, fact }).unwrap()
}

fn check(what: &str, each: Vec<Duration>) {
    let took = took(each);
    line(what, took, if took.p99 < AIM { "in time" } else { "TOO LONG" });
    assert!(took.p99 < AIM || cfg!(debug_assertions), "{what}: {:?} is over {AIM:?}", took.p99);
}

fn timed(rounds: usize, mut ask: impl FnMut(usize)) -> Vec<Duration> {
    let one = |n| {
        let began = Instant::now();
        ask(n);
        began.elapsed()
    };
    (0..rounds).map(one).collect()
}

fn runbooks(documents: usize) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("runbooks");
    let mut dice = Dice(7);
    for n in 0..documents {
        let team = root.join(format!("team{}", n % 50));
        std::fs::create_dir_all(&team).unwrap();
        let front = if n % 2 == 0 { format!("---\nalerts: {}\n---\n", name(n)) } else { String::new() };
        let sections: String = (0..6).map(|at| format!("## {} {at}\n{}\n", dice.text(2), dice.text(60))).collect();
        std::fs::write(team.join(format!("{n}.md")), format!("{front}# Runbook {n} for {}\n{sections}", name(n)))
            .unwrap();
    }
    let index = Runbooks::open(vec![root], Some(folder.path().join("runbooks.db"))).unwrap();
    let began = Instant::now();
    index.follow();
    println!("runbooks: {documents} indexed in {:?}", began.elapsed());
    let began = Instant::now();
    index.follow();
    println!("runbooks: looked through without a change in {:?}", began.elapsed());
    assert_eq!(index.count().unwrap(), documents);
    check(
        "runbooks, about an incident",
        timed(300, |n| {
            let incident = incident(n * 7);
            assert!(!index.about(&Question::of(&incident)).unwrap().is_empty());
        }),
    );
    check("runbooks, search for one name", timed(300, |n| drop(index.search(&name(n * 3), 5).unwrap())));
    let mut dice = Dice(9);
    check("runbooks, search for common words", timed(300, |_| drop(index.search(&dice.text(3), 5).unwrap())));
}

fn past(incidents: usize) {
    let folder = tempfile::tempdir().unwrap();
    let past = Past::open(Some(folder.path().join("incidents.db"))).unwrap();
    let mut dice = Dice(11);
    let began = Instant::now();
    for start in (0..incidents).step_by(5000) {
        let summaries: Vec<Summary> = (start..incidents.min(start + 5000))
            .map(|n| {
                let mut incident = incident(n);
                let outcome = [Outcome::Fixed, Outcome::Resolved][n % 2];
                let at = incident.opened_at + SignedDuration::from_mins(5);
                incident.apply(&Entry { at, fact: Fact::Concluded { outcome, reason: "repaired".into() } });
                incident.apply(&Entry { at, fact: Fact::Closed { reason: "all alerts resolved".into() } });
                let mut summary = Summary::of(&incident).unwrap();
                summary.words.push_str(&format!(" {}", dice.text(4)));
                summary
            })
            .collect();
        past.put_all(&summaries).unwrap();
    }
    let took = began.elapsed();
    let size = past.size();
    println!("past: {incidents} incidents in {took:?}, {} bytes each on disk", size / incidents.max(1) as u64);
    let now = "2027-01-01T00:00:00Z".parse::<Timestamp>().unwrap();
    check(
        "past, similar to an incident",
        timed(500, |n| {
            let incident = incident(incidents + n * 13);
            let answer = past.similar(&incident, &Question::of(&incident), now).unwrap();
            assert!(!answer.incidents.is_empty() && !answer.late);
        }),
    );
    check(
        "past, search for one name",
        timed(300, |n| {
            assert!(!past.search(&name(n * 3), 10, now).unwrap().incidents.is_empty());
        }),
    );
    let mut late = 0;
    let mut dice = Dice(13);
    check(
        "past, search for common words",
        timed(300, |_| {
            late += usize::from(past.search(&dice.text(3), 10, now).unwrap().late);
        }),
    );
    println!("past: {late} of these searches ended by the time that they have");
}
