//! Causes that the host names by itself, in Chinese.

use crate::domain::{Cause, NamedCause};
use crate::report::escape::Style;

/// One sentence.
pub(super) fn sentence(named: &NamedCause, s: Style) -> String {
    let mut objects: Vec<String> = named.objects.iter().map(|object| s.name(object)).collect();
    if named.more > 0 {
        objects.push(format!("另外 {} 个", named.more));
    }
    let sure = if named.confidence < 70 { "（不确定）" } else { "" };
    format!("{}：{}{sure}", objects.join("、"), cause(named, s))
}

fn cause(named: &NamedCause, s: Style) -> String {
    let what = s.name(&named.what);
    let container = s.name(&named.container);
    let named_what = |before: &str| if named.what.is_empty() { String::new() } else { format!("{before}{what}") };
    let said = if named.said.is_empty() { String::new() } else { format!("：{}", s.say(&named.said)) };
    let code = named.code.map(|code| format!("，退出码 {code}")).unwrap_or_default();
    let restarts = if named.restarts == 0 { String::new() } else { format!("，已重启 {} 次", named.restarts) };
    let ends = format!("容器 {container} 反复退出{code}{restarts}");
    let pull = format!("无法拉取镜像 {what}");
    match named.cause {
        Cause::ImageTagMissing => format!("{pull}：镜像仓库中不存在"),
        Cause::ImageReferenceInvalid => format!("{what} 不是合法的镜像名"),
        Cause::ImagePullDenied => format!("{pull}：没有访问权限，或镜像不存在"),
        Cause::ImageRateLimited => format!("{pull}：镜像仓库暂时限制请求{said}"),
        Cause::ImageArchitectureMismatch => format!("镜像 {what} 不支持该节点的架构{said}"),
        Cause::ImageRegistryUnreachable => format!("{pull}：镜像仓库响应异常{said}"),
        Cause::ImageNotPulled => format!("{pull}{said}"),
        Cause::ConfigMapMissing => format!("Pod 所需的 ConfigMap {what} 不存在"),
        Cause::SecretMissing => format!("Pod 所需的 Secret {what} 不存在"),
        Cause::ConfigurationKeyMissing => format!("Pod 所需的键 {what} 不存在"),
        Cause::ServiceAccountMissing => format!("服务账号 {what} 不存在，无法创建 Pod"),
        Cause::ContainerNotCreated => format!("容器 {container} 无法创建{said}"),
        Cause::PodNetworkFailed => format!("Pod 得不到地址：所在节点的网络插件{}出错{said}", named_what(" ")),
        Cause::OutOfMemory => {
            let container = if named.container.is_empty() { "进程".into() } else { format!("容器 {container}") };
            format!("{container} 的内存超过上限{}而被终止{restarts}", named_what(" "))
        }
        Cause::EnvironmentVariableMissing => format!("{ends}：未设置环境变量 {what}{said}"),
        Cause::FileMissing => format!("{ends}：缺少文件 {what}{said}"),
        Cause::CommandNotFound => format!("容器 {container} 无法启动：其命令无法执行{said}"),
        Cause::ConfigurationInvalid => format!("{ends}：配置有误{said}"),
        Cause::FileNotAccessible => format!("{ends}：没有访问文件{}的权限{said}", named_what(" ")),
        Cause::CredentialsRefused => format!("凭据{}被拒绝{said}", named_what(" ")),
        Cause::SchemaMissing => format!("数据库缺少所需的表或结构{}{said}", named_what(" ")),
        Cause::PortInUse => format!("{ends}：端口{}已被占用{said}", named_what(" ")),
        Cause::StartsTooSlowly => {
            format!("容器 {container} 尚未就绪即被探针终止{restarts}；启动所需时间超过探针允许的时间{said}")
        }
        Cause::DnsFailure => format!("无法解析名称 {what}{said}"),
        Cause::DependencyUnreachable => format!("无法连接 {what}{said}"),
        Cause::CrashAfterRollout => format!("工作负载变更后，{ends}{said}"),
        Cause::CrashLoop => format!("{ends}{said}"),
        Cause::LivenessProbeFails => format!("容器 {container} 的存活探针失败{restarts}{said}"),
        Cause::StartupProbeFails => format!("容器 {container} 的启动探针失败{restarts}{said}"),
        Cause::ReadinessProbeFails => format!("容器 {container} 的就绪探针失败{said}"),
        Cause::ReadinessGateUnmet => format!("容器已就绪，但就绪门控{}未通过{said}", named_what(" ")),
        Cause::InsufficientResources => format!("没有节点可以调度：可用的 {what} 不足{said}"),
        Cause::TaintNotTolerated => format!("没有节点可以调度：不容忍污点 {what}{said}"),
        Cause::NodeSelectorUnmatched => format!("没有节点可以调度：没有节点具有所要求的标签{said}"),
        Cause::PodAffinityUnmatched => format!("没有节点可以调度：Pod 间的亲和性规则无法满足{said}"),
        Cause::VolumeZoneConflict => format!("没有节点可以调度：存储卷所在的位置无法运行该 Pod{said}"),
        Cause::NodesFull => format!("没有节点可以调度：节点已无法容纳更多 Pod{said}"),
        Cause::NodesCordoned => format!("没有节点可以调度：节点已被封锁{said}"),
        Cause::Preempted => format!("被优先级更高的 Pod 抢占{said}"),
        Cause::Unschedulable => format!("没有节点可以调度{said}"),
        Cause::StorageClassMissing => format!("等待中：存储类 {what} 不存在"),
        Cause::DefaultStorageClassMissing => "等待中：未指定存储类，且没有默认存储类".into(),
        Cause::StorageCapacityExhausted => format!("等待中：存储{}空间不足{said}", named_what("类 ")),
        Cause::ProvisioningFailed => format!("等待中：未能创建存储卷{}{said}", named_what("，供应者 ")),
        Cause::VolumeLost => format!("其存储卷{}已丢失{said}", named_what(" ")),
        Cause::ClaimPending => format!("等待存储卷{said}"),
        Cause::VolumeNotMounted => format!("存储卷{}无法挂载{said}", named_what(" ")),
        Cause::DiskFilling => format!("磁盘{}即将写满{said}", named_what(" ")),
        Cause::NodeNotReady => format!("节点未就绪{said}"),
        Cause::NodePressure => format!("节点报告 {what}{said}"),
        Cause::Evicted => format!("已被驱逐{said}"),
        Cause::QuotaExceeded => format!("配额 {what} 已用尽{said}"),
        Cause::LimitRangeViolated => format!("不符合 LimitRange 的限制{said}"),
        Cause::PodSecurityViolated => format!("安全标准{}拒绝该 Pod{said}", named_what(" ")),
        Cause::AdmissionDenied => format!("准入规则{}拒绝{said}", named_what(" ")),
        Cause::AdmissionWebhookUnreachable => format!("准入 webhook {what} 没有响应，因此无法创建对象{said}"),
        Cause::AccessForbidden => format!("{what} 缺少权限{said}"),
        Cause::PodsNotCreated => format!("所需对象未能创建{said}"),
        Cause::SelectorMismatch => format!("选择器 {what} 没有匹配的 Pod"),
        Cause::NetworkPolicyBlocks => format!("网络策略 {what} 阻断了流量{said}"),
        Cause::CertificateNotIssued => format!("证书未签发{}{said}", named_what("，签发者 ")),
        Cause::CertificateChallengeFailed => format!("{what} 的证书验证失败{said}"),
        Cause::CertificateExpiring => format!("证书{}即将或已经过期{said}", named_what(" ")),
        Cause::AutoscalerBlind => format!("自动伸缩无法读取指标{said}"),
        Cause::AutoscalerAtMaximum => format!("自动伸缩已到上限{}{said}", named_what(" ")),
        Cause::DisruptionBudgetDeadlock => format!("中断预算（{what}）不允许驱逐任何 Pod，节点无法排空"),
        Cause::JobDeadlineExceeded => format!("任务超过允许的运行时间{}{said}", named_what("，秒数 ")),
        Cause::JobBackoffLimitExceeded => format!("任务失败次数超过上限{}{said}", named_what("，重试次数 ")),
        Cause::JobFailed => format!("任务失败{said}"),
        Cause::CronJobNotStarted => format!("定时任务不再启动{}{said}", named_what("：")),
        Cause::CpuThrottled => format!("容器 {what} 的 CPU 被限流{said}"),
        Cause::ErrorBudgetBurning => format!("错误预算{}消耗过快{said}", named_what(" ")),
        Cause::DeletionHeld => format!("等待删除，被 {what} 阻止{said}"),
        Cause::EndpointsEmpty => format!("其 Pod（{what}）均未就绪{said}"),
        Cause::RolloutPaused => "发布已暂停".into(),
        Cause::RolloutStuck => format!("发布没有进展{said}"),
        Cause::RolloutInProgress => format!("发布正在进行，目前没有异常{said}"),
        Cause::Recovered => format!("现在一切正常{said}"),
    }
}
