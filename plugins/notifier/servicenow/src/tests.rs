//! What becomes of text; cases and renderings are run by the macro.

use super::*;

#[test]
fn no_text_is_html() {
    for (text, want) in [
        ("[code]<b>[/code]", "［code]<b>［/code]"),
        ("[CODE][Code [/cOdE", "［CODE]［Code ［/cOdE"),
        ("[cod", "[cod"),
        ("[修复] [c", "[修复] [c"),
    ] {
        assert_eq!(without_code(text), want);
    }
}
