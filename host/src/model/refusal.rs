//! What servers mean by their refusals: a table of their words.
//!
//! A row holds for a whole refusal, never for a word in it: what is about one message of a conversation must not
//! be taken for what the endpoint can do. `refusal/tests.rs` has an answer of the server for each row.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::profile::Quirk;

/// What was sent, as far as it says what a refusal can mean.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SentRequest {
    /// A wish for a stream.
    pub stream: bool,
    /// A wish to hear at its end what it cost.
    pub stream_usage: bool,
    /// Tools in the field for them.
    pub tools: bool,
    /// Calls and results of earlier turns.
    pub turns: bool,
    /// A system message.
    pub system: bool,
    /// Members of messages that only the endpoint understands.
    pub members: bool,
}

/// What a row teaches, where a number may stand in the words.
#[derive(Clone, Copy)]
enum Meaning {
    Is(Quirk),
    Context,
    Answer,
}

struct Row {
    /// All of these stand in the refusal, in small letters.
    words: &'static [&'static str],
    means: Meaning,
}

const fn row(words: &'static [&'static str], means: Meaning) -> Row {
    Row { words, means }
}

use Meaning::{Answer, Context, Is};
use Quirk::{
    NewLimit, NoMembers, NoSystem, NoTemperature, NoTools, OldLimit, OneCall, ShortIds, StreamOnly, ToolChoice,
};

/// In order: what comes first counts.
const ROWS: &[Row] = &[
    // The length. OpenAI, Azure, DeepSeek, Mistral, vLLM, SGLang:
    row(&["maximum context length"], Context),
    row(&["context_length_exceeded"], Context),
    row(&["longer than the model's context length"], Context),
    row(&["please reduce the length of"], Context),
    // llama.cpp, llama-cpp-python
    row(&["exceed_context_size_error"], Context),
    row(&["exceeds the available context size"], Context),
    row(&["exceed context window of"], Context),
    // LM Studio
    row(&["initial prompt is greater than the context length"], Context),
    row(&["when context the overflows"], Context),
    row(&["cannot truncate prompt with n_keep"], Context),
    // Ollama
    row(&["input length exceeds"], Context),
    // Anthropic
    row(&["prompt is too long"], Context),
    row(&["exceed context limit"], Context),
    // Gemini
    row(&["input token count", "exceeds the maximum number of tokens"], Context),
    // DashScope
    row(&["range of input length should be"], Context),
    // TGI
    row(&["`inputs` tokens + `max_new_tokens` must be"], Context),
    // Groq
    row(&["reduce your message size"], Context),
    // Moonshot, Bedrock, Zhipu, and what others say in words of their own
    row(&["exceeded model token limit"], Context),
    row(&["input is too long"], Context),
    row(&["prompt 超长"], Context),
    row(&["exceed", "context window"], Context),
    row(&["exceed", "context length"], Context),
    row(&["exceed", "context size"], Context),
    row(&["too many tokens", "context"], Context),
    // Zhipu; Volcano Ark; SiliconFlow; gateways
    row(&["prompt exceeds max length"], Context),
    row(&["input length", "exceeds the maximum length"], Context),
    row(&["length of prompt_tokens", "must be less than max_seq_len"], Context),
    row(&["maximum context length failed"], Context),
    row(&["maximum_context_length_failed"], Context),
    // The answer's length. OpenAI, Azure; DeepSeek; DashScope; Groq; Anthropic.
    row(&["max_tokens is too large", "completion tokens"], Answer),
    row(&["valid range of max_tokens"], Answer),
    row(&["range of max_tokens should be"], Answer),
    row(&["max_tokens", "范围"], Answer),
    row(&["max_tokens` must be less than or equal to"], Answer),
    row(&["max_tokens:", "maximum allowed number of output tokens"], Answer),
    // The name of the limit. OpenAI, Azure; servers that know only the other one.
    row(&["use 'max_completion_tokens' instead"], Is(NewLimit)),
    row(&["unsupported parameter: 'max_tokens'"], Is(NewLimit)),
    row(&["max_completion_tokens", "extra inputs are not permitted"], Is(OldLimit)),
    row(&["unrecognized request argument supplied: max_completion_tokens"], Is(OldLimit)),
    // The temperature. OpenAI, Azure; Anthropic.
    row(&["unsupported value: 'temperature'"], Is(NoTemperature)),
    row(&["unsupported parameter: 'temperature'"], Is(NoTemperature)),
    row(&["'temperature' is not supported"], Is(NoTemperature)),
    row(&["`temperature` is deprecated"], Is(NoTemperature)),
    row(&["does not support parameters: ['temperature']"], Is(NoTemperature)),
    row(&["`temperature` and `top_p` cannot both be specified"], Is(NoTemperature)),
    // Streams. DashScope, ModelScope.
    row(&["only support stream mode"], Is(StreamOnly)),
    row(&["only supports stream"], Is(StreamOnly)),
    row(&["must be set to false for non-streaming calls"], Is(StreamOnly)),
    row(&["才能进行非流式调用"], Is(StreamOnly)),
    row(&["enable thinking can not be support when `stream=f"], Is(StreamOnly)),
    row(&["stream must be set to true"], Is(StreamOnly)),
    row(&["non-streaming is not supported"], Is(StreamOnly)),
    // System messages. OpenAI; templates of Gemma and Mistral in vLLM, llama.cpp and LM Studio; Gemini.
    row(&["'messages[0].role' does not support 'system'"], Is(NoSystem)),
    row(&["system role not supported"], Is(NoSystem)),
    row(&["system role is not supported"], Is(NoSystem)),
    row(&["system messages are not supported"], Is(NoSystem)),
    row(&["only user and assistant roles are supported"], Is(NoSystem)),
    row(&["only user, assistant and tool roles are supported"], Is(NoSystem)),
    row(&["conversation roles must alternate user/assistant"], Is(NoSystem)),
    row(&["developer instruction is not enabled"], Is(NoSystem)),
    // How calls look. Mistral; OpenAI, Azure; templates of Llama 3; old vLLM.
    row(&["with a length of 9"], Is(ShortIds)),
    row(&["tool_calls", "string too long"], Is(ShortIds)),
    row(&["only supports single tool-calls at once"], Is(OneCall)),
    row(&["parallel tool calls are not supported"], Is(OneCall)),
    row(&["tool_choice must either be a named tool"], Is(ToolChoice)),
    // Members that are not known. Groq; Mistral and others that are strict.
    row(&["property 'reasoning' is unsupported"], Is(NoMembers)),
    row(&["property 'reasoning_content' is unsupported"], Is(NoMembers)),
    row(&["messages", "extra inputs are not permitted"], Is(NoMembers)),
    row(&["messages", "additional properties are not allowed"], Is(NoMembers)),
    row(&["messages", "unknown name \"reasoning"], Is(NoMembers)),
    row(&["unrecognized", "reasoning_content"], Is(NoMembers)),
    // Tools. vLLM; llama.cpp; Ollama; DeepSeek; Gemini and Mistral; OpenRouter; OpenAI and Azure; LiteLLM.
    row(&["--enable-auto-tool-choice"], Is(NoTools)),
    row(&["--tool-call-parser"], Is(NoTools)),
    row(&["--jinja"], Is(NoTools)),
    row(&["unsupported param: tools"], Is(NoTools)),
    row(&["does not support tools"], Is(NoTools)),
    row(&["does not support function calling"], Is(NoTools)),
    row(&["function calling is not enabled"], Is(NoTools)),
    row(&["no endpoints found that support tool use"], Is(NoTools)),
    row(&["unsupported parameter: 'tools'"], Is(NoTools)),
    row(&["unrecognized request argument supplied: tools"], Is(NoTools)),
    row(&["does not support parameters: ['tools'"], Is(NoTools)),
    row(&["invalid type for 'tools': expected an unsupported value"], Is(NoTools)),
];

/// Sentences that say in words of their own that there are no tools.
static NO_TOOLS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let forms = [
        r"(?:\bnot|n't) (?:support|accept|allow|handle)\w*[^.\n]{0,40}\b(?:tools?\b|tool[ _-](?:use|calling)|functions?\b|function[ _-]calling)",
        r"\b(?:tools|tool[ _-](?:use|calling|choice)|functions|function[ _-]calling)\b['`\x22]?(?: is| are|:)? (?:not|un|currently not|currently un)[ -]?(?:supported|enabled|available|implemented|permitted)",
        r#"\b(?:unknown|unsupported|unexpected|unrecognized) (?:field|parameter|argument|param|key|property|name)s?:? ['`"]?(?:tools|functions)\b"#,
        r#""loc": ?\["body", ?"tools"\]"#,
    ];
    forms.iter().filter_map(|form| Regex::new(form).ok()).collect()
});

/// Sentences that say in Chinese that a request is too long, in words of their own: DashScope, Zhipu, Moonshot,
/// Baichuan and gateways before them.
static TOO_LONG: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let what = "(?:输入|上下文|提示词|prompt|消息|对话|文本|请求)";
    let forms = [
        // What is too long, how it is measured, that it is too much.
        format!(r#"{what}[^。;；"\n]{{0,30}}(?:长度|token|字符|字数)[^。;；"\n]{{0,20}}(?:超过|超出|超限|大于|过长)"#),
        format!(r"{what}(?:内容|长度|文本|信息)?(?:过长|超长|太长|超限)"),
        // What is too much for what.
        r#"(?:超过|超出|大于)[^。;；"\n]{0,20}(?:上下文|最大输入|输入长度|最大长度|context)"#.to_string(),
        r"输入长度(?:的)?(?:取值)?范围".to_string(),
    ];
    forms.iter().filter_map(|form| Regex::new(form).ok()).collect()
});
/// What is too much of something else: of requests, of money, of an answer.
const OTHER_LIMITS: [&str; 7] = ["每分钟", "每秒", "频率", "并发", "配额", "额度", "余额"];
const OF_ANSWER: [&str; 2] = ["max_tokens", "输出长度"];

fn too_long(text: &str) -> bool {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // Input and answer together are too long for the context.
    let of_answer = says(&OF_ANSWER) && !text.contains("上下文");
    !says(&OTHER_LIMITS) && !of_answer && TOO_LONG.iter().any(|form| form.is_match(text))
}

/// The body with its letters, where they are written as numbers, as many servers write Chinese.
fn spelt_out(body: &str) -> Cow<'_, str> {
    let value = body.contains("\\u").then(|| serde_json::from_str::<Value>(body).ok()).flatten();
    value.map_or(Cow::Borrowed(body), |value| Cow::Owned(value.to_string()))
}

/// What a refusal teaches about the endpoint; none where it is about this request alone or says nothing that
/// is known.
pub(super) fn quirk(status: u16, text: &str, sent: SentRequest) -> Option<Quirk> {
    if matches!(status, 401..=403 | 429 | 300..=399) {
        return None;
    }
    let text = spelt_out(text).to_lowercase().replace("\\\"", "\"");
    let of_table = ROWS.iter().filter(|row| row.words.iter().all(|words| text.contains(words))).find_map(|row| {
        Some(match row.means {
            Is(lesson) => Some(lesson).filter(|lesson| possible(*lesson, sent))?,
            Context => Quirk::TooLong(number(&text, &CONTEXT)),
            Answer => Quirk::ShortAnswer(number(&text, &ANSWER)?),
        })
    });
    if of_table.is_some() {
        return of_table;
    }
    if let Some(lesson) = of_stream(status, &text, sent) {
        return Some(lesson);
    }
    if too_long(&text) {
        return Some(Quirk::TooLong(number(&text, &CONTEXT)));
    }
    if status == 413 {
        return Some(Quirk::TooLong(None));
    }
    let says_so = || NO_TOOLS.iter().any(|form| form.is_match(&text));
    if possible(NoTools, sent) && matches!(status, 400 | 404 | 405 | 422 | 500 | 501) && says_so() {
        return Some(NoTools);
    }
    // A gateway's "upstream" is no word about streams.
    if sent.stream && matches!(status, 400 | 404 | 405 | 422 | 501) && text.replace("upstream", "").contains("stream") {
        return Some(Quirk::NoStream);
    }
    // Earlier turns or the tools may be what cannot be taken: it costs one request to try without.
    let tools = ["tool", "function", "jinja", "template", "schema"].iter().any(|word| text.contains(word));
    match status {
        400 | 422 if sent.turns => Some(Quirk::Retell),
        500 if sent.turns && tools => Some(Quirk::Retell),
        400 | 422 | 500 if sent.tools && tools => Some(Quirk::InWords),
        _ => None,
    }
}

/// What a refusal says about the stream that was asked for.
fn of_stream(status: u16, text: &str, sent: SentRequest) -> Option<Quirk> {
    if !sent.stream || !matches!(status, 400 | 404 | 405 | 422 | 500 | 501) {
        return None;
    }
    if sent.stream_usage && ["stream_options", "include_usage"].iter().any(|word| text.contains(word)) {
        return Some(Quirk::NoStreamUsage);
    }
    NO_STREAM.iter().any(|form| form.is_match(text)).then_some(Quirk::NoStream)
}

/// Sentences that say in words of their own that there are no streams.
static NO_STREAM: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let forms = [
        r"(?:\bnot|n't) (?:support|accept|allow|handle)\w*[^.\n]{0,40}\bstream",
        r"\bstream(?:s|ing)?\b['`\x22]?(?: is| are|:)? (?:not|un|currently not|currently un)[ -]?(?:supported|enabled|available|implemented|permitted|allowed)",
    ];
    forms.iter().filter_map(|form| Regex::new(form).ok()).collect()
});

/// Whether a refusal of what was sent can mean this.
fn possible(lesson: Quirk, sent: SentRequest) -> bool {
    match lesson {
        // What is refused in the middle of a conversation is a turn of it.
        NoTools => sent.tools && !sent.turns,
        ToolChoice => sent.tools,
        NoSystem => sent.system,
        NoMembers => sent.members,
        OneCall | ShortIds => sent.turns,
        StreamOnly => !sent.stream,
        _ => true,
    }
}

/// What stands right before the number of tokens that a context has.
const CONTEXT: [&str; 26] = [
    "maximum context length is ",
    "maximum context length of ",
    "context length of only ",
    "context length (",
    "context length of ",
    "context window of ",
    "\"n_ctx\":",
    "n_ctx: ",
    ">= n_ctx (",
    "context limit: ",
    "token limit: ",
    "number of tokens allowed (",
    "model with ",
    "should be [1, ",
    "must be <= ",
    "limit ",
    "exceeds the maximum length ",
    "max_seq_len (",
    "最大上下文长度为",
    "最大上下文长度",
    "最大长度为",
    "最大长度",
    "限制为",
    "上限为",
    "上限",
    "[1, ",
];
/// What stands right before the number of tokens that an answer may have.
const ANSWER: [&str; 5] = ["supports at most ", "[1, ", "[1,", "less than or equal to `", "> "];

fn number(text: &str, before: &[&str]) -> Option<u64> {
    before
        .iter()
        .find_map(|before| {
            let rest = text.split_once(before)?.1.trim_start_matches([' ', ':', '\u{ff1a}', '(', '\u{ff08}', '是']);
            // A sum stands before what it exceeds.
            let rest = rest.split_once(" > ").filter(|(sum, _)| sum.contains(" + ")).map_or(rest, |(_, limit)| limit);
            let digits: String =
                rest.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',').collect();
            digits.parse().ok().filter(|number| *number >= 128)
        })
        .or_else(|| {
            let (_, rest) = text.split_once("tokens > ")?;
            rest.split_whitespace().next()?.replace(',', "").parse().ok()
        })
}
