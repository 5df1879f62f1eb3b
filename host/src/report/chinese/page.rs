//! The page behind a signed link, in Chinese.

use crate::report::page::PageStrings;
use crate::report::safeguards::SafeguardStrings;

pub(super) static PAGE: PageStrings = PageStrings {
    question: "是否允许 tidegate 执行此操作？",
    tool: "工具",
    given: "已有批准",
    name: "您的姓名",
    own_token: "您本人的令牌",
    made_for: "您的答复身份",
    personal: "此链接仅为您本人生成，可证明您的身份。转给他人后，对方将以您的身份答复。",
    unproven: "此问题只接受能证明身份的人批准。请填写您本人的令牌；仅凭链接无法确认您是谁。",
    wrong_token: "没有可答复的人使用此令牌。请返回检查。",
    too_often: "错误令牌过多，请一分钟后再试。",
    unverified: "链接只能证明您持有它；未填写令牌时，日志会将您的姓名记为未经证实。",
    comment: "备注（可选）",
    approve: "批准",
    incident: "在 tidegate 中查看",
    deny: "拒绝",
    approved: "已批准",
    more: "您的批准已计入，还需要其他人批准",
    denied: "已拒绝",
    refused: "未执行任何操作",
    invalid: "该链接无效。请从消息中完整复制链接，或使用命令行答复。",
    expired: "问题已过期：无人及时答复，即视为拒绝。",
    answered: "该问题已有答复；一个链接只能使用一次。",
    nameless: "答复需要填写姓名。请返回并填写。",
    foreign: "该答复不是从此链接的页面提交的。请用较新的浏览器打开链接，或使用命令行。",
    done: "已记入日志。您可以关闭此页面。",
};

pub(super) static SAFEGUARDS: SafeguardStrings = SafeguardStrings {
    restores: "恢复 tidegate 在变更前看到的状态，不再另行询问，除非其间他人已作更改：",
    by_tool: "使用工具自带的撤销方式，执行前会再次询问，除非有门禁按名称允许：",
    proposed: "提出者声称此操作可以撤销；执行前会再次询问：",
    restores_short: "恢复变更前的状态",
    by_tool_short: "使用工具自带的撤销方式，执行前会再次询问",
    proposed_short: "使用提出者给出的撤销方式，执行前会再次询问",
    nothing: "无法自动撤销",
    alerts: "告警本身必须恢复",
    present: "必须找到",
    absent: "不得找到",
    within: "时限",
    claimed: "提出者另外给出的条件，必须同时满足，单独不能作为证明：",
};
