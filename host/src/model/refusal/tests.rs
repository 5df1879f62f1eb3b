//! Answers of real servers, and what each means.

use super::*;

/// The first request of a conversation.
const FIRST: SentRequest =
    SentRequest { tools: true, turns: false, system: true, members: false, stream: false, stream_usage: false };
/// One in the middle of it.
const LATER: SentRequest = SentRequest { turns: true, members: true, ..FIRST };

#[test]
fn every_server_is_understood() {
    assert_eq!(NO_TOOLS.len(), 4, "a form that is too large is none");
    for (server, status, body, sent, want) in [
        (
            "vLLM",
            400,
            r#"{"object":"error","message":"\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set","type":"BadRequestError","param":null,"code":400}"#,
            FIRST,
            NoTools,
        ),
        (
            "vLLM",
            400,
            r#"{"object":"error","message":"tool_choice must either be a named tool, \"auto\", or \"none\".","code":400}"#,
            FIRST,
            ToolChoice,
        ),
        (
            "vLLM",
            400,
            r#"{"object":"error","message":"This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (6952 in the messages, 2048 in the completion). Please reduce the length of the messages or completion.","code":400}"#,
            FIRST,
            Quirk::TooLong(Some(8192)),
        ),
        (
            "vLLM",
            400,
            r#"{"error":{"message":"'max_tokens' or 'max_completion_tokens' is too large: 2048. This model's maximum context length is 4096 tokens and your request has 3000 input tokens (2048 > 4096 - 3000)."}}"#,
            FIRST,
            Quirk::TooLong(Some(4096)),
        ),
        (
            "vLLM, template",
            400,
            r#"{"object":"error","message":"System role not supported","type":"BadRequestError","code":400}"#,
            FIRST,
            NoSystem,
        ),
        (
            "vLLM, template",
            400,
            r#"{"object":"error","message":"Conversation roles must alternate user/assistant/user/assistant/...","code":400}"#,
            FIRST,
            NoSystem,
        ),
        (
            "vLLM, template",
            400,
            r#"{"object":"error","message":"This model only supports single tool-calls at once!","code":400}"#,
            LATER,
            OneCall,
        ),
        (
            "SGLang",
            400,
            "Requested token count exceeds the model's maximum context length of 8192 tokens.",
            FIRST,
            Quirk::TooLong(Some(8192)),
        ),
        (
            "SGLang",
            400,
            "The input (9001 tokens) is longer than the model's context length (8192 tokens).",
            FIRST,
            Quirk::TooLong(Some(8192)),
        ),
        (
            "llama.cpp",
            500,
            r#"{"error":{"code":500,"message":"tools param requires --jinja flag","type":"server_error"}}"#,
            FIRST,
            NoTools,
        ),
        (
            "llama.cpp",
            500,
            r#"{"error":{"code":500,"message":"Unsupported param: tools","type":"server_error"}}"#,
            FIRST,
            NoTools,
        ),
        (
            "llama.cpp",
            400,
            r#"{"error":{"code":400,"message":"the request exceeds the available context size. try increasing the context size or enable context shift","type":"exceed_context_size_error","n_prompt_tokens":14429,"n_ctx":8192}}"#,
            FIRST,
            Quirk::TooLong(Some(8192)),
        ),
        (
            "llama-cpp-python",
            400,
            r#"{"error":{"message":"Requested tokens (2285) exceed context window of 2048"}}"#,
            FIRST,
            Quirk::TooLong(Some(2048)),
        ),
        (
            "Ollama",
            400,
            r#"{"error":{"message":"registry.ollama.ai/library/gemma does not support tools","type":"api_error"}}"#,
            FIRST,
            NoTools,
        ),
        (
            "Ollama",
            400,
            r#"{"error":{"message":"the input length exceeds the context length"}}"#,
            FIRST,
            Quirk::TooLong(None),
        ),
        (
            "LM Studio",
            400,
            r#"{"error":"The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 13055>= n_ctx: 4096). Try to load the model with a larger context length, or provide a shorter input."}"#,
            FIRST,
            Quirk::TooLong(Some(4096)),
        ),
        (
            "LM Studio",
            400,
            r#"{"error":"Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with context length of only 7866 tokens, which is not enough."}"#,
            FIRST,
            Quirk::TooLong(Some(7866)),
        ),
        (
            "LM Studio",
            400,
            r#"{"error":"Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)"}"#,
            FIRST,
            Quirk::TooLong(Some(7424)),
        ),
        (
            "LM Studio",
            400,
            r#"{"error":"Error rendering prompt with jinja template: Only user and assistant roles are supported!"}"#,
            FIRST,
            NoSystem,
        ),
        (
            "LM Studio",
            400,
            r#"{"error":"Error rendering prompt with jinja template: Unknown StringValue filter: safe"}"#,
            FIRST,
            Quirk::InWords,
        ),
        (
            "DeepSeek",
            400,
            r#"{"error":{"message":"deepseek-reasoner does not support Function Calling","type":"invalid_request_error"}}"#,
            FIRST,
            NoTools,
        ),
        (
            "DeepSeek",
            400,
            r#"{"error":{"message":"Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"}}"#,
            FIRST,
            Quirk::ShortAnswer(8192),
        ),
        (
            "DeepSeek",
            400,
            r#"{"error":{"message":"This model's maximum context length is 131072 tokens. However, you requested 139162 tokens (130970 in the messages, 8192 in the completion)."}}"#,
            FIRST,
            Quirk::TooLong(Some(131_072)),
        ),
        (
            "DashScope",
            400,
            r#"{"error":{"code":"invalid_parameter_error","message":"This model only support stream mode, please enable the stream parameter to access the model. "}}"#,
            FIRST,
            StreamOnly,
        ),
        (
            "DashScope",
            400,
            r#"{"error":{"message":"parameter.enable_thinking must be set to false for non-streaming calls","type":"invalid_request_error"}}"#,
            FIRST,
            StreamOnly,
        ),
        (
            "DashScope",
            400,
            r#"{"error":{"message":"parameter.enable_thinking必须设置为false才能进行非流式调用"}}"#,
            FIRST,
            StreamOnly,
        ),
        (
            "ModelScope",
            400,
            r#"{"error":{"message":"enable thinking can not be support when `stream=False`."}}"#,
            FIRST,
            StreamOnly,
        ),
        (
            "DashScope",
            400,
            r#"{"error":{"message":"Range of input length should be [1, 30720]"}}"#,
            FIRST,
            Quirk::TooLong(Some(30_720)),
        ),
        (
            "DashScope",
            400,
            r#"{"error":{"message":"Range of max_tokens should be [1, 1500]"}}"#,
            FIRST,
            Quirk::ShortAnswer(1500),
        ),
        (
            "Gemini",
            400,
            r#"[{"error":{"code":400,"message":"Function calling is not enabled for models/gemma-3-27b-it","status":"INVALID_ARGUMENT"}}]"#,
            FIRST,
            NoTools,
        ),
        (
            "Gemini",
            400,
            r#"[{"error":{"code":400,"message":"Developer instruction is not enabled for models/gemma-3-27b-it","status":"INVALID_ARGUMENT"}}]"#,
            FIRST,
            NoSystem,
        ),
        (
            "Gemini",
            400,
            r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}]"#,
            FIRST,
            Quirk::TooLong(Some(1_048_576)),
        ),
        (
            "Gemini",
            400,
            r#"[{"error":{"code":400,"message":"Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance.","status":"INVALID_ARGUMENT"}}]"#,
            LATER,
            Quirk::Retell,
        ),
        (
            "Mistral",
            400,
            r#"{"object":"error","message":"Tool call id was call_0 but must be a-z, A-Z, 0-9, with a length of 9.","type":"invalid_function_call","code":"3280"}"#,
            LATER,
            ShortIds,
        ),
        (
            "Mistral",
            422,
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","messages",2,"assistant","reasoning_content"],"msg":"Extra inputs are not permitted","input":"x"}]}"#,
            LATER,
            NoMembers,
        ),
        (
            "Mistral",
            400,
            r#"{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length","code":"3051"}"#,
            FIRST,
            Quirk::TooLong(Some(32_768)),
        ),
        (
            "Mistral",
            422,
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted"}]}"#,
            FIRST,
            OldLimit,
        ),
        (
            "OpenAI",
            400,
            r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","code":"unsupported_parameter"}}"#,
            FIRST,
            NewLimit,
        ),
        (
            "OpenAI",
            400,
            r#"{"error":{"message":"Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.","param":"temperature"}}"#,
            FIRST,
            NoTemperature,
        ),
        (
            "OpenAI",
            400,
            r#"{"error":{"message":"Unsupported value: 'messages[0].role' does not support 'system' with this model.","param":"messages[0].role"}}"#,
            FIRST,
            NoSystem,
        ),
        (
            "OpenAI",
            400,
            r#"{"error":{"message":"Unsupported parameter: 'tools' is not supported with this model.","param":"tools"}}"#,
            FIRST,
            NoTools,
        ),
        (
            "OpenAI",
            400,
            r#"{"error":{"message":"max_tokens is too large: 32768. This model supports at most 16384 completion tokens, whereas you provided 32768."}}"#,
            FIRST,
            Quirk::ShortAnswer(16_384),
        ),
        (
            "OpenAI",
            400,
            r#"{"error":{"message":"Invalid 'messages[2].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length 53 instead."}}"#,
            LATER,
            ShortIds,
        ),
        (
            "Azure",
            400,
            r#"{"error":{"message":"This model's maximum context length is 32768 tokens. However, you requested 35969 tokens (9969 in the messages, 26000 in the completion).","code":"context_length_exceeded"}}"#,
            FIRST,
            Quirk::TooLong(Some(32_768)),
        ),
        (
            "Azure",
            400,
            r#"{"error":{"message":"Unrecognized request argument supplied: tools","type":"invalid_request_error"}}"#,
            FIRST,
            NoTools,
        ),
        (
            "Anthropic",
            400,
            r#"{"error":{"code":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#,
            FIRST,
            Quirk::TooLong(Some(200_000)),
        ),
        (
            "Anthropic",
            400,
            r#"{"error":{"message":"input length and `max_tokens` exceed context limit: 199000 + 2048 > 200000, decrease input length or `max_tokens` and try again"}}"#,
            FIRST,
            Quirk::TooLong(Some(200_000)),
        ),
        (
            "Anthropic",
            400,
            r#"{"error":{"message":"max_tokens: 100000 > 8192, which is the maximum allowed number of output tokens for claude"}}"#,
            FIRST,
            Quirk::ShortAnswer(8192),
        ),
        (
            "Groq",
            400,
            r#"{"error":{"message":"'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'reasoning' is unsupported)]"}}"#,
            LATER,
            NoMembers,
        ),
        (
            "Groq",
            400,
            r#"{"error":{"message":"`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model"}}"#,
            FIRST,
            Quirk::ShortAnswer(8192),
        ),
        ("Groq", 400, r#"{"error":{"message":"`tool calling` is not supported with this model"}}"#, FIRST, NoTools),
        (
            "Groq",
            413,
            r#"{"error":{"message":"Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your message size and try again."}}"#,
            FIRST,
            Quirk::TooLong(Some(6000)),
        ),
        (
            "OpenRouter",
            404,
            r#"{"error":{"message":"No endpoints found that support tool use. Try disabling \"k__get\".","code":404}}"#,
            FIRST,
            NoTools,
        ),
        (
            "LiteLLM",
            400,
            r#"{"error":{"message":"litellm.UnsupportedParamsError: x does not support parameters: ['tools'], for model=y."}}"#,
            FIRST,
            NoTools,
        ),
        (
            "FastAPI",
            422,
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","tools"],"msg":"Extra inputs are not permitted"}]}"#,
            FIRST,
            NoTools,
        ),
        ("another", 400, r#"{"error":"this model doesn't support tool use"}"#, FIRST, NoTools),
        ("another", 501, r#"{"error":"tool use is not implemented"}"#, FIRST, NoTools),
        ("another", 400, r#"{"error":"unknown field `tools`"}"#, FIRST, NoTools),
        (
            "TGI",
            422,
            r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens"}"#,
            FIRST,
            Quirk::TooLong(Some(4096)),
        ),
        (
            "Moonshot",
            400,
            r#"{"error":{"message":"Invalid request: Your request exceeded model token limit: 8192","type":"invalid_request_error"}}"#,
            FIRST,
            Quirk::TooLong(Some(8192)),
        ),
        ("Bedrock", 400, r#"{"message":"Input is too long for requested model."}"#, FIRST, Quirk::TooLong(None)),
        ("another", 500, r#"{"error":"the request exceeds the context window"}"#, LATER, Quirk::TooLong(None)),
        ("a proxy", 413, "<html>413 Request Entity Too Large</html>", FIRST, Quirk::TooLong(None)),
    ] {
        assert_eq!(quirk(status, body, sent), Some(want), "{server}: {body}");
    }
}

#[test]
fn what_is_about_one_request_teaches_nothing_about_the_endpoint() {
    for (status, body, sent) in [
        (400, r#"{"error":{"message":"content policy violation"}}"#, FIRST),
        (401, r#"{"error":{"message":"this key does not support tools"}}"#, FIRST),
        (429, r#"{"error":{"message":"function calling is not enabled for your tier"}}"#, FIRST),
        (503, r#"{"error":{"message":"tool server is loading"}}"#, FIRST),
        (500, r#"{"error":{"message":"CUDA out of memory"}}"#, FIRST),
        (500, r#"{"error":{"message":"CUDA out of memory"}}"#, LATER),
        (404, r#"{"error":{"message":"the model gpt-tools does not exist"}}"#, FIRST),
    ] {
        assert_eq!(quirk(status, body, sent), None, "{body}");
    }
    // The same words in the middle of a conversation are about a turn of it.
    for words in
        ["the tool call in message 2 was answered too late", "does not support tools", "Duplicate id in tool calls"]
    {
        assert_eq!(quirk(400, words, LATER), Some(Quirk::Retell), "{words}");
    }
    // What was not sent was not refused.
    let plain = SentRequest { tools: false, system: false, ..FIRST };
    for words in ["does not support tools", "System role not supported", "Invalid schema for function"] {
        assert_eq!(quirk(400, words, plain), None, "{words}");
    }
}

#[test]
fn a_length_that_is_refused_in_chinese_is_understood() {
    assert_eq!(TOO_LONG.len(), 4, "a form that is too large is none");
    for (server, body, tokens) in [
        (
            "DashScope",
            r#"{"error":{"message":"输入长度超过模型最大上下文长度","code":"invalid_parameter_error"}}"#,
            None,
        ),
        (
            "DashScope",
            r#"{"error":{"message":"<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]"}}"#,
            Some(30_720),
        ),
        ("DashScope", r#"{"error":{"message":"输入长度的范围应为[1, 30720]"}}"#, Some(30_720)),
        ("Zhipu", r#"{"error":{"code":"1261","message":"Prompt 超长"}}"#, None),
        ("Zhipu", r#"{"error":{"code":"1261","message":"Prompt exceeds max length"}}"#, None),
        ("Moonshot", r#"{"error":{"message":"请求的 token 数超过模型上下文限制:8192"}}"#, None),
        ("Baichuan", r#"{"error":{"message":"输入内容过长,请缩短后重试"}}"#, None),
        ("Baichuan", r#"{"error":{"message":"上下文长度超出限制,最大长度为 32768"}}"#, Some(32_768)),
        ("Ark", r#"{"error":{"message":"Input length 203743 exceeds the maximum length 202752"}}"#, Some(202_752)),
        (
            "SiliconFlow",
            r#"{"message":"length of prompt_tokens (163280) must be less than max_seq_len (32768)"}"#,
            Some(32_768),
        ),
        (
            "a gateway",
            r#"{"error":{"message":"maximum context length failed","code":"maximum_context_length_failed"}}"#,
            None,
        ),
        ("a gateway", r#"{"error":{"message":"您的消息字数超过了模型的上限"}}"#, None),
    ] {
        assert_eq!(quirk(400, body, FIRST), Some(Quirk::TooLong(tokens)), "{server}: {body}");
        // As servers write it that send nothing but ASCII.
        let number = |c: char| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
        let body: String = body.chars().map(number).collect();
        assert_eq!(quirk(400, &body, FIRST), Some(Quirk::TooLong(tokens)), "{server}: {body}");
    }
    assert_eq!(quirk(400, "max_tokens 的取值范围为[1, 1500]", FIRST), Some(Quirk::ShortAnswer(1500)));
    let both = r#"{"message":"输入与 max_tokens 之和超过模型的上下文长度"}"#;
    assert_eq!(quirk(400, both, FIRST), Some(Quirk::TooLong(None)));
    for body in [
        "您的请求 token 数超过每分钟限制",
        "请求超过并发上限",
        "max_tokens 超出范围,输入长度不变",
        "输入内容包含敏感信息",
        "请求参数错误",
    ] {
        assert_eq!(quirk(400, body, FIRST), None, "{body}");
    }
}

#[test]
fn streams_that_are_refused_are_not_asked_for_again() {
    let streamed = SentRequest { stream: true, stream_usage: true, ..FIRST };
    for (status, body, want) in [
        // Mistral and others that are strict; old vLLM; Azure of some versions.
        (
            422,
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
            Quirk::NoStreamUsage,
        ),
        (400, r#"{"error":{"message":"Unknown parameter: 'stream_options.include_usage'."}}"#, Quirk::NoStreamUsage),
        (400, r#"{"error":{"message":"Streaming is not supported for this model."}}"#, Quirk::NoStream),
        (
            400,
            r#"{"error":{"message":"Unsupported value: 'stream' does not support true with this model."}}"#,
            Quirk::NoStream,
        ),
        (501, r#"{"message":"stream mode is disabled by the administrator"}"#, Quirk::NoStream),
        (500, r#"{"error":"this deployment does not support streaming"}"#, Quirk::NoStream),
    ] {
        assert_eq!(quirk(status, body, streamed), Some(want), "{body}");
        assert_ne!(quirk(status, body, FIRST), Some(want), "none was asked for: {body}");
    }
    for (status, body) in [
        (502, "upstream connect error"),
        (500, "error while reading the stream of the backend"),
        (400, "no healthy upstream"),
        (429, "too many streams"),
    ] {
        assert_ne!(quirk(status, body, streamed), Some(Quirk::NoStream), "{body}");
    }
}
