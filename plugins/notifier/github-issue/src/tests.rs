//! Settings; cases and renderings are run by the macro.

use tidegate_plugin::settings::parse;

use super::*;

#[test]
fn a_repository_is_an_owner_and_a_name() {
    for text in ["", "a", "a/", "/b", "a/b/c", "a/../b", "a/..", "a b/c", "a/b?x"] {
        let settings = json!({"repository": text}).to_string();
        assert!(parse::<Settings>(&settings).is_err(), "{text}");
    }
    assert!(parse::<Settings>(r#"{"repository":"acme/web.site_2"}"#).is_ok());
}
