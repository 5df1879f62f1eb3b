//! What is free text in a conversation. Calls stay as they are: they are what is ruled on.

use super::{free, text};
use crate::domain::conversation::Fact;

/// A fact of a conversation without secrets in its free text.
pub(in crate::store) fn conversation(mut fact: Fact) -> Fact {
    match &mut fact {
        Fact::Asked { text: words, .. } | Fact::Looked { text: words, .. } => text(words),
        Fact::Wanted { text: words, original, .. }
        | Fact::Replied { text: words, original, .. }
        | Fact::Proposed { text: words, original, .. } => {
            text(words);
            original.iter_mut().filter_map(|original| original.message.as_mut()).for_each(free);
        }
        Fact::Failed { reason, .. } | Fact::Interrupted { reason } | Fact::Closed { reason } => text(reason),
        Fact::Began { .. } => {}
    }
    fact
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_of_a_conversation_lose_secrets_and_calls_stay_what_they_were() {
        let usage = json!({"calls": 1, "prompt_tokens": 1, "completion_tokens": 1, "took_ms": 1});
        let call = json!({"tool": "k.get", "arguments": {"name": "password=bound"}});
        for (fact, kept) in [
            (json!({"kind": "asked", "person": {"typed": "ada"}, "text": "is password=hunter22 right?"}), false),
            (json!({"kind": "looked", "call": call, "ok": true, "text": "password=hunter22", "took_ms": 1}), true),
            (
                json!({"kind": "replied", "text": "it is password=hunter22", "usage": usage,
                "original": {"by": "m", "message": {"content": "it is password=hunter22"}}}),
                false,
            ),
            (json!({"kind": "failed", "reason": "redis://:hunter22@cache is gone", "usage": usage}), false),
        ] {
            let mut fact = fact;
            if fact.get("person").is_some() {
                fact["person"] = serde_json::to_value(crate::domain::Person::typed("ada")).unwrap();
            }
            let fact = conversation(serde_json::from_value(fact).unwrap());
            let text = serde_json::to_string(&fact).unwrap();
            assert!(!text.contains("hunter22") && text.contains("[redacted]"), "{text}");
            assert_eq!(text.contains("password=bound"), kept, "{text}");
        }
    }
}
