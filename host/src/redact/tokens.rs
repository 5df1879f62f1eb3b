//! Secrets that can be told by their own shape, wherever they stand.
//!
//! The shapes of vendors' tokens follow the rules of gitleaks (<https://github.com/gitleaks/gitleaks>,
//! `config/gitleaks.toml`, MIT licence) as of July 2026: of its rules those that know a token by a prefix or
//! a form of its own were taken, written anew without upper bounds on lengths, so that longer tokens of the
//! same kind are found too. Its rules that need a vendor's name before the value are covered by the names in
//! `names.rs`, and its measure of entropy is not used: digests, ids and names of objects would go with it.
//! Shapes that it does not have (hash formats, hooks of chat services, encoded keys) are added.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use super::prefiltered::Prefiltered;
use super::span::{Replacement, Span};

/// Tokens that begin with letters of their own, at the beginning of a word.
const PREFIXED: &[&str] = &[
    // Clouds.
    r"(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
    r"ABSK[A-Za-z0-9+/]{60,}=*",
    r"AIza[\w-]{35}",
    r"ya29\.[\w-]{20,}",
    r"GOCSPX-[\w-]{20,}",
    r"LTAI[A-Za-z0-9]{16,}",
    r"AKID[A-Za-z0-9]{32,}",
    r"do[opr]_v1_[a-f0-9]{32,}",
    r"dapi[a-f0-9]{32}(?:-\d)?",
    r"v1\.0-[a-f0-9]{24}-[a-f0-9]{64,}",
    r"fo1_[\w-]{30,}",
    r"fm(?:1[ar]|2)_[A-Za-z0-9+/]{40,}=*",
    r"HRKU-[\w-]{30,}",
    r"pscale_(?:tkn|oauth|pw)_[\w=.-]{20,}",
    r"tk-us-[\w-]{40,}",
    r"pnu_[A-Za-z0-9]{30,}",
    r"pul-[a-f0-9]{40}",
    r"[a-zA-Z0-9]{14}\.atlasv1\.[\w=-]{50,}",
    r"hv[bsr]\.[\w-]{20,}",
    r"sha256~[\w-]{40,}",
    r"ico-[A-Za-z0-9]{32}",
    r"(?:pat|sat)\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}",
    // Code, packages, builds.
    r"gh[pousr]_[A-Za-z0-9]{16,}",
    r"github_pat_\w{16,}",
    r"gl(?:pat|dt|rt|ptt|ft|imt|agent|oas|soat|ffct|cbt)-[\w.-]{16,}",
    r"GR1348941[\w-]{16,}",
    r"npm_[A-Za-z0-9_-]{16,}",
    r"pypi-[\w-]{40,}",
    r"rubygems_[a-f0-9]{40,}",
    r"(?i:clojars)_[A-Za-z0-9]{40,}",
    r"oy2[a-z0-9]{43}",
    r"dckr_(?:pat|oat)_[\w-]{16,}",
    r"AKCp[A-Za-z0-9]{60,}",
    r"cmVmd[A-Za-z0-9]{50,}",
    r"sq[upa]_[a-f0-9]{40}",
    r"sgp_[a-fA-F0-9_]{40,}",
    r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9.]{40,}",
    r"PMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{34}",
    r"API-[A-Z0-9]{26}",
    r"lin_api_[A-Za-z0-9]{32,}",
    r"ATATT3[\w=-]{60,}",
    r"ATCTT3[\w=-]{60,}",
    r"ATBB[A-Za-z0-9]{24,}",
    r"ntn_[0-9]{11}[A-Za-z0-9]{30,}",
    r"secret_[A-Za-z0-9]{40,}",
    r"rdme_[a-z0-9]{60,}",
    r"figd_[\w-]{30,}",
    r"pat[A-Za-z0-9]{14}\.[a-f0-9]{64}",
    // Watching.
    r"glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}",
    r"glc_[A-Za-z0-9+/]{32,}=*",
    r"eyJrIjoi[A-Za-z0-9]{40,}=*",
    r"dt0[cs]\d{2}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{48,}",
    r"NR(?:AK|JS|II|RA)-[A-Za-z0-9-]{19,}",
    r"sntry[su]_[\w=+/-]{40,}",
    r"hcaik_[a-z0-9]{50,}",
    r"phc_[A-Za-z0-9]{40,}",
    r"phx_[A-Za-z0-9]{40,}",
    // Models.
    r"sk-ant-[\w-]{20,}",
    r"(?:sk|pk|rk)[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9]{20,}[\w-]*",
    r"(?:sk|rk)_(?:test|live|prod)_[A-Za-z0-9]{10,}",
    r"pplx-[A-Za-z0-9]{40,}",
    r"gsk_[A-Za-z0-9]{40,}",
    r"hf_[A-Za-z0-9]{20,}",
    r"api_org_[A-Za-z0-9]{30,}",
    r"r8_[A-Za-z0-9]{32,}",
    r"xai-[A-Za-z0-9]{60,}",
    // Messages and mail.
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"xapp-\d-[A-Za-z0-9-]{20,}",
    r"xoxe\.xox[bp]-\d-[A-Za-z0-9]{40,}",
    r"SG\.[\w-]{16,}\.[\w-]{16,}",
    r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}",
    r"key-[a-f0-9]{32}",
    r"[a-f0-9]{32}-us\d{1,2}",
    r"SK[0-9a-f]{32}",
    r"\d{8,10}:AA[\w-]{32,}",
    r"[MNO][A-Za-z\d_-]{23,25}\.[\w-]{6}\.[\w-]{27,}",
    r"EAA[A-Z][A-Za-z0-9]{80,}",
    r"(?i:sct)\d{3,}T[A-Za-z0-9]{20,}",
    // Shops and money.
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}",
    r"sq0(?:atp|csp|idp)-[\w-]{22,}",
    r"EAAA[\w-]{60}",
    r"whsec_[A-Za-z0-9+/=]{20,}",
    r"shippo_(?:live|test)_[a-fA-F0-9]{40}",
    r"EZ[AT]K[A-Za-z0-9]{54}",
    r"duffel_(?:test|live)_[\w=-]{40,}",
    r"FLW(?:SECK|PUBK)(?:_TEST)?-[A-Za-z0-9]{12,}(?:-X)?",
    r"access-(?:sandbox|development|production)-[0-9a-f-]{36}",
    r"sm_[aps]at_[A-Za-z0-9]{16}",
    r"fio-u-[\w=-]{60,}",
    r"p8e-[A-Za-z0-9]{32}",
    r"tfp_[\w.=-]{50,}",
    r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk",
    r"dnkey-[\w=-]{26}-[\w=-]{52}",
    r"s-s4t2(?:ud|af)-[a-f0-9]{64}",
    r"b_[a-z0-9=_-]{44}",
    // Keys.
    r"AGE-SECRET-KEY-(?:PQ-)?1[A-Za-z0-9]{30,}",
    r"A3-[A-Z0-9]{6}-[A-Z0-9-]{11,13}-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
    r"ops_eyJ[A-Za-z0-9+/]{100,}=*",
    r"bedrock-api-key-[A-Za-z0-9+/=]{20,}",
    r"v[1-4]\.(?:local|public)\.[\w-]{20,}(?:\.[\w-]+)?",
    r"md5[0-9a-f]{32}",
    // Keys and configurations in base64: PEM (certificates go along), OpenSSH, DER, Docker's logins, JWTs.
    r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]{16,}",
    r"b3BlbnNzaC1rZXktdjEA[A-Za-z0-9+/=]{20,}",
    r"MII[A-Za-z0-9+/]{2}[AQgw]IBA(?:AKC|DAN)[A-Za-z0-9+/]{40,}=*",
    r"M(?:HcCAQEEI|IGHAgEAM|C4CAQAwBQYDK2V)[A-Za-z0-9+/]{20,}=*",
    r"eyJhdXRocyI6[A-Za-z0-9+/=]{8,}",
    r"ewogI?C?[A-Za-z0-9+/]{0,4}Imf1dGhzIj[A-Za-z0-9+/=]{8,}",
    r"ZXlKaGJHY2lPaU[A-Za-z0-9+/=_-]{20,}",
];

/// Shapes that need their surroundings, with texts of which one is in every match, whatever its case. Where
/// there is a group, the group gives way.
const OTHERS: &[(&[&str], &str, Replacement)] = &[
    (
        &["PRIVATE KEY"],
        r"-----BEGIN[ A-Z0-9_-]{0,60}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END[ A-Z0-9_-]{0,60}PRIVATE KEY(?: BLOCK)?-----|\z)",
        Replacement::PrivateKey,
    ),
    // The end of a key whose beginning was cut off.
    (
        &["PRIVATE KEY"],
        r"(?:[A-Za-z0-9+/=]{16,}(?:\\r|\\n|\s)+)+-----END[ A-Z0-9_-]{0,60}PRIVATE KEY(?: BLOCK)?-----",
        Replacement::PrivateKey,
    ),
    (
        &["PRIVATE KEY ----"],
        r"---- BEGIN[ A-Z0-9]{0,40}PRIVATE KEY ----[\s\S]*?(?:---- END[ A-Z0-9]{0,40}PRIVATE KEY ----|\z)",
        Replacement::PrivateKey,
    ),
    (&["Private-Lines"], r"Private-Lines: \d+\s+((?:[A-Za-z0-9+/=]+\s)+)", Replacement::PrivateKey),
    // JWT, JWS, and JWE with its five parts.
    (&["eyJ"], r"(?-u:\b)eyJ[\w-]{8,}(?:\.[\w-]*){1,4}", Replacement::Token),
    (&["bearer", "basic"], r"(?i)(?-u:\b)(?:bearer|basic)[ \t]+([a-z0-9._~+/-]{16,}=*)", Replacement::Mark),
    // A pair of AWS: the key behind its id.
    (&["AKIA", "ASIA"], r"(?-u:\b)(?:AKIA|ASIA)[A-Z0-9]{16}[\s,;:|]+([A-Za-z0-9/+]{40})", Replacement::Mark),
    (&["Q~"], r"(?:^|[\s=:(,'\x22>])([\w~.]{3}\dQ~[\w~.-]{31,34})", Replacement::Mark),
    // Hashes of passwords.
    (
        &["$"],
        r"\$(?:1|2[abxy]?|5|6|7|y|gy|md5|apr1|sha1|argon2(?:id|i|d)|scrypt|pbkdf2(?:-sha\d+)?|bcrypt-sha256|P|H)\$[./A-Za-z0-9$=,+-]{16,}",
        Replacement::Mark,
    ),
    (
        &["pbkdf2", "bcrypt", "argon2", "scrypt"],
        r"(?-u:\b)(?:pbkdf2|bcrypt|argon2|scrypt)(?:_sha\d+)?\$[./A-Za-z0-9$=,+-]{20,}",
        Replacement::Mark,
    ),
    (
        &["{sha", "{ssha", "{md5", "{smd5", "{crypt"],
        r"\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT)\}[A-Za-z0-9+/=$.]{16,}",
        Replacement::Mark,
    ),
    (&["SCRAM-SHA"], r"SCRAM-SHA-(?:1|256|512)\$[A-Za-z0-9+/=:$]{20,}", Replacement::Mark),
    // Addresses that whoever knows them may post to.
    (
        &[
            "hooks.slack.com",
            "discord",
            "hooks.zapier.com",
            "events.pagerduty.com",
            "hooks.chime.aws",
            "hc-ping.com",
            "ftqq.com",
            "api.day.app",
            "ntfy.sh",
        ],
        r"(?i)(?:https?://)?(?:hooks\.slack\.com/(?:services|workflows|triggers)|(?:[\w-]+\.)?discord(?:app)?\.com/api/(?:v\d+/)?webhooks|hooks\.zapier\.com/hooks/catch|events\.pagerduty\.com/integration|hooks\.chime\.aws/incomingwebhooks|hc-ping\.com|sctapi\.ftqq\.com|sc\.ftqq\.com|api\.day\.app|ntfy\.sh/[\w-]*?_)/?[\w/?=&.+%-]{8,}",
        Replacement::Mark,
    ),
    (
        &["webhook.office.com"],
        r"(?i)(?:https?://)?[\w-]+\.webhook\.office\.com/webhookb2/[\w@/.-]{16,}",
        Replacement::Mark,
    ),
    (
        &["open.feishu.cn", "open.larksuite.com"],
        r"(?i)(?:https?://)?open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/(?:v2/)?hook/[\w-]{16,}",
        Replacement::Mark,
    ),
    (&["oapi.dingtalk.com"], r"(?i)oapi\.dingtalk\.com/robot/send\?access_token=([0-9a-z]{16,})", Replacement::Mark),
    (&["qyapi.weixin.qq.com"], r"(?i)qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=([\w-]{16,})", Replacement::Mark),
    (&["api.telegram.org"], r"(?i)api\.telegram\.org/(?:file/)?bot(\d+:[\w-]{20,})", Replacement::Mark),
    (&["maker.ifttt.com"], r"(?i)maker\.ifttt\.com/trigger/[\w-]+/(?:json/)?with/key/([\w-]{10,})", Replacement::Mark),
    (&["/hooks/"], r"(?i)://[\w.:-]+/hooks/([a-z0-9]{24,}(?:/[a-z0-9]{24,})?)", Replacement::Mark),
    (&["/api/v"], r"(?i)://[\w.:-]+/api/v\d+/(?:rooms|webhooks)/[\w-]+/([\w-]{20,})", Replacement::Mark),
    // Login of a MySQL driver: `user:password@tcp(host:3306)/db`.
    (&["@tcp", "@unix"], r"(?-u:\b)[\w.-]+:([^\s@/:]+)@(?:tcp|tcp6|unix)\(", Replacement::Mark),
    // Words of sentences and of SQL.
    (
        &["identified", "password"],
        r"(?i)(?:identified\s+(?:with\s+\w+\s+)?by|password)\s+'([^'\n]+)'",
        Replacement::Mark,
    ),
    (
        &["pass"],
        r"(?i)(?-u:\b)pass(?:word|phrase|wd)\s+(?:is|was)\s+[\x22']?([^\s\x22']*\d[^\s\x22'.]*)",
        Replacement::Mark,
    ),
    (&["密码", "口令", "密钥", "令牌"], r"(?:密码|口令|密钥|令牌)(?:是|为)[:： ]*([!-~]{4,})", Replacement::Mark),
    // netrc and configurations that part name and value by a blank.
    (&["login", "user"], r"(?i)(?-u:\b)(?:login|user)\s+\S+\s+password\s+(\S+)", Replacement::Mark),
    (
        &["requirepass", "masterauth", "rootpw", "bindpw", "tls-key-file-pass", "secret-id"],
        r"(?im)^\s*(?:requirepass|masterauth|rootpw|bindpw|tls-key-file-pass|secret-id)\s+(\S+)",
        Replacement::Mark,
    ),
    // Tables of variables: `DB_PASSWORD   hunter2`, `| DB_PASSWORD | hunter2 |`.
    (
        &["_PASS", "_PWD", "_TOKEN", "_SECRET", "_APIKEY", "_KEY"],
        r"(?m)(?:^|\x22)[ \t|]*(?:[A-Z0-9]+_)+(?:PASS|PASSWORD|PASSWD|PWD|TOKEN|SECRET|APIKEY|(?:API|SECRET|ACCESS|PRIVATE|SIGNING|ENCRYPTION|AUTH)_KEY)(?:[ \t]{2,}|\t|[ \t]*[|│┃][ \t]*)([^\s|│┃=:\x22]+)",
        Replacement::Mark,
    ),
    // `describe` of a ConfigMap.
    (
        &["pass", "pwd", "token", "secret", "key", "credential"],
        r"(?im)^[\w.-]*(?:password|passwd|pass|pwd|passphrase|token|secret|api[_-]?key|private[_-]?key|credentials?):[ \t]*\r?\n-{4,}[ \t]*\r?\n([^\r\n]+)",
        Replacement::Mark,
    ),
    // Elements and attributes of XML.
    (
        &["</"],
        r"(?i)<[\w:.-]*(?:password|passwd|pwd|secret|token|api-?key|passphrase|private-?key|access-?key)(?:\s[^<>]{0,200})?>([^<>\s][^<>]*)</",
        Replacement::Mark,
    ),
    (
        &["value="],
        r#"(?i)(?:key|name)="[^"\n]{0,80}(?:password|passwd|pwd|secret|token|api-?key|connectionstring)"\s+value="([^"\n]+)""#,
        Replacement::Mark,
    ),
    // A Secret as Go prints it.
    (&["Data:map["], r"Secret\{[^\n]{0,4000}?Data:map\[string\]\[\](?:byte|uint8)\{([^}]*)\}", Replacement::Mark),
    (&["StringData:map["], r"StringData:map\[string\]string\{([^}]*)\}", Replacement::Mark),
];

/// Finds the prefixed ones. Letters are ASCII: a class of all letters would take a hundred times the room.
static PREFIXED_SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // A letter before it would make it the middle of another word.
    let pattern = format!(r"(?-u)\b(?:{})", PREFIXED.join("|"));
    RegexBuilder::new(&pattern).size_limit(16 << 20).dfa_size_limit(4 << 20).build().ok()
});

static OTHER_SHAPES: LazyLock<Option<Prefiltered<Replacement>>> =
    LazyLock::new(|| Prefiltered::new(OTHERS.iter().map(|(needs, pattern, put)| (*needs, *pattern, *put))));

/// Finds them. False when the rules do not compile, which a test rules out: then nothing may pass.
pub(super) fn find(text: &str, spans: &mut Vec<Span>) -> bool {
    let (Some(prefixed), Some(others)) = (PREFIXED_SHAPES.as_ref(), OTHER_SHAPES.as_ref()) else { return false };
    spans.extend(prefixed.find_iter(text).map(|found| Span::marked(found.start(), found.end())));
    others.each(text, |regex, put| {
        if regex.captures_len() == 1 {
            spans.extend(regex.find_iter(text).map(|found| Span { start: found.start(), end: found.end(), put: *put }));
            return;
        }
        for found in regex.captures_iter(text) {
            let Some(part) = found.get(1) else { continue };
            if !part.as_str().starts_with("[redacted") {
                spans.push(Span { start: part.start(), end: part.end(), put: *put });
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_compiles() {
        for pattern in PREFIXED.iter().chain(OTHERS.iter().map(|(_, pattern, _)| pattern)) {
            assert!(Regex::new(pattern).is_ok(), "{pattern}");
        }
        assert!(PREFIXED_SHAPES.is_some() && OTHER_SHAPES.is_some());
    }
}
