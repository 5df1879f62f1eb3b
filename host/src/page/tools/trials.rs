//! A test message on `/tools`: to which target, and what came of it.

use maud::{Markup, html};

use super::super::forms;
use super::super::frame::Frame;
use super::super::parts::line;
use super::milliseconds;
use crate::backend::PluginView;
use crate::backend::trials::{Obstacle, Tried};
use crate::domain::Severity;

strings! {
    heading: "Try a target", "测试目标";
    about: "A real message is sent that says it is a test, within the limits of every other one.", "会发送一条标明为测试的真实消息，受与其他消息相同的限制。";
    none: "No target can be tried.", "没有可测试的目标。";
    target: "Target", "目标";
    severity: "How bad it says it is", "消息中的严重级别";
    send: "Send a test message", "发送测试消息";
    who: "An operator sends test messages.", "需由 operator 发送测试消息。";
    took: "took the test message after", "已接收测试消息，用时";
    not_taken: "did not take the test message, after", "未接收测试消息，用时";
    reference: "It calls it", "其编号为";
    not_granted: "Add what it names to the target's table of the configuration, and restart tidegate.", "请将其列出的授权加入配置中该目标的表，并重启 tidegate。";
    misconfigured: "Mend the setting or the secret that it names, and restart tidegate: secrets are read at its start.", "请修正其指出的设置或密钥，并重启 tidegate（密钥在启动时读取）。";
    left_alone: "Nothing was sent. Mend it and restart tidegate, or try again when that time is over.", "未发送任何内容。请修正后重启 tidegate，或在该时间过后重试。";
    unavailable: "Where it speaks of a token, a right or a channel, mend that; where it speaks of a connection, see whether this machine reaches the target.", "如果提到令牌、权限或频道，请修正；如果提到连接，请检查本机能否访问该目标。";
    slow: "See whether this machine reaches the target, and how long that takes.", "请检查本机能否访问该目标以及所需时间。";
    refused: "The target was reached and does not take this message: it says why.", "已连接到目标，但目标拒绝此消息：其已说明原因。";
    broken: "The plugin itself failed; more is in the log.", "插件自身出错；详见日志。";
}

/// The target that a form names by what [`forms::version`] makes of it.
pub fn target(plugins: &[PluginView], word: &str) -> Option<String> {
    of_notifiers(plugins).find(|target| forms::version(target) == word).cloned()
}

fn of_notifiers(plugins: &[PluginView]) -> impl Iterator<Item = &String> {
    plugins.iter().filter(|plugin| plugin.kind == "notifier").flat_map(|plugin| &plugin.offers)
}

/// The form, and what came of the message that was sent by it.
pub(super) fn trials(plugins: &[PluginView], tried: Option<&Tried>, operates: bool, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let targets: Vec<&String> = of_notifiers(plugins).collect();
    html! {
        section aria-labelledby="trial" {
            h2 #trial { (words.heading) }
            @if let Some(tried) = tried { (outcome(tried, frame)) }
            @if targets.is_empty() { p.empty { (words.none) } }
            @else if !operates { p.small #who-tries { (words.who) } }
            @else {
                form.answer #try-target method="post" action="/tools" autocomplete="off" {
                    p.small { (words.about) }
                    (forms::person_field(frame, "tester", ""))
                    label { (words.target) select name="target" disabled[!frame.acts()] {
                        @for target in &targets { option value=(forms::version(target)) { (line(target)) } }
                    } }
                    label { (words.severity) select name="severity" disabled[!frame.acts()] {
                        @for severity in [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical] {
                            option value=(severity.as_str()) { (frame.language.severity(severity)) }
                        }
                    } }
                    p.buttons { (forms::button(frame, "tester", "", ("test", "yes"), words.send)) }
                }
            }
        }
    }
}

fn outcome(tried: &Tried, frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let took = milliseconds(Some(tried.took_ms as f64));
    let advice = tried.obstacle.map(|obstacle| match obstacle {
        Obstacle::NotGranted => words.not_granted,
        Obstacle::Misconfigured => words.misconfigured,
        Obstacle::LeftAlone => words.left_alone,
        Obstacle::Unavailable => words.unavailable,
        Obstacle::Slow => words.slow,
        Obstacle::Refused => words.refused,
        Obstacle::Broken => words.broken,
    });
    html! {
        div class={ "banner " @if !tried.delivered { "bad" } } role="status" #tried {
            strong { (line(&tried.target)) } " " (if tried.delivered { words.took } else { words.not_taken }) " " (took)
            @if let Some(reference) = &tried.reference { br; span.small { (words.reference) " " code { (line(reference)) } } }
            @if let Some(reason) = &tried.reason { br; q lang="en" { (line(reason)) } }
            @if let Some(advice) = advice { br; (advice) }
        }
    }
}
