//! Bars, for what people would rather look at than read. The numbers stand in a table behind them.

use maud::{Markup, html};

/// A bar: what it stands for, and its parts from below, each with its class.
pub(super) struct Bar {
    pub label: String,
    pub parts: Vec<(&'static str, u64)>,
}

/// What of a class means, in words.
pub(super) type Key<'a> = (&'static str, &'a str);

/// Width and height of the plot in its own units.
const WIDTH: usize = 720;
const HEIGHT: u64 = 120;

/// Bars side by side under a title, the key, and the highest value; nothing where all are nothing.
pub(super) fn bars(title: &str, bars: &[Bar], key: &[Key<'_>], unit: impl Fn(u64) -> String) -> Markup {
    let whole = |bar: &Bar| bar.parts.iter().map(|(_, value)| value).sum::<u64>();
    let highest = bars.iter().map(whole).max().unwrap_or(0);
    let wide = WIDTH / bars.len().max(1);
    let gap = usize::from(wide > 3);
    html! {
        @if highest > 0 {
            figure.plot {
                figcaption { (title) " " span.small { "≤ " (unit(highest)) } }
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) preserveAspectRatio="none" {
                    @for (n, bar) in bars.iter().enumerate() {
                        @for (class, y, height) in stacked(bar, highest) {
                            rect class=(class) x=(n * wide) y=(y) width=(wide - gap) height=(height) {}
                        }
                    }
                }
                p.small.axis { span { @if let Some(first) = bars.first() { (first.label) } } span { @if let Some(last) = bars.last() { (last.label) } } }
                p.small.key { @for (class, name) in key { span { svg.swatch viewBox="0 0 10 10" aria-hidden="true" { rect class=(class) x="0" y="0" width="10" height="10" {} } " " (name) " " } } }
            }
        }
    }
}

/// Class, place and height of each part, from below.
fn stacked(bar: &Bar, highest: u64) -> Vec<(&'static str, u64, u64)> {
    let mut below = 0;
    let mut all = Vec::new();
    for (class, value) in bar.parts.iter().filter(|(_, value)| *value > 0) {
        let top = scaled(below + value, highest);
        // What is there is seen, however little it is.
        let height = top.saturating_sub(scaled(below, highest)).max(1);
        all.push((*class, HEIGHT.saturating_sub(top.max(1)), height));
        below += value;
    }
    all
}

fn scaled(value: u64, highest: u64) -> u64 {
    let scaled = u128::from(value) * u128::from(HEIGHT) / u128::from(highest.max(1));
    u64::try_from(scaled).unwrap_or(HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_on_each_other_and_none_is_lost() {
        let bar = |parts: &[(&'static str, u64)]| Bar { label: String::new(), parts: parts.to_vec() };
        assert_eq!(stacked(&bar(&[("a", 5), ("b", 0), ("c", 5)]), 10), [("a", 60, 60), ("c", 0, 60)]);
        assert_eq!(stacked(&bar(&[("a", 1)]), 1_000_000), [("a", 119, 1)]);
        assert_eq!(bars("x", &[bar(&[("a", 0)])], &[], |n| n.to_string()).into_string(), "");
        let page = bars("x", &[bar(&[("a", u64::MAX / 2)])], &[("a", "A")], |n| n.to_string()).into_string();
        assert!(page.contains("height=\"120\"") && page.contains("role=\"img\""), "{page}");
    }
}
