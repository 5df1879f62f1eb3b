//! Answers that tell of success by an `errcode`, as DingTalk's and WeCom's do.

use serde_json::Value;

use super::Said;

impl Said {
    /// What an answer with an `errcode` and an `errmsg` means: most failures arrive with status 200. `known` says what a
    /// code other than 0 means. It is given the code, its text, and what writes the reason with a hint behind it.
    pub fn by_errcode(
        status: u16,
        body: &Value,
        known: impl FnOnce(i64, &str, &dyn Fn(&str) -> String) -> Option<Self>,
    ) -> Self {
        let text = body.get("errmsg").and_then(Value::as_str).unwrap_or_default();
        let Some(code) = body.get("errcode").and_then(Value::as_i64) else {
            // Success without the code that tells of it is an answer of something else, such as a proxy.
            let without = || Self::Again(format!("answered {status} without an errcode"));
            return if status < 300 { without() } else { Self::Nothing };
        };
        let reason = |hint: &str| format!("refused with errcode {code}: {text}{hint}");
        match code {
            0 if status < 300 => Self::Done,
            0 => Self::Nothing,
            _ => known(code, text, &reason)
                .unwrap_or_else(|| if status >= 400 { Self::Nothing } else { Self::Failed(reason("")) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn success_is_what_the_code_says() {
        let said = |status, body: Value| {
            Said::by_errcode(status, &body, |code, text, reason| {
                (code == 7).then(|| Said::Refused(reason(&format!("; {text}"))))
            })
        };
        assert_eq!(said(200, json!({"errcode": 0})), Said::Done);
        assert_eq!(said(500, json!({"errcode": 0})), Said::Nothing);
        assert_eq!(said(200, json!({})), Said::Again("answered 200 without an errcode".into()));
        assert_eq!(said(502, json!(null)), Said::Nothing);
        assert_eq!(
            said(200, json!({"errcode": 7, "errmsg": "x"})),
            Said::Refused("refused with errcode 7: x; x".into())
        );
        assert_eq!(said(200, json!({"errcode": 8, "errmsg": "x"})), Said::Failed("refused with errcode 8: x".into()));
        assert_eq!(said(400, json!({"errcode": 8})), Said::Nothing);
    }
}
