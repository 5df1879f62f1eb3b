//! Objects that stand as texts in arguments: read, written, and held against each other.

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};

use crate::domain::object;
use crate::domain::text::canonical_json;
use crate::evidence::{CHANGES, Change, changes};
use crate::policy::evaluation::error;
use crate::policy::json::{from_json, to_json};

type FnResult<T> = Result<T, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine.register_fn("parse_object", |text: Dynamic| -> Dynamic {
        let text = text.as_immutable_string_ref().ok().and_then(|text| object(&text));
        text.as_ref().map_or(Dynamic::UNIT, from_json)
    });
    engine.register_fn("object_text", |object: Map| -> FnResult<String> {
        Ok(canonical_json(&to_json(&Dynamic::from_map(object), "object").map_err(error)?))
    });
    engine.register_fn("changes", |before: Dynamic, after: Dynamic| -> FnResult<Array> {
        let (before, after) = (to_json(&before, "before").map_err(error)?, to_json(&after, "after").map_err(error)?);
        let found = changes(&before, &after);
        // A part of them would pass for all.
        if found.len() > CHANGES {
            return Err(error(format!("the objects differ in more than {CHANGES} fields")));
        }
        Ok(found.into_iter().map(one).collect())
    });
}

fn one(change: Change) -> Dynamic {
    let text = |side: Option<String>| side.map_or(Dynamic::UNIT, Dynamic::from);
    let fields = [
        ("path".into(), change.path.into()),
        ("before".into(), text(change.before)),
        ("after".into(), text(change.after)),
    ];
    Dynamic::from_map(fields.into_iter().collect())
}
