//! Looks that nobody wants to read one by one.

use super::*;

#[test]
fn looks_for_one_purpose_fold_and_what_went_wrong_does_not() {
    let story = stories::looks();
    let texts =
        |detail, language| timeline(&story, detail, language).into_iter().map(|line| line.text).collect::<Vec<_>>();
    assert_eq!(
        texts(Detail::Folded, Language::En)[1..],
        [
            "6 looks for the plan, 510 ms in all: kubernetes.get ×4, kubernetes.logs ×2",
            "looked with kubernetes.get {\"name\":\"web\"} for the plan (85 ms), which failed: …",
            "looked with kubernetes.get {\"name\":\"web\"} for the plan (85 ms)",
            "looked with kubernetes.get {\"name\":\"web\"} as evidence (85 ms)",
            "gate secrets-stay-unread refused a look with kubernetes.secret {\"name\":\"web\"} as evidence: …",
            "7 looks for the model, 595 ms in all: t0.x, t1.x, t2.x, t3.x, … and 3 more",
            "plugin kubernetes-workload knows no repair",
        ]
    );
    assert_eq!(
        texts(Detail::Folded, Language::Zh)[1],
        "为规划查看：查看 6 次，共 510 ms：kubernetes.get ×4，kubernetes.logs ×2"
    );
    assert_eq!(texts(Detail::All, Language::En).len(), story.entries.len(), "unfolded it is whole");
}
