//! Objects that a server writes as YAML.

use serde_json::{Map, Number, Value};
use yaml_rust2::{Yaml, YamlLoader};

/// Deeper than any object of the API.
const DEPTH: usize = 64;

/// Reads the first document of a text as JSON; `None` for anything that JSON has no shape for.
pub fn read(text: &str) -> Option<Value> {
    let documents = YamlLoader::load_from_str(text).ok()?;
    value(documents.first()?, DEPTH)
}

fn value(yaml: &Yaml, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    Some(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Boolean(boolean) => Value::Bool(*boolean),
        Yaml::Integer(integer) => Value::Number((*integer).into()),
        Yaml::Real(text) => match text.parse().ok().and_then(Number::from_f64) {
            Some(number) => Value::Number(number),
            None => Value::String(text.clone()),
        },
        Yaml::String(text) => Value::String(text.clone()),
        Yaml::Array(items) => Value::Array(items.iter().map(|item| value(item, depth)).collect::<Option<_>>()?),
        Yaml::Hash(pairs) => {
            let pair = |(key, item): (&Yaml, &Yaml)| Some((key.as_str()?.to_string(), value(item, depth)?));
            Value::Object(pairs.iter().map(pair).collect::<Option<Map<_, _>>>()?)
        }
        Yaml::Alias(_) | Yaml::BadValue => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn what_the_api_writes_is_read() {
        let text = "metadata:\n  labels: {}\n  annotations:\n    a/b: |\n      {\"x\":1}\n  generation: 2\n  name: web\n\
                    spec:\n  replicas: 0\n  nodeName: \"1\"\nstatus:\n  list:\n  - message: 'one\n      two'\n    ready: false\n";
        let want = json!({
            "metadata": {"labels": {}, "annotations": {"a/b": "{\"x\":1}\n"}, "generation": 2, "name": "web"},
            "spec": {"replicas": 0, "nodeName": "1"},
            "status": {"list": [{"message": "one two", "ready": false}]},
        });
        assert_eq!(read(text), Some(want));
        assert_eq!(read(": ["), None);
        assert_eq!(read("1: a"), None);
    }
}
