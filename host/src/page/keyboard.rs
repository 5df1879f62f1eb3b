//! What keys do, where there is a script: none does anything in a field, and none changes anything.

use maud::{Markup, html};

use super::frame::Frame;

strings! {
    keys: "Keys", "键盘";
    next: "next row", "下一行";
    previous: "row before", "上一行";
    open: "open the row", "打开该行";
    find: "find", "查找";
    help: "this help", "此帮助";
    close: "Close", "关闭";
}

/// The dialog that tells them; the script opens it.
pub(super) fn help(frame: &Frame<'_>) -> Markup {
    let words = strings(frame.language);
    let keys = [
        ("j", words.next),
        ("k", words.previous),
        ("Enter", words.open),
        ("/", words.find),
        ("?", words.help),
        ("Esc", words.close),
    ];
    html! {
        dialog #help aria-labelledby="help-title" {
            h2 #help-title { (words.keys) }
            dl.facts { @for (key, does) in keys { dt { kbd { (key) } } dd { (does) } } }
            form method="dialog" { button type="submit" { (words.close) } }
        }
    }
}

/// The button that opens it; the script shows the button.
pub(super) fn button(frame: &Frame<'_>) -> Markup {
    html! { button #keys type="button" hidden { kbd { "?" } " " (strings(frame.language).keys) } }
}
