//! What the host makes of a message of a server, for tests of the whole that send none.

use rmcp::model::{JsonRpcMessage, ServerJsonRpcMessage};
use serde_json::Value;

use super::answer;
use super::listed::Listed;
use super::raw_results::{self, Handshakes};
use crate::ports::ToolAnswer;

/// A list of tools as it is taken.
#[derive(Debug, Default)]
pub struct ListedTools {
    /// Name and schema of each tool that is taken.
    pub taken: Vec<(String, Value)>,
    /// A sentence for each that is not.
    pub left_out: Vec<String>,
}

/// The result of a request as text, where the message answers one.
fn result(message: &str) -> Option<String> {
    let kept = Handshakes::default().kept(message)?;
    match serde_json::from_str::<ServerJsonRpcMessage>(&kept).ok()? {
        JsonRpcMessage::Response(response) => raw_results::as_written(response.result),
        _ => None,
    }
}

/// Reads the answer to `tools/list`.
///
/// # Errors
/// When it is no list of tools: a sentence.
pub fn tools(message: &str) -> Result<ListedTools, String> {
    let page = result(message).ok_or("the message holds no result")?;
    let mut listed = Listed::default();
    listed.take("server", &page)?;
    Ok(ListedTools {
        taken: listed.tools.into_iter().map(|tool| (tool.name, tool.schema)).collect(),
        left_out: listed.left_out.into_iter().map(|(_, why)| why).collect(),
    })
}

/// Reads the answer to `tools/call`.
///
/// # Errors
/// When it holds no result, or one that says that the call was put off: a sentence.
pub fn answer(message: &str, longest: usize) -> Result<ToolAnswer, String> {
    let result = result(message).ok_or("the message holds no result")?;
    answer::of_result(&result, &[], longest)
}
