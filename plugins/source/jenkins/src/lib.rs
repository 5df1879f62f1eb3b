//! Source for Jenkins' Notification plugin: builds as JSON.

use std::borrow::Cow;

use tidegate_plugin::source::{Alert, Decoded, Decoding, Inbound, Node, Status};

tidegate_plugin::source!(decode);

fn decode(request: &Inbound) -> Decoding {
    let value = request.any_form(&[]).map_err(foreign)?;
    let body = Node::root(&value).need_object().map_err(foreign)?;
    let build = body.get("build").need_object().map_err(foreign)?;
    Ok(Decoded::of_items([build], |build| read(body, build), |_| body.any_of(&["display_name", "name"])))
}

fn foreign(reason: String) -> String {
    format!("{reason}; in Jenkins' Notification plugin choose the format JSON and the protocol HTTP")
}

fn read(body: Node<'_>, build: Node<'_>) -> Result<Option<Alert>, String> {
    // Completed and finalized tell of the same end; before them there is none.
    if !matches!(build.get("phase").word().as_str(), "completed" | "finalized" | "finished" | "") {
        return Ok(None);
    }
    let result = build.get("status").word();
    let (status, severity, said) = match result.as_str() {
        "failure" => (Status::Firing, Some("error"), "failed"),
        "unstable" => (Status::Firing, Some("warning"), "is unstable"),
        "success" => (Status::Resolved, None, "succeeded"),
        "aborted" | "not_built" | "" => return Ok(None),
        _ => return Err(build.get("status").expected("SUCCESS, FAILURE, UNSTABLE or ABORTED")),
    };
    let name = body.any_of(&["display_name", "name"]).ok_or_else(|| body.get("name").expected("a text"))?;
    let (full, path) = (build.get("full_url").scalar(), body.any_of(&["url", "name"]).unwrap_or_else(|| name.clone()));
    // The address of this Jenkins, because several may send here.
    let own = build.get("url").scalar();
    let server = full.as_deref().zip(own.as_deref()).and_then(|(full, own)| full.strip_suffix(own));
    let known_by = format!("{}{path}", server.unwrap_or_default());
    let parameters =
        build.get("parameters").texts().into_iter().map(|(key, value)| (format!("parameter.{key}"), value));
    let failed = build
        .path("test_summary.failed_tests")
        .items()
        .filter_map(|test| test.any_of(&["name"]).or_else(|| test.scalar()));
    let failed = failed.collect::<Vec<_>>().join(", ");
    let culprits: Vec<_> = build.path("scm.culprits").items().filter_map(|culprit| culprit.scalar()).collect();
    let branch = build.path("scm.branch").scalar();
    let number = build.get("number").scalar().map(|number| format!(" #{number}")).unwrap_or_default();
    let log = build.get("log").scalar().filter(|_| matches!(status, Status::Firing));
    let alert = Alert::firing(name.clone())
        .status(status)
        .severity(severity.map(Cow::Borrowed))
        .label("job", Some(name.clone()))
        .label("branch", branch)
        .label("jenkins", server.map(|server| server.trim_end_matches('/').to_string().into()))
        .annotation("summary", Some(format!("{name}{number} {said}").into()))
        .annotation("description", log)
        .annotation("result", build.get("status").scalar())
        .annotation("build", build.get("number").scalar())
        .annotation("commit", build.path("scm.commit").scalar())
        .annotation("repository", build.path("scm.url").scalar())
        .annotation("culprits", Some(culprits.join(", ").into()))
        .annotation("failed_tests", Some(failed.into()))
        .annotation("failed", build.path("test_summary.failed").scalar())
        .annotation("notes", build.get("notes").scalar())
        .annotations(parameters)
        .fingerprint(Some(known_by.into()))
        .link(full.clone())
        .changed(build.get("timestamp").scalar());
    Ok(Some(alert))
}
