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
    let all: [(&str, Cause, u8); 37] = [
        (
            r#"(?i)(?:required |missing )?(?:environment|env(?:ironment)?) ?(?:variable|var)s?:? ["'`]?(?P<what>[A-Z][A-Z0-9_]{2,60})["'`]? (?:is |was )?(?:not set|missing|required|not defined|undefined|must be set|must be defined|not found|not provided|empty|unset)"#,
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
        (r#"(?:nc|wget|ping|telnet): bad address ['"](?P<what>[a-zA-Z0-9._-]{2,200})"#, Cause::DnsFailure, 85),
        (r#"server can't find (?P<what>[a-zA-Z0-9._-]{2,200}): (?:NXDOMAIN|SERVFAIL)"#, Cause::DnsFailure, 85),
        (
            r#"(?i)(?:relation|column|schema|database|function|type) "(?P<what>[^"\n]{1,120})"(?: of relation "[^"\n]{1,120}")? does not exist|(?:Table|View) '(?P<what2>[^'\n]{1,120})' doesn't exist|no such (?:table|column): (?P<what3>[A-Za-z0-9_.]{1,120})|Unknown (?:column|database|table) '(?P<what4>[^'\n]{1,120})'|Invalid (?:object|column) name '(?P<what5>[^'\n]{1,120})'|ORA-00942"#,
            Cause::SchemaMissing,
            85,
        ),
        (
            r#"(?i)password authentication failed for user "(?P<what>[^"\n]{1,120})"|Access denied for user '(?P<what2>[^'\n]{1,120})'|Login failed for user '(?P<what3>[^'\n]{1,120})'|role "(?P<what4>[^"\n]{1,120})" does not exist"#,
            Cause::CredentialsRefused,
            88,
        ),
        (
            r"WRONGPASS invalid|NOAUTH Authentication required|(?i:SASL authentication failed|mongo[a-z]*error: authentication failed|SaslAuthenticationException)|ORA-01017|InvalidAccessKeyId|SignatureDoesNotMatch|UnrecognizedClientException|(?:The )?security token included in the request is (?:invalid|expired)|ExpiredToken(?:Exception)?\b|ACCESS_REFUSED",
            Cause::CredentialsRefused,
            82,
        ),
        (
            r"(?i)(?:bind|listen|EADDRINUSE)[^\n]{0,80}?:(?P<what>[0-9]{2,5})\b[^\n]{0,40}already in use|EADDRINUSE[^\n]{0,60}?:(?P<what2>[0-9]{2,5})\b|port (?P<what3>[0-9]{2,5}) (?:was|is) already in use|address already in use",
            Cause::PortInUse,
            88,
        ),
        (
            r#"(?i)(?:permission denied|read-only file system)[:,](?: (?:open|mkdir|unlink|rename|scandir|stat|copyfile))? ["'`]?(?P<what>/[^\s"'`:]{1,200})|(?:^|[\s"'`‘])(?P<what2>/[^\s"'`’:]{1,200})["'`’]?: (?:permission denied|read-only file system)|AccessDeniedException: (?P<what3>/\S{1,200})"#,
            Cause::FileNotAccessible,
            84,
        ),
        (
            r"(?i)certificate verify failed: certificate has expired|x509: certificate has expired|CERT_HAS_EXPIRED|\bcertificate (?:has )?expired\b|CertificateExpiredException",
            Cause::CertificateExpiring,
            78,
        ),
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
        (
            r#"\b(?:Get|Post|Put|Head|Patch|Delete) \\?"https?://(?P<what>[a-zA-Z0-9._:-]{2,200})[^"\n]{0,300}": (?:context deadline exceeded|net/http: (?:request canceled|timeout)|EOF)"#,
            Cause::DependencyUnreachable,
            75,
        ),
        (
            r"HTTPS?ConnectionPool\(host='(?P<what>[^'\n]{1,200})'[^\n]{0,300}?(?:timed out|refused|Max retries exceeded)",
            Cause::DependencyUnreachable,
            72,
        ),
        (
            r#"(?i)(?:time(?:d )?out|deadline exceeded)[^\n]{0,40}? (?:calling|connecting to|waiting for|talking to) ["'`]?(?:https?://)?(?P<what>[a-z0-9][a-z0-9.:-]{1,100})"#,
            Cause::DependencyUnreachable,
            68,
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
pub(super) struct LogCause {
    pub cause: Cause,
    pub confidence: u8,
    /// The variable, file, host or setting.
    pub what: String,
    /// The line.
    pub line: String,
}

/// What the end of a log gives as the cause: the last line that any pattern knows, since what came before was
/// survived.
pub(super) fn exit_cause(log: &str) -> Option<LogCause> {
    let from = log.ceil_char_boundary(log.len().saturating_sub(END));
    let end = log.get(from..).unwrap_or_default();
    end.lines().rev().take(200).find_map(|line| {
        let line = line.get(..line.floor_char_boundary(2000)).unwrap_or_default();
        PATTERNS.iter().find_map(|(pattern, cause, confidence)| {
            let found = pattern.captures(line)?;
            // Every group of a pattern is a place for what it is about.
            let what = found.iter().skip(1).flatten().next().map_or("", |what| what.as_str());
            let what = short(what.trim_end_matches(['.', ',', ';']));
            Some(LogCause { cause: *cause, confidence: *confidence, what, line: short(line) })
        })
    })
}

/// The line that tells most of how a program ended: the last that is an error, where a trace of calls stands behind it, and
/// else the last that says anything.
pub(super) fn telling(log: &str) -> Option<String> {
    let from = log.ceil_char_boundary(log.len().saturating_sub(END));
    let end = log.get(from..).unwrap_or_default();
    crate::evidence::last_error(end).map(|line| short(&line)).or_else(|| last(log))
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
        assert_eq!(PATTERNS.len(), 37, "one of the patterns is none");
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
            let word = exit_cause(&format!("starting\n{line}\n")).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((word.cause, word.what.as_str()), (cause, what), "{line}");
        }
        for line in ["INFO GET /not/found 404", "panic: runtime error: index out of range", "", "ready to serve"] {
            assert!(exit_cause(line).is_none(), "{line}");
        }
        assert_eq!(last("a\n\nb\n\n").as_deref(), Some("b"));
        for (log, line) in [
            (
                "INFO up\nException in thread \"main\" java.lang.IllegalStateException: no plan\n\tat com.shop.Main.run(Main.java:7)\n\
                 Caused by: java.sql.SQLException: broken\n\tat com.shop.Error.of(Error.java:3)\n\t... 3 more\n",
                "Caused by: java.sql.SQLException: broken",
            ),
            (
                "panic: index out of range\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:9 +0x1d\nexit status 2\n",
                "panic: index out of range",
            ),
            (
                "Error: Cannot find module 'express'\n    at Module._load (node:internal/error:1)\n  code: 'MODULE',\n\nNode.js v20.1.0\n",
                "Error: Cannot find module 'express'",
            ),
            ("loading\nstopped\n", "stopped"),
        ] {
            assert_eq!(telling(log).as_deref(), Some(line));
        }
    }
}
