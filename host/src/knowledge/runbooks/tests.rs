//! Folders of runbooks, indexed and asked.

use super::*;
use crate::domain::alert::Labels;

struct Folder {
    folder: tempfile::TempDir,
    runbooks: Runbooks,
}

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("runbooks");
        std::fs::create_dir(&root).unwrap();
        let runbooks = Runbooks::open(vec![root], Some(folder.path().join("index/runbooks.db"))).unwrap();
        let this = Self { folder, runbooks };
        files.iter().for_each(|(name, text)| this.write(name, text));
        this.runbooks.follow();
        this
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join("runbooks").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn search(&self, text: &str) -> Vec<String> {
        self.runbooks.search(text, 5).unwrap().into_iter().map(|quote| quote.source).collect()
    }

    fn about(&self, alert: &str, labels: &[(&str, &str)], words: &str) -> Vec<(String, MatchReason)> {
        let question = Question {
            names: vec![alert.into()],
            alerts: vec![(alert.into(), labels.iter().copied().collect::<Labels>())],
            findings: Vec::new(),
            words: super::super::tokens::keywords(words, 12),
        };
        let quotes = self.runbooks.about(&question).unwrap().into_iter();
        quotes.map(|quote| (quote.source, quote.because)).collect()
    }
}

const CRASH: &str = "---\nalerts: KubePodCrashLooping\nlabels: {namespace: shop}\ntools: k.logs\nskip: k.exec\n---\n# Crash loops\nRead the log.\n## After a rollout\nUndo the rollout of the Deployment.\n";
const PULL: &str =
    "# 镜像拉取失败\n\n## 排查\n检查镜像标签是否存在，确认镜像仓库的凭据。\n\n## 处理\n回滚到上一个版本。\n";
const DISK: &str = "# Disks\n\nWhen a disk fills up, find the largest directories and rotate the logs.\n";

#[test]
fn what_declares_itself_comes_first_and_words_find_the_rest() {
    let folder = Folder::with(&[("shop/crash.md", CRASH), ("pull.md", PULL), ("disk.md", DISK)]);
    let declared = ("shop/crash.md".to_string(), MatchReason::Declared);
    let found = ("shop/crash.md".to_string(), MatchReason::Found);
    assert_eq!(folder.about("KubePodCrashLooping", &[("namespace", "shop")], ""), [declared]);
    // The labels are not those that it names, but it speaks of the same alert.
    assert_eq!(folder.about("KubePodCrashLooping", &[("namespace", "web")], ""), [found]);
    assert_eq!(
        folder.about("DiskAlmostFull", &[], "the disk fills up with logs"),
        [("disk.md".to_string(), MatchReason::Found)]
    );
    assert_eq!(folder.about("Watchdog", &[], "everything works"), []);
    let quotes = folder.runbooks.search("rollout", 5).unwrap();
    assert_eq!((quotes[0].title.as_str(), quotes[0].heading.as_str()), ("Crash loops", "After a rollout"));
    assert_eq!(
        (quotes[0].tools.as_slice(), quotes[0].skip.as_slice()),
        (&["k.logs".to_string()][..], &["k.exec".to_string()][..])
    );
}

#[test]
fn chinese_is_found_by_words_of_any_length() {
    let folder = Folder::with(&[("crash.md", CRASH), ("pull.md", PULL), ("disk.md", DISK)]);
    for query in ["镜像", "拉取失败", "镜像仓库凭据", "回滚", "排查镜像", "标", "ＰＵＬＬ 镜像", "镜像 标签"]
    {
        let query = query.replace("ＰＵＬＬ", "pull");
        assert_eq!(folder.search(&query), ["pull.md"], "{query}");
    }
    assert_eq!(folder.search("数据库"), Vec::<String>::new());
    let quote = &folder.runbooks.search("凭据", 1).unwrap()[0];
    assert_eq!((quote.title.as_str(), quote.heading.as_str()), ("镜像拉取失败", "排查"));
    assert_eq!(folder.about("镜像拉取失败告警", &[], "Pod 的镜像拉取失败，镜像标签不存在").len(), 1);
}

#[test]
fn english_is_found_in_any_form_and_names_by_their_parts() {
    let folder = Folder::with(&[("crash.md", CRASH), ("disk.md", DISK)]);
    for query in ["rotating log", "largest directory", "DISKS", "fills"] {
        assert_eq!(folder.search(query), ["disk.md"], "{query}");
    }
    for query in ["KubePodCrashLooping", "crashlooping pods rollouts", "crash_loop"] {
        assert_eq!(folder.search(query).first().map(String::as_str), Some("crash.md"), "{query}");
    }
}

#[test]
fn no_search_is_an_error() {
    let folder = Folder::with(&[("crash.md", CRASH)]);
    let long = "crash ".repeat(10_000);
    for query in [
        "",
        " ",
        "\"",
        "a\" OR \"b",
        "NEAR(crash, 3)",
        "crash*",
        "-crash",
        "{title}: crash",
        "the",
        "\0",
        "u5",
        "uabcd",
        "😀",
        &long,
    ] {
        folder.runbooks.search(query, 5).unwrap();
    }
}

#[test]
fn the_index_follows_the_folder() {
    let folder = Folder::with(&[("a.md", CRASH), ("b.md", DISK)]);
    assert_eq!(folder.runbooks.count().unwrap(), 2);
    std::fs::remove_file(folder.folder.path().join("runbooks/b.md")).unwrap();
    folder.write("a.md", "# Certificates\nRenew the certificate.\n");
    folder.write("team/c.md", DISK);
    folder.runbooks.follow();
    assert_eq!(folder.search("disk"), ["team/c.md"]);
    assert_eq!(folder.search("renewing"), ["a.md"]);
    assert_eq!(folder.search("rollout"), Vec::<String>::new());
    assert_eq!(folder.about("KubePodCrashLooping", &[("namespace", "shop")], ""), []);
    // The same file is there after a restart, and gone when its folder is configured no more.
    let path = Some(folder.folder.path().join("index/runbooks.db"));
    let same = Runbooks::open(folder.runbooks.folders.clone(), path.clone()).unwrap();
    assert_eq!((same.count().unwrap(), same.search("disk", 5).unwrap().len()), (2, 1));
    let other = Runbooks::open(vec![folder.folder.path().to_path_buf()], path).unwrap();
    other.follow();
    assert_eq!(other.search("disk", 5).unwrap().len(), 1);
    assert_eq!(other.count().unwrap(), 2, "the folder above holds the same files, under other names");
}

#[test]
fn what_cannot_be_used_is_named_until_it_can() {
    let folder = Folder::with(&[("a.md", "---\nalert: X\n---\n"), ("b.md", DISK)]);
    let problems = folder.runbooks.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("a.md: its front matter cannot be read"), "{problems:?}");
    folder.runbooks.follow();
    assert_eq!(folder.runbooks.problems(), problems, "it is still there");
    assert_eq!(folder.search("disk"), ["b.md"]);
    folder.write("a.md", "---\nalerts: X\n---\n# fixed");
    folder.runbooks.follow();
    assert!(folder.runbooks.problems().is_empty());
    // A folder that is not there for a while loses nothing.
    let root = folder.folder.path().join("runbooks");
    std::fs::rename(&root, folder.folder.path().join("away")).unwrap();
    folder.runbooks.follow();
    assert!(folder.runbooks.problems()[0].contains("cannot be read"));
    assert_eq!(folder.search("disk"), ["b.md"]);
}

#[test]
fn a_common_word_alone_makes_no_runbook_apply() {
    let many: Vec<(String, String)> = (0..60)
        .map(|n| (format!("{n}.md"), format!("# Service {n}\nLook at the pod and restart the pod.\n")))
        .collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = Folder::with(&many);
    assert_eq!(folder.about("KubePodNotReady", &[], "the pod is not ready"), []);
}
