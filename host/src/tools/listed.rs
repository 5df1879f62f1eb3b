//! The tools of a server as it lists them, read one by one: an odd one costs no other.

use std::collections::HashSet;

use rmcp::RoleClient;
use rmcp::model::{ClientRequest, ListToolsRequest, PaginatedRequestParams, ToolAnnotations};
use rmcp::service::{Peer, PeerRequestOptions, ServiceError};
use serde_json::{Map, Value, json};

use super::raw_results;
use super::rmcp_error::chain;
use crate::domain::schema::normalize::{self, NormalizedSchema, kind};
use crate::domain::text::truncate;

/// Pages of one list.
const PAGES: usize = 200;
/// Tools of one server, and as many that cannot be taken.
const TOOLS: usize = 2_000;

/// A tool that can be offered.
#[derive(Debug)]
pub(super) struct ListedTool {
    pub name: String,
    pub description: String,
    /// Made sound.
    pub schema: Value,
    pub hints: Option<ToolAnnotations>,
    /// What of it must not change, as the server wrote it.
    pub pinned: Value,
    /// What of its schema had to be made sound.
    pub mended: Option<String>,
}

/// The list of a server.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub tools: Vec<ListedTool>,
    /// What could not be taken: the tool's name, empty where it has none, and a sentence.
    pub left_out: Vec<(String, String)>,
    /// How many more could not be taken.
    pub unnamed: usize,
}

impl Listed {
    /// Asks a server for all pages of its list. What was read before a page is missing is kept.
    ///
    /// # Errors
    /// When not even the first page can be read.
    pub(super) async fn of(peer: &Peer<RoleClient>, server: &str) -> Result<Self, String> {
        let mut listed = Self::default();
        let mut seen = HashSet::new();
        let mut cursor: Option<String> = None;
        for number in 1..=PAGES {
            let params = cursor.clone().map(|at| PaginatedRequestParams::default().with_cursor(Some(at)));
            let request = ListToolsRequest { params, ..ListToolsRequest::default() };
            let page = page(peer, ClientRequest::ListToolsRequest(request)).await;
            let next = match page.and_then(|text| listed.take(server, &text)) {
                Ok(next) => next,
                Err(why) if number == 1 => return Err(why),
                Err(why) => {
                    let why = format!(
                        "page {number} of the tools of the MCP server {server} is missing, and all behind it: {why}"
                    );
                    listed.lose(why);
                    return Ok(listed);
                }
            };
            let Some(next) = next else { return Ok(listed) };
            if listed.is_full() {
                listed.lose(beyond(server));
                return Ok(listed);
            }
            // Pages that lead back to one before would never end.
            if !seen.insert(next.clone()) {
                listed.lose(format!(
                    "page {number} of the tools of the MCP server {server} leads back to one before; the list ends there"
                ));
                return Ok(listed);
            }
            cursor = Some(next);
        }
        listed.lose(format!("the MCP server {server} lists more than {PAGES} pages of tools; the rest is left out"));
        Ok(listed)
    }

    fn is_full(&self) -> bool {
        self.tools.len() >= TOOLS
    }

    /// Something of the list as a whole is missing: said before what is missing of single tools, and once.
    fn lose(&mut self, why: String) {
        if !self.left_out.iter().any(|(_, said)| *said == why) {
            self.left_out.insert(0, (String::new(), why));
        }
    }

    fn leave_out(&mut self, name: String, why: String) {
        if self.left_out.len() < TOOLS {
            self.left_out.push((name, why));
        } else {
            self.unnamed += 1;
        }
    }

    /// Takes one page in and gives the cursor of the next.
    ///
    /// # Errors
    /// When the page as a whole is no list of tools.
    pub(super) fn take(&mut self, server: &str, page: &str) -> Result<Option<String>, String> {
        let page: Value = serde_json::from_str(page).map_err(|error| format!("the list cannot be read: {error}"))?;
        let tools = match page.get("tools") {
            Some(Value::Array(tools)) => tools.iter().map(|tool| (None, tool)).collect::<Vec<_>>(),
            // Some servers have a map of tools by name.
            Some(Value::Object(tools)) => tools.iter().map(|(name, tool)| (Some(name.as_str()), tool)).collect(),
            None | Some(Value::Null) if page.is_object() => Vec::new(),
            Some(odd) => return Err(format!("tools is {} and not a list", kind(odd))),
            None => return Err(format!("the list is {}", kind(&page))),
        };
        for (key, tool) in tools {
            if self.is_full() {
                self.lose(beyond(server));
                break;
            }
            let at = self.tools.len() + self.left_out.len() + self.unnamed + 1;
            match one(key, tool) {
                Ok(tool) if self.tools.iter().any(|known| known.name == tool.name) => {
                    let why = format!(
                        "{server}.{} stands in the list twice; the first one counts",
                        truncate(&tool.name, 100)
                    );
                    self.leave_out(String::new(), why);
                }
                Ok(tool) => self.tools.push(tool),
                Err((name, why)) => {
                    let which = if name.is_empty() { format!("the tool at place {at}") } else { truncate(&name, 100) };
                    self.leave_out(name, format!("{server}: {which} is left out: {why}"));
                }
            }
        }
        Ok(match page.get("nextCursor") {
            Some(Value::String(at)) if !at.is_empty() => Some(at.clone()),
            Some(Value::Number(at)) => Some(at.to_string()),
            None | Some(Value::Null | Value::String(_) | Value::Bool(false)) => None,
            Some(odd) => {
                let odd = kind(odd);
                self.lose(format!(
                    "the MCP server {server} has more tools, and its nextCursor is {odd}; they are left out"
                ));
                None
            }
        })
    }
}

fn beyond(server: &str) -> String {
    format!("the MCP server {server} lists more than {TOOLS} tools; the rest is left out")
}

async fn page(peer: &Peer<RoleClient>, request: ClientRequest) -> Result<String, String> {
    let asked = async {
        let handed = peer.send_cancellable_request(request, PeerRequestOptions::no_options()).await?;
        handed.await_response().await
    };
    let wrong = |error: ServiceError| match error {
        ServiceError::McpError(error) => error.message.into_owned(),
        error => chain(&error),
    };
    raw_results::as_written(asked.await.map_err(wrong)?).ok_or_else(|| "the answer is no list of tools".to_string())
}

fn one(key: Option<&str>, tool: &Value) -> Result<ListedTool, (String, String)> {
    let map = match tool {
        Value::Object(map) => map,
        odd => return Err((key.unwrap_or_default().into(), format!("it is {} and not an object", kind(odd)))),
    };
    let name = match map.get("name") {
        Some(Value::String(name)) => name.as_str(),
        None | Some(Value::Null) => key.ok_or_else(|| (String::new(), "it has no name".to_string()))?,
        Some(odd) => return Err((String::new(), format!("its name is {}", kind(odd)))),
    };
    let given = map.get("inputSchema").or_else(|| map.get("input_schema"));
    let NormalizedSchema { schema, mended } = normalize::normalize(given).map_err(|why| (name.to_string(), why))?;
    let description = match map.get("description") {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(odd) => odd.to_string(),
    };
    let hints = map.get("annotations").and_then(Value::as_object).map(hints);
    let pinned = json!({"description": map.get("description"), "schema": given, "annotations": map.get("annotations")});
    Ok(ListedTool { name: name.to_string(), description, schema, hints, pinned, mended })
}

/// What a server says of the effects of its tool. A hint that is neither true nor false says nothing.
fn hints(given: &Map<String, Value>) -> ToolAnnotations {
    let flag = |key: &str| given.get(key).and_then(Value::as_bool);
    let mut hints = ToolAnnotations::default();
    hints.read_only_hint = flag("readOnlyHint");
    hints.destructive_hint = flag("destructiveHint");
    hints.idempotent_hint = flag("idempotentHint");
    hints.open_world_hint = flag("openWorldHint");
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(tools: Value) -> Listed {
        let mut listed = Listed::default();
        listed.take("k", &json!({ "tools": tools }).to_string()).unwrap();
        listed
    }

    #[test]
    fn an_odd_tool_is_left_out_by_name_and_costs_no_other() {
        let good = json!({"name": "get", "inputSchema": {"type": "object"}});
        for (odd, name, why) in [
            (Value::Null, "", "k: the tool at place 1 is left out: it is null and not an object"),
            (json!("get"), "", "is the text \"get\" and not an object"),
            (json!({"description": "x"}), "", "it has no name"),
            (json!({"name": 7}), "", "its name is a number"),
            (json!({"name": "never", "inputSchema": false}), "never", "k: never is left out: its schema is false"),
            (good.clone(), "", "k.get stands in the list twice"),
        ] {
            let list = if odd == good { json!([good, odd]) } else { json!([odd, good]) };
            let got = listed(list);
            assert_eq!(got.tools.len(), 1, "{got:?}");
            assert_eq!((got.tools[0].name.as_str(), got.left_out[0].0.as_str()), ("get", name));
            assert!(got.left_out[0].1.contains(why), "{}", got.left_out[0].1);
        }
    }

    #[test]
    fn odd_members_cost_no_tool() {
        let got = listed(json!([
            {"name": "a"},
            {"name": "b", "inputSchema": null, "description": 7, "annotations": [], "icons": null},
            {"name": "c", "inputSchema": {}, "title": 3, "outputSchema": "x", "execution": null, "_meta": 4,
             "annotations": {"readOnlyHint": "true", "destructiveHint": null, "title": 3}},
            {"name": "d", "inputSchema": {}, "annotations": {"readOnlyHint": true, "openWorldHint": "no"}},
        ]));
        assert_eq!((got.tools.len(), got.left_out.len()), (4, 0));
        assert_eq!(got.tools[0].mended.as_deref(), Some("there is no schema"));
        assert_eq!(got.tools[1].description, "7");
        assert_eq!(got.tools[2].hints.as_ref().unwrap().read_only_hint, None, "only true is true");
        assert_eq!(got.tools[3].hints.as_ref().unwrap().read_only_hint, Some(true));
    }

    #[test]
    fn a_page_that_is_no_list_is_refused_and_one_without_tools_has_none() {
        let take = |page: &str| Listed::default().take("k", page);
        for page in ["7", "[]", "not JSON", r#"{"tools":"x"}"#] {
            assert!(take(page).is_err(), "{page}");
        }
        assert_eq!(take(r#"{"tools":null,"nextCursor":""}"#), Ok(None));
        assert_eq!(take(r#"{"nextCursor":"2","tools":{"get":{"inputSchema":{}}}}"#), Ok(Some("2".into())));
    }
    #[test]
    fn what_is_too_much_is_said_on_the_page_itself() {
        let many = |count: usize, odd: bool| {
            let tool = |n: usize| if odd { json!({"name": n}) } else { json!({"name": format!("t{n}")}) };
            listed((0..count).map(tool).collect())
        };
        let got = many(TOOLS + 504, false);
        assert_eq!((got.tools.len(), got.left_out.len()), (TOOLS, 1));
        assert_eq!(got.left_out[0].1, beyond("k"));
        assert_eq!(many(TOOLS, false).left_out.len(), 0);
        let got = many(TOOLS + 7, true);
        assert_eq!((got.tools.len(), got.left_out.len(), got.unnamed), (0, TOOLS, 7));
    }

    #[test]
    fn a_cursor_that_is_no_text_is_read_or_said() {
        for (cursor, next, said) in [
            (json!(2), Some("2"), false),
            (json!(false), None, false),
            (json!(true), None, true),
            (json!({"at": 2}), None, true),
        ] {
            let mut listed = Listed::default();
            let got = listed.take("k", &json!({"tools": [{"name": "a"}], "nextCursor": cursor}).to_string()).unwrap();
            assert_eq!((got.as_deref(), listed.left_out.len() == 1, listed.tools.len()), (next, said, 1), "{listed:?}");
        }
    }
}
