//! `${VAR}`, `${VAR:-otherwise}` and `${env:VAR}` in the texts of server definitions.

/// Replaces the references. Values that came from outside are added to `secrets`, because that is
/// what such references are for. The error is the name of a variable that is not set.
pub(super) fn expand(
    text: &str,
    env: &dyn Fn(&str) -> Option<String>,
    secrets: &mut Vec<String>,
) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((inside, after)) = after.split_once('}') else {
            out.push_str("${");
            rest = after;
            break;
        };
        let (name, otherwise) = match inside.split_once(":-") {
            Some((name, otherwise)) => (name, Some(otherwise)),
            None => (inside, None),
        };
        let name = name.strip_prefix("env:").unwrap_or(name);
        match env(name).filter(|value| !value.is_empty()) {
            Some(value) => {
                secrets.push(value.clone());
                out.push_str(&value);
            }
            None => out.push_str(otherwise.ok_or_else(|| name.to_string())?),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_remembered() {
        let env = |name: &str| (name == "TOKEN").then(|| "t0ken".to_string());
        let mut secrets = Vec::new();
        let mut go = |text| expand(text, &env, &mut secrets);
        assert_eq!(go("Bearer ${TOKEN}!"), Ok("Bearer t0ken!".into()));
        assert_eq!(go("${env:TOKEN}"), Ok("t0ken".into()));
        assert_eq!(go("${HOST:-localhost}:1"), Ok("localhost:1".into()));
        assert_eq!(go("$PATH ${open"), Ok("$PATH ${open".into()));
        assert_eq!(go("${MISSING}"), Err("MISSING".into()));
        assert_eq!(secrets, ["t0ken", "t0ken"]);
    }
}
