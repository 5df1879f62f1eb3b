//! What programs themselves say in their last words.

use std::sync::LazyLock;

use regex::Regex;

use super::fields::short;
use crate::domain::Cause;

/// Bytes of a log's end that are read.
const END: usize = 16 << 10;

/// A pattern, its cause, how sure it is, and which group names what it is about.
type Pattern = (Regex, Cause, u8);

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let all: [(&str, Cause, u8); 26] = [
        (
            r#"(?i)(?:required |missing )?(?:environment|env(?:ironment)?) ?(?:variable|var)s?:? ["'`]?(?P<what>[A-Z][A-Z0-9_]{2,60})["'`]? (?:is |was )?(?:not set|missing|required|not defined|undefined|must be set|empty|unset)"#,
            Cause::EnvironmentVariableMissing,
            90,
        ),
        (
            r#"(?i)(?:missing|undefined|unset|required)(?: required)? (?:environment|env(?:ironment)?) ?(?:variable|var)s?:? ["'`]?(?P<what>[A-Z][A-Z0-9_]{2,60})"#,
            Cause::EnvironmentVariableMissing,
            90,
        ),
        (
            r#"(?i)could not resolve placeholder ['"](?P<what>[A-Z][A-Z0-9_]{2,60})['"]"#,
            Cause::EnvironmentVariableMissing,
            85,
        ),
        (r"required key (?P<what>[A-Z][A-Z0-9_]{2,60}) missing value", Cause::EnvironmentVariableMissing, 90),
        (r#"key not found: "(?P<what>[A-Z][A-Z0-9_]{2,60})""#, Cause::EnvironmentVariableMissing, 75),
        (
            r"\b(?P<what>[A-Z][A-Z0-9_]{2,60}): (?:unbound variable|parameter (?:null or )?not set)",
            Cause::EnvironmentVariableMissing,
            88,
        ),
        (r#"is forbidden: User \\?"(?P<what>[^"\\]{1,200})\\?" cannot [a-z]+ resource"#, Cause::AccessForbidden, 88),
        (r#"KeyError: ["'](?P<what>[A-Z][A-Z0-9_]{2,60})["']"#, Cause::EnvironmentVariableMissing, 75),
        (
            r#"\b(?P<what>[A-Z][A-Z0-9_]{3,60}) (?:environment variable )?(?:is not set|must be set|is required|not set)\b"#,
            Cause::EnvironmentVariableMissing,
            80,
        ),
        (
            r#"(?:lookup|resolve(?: host)?:?) (?P<what>[a-zA-Z0-9._-]{2,200})(?: on [0-9.:a-f\[\]]+)?: (?:read udp [^\n]{0,100}: )?(?:no such host|server misbehaving|i/o timeout|Temporary failure)"#,
            Cause::DnsFailure,
            85,
        ),
        (r#"host not found in upstream "(?P<what>[a-zA-Z0-9._-]{2,200})"#, Cause::DnsFailure, 88),
        (
            r#"(?i)(?:failed to|unable to|cannot|can't|could not) resolve (?:the )?(?:host ?name|host|address|dns name)[: ]+["'`]?(?P<what>[a-z0-9-]+(?:\.[a-z0-9-]+)*)"#,
            Cause::DnsFailure,
            85,
        ),
        (
            r#"(?:Failed to resolve '(?P<what>[a-zA-Z0-9.-]{2,200})' \(\[Errno|nslookup: can't resolve '(?P<what2>[a-zA-Z0-9.-]{2,200})')"#,
            Cause::DnsFailure,
            85,
        ),
        (r#"(?:getaddrinfo )?(?:ENOTFOUND|EAI_AGAIN) (?P<what>[a-zA-Z0-9._-]{2,200})"#, Cause::DnsFailure, 85),
        (
            r#"(?:UnknownHostException: |[Cc]ould not resolve host(?:name)?:? |Name or service not known:? ?|could not translate host name ")(?P<what>[a-zA-Z0-9._-]{2,200})"#,
            Cause::DnsFailure,
            85,
        ),
        (r"Temporary failure in name resolution|\[Errno -2\] Name or service not known", Cause::DnsFailure, 80),
        (
            r#"(?i)(?:dial tcp|connect(?:ion)?(?: to| failed)?|ECONNREFUSED|econnreset|server at)[^\n]{0,60}?(?P<what>[a-zA-Z0-9._-]+:[0-9]{2,5})\)?:?[^\n]{0,60}?(?:connection refused|refused|timed? ?out|no route to host|reset by peer|unreachable)"#,
            Cause::DependencyUnreachable,
            75,
        ),
        (
            r#"connection to server at "(?P<what>[^"\n]{1,200})"[^\n]{0,120}?(?:refused|timed? ?out)"#,
            Cause::DependencyUnreachable,
            75,
        ),
        (r"Can't connect to MySQL server on '(?P<what>[^'\s]{1,200})'", Cause::DependencyUnreachable, 75),
        (
            r"(?:Connection refused:|Connection to node -?[0-9]+) \(?(?P<what>[a-zA-Z0-9./-]+:[0-9]{2,5})",
            Cause::DependencyUnreachable,
            75,
        ),
        (r#"(?:ECONNREFUSED|ETIMEDOUT) (?P<what>[a-zA-Z0-9._-]+:[0-9]{2,5})"#, Cause::DependencyUnreachable, 75),
        (
            r#"(?:open|stat|read|load(?:ing)?|file|No such file or directory:|FileNotFoundException:|ENOENT[^\n]{0,60}?) ["'`]?(?P<what>/[^\s"'`:()]{2,200})["'`]?(?::| \()[^\n]{0,20}?(?:no such file or directory|No such file|not found)"#,
            Cause::FileMissing,
            85,
        ),
        (
            r#"(?:No such file or directory: |ENOENT: no such file or directory, open )["'`]?(?P<what>/[^\s"'`]{2,200})"#,
            Cause::FileMissing,
            85,
        ),
        (r#"(?P<what>/[^\s"'`:()]{2,200})["'`]?: No such file or directory"#, Cause::FileMissing, 80),
        (r"(?i)(?:(?P<what>/[^\s:]{2,200}): )?no space left on device|ENOSPC", Cause::DiskFilling, 82),
        (
            r"(?i)(?:fail(?:ed)? to|cannot|could not|error) (?:pars(?:e|ing)|load(?:ing)?|read(?:ing)?|unmarshal(?:ing)?) (?:the )?(?P<what>config(?:uration)?\b[^\n]{0,80})|(?P<what2>(?:invalid|bad|malformed) config(?:uration)?\b[^\n]{0,80}|unknown (?:directive|configuration)[^\n]{0,80})",
            Cause::ConfigurationInvalid,
            75,
        ),
    ];
    all.into_iter().filter_map(|(pattern, cause, sure)| Some((Regex::new(pattern).ok()?, cause, sure))).collect()
});

/// What a log tells about the end of a program.
pub(super) struct Word {
    pub cause: Cause,
    pub confidence: u8,
    /// The variable, file, host or setting.
    pub what: String,
    /// The line.
    pub line: String,
}

/// What the end of a log gives as the cause: the last line that any pattern knows, since what came before was
/// survived.
pub(super) fn word(log: &str) -> Option<Word> {
    let from = log.ceil_char_boundary(log.len().saturating_sub(END));
    let end = log.get(from..).unwrap_or_default();
    end.lines().rev().take(200).find_map(|line| {
        let line = line.get(..line.floor_char_boundary(2000)).unwrap_or_default();
        PATTERNS.iter().find_map(|(pattern, cause, confidence)| {
            let found = pattern.captures(line)?;
            let what = found.name("what").or_else(|| found.name("what2")).map_or("", |what| what.as_str());
            let what = short(what.trim_end_matches(['.', ',', ';']));
            Some(Word { cause: *cause, confidence: *confidence, what, line: short(line) })
        })
    })
}

/// The last line that says anything.
pub(super) fn last(log: &str) -> Option<String> {
    log.lines().rev().find(|line| !line.trim().is_empty()).map(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_of_programs_are_understood() {
        assert_eq!(PATTERNS.len(), 26, "one of the patterns is none");
        for (line, cause, what) in [
            ("fatal: environment variable PAYMENT_URL is not set", Cause::EnvironmentVariableMissing, "PAYMENT_URL"),
            ("KeyError: 'DB_HOST'", Cause::EnvironmentVariableMissing, "DB_HOST"),
            ("Missing required environment variable: API_KEY", Cause::EnvironmentVariableMissing, "API_KEY"),
            ("DB_PASSWORD is required", Cause::EnvironmentVariableMissing, "DB_PASSWORD"),
            ("open /etc/web/config.yaml: no such file or directory", Cause::FileMissing, "/etc/web/config.yaml"),
            (
                "FileNotFoundError: [Errno 2] No such file or directory: '/app/config.json'",
                Cause::FileMissing,
                "/app/config.json",
            ),
            ("Error: ENOENT: no such file or directory, open '/data/x'", Cause::FileMissing, "/data/x"),
            ("dial tcp: lookup db on 10.96.0.10:53: no such host", Cause::DnsFailure, "db"),
            ("Error: getaddrinfo ENOTFOUND redis", Cause::DnsFailure, "redis"),
            ("java.net.UnknownHostException: kafka", Cause::DnsFailure, "kafka"),
            ("dial tcp 10.0.0.3:5432: connect: connection refused", Cause::DependencyUnreachable, "10.0.0.3:5432"),
            ("connect ECONNREFUSED 10.0.0.3:6379", Cause::DependencyUnreachable, "10.0.0.3:6379"),
            (
                "connection to server at \"db\" (10.0.0.1), port 5432 failed: Connection refused",
                Cause::DependencyUnreachable,
                "db",
            ),
        ] {
            let word = word(&format!("starting\n{line}\n")).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((word.cause, word.what.as_str()), (cause, what), "{line}");
        }
        for line in ["INFO GET /not/found 404", "panic: runtime error: index out of range", "", "ready to serve"] {
            assert!(word(line).is_none(), "{line}");
        }
        assert_eq!(last("a\n\nb\n\n").as_deref(), Some("b"));
    }
}
