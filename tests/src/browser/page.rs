//! What a page looks like to different people, and whether everybody can use it.

use std::sync::OnceLock;

use anyhow::Context;
use serde_json::{Value, json};
use tidegate_fakes::tools;

use super::Browser;

/// What is looked for on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// All of WCAG 2.2 AA that a program can judge.
    All,
    /// What depends on colours: enough where the same page was looked at in others.
    Colours,
    /// Only whether it is wider than the screen.
    Width,
}

impl Judged {
    /// What axe is told to run; null for nothing.
    fn rules(self) -> Value {
        match self {
            Self::All => json!(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]),
            Self::Colours => json!({ "type": "rule", "values": ["color-contrast", "link-in-text-block"] }),
            Self::Width => Value::Null,
        }
    }
}

/// What axe finds, a line each; and what is wider than the screen.
const LOOK: &str = r#"
const [rules, done] = [arguments[0], arguments[arguments.length - 1]];
const wide = [];
if (document.documentElement.scrollWidth > innerWidth) {
  const over = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1);
  wide.push(`wider than the screen (${document.documentElement.scrollWidth} of ${innerWidth}): ` +
    over.slice(0, 5).map((one) => `${one.tagName.toLowerCase()}.${one.className} ${one.textContent.slice(0, 40)}`).join(" | "));
}
if (!rules) {
  done(wide);
  return;
}
const part = (node) => `${node.target.join(" ")}: ${node.failureSummary.replace(/\s+/g, " ")}`;
axe.run(document, { runOnly: rules, resultTypes: ["violations"], preload: false }).then(
  (found) => done(wide.concat(found.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map(part).join("; ")}`))),
  (error) => done([`axe fails: ${error}`]),
);
"#;

/// Which colours somebody's system has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark letters.
    Light,
    /// Light letters.
    Dark,
}

impl Theme {
    /// The word of the media query.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// On what somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// So many pixels wide.
    pub width: u32,
    /// In these colours.
    pub theme: Theme,
}

impl Look {
    /// A telephone at night.
    pub const TELEPHONE: Self = Self { width: 390, theme: Theme::Dark };
    /// A screen on a desk.
    pub const DESK: Self = Self { width: 1280, theme: Theme::Light };
    /// All that pages are held to.
    pub const ALL: [Self; 4] = [
        Self::DESK,
        Self { width: 1280, theme: Theme::Dark },
        Self { width: 390, theme: Theme::Light },
        Self::TELEPHONE,
    ];

    fn height(self) -> u32 {
        if self.width < 600 { 844 } else { 800 }
    }
}

impl Browser {
    /// From now on it looks like this, also what is shown already.
    pub async fn looks(&self, look: Look) -> anyhow::Result<()> {
        let small = look.width < 600;
        let size = json!({ "width": look.width, "height": look.height(), "deviceScaleFactor": 1, "mobile": small });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        self.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": small })).await?;
        let features = json!([
            { "name": "prefers-color-scheme", "value": look.theme.as_str() },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await?;
        Ok(())
    }

    /// Whether scripts of pages run, from the next page on.
    pub async fn runs_scripts(&self, they_do: bool) -> anyhow::Result<()> {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !they_do })).await?;
        Ok(())
    }

    /// What keeps some people from using the page that is shown; empty where everybody can.
    pub async fn obstacles(&self, judged: Judged) -> anyhow::Result<Vec<String>> {
        static AXE: OnceLock<String> = OnceLock::new();
        let source = match AXE.get() {
            Some(source) => source,
            None => {
                let source = std::fs::read_to_string(tools::axe()?)?;
                AXE.get_or_init(|| source)
            }
        };
        if judged != Judged::Width && self.script("return typeof axe", &[]).await? == "undefined" {
            self.script(source, &[]).await.context("axe does not load")?;
        }
        let found = self.script_later(LOOK, &[judged.rules()]).await?;
        let found = found.as_array().cloned().unwrap_or_default();
        Ok(found.iter().filter_map(Value::as_str).map(str::to_string).collect())
    }
}
