//! What the looks show to be wrong, in Chinese.

use crate::evidence::{Finding, Problem};
use crate::report::escape::Style;

/// One sentence.
pub(super) fn sentence(finding: &Finding, s: Style) -> String {
    let mut objects: Vec<String> = finding.objects.iter().map(|object| s.name(object)).collect();
    if finding.more > 0 {
        objects.push(format!("另外 {} 个", finding.more));
    }
    format!("{}：{}", objects.join("、"), problem(&finding.problem, s))
}

fn problem(problem: &Problem, s: Style) -> String {
    let quoted = |said: &str| if said.is_empty() { String::new() } else { format!("：{}", s.say(said)) };
    let restarts = |many: u64| if many == 0 { String::new() } else { format!("，已重启 {many} 次") };
    match problem {
        Problem::ImageNotFound { image } => format!("无法拉取镜像 {}：镜像仓库中不存在", s.name(image)),
        Problem::ImageDenied { image } => format!("无法拉取镜像 {}：没有访问权限，或镜像不存在", s.name(image)),
        Problem::RegistryAway { image, said } => {
            format!("无法拉取镜像 {}：镜像仓库响应异常{}", s.name(image), quoted(said))
        }
        Problem::ImageNotPulled { image, said } => format!("无法拉取镜像 {}{}", s.name(image), quoted(said)),
        Problem::ImageInvalid { image } => format!("{} 不是合法的镜像名", s.name(image)),
        Problem::Crashes { container, code, restarts: many, said } => {
            let code = code.map(|code| format!("，退出码 {code}")).unwrap_or_default();
            format!("容器 {} 反复退出{code}{}{}", s.name(container), restarts(*many), quoted(said))
        }
        Problem::OutOfMemory { container, restarts: many } => {
            format!("容器 {} 的内存超过上限而被终止{}", s.name(container), restarts(*many))
        }
        Problem::NotConfigured { container, said } => format!("容器 {} 无法创建{}", s.name(container), quoted(said)),
        Problem::ClassMissing { class } => format!("等待中：存储类 {} 不存在", s.name(class)),
        Problem::ClaimWaits { said } => format!("尚未绑定{}", quoted(said)),
        Problem::Unschedulable { said } => format!("没有节点可以调度{}", quoted(said)),
        Problem::ProbeFails { said } => format!("探针失败{}", quoted(said)),
        Problem::MountFails { said } => format!("存储卷无法挂载{}", quoted(said)),
        Problem::NodeNotReady { said } => format!("节点未就绪{}", quoted(said)),
        Problem::NodePressure { what } => format!("节点报告 {}", s.name(what)),
        Problem::NotCreated { said } => format!("所需对象未能创建{}", quoted(said)),
        Problem::RolloutStuck { said } => format!("发布没有进展{}", quoted(said)),
        Problem::NoMetrics { said } => format!("自动伸缩无法读取指标{}", quoted(said)),
        Problem::AtLimit { said } => format!("自动伸缩已到上限{}", quoted(said)),
        Problem::JobFailed { said } => format!("任务失败{}", quoted(said)),
        Problem::Evicted { said } => format!("已被驱逐{}", quoted(said)),
    }
}
