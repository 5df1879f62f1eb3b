//! What listings of both servers show.

use super::*;
use crate::inspection::items;

const NOW: &str = "2026-11-28T08:00:00Z";

/// A table of `kubernetes-mcp-server`, with its further columns.
const PODS: &str = "\
NAMESPACE   APIVERSION   KIND   NAME                     READY   STATUS             RESTARTS       AGE    IP           NODE       NOMINATED NODE   READINESS GATES   LABELS
shop        v1           Pod    web-6cb6599c5b-b5nn8     0/1     CrashLoopBackOff   41 (3m ago)    5h     10.244.0.2   rig-node   <none>           <none>            app=web
shop        v1           Pod    web-6cb6599c5b-q48qx     0/1     CrashLoopBackOff   40 (2m ago)    5h     10.244.0.2   rig-node   <none>           <none>            app=web
shop        v1           Pod    api-85dbbcff49-4z9cs     1/1     Running            7 (2h ago)     3d     10.244.0.2   rig-node   <none>           <none>            app=api
shop        v1           Pod    old-85dbbcff49-4z9cs     1/1     Running            70 (8d ago)    30d    10.244.0.2   rig-node   <none>           <none>            app=old
shop        v1           Pod    new-85dbbcff49-4z9cs     0/1     ContainerCreating  0              20s    <none>       rig-node   <none>           <none>            app=new
shop        v1           Pod    job-29384756-x7z9k       0/1     Completed          0              9h     <none>       rig-node   <none>           <none>            job=job
bank        v1           Pod    db-0                     0/1     Pending            0              9h     <none>       <none>     <none>           <none>            app=db
";

/// What `mcp-server-kubernetes` hands on from kubectl.
const DEPLOYMENTS: &str = "\
NAMESPACE   NAME   READY   UP-TO-DATE   AVAILABLE   AGE   CONTAINERS   IMAGES      SELECTOR
shop        web    0/2     2            0           5h    web          web:2       app=web
shop        api    1/3     3            1           3d    api          api:1       app=api
shop        off    0/0     0            0           3d    off          off:1       app=off
shop        new    0/1     1            0           20s   new          new:1       app=new
";

fn judge(bounds: &Thresholds, kind: &str, answer: &str) -> ListAssessment {
    let judge = Judge { server: "k", now: NOW.parse().unwrap(), bounds, workloads: true, restarts: true };
    judge.listing(kind, items(kind, "", answer).unwrap().items)
}

fn keys(judged: &ListAssessment) -> Vec<String> {
    let unwell = judged.unwell.iter().map(|one| format!("{} ({})", one.finding.key(), one.alert));
    unwell.chain(judged.findings.iter().map(Finding::key)).collect()
}

#[test]
fn pods_that_fare_alike_are_one_finding() {
    let judged = judge(&Thresholds::default(), "pod", PODS);
    assert_eq!(
        keys(&judged),
        [
            "k pod-not-ready pod bank/db-0 (KubePodNotReady)".replace("pod bank/db-0", "workload bank/db"),
            "k pod-not-ready workload shop/web (KubePodCrashLooping)".into(),
            "k restarts workload shop/api".into(),
        ]
    );
    assert_eq!(judged.unwell[1].finding.more, 1);
    assert_eq!(judged.findings[0].what, Problem::Restarts { times: 7 });
}

#[test]
fn a_workload_whose_pods_are_named_is_not_named_again() {
    let mut all = judge(&Thresholds::default(), "pod", PODS).unwell;
    all.extend(judge(&Thresholds::default(), "deployment", DEPLOYMENTS).unwell);
    let left = without_consequences(all, |one| &one.finding);
    let left: Vec<(&str, &str)> =
        left.iter().map(|one| (one.finding.kind.as_str(), one.finding.name.as_str())).collect();
    assert_eq!(left, [("pod", "db-0"), ("pod", "web-6cb6599c5b-b5nn8"), ("deployment", "api")]);
}

#[test]
fn a_warning_about_what_is_wrong_anyway_is_no_second_finding() {
    let mut all: Vec<Finding> =
        judge(&Thresholds::default(), "pod", PODS).unwell.into_iter().map(|one| one.finding).collect();
    let warned = |owner: &str| {
        let what = Problem::Warnings { reason: "BackOff".into(), times: 9, said: String::new() };
        Finding::of("k", &AffectedObject::new("pod", "shop", format!("{owner}-6cb6599c5b-b5nn8")), Severity::Info, what)
    };
    let (echo, other) = (warned("web"), warned("cache"));
    all.extend([echo, other.clone()]);
    let left = without_duplicates(all);
    assert_eq!((left.len(), left.last()), (3, Some(&other)));
}

#[test]
fn what_makes_something_anew_is_found_under_any_name() {
    let jobs = "NAMESPACE   NAME              STATUS   COMPLETIONS   DURATION   AGE\nshop        backup-29386080   Failed   0/1           5m         2h\n";
    let job = judge(&Thresholds::default(), "job", jobs).unwell;
    let finding = || job[0].finding.clone();
    assert_eq!(finding().key(), "k job-failed job shop/backup", "the next day's job is no other trouble");
    let warned = |kind: &str, name: &str| {
        let what = Problem::Warnings { reason: "BackoffLimitExceeded".into(), times: 9, said: String::new() };
        Finding::of("k", &AffectedObject::new(kind, "shop", name), Severity::Info, what)
    };
    let echoes =
        [warned("job", "backup-29386080"), warned("cronjob", "backup"), warned("pod", "backup-29386080-x2k4p")];
    assert_eq!(without_duplicates([vec![finding()], echoes.to_vec()].concat()), [finding()]);
    // What is only called the same is something else.
    assert_eq!(without_duplicates(vec![finding(), warned("ingress", "backup")]).len(), 2);
    // A job whose pods are named is not named again.
    let pods = "NAMESPACE   NAME                    READY   STATUS             RESTARTS      AGE\nshop        backup-29386080-x2k4p   0/1     ImagePullBackOff   0             2h\n";
    let pods = judge(&Thresholds::default(), "pod", pods).unwell;
    let left = without_consequences([job, pods].concat(), |one| &one.finding);
    assert_eq!(left.iter().map(|one| one.finding.kind.as_str()).collect::<Vec<_>>(), ["pod"]);
}

#[test]
fn objects_and_rows_of_other_kinds() {
    let bounds = Thresholds::default();
    for (kind, answer, want) in [
        (
            "namespace",
            "APIVERSION   KIND        NAME   STATUS        AGE   LABELS\nv1           Namespace   old    Terminating   49d   a=b\nv1           Namespace   shop   Active        49d   a=b\n",
            vec!["k deletion-held namespace /old (KubeNamespaceTerminating)"],
        ),
        (
            "persistentvolumeclaim",
            "NAMESPACE   NAME   STATUS    VOLUME   CAPACITY   ACCESS MODES   STORAGECLASS   AGE\nshop        data   Pending                                       fast           2h\nshop        log    Bound     pv-1     1Gi        RWO            fast           2h\n",
            vec!["k claim-pending persistentvolumeclaim shop/data (KubePersistentVolumeClaimPending)"],
        ),
        (
            "job",
            "NAMESPACE   NAME     STATUS     COMPLETIONS   DURATION   AGE\nshop        backup   Failed     0/1           5m         2h\nshop        fine     Complete   1/1           5m         2h\n",
            vec!["k job-failed job shop/backup (KubeJobFailed)"],
        ),
        (
            "daemonset",
            "NAMESPACE   NAME    DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\nkube        agent   3         3         2       3            2           <none>          9d\n",
            vec!["k replicas-missing daemonset kube/agent (KubeDaemonSetRolloutStuck)"],
        ),
        (
            "node",
            r#"{"kind": "List", "items": [
                {"kind": "Node", "metadata": {"name": "n1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "DiskPressure", "status": "True"}]}},
                {"kind": "Node", "metadata": {"name": "n2"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}},
                {"kind": "Node", "metadata": {"name": "n3"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}]}"#,
            vec!["k node-pressure node /n1 (KubeNodePressure)", "k node-not-ready node /n2 (KubeNodeNotReady)"],
        ),
        (
            "certificate",
            r#"{"kind": "List", "items": [
                {"kind": "Certificate", "metadata": {"name": "soon", "namespace": "shop"}, "status": {"notAfter": "2026-12-05T08:00:00Z", "conditions": [{"type": "Ready", "status": "True"}]}},
                {"kind": "Certificate", "metadata": {"name": "never", "namespace": "shop"}, "status": {"conditions": [{"type": "Ready", "status": "False"}]}},
                {"kind": "Certificate", "metadata": {"name": "late", "namespace": "shop"}, "status": {"notAfter": "2027-12-05T08:00:00Z"}}]}"#,
            vec![
                "k certificate-not-issued certificate shop/never (CertManagerCertNotReady)",
                "k certificate-expiring certificate shop/soon",
            ],
        ),
    ] {
        assert_eq!(keys(&judge(&bounds, kind, answer)), want, "{kind}");
    }
    // A row that says nothing is looked at itself.
    let mute = judge(&bounds, "statefulset", "NAMESPACE   NAME   AGE\nshop        db     9d\n");
    assert_eq!((keys(&mute).len(), mute.untold.len()), (0, 1));
}

#[test]
fn a_summary_in_json_tells_what_it_can() {
    let answer = r#"{"items": [{"name": "api", "namespace": "shop", "kind": "Deployment", "status": "1/3 ready", "createdAt": "2026-11-21T00:21:12Z"}]}"#;
    assert_eq!(
        keys(&judge(&Thresholds::default(), "deployment", answer)),
        ["k replicas-missing deployment shop/api (KubeDeploymentReplicasMismatch)"]
    );
    assert!(items("pod", "", "Error: no such thing").is_err());
}
