//! Every form in which models answer, and many in which they do not.

use serde_json::{Value, json};

use super::*;
use crate::domain::entry::{Percent, Step};
use crate::model::tests::catalogue;

fn tools() -> Catalogue {
    let mut catalogue =
        catalogue(&["k.kubectl_get", "k.kubectl_describe", "k.kubectl_patch", "p.restart", "p.get", "q.get"]);
    for name in ["k.kubectl_patch", "p.restart"] {
        catalogue.tools.get_mut(name).unwrap().risk = Risk::High;
    }
    catalogue
}

fn read(reply: Reply) -> Result<ModelAnswer, String> {
    let catalogue = tools();
    decide(&reply, &Names::of(&catalogue), &catalogue).map(|decided| decided.answer)
}

fn text(content: &str) -> Result<ModelAnswer, String> {
    read(Reply { content: content.into(), ..Reply::default() })
}

fn native(calls: &[(&str, &str)]) -> Reply {
    let call = |(index, (name, arguments)): (usize, &(&str, &str))| RawCall {
        id: format!("c{index}"),
        name: name.to_string(),
        arguments: arguments.to_string(),
    };
    Reply { calls: calls.iter().enumerate().map(call).collect(), ..Reply::default() }
}

fn looks(answer: &Result<ModelAnswer, String>) -> Vec<(String, Value)> {
    let Ok(ModelAnswer::Look { calls }) = answer else { panic!("no look: {answer:?}") };
    calls.iter().map(|asked| (asked.call.tool.clone(), Value::Object(asked.call.arguments.clone()))).collect()
}

fn proposals(answer: &Result<ModelAnswer, String>) -> (Vec<Proposal>, Diagnosis) {
    let Ok(ModelAnswer::Act { proposals, diagnosis }) = answer else { panic!("no act: {answer:?}") };
    (proposals.clone(), diagnosis.clone())
}

#[test]
fn the_recorded_run() {
    let describe = text(
        "```yaml\nreason: 多个Pod处于非就绪状态超过15分钟,需要先获取Pod的详细状态和事件信息以诊断根本原因\ndecision: execute_tool\n\
         tool_call:\n  tool_name: kubectl_describe\n  parameters:\n    resourceType: pod\n    \
         name: nginx-deployment-85c88b48cd-6kmxz\n    namespace: default\n```",
    );
    let arguments = json!({"resourceType": "pod", "name": "nginx-deployment-85c88b48cd-6kmxz", "namespace": "default"});
    assert_eq!(looks(&describe), [("k.kubectl_describe".into(), arguments)]);

    let patch = text(
        "```yaml\nreason: 从历史执行记录中可以看到,Pod处于Pending状态且无法拉取镜像\"nginx:1.25-\",原因是镜像标签\"1.25-\"不存在。\n\
         decision: execute_tool\ntool_call:\n  tool_name: kubectl_patch\n  parameters:\n    resourceType: deployment\n    \
         name: nginx-deployment\n    namespace: default\n    patchType: strategic\n    patchData:\n      spec:\n        \
         template:\n          spec:\n            containers:\n            - name: nginx\n              image: nginx:1.25\n```",
    );
    let (proposals, diagnosis) = proposals(&patch);
    assert_eq!(proposals[0].call.tool, "k.kubectl_patch");
    let containers = &proposals[0].call.arguments["patchData"]["spec"]["template"]["spec"]["containers"];
    assert_eq!(*containers, json!([{"name": "nginx", "image": "nginx:1.25"}]));
    assert!(proposals[0].reason.contains("镜像标签") && diagnosis.root_cause.contains("镜像标签"));

    let done = text("```yaml\nreason: 问题已经通过更新Deployment的镜像版本解决\ndecision: resolved\n```");
    assert!(matches!(done, Ok(ModelAnswer::Resolved { diagnosis }) if diagnosis.root_cause.contains("镜像")));
}

#[test]
fn one_look_in_many_forms() {
    let want = [("k.kubectl_get".to_string(), json!({"resourceType": "pods", "namespace": "shop"}))];
    for content in [
        "```yaml\ndecision: execute_tool\ntool_call:\n  tool_name: k.kubectl_get\n  parameters: {resourceType: pods, namespace: shop}\n```",
        "```json\n{\"decision\": \"execute_tool\", \"tool_call\": {\"name\": \"kubectl_get\", \"arguments\": {\"resourceType\": \"pods\", \"namespace\": \"shop\"}}}\n```",
        "Let me look.\n\n```\ndecision: look\ntool_name: k__kubectl_get\nparameters:\n  resourceType: pods\n  namespace: shop\n```\nDone.",
        "decision: Execute Tool\nreason: look\ntool_call:\n  tool_name: kubectl_get\n  parameters:\n    resourceType: pods\n    namespace: shop\n",
        "I will call a tool.\ndecision: execute_tool\ntool_call:\n  tool_name: kubectl_get\n  parameters:\n    resourceType: pods\n    namespace: shop",
        "{\"decision\":\"execute_tool\",\"tool_calls\":[{\"type\":\"function\",\"function\":{\"name\":\"kubectl_get\",\"arguments\":\"{\\\"resourceType\\\":\\\"pods\\\",\\\"namespace\\\":\\\"shop\\\"}\"}}]}",
        "<think>hm {\"decision\": \"resolved\"}</think><tool_call>\n{\"name\": \"kubectl_get\", \"arguments\": {\"resourceType\": \"pods\", \"namespace\": \"shop\"}}\n</tool_call>",
        "{\"name\": \"kubectl_get\", \"parameters\": {\"resourceType\": \"pods\", \"namespace\": \"shop\"}}",
        "[TOOL_CALLS] [{\"name\": \"kubectl_get\", \"arguments\": {\"resourceType\": \"pods\", \"namespace\": \"shop\"}}]",
        "functions.kubectl_get({\"resourceType\": \"pods\", \"namespace\": \"shop\"})",
        "functions.kubectl_get:0 {\"resourceType\": \"pods\", \"namespace\": \"shop\"}",
        "```tool_code\nfunctions.kubectl_get({\"resourceType\": \"pods\", \"namespace\": \"shop\"})\n```",
        "<function=kubectl_get>{\"resourceType\": \"pods\", \"namespace\": \"shop\"}</function>",
        "<tool_call>\n<function=kubectl_get>\n<parameter=resourceType>\npods\n</parameter>\n<parameter=namespace>shop</parameter>\n</function>\n</tool_call>",
        "<tool_call>kubectl_get\n<arg_key>resourceType</arg_key>\n<arg_value>pods</arg_value>\n<arg_key>namespace</arg_key>\n<arg_value>shop</arg_value>\n</tool_call>",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.kubectl_get:0<|tool_call_argument_begin|>{\"resourceType\": \"pods\", \"namespace\": \"shop\"}<|tool_call_end|>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>kubectl_get\n```json\n{\"resourceType\": \"pods\", \"namespace\": \"shop\"}\n```<｜tool▁call▁end｜>",
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>kubectl_get<｜tool▁sep｜>{\"resourceType\": \"pods\", \"namespace\": \"shop\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"kubectl_get\">\n<｜DSML｜parameter name=\"resourceType\" string=\"true\">pods</｜DSML｜parameter>\n<｜DSML｜parameter name=\"namespace\" string=\"true\">shop</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
        "<minimax:tool_call>\n<invoke name=\"kubectl_get\">\n<parameter name=\"resourceType\">pods</parameter>\n<parameter name=\"namespace\">shop</parameter>\n</invoke>\n</minimax:tool_call>",
        "<tool_use>\n<server_name>k</server_name>\n<tool_name>kubectl_get</tool_name>\n<arguments>\n{\"resourceType\": \"pods\", \"namespace\": \"shop\"}\n</arguments>\n</tool_use>",
        "[TOOL_CALLS]kubectl_get[ARGS]{\"resourceType\": \"pods\", \"namespace\": \"shop\"}",
        "[TOOL_CALLS]k__kubectl_get[CALL_ID]abc123456[ARGS]{\"resourceType\": \"pods\", \"namespace\": \"shop\"}",
        "<|python_tag|>{\"type\": \"function\", \"name\": \"kubectl_get\", \"parameters\": {\"resourceType\": \"pods\", \"namespace\": \"shop\"}}<|eom_id|>",
        "<|python_tag|>kubectl_get.call(resourceType=\"pods\", namespace=\"shop\")",
        "[kubectl_get(resourceType=\"pods\", namespace='shop')]",
        "```tool_code\nprint(default_api.kubectl_get(resourceType = \"pods\", namespace = \"shop\"))\n```",
        "<|channel|>analysis<|message|>I look: {\"decision\": \"resolved\"}<|end|><|start|>assistant<|channel|>commentary to=functions.k__kubectl_get <|constrain|>json<|message|>{\"resourceType\": \"pods\", \"namespace\": \"shop\"}<|call|>",
        "<|start|>assistant to=functions.kubectl_get<|channel|>commentary json<|message|>{\"resourceType\": \"pods\", \"namespace\": \"shop\"}<|call|>",
        "commentary to=functions.k__kubectl_get json{\"resourceType\": \"pods\", \"namespace\": \"shop\"}",
        "<|tool_call|>[{\"name\": \"kubectl_get\", \"arguments\": {\"resourceType\": \"pods\", \"namespace\": \"shop\"}}]",
        "functools[{\"name\": \"kubectl_get\", \"arguments\": {\"resourceType\": \"pods\", \"namespace\": \"shop\"}}]",
        "Thought: look\nAction: kubectl_get\nAction Input: {\"resourceType\": \"pods\", \"namespace\": \"shop\"}\nObservation:",
        "决策见下:\n```yaml\n决策: 执行工具\n原因: 先看: 状态\ntool_call:\n  tool_name: kubectl_get\n  parameters:\n    resourceType: pods\n    namespace: shop\n```",
    ] {
        assert_eq!(looks(&text(content)), want, "{content}");
    }
    let got = read(native(&[("k__kubectl_get", "{\"resourceType\": \"pods\", \"namespace\": \"shop\"}")]));
    assert_eq!(looks(&got), want);
    let Ok(ModelAnswer::Look { calls }) = got else { unreachable!() };
    assert_eq!(calls[0].id, "c0");
    let marked = "{\"resourceType\": \"pods\", \"namespace\": \"shop\"}<|call|><|end|>";
    assert_eq!(looks(&read(native(&[("k__kubectl_get<|channel|>commentary", marked)]))), want);
}

#[test]
fn what_comes_first_decides_between_looking_and_acting() {
    let get = ("kubectl_get", "{}");
    let patch = ("kubectl_patch", "{\"name\": \"web\"}");
    assert_eq!(looks(&read(native(&[get, get, patch]))).len(), 2);
    assert_eq!(proposals(&read(native(&[patch, get, patch]))).0.len(), 1, "the same change is proposed once");
    let twice = "<tool_call>{\"name\":\"kubectl_get\",\"arguments\":{}}</tool_call>".repeat(2);
    assert_eq!(looks(&text(&twice)).len(), 1);
}

#[test]
fn an_account_beside_a_native_call_is_taken_over() {
    let mut reply = native(&[("k__kubectl_patch", "{\"name\": \"web\"}")]);
    reply.content =
        "```yaml\ndecision: execute_tool\nreason: tag is missing\nroot_cause: image tag 1.25- does not exist\n\
                     confidence: 90%\nimpact: no pods\nsteps: [patch]\nprevention:\n- check: tags\n- pin digests\n```"
            .into();
    let (proposals, diagnosis) = proposals(&read(reply.clone()));
    assert_eq!(proposals[0].reason, "tag is missing");
    assert_eq!(proposals[0].root_cause, "image tag 1.25- does not exist");
    assert_eq!(diagnosis.confidence, Percent::new(90));
    assert_eq!(
        (diagnosis.steps, diagnosis.prevention),
        (vec![Step::from("patch")], vec!["check: tags".into(), "pin digests".into()])
    );
    reply.content = "The tag 1.25- does not exist.".into();
    assert_eq!(super::tests::proposals(&read(reply)).0[0].root_cause, "The tag 1.25- does not exist.");
}

#[test]
fn endings() {
    let person = "```yaml\ndecision: need_human\nreason: quota is used up: 10 of 10\nconfidence: high\nsteps: raise the quota\n```";
    let Ok(ModelAnswer::Person { diagnosis }) = text(person) else { panic!("{:?}", text(person)) };
    assert_eq!(diagnosis.root_cause, "quota is used up: 10 of 10");
    assert_eq!((diagnosis.confidence, diagnosis.steps), (Percent::new(90), vec![Step::from("raise the quota")]));
    for word in ["escalate", "Manual Intervention", "cannot_resolve", "需要人工干预"] {
        let said = format!("decision: {word}\nreason: x\nconfidence: 5\nsteps: [look]");
        assert!(matches!(text(&said), Ok(ModelAnswer::Person { .. })), "{word}");
    }
    for word in ["resolved", "no_action", "已解决"] {
        assert!(
            matches!(
                text(&format!("{{\"decision\": \"{word}\", \"reason\": \"x\"}}")),
                Ok(ModelAnswer::Resolved { .. })
            ),
            "{word}"
        );
    }
    let quoted = "The evidence said:\n```yaml\ndecision: execute_tool\ntool_call: {tool_name: kubectl_patch, parameters: {}}\n```\n\
                  which is an injection.\n```yaml\ndecision: need_person\nreason: somebody plants instructions\nconfidence: 99\nsteps: [look]\n```";
    assert!(matches!(text(quoted), Ok(ModelAnswer::Person { .. })), "the last decision counts");
}

#[test]
fn everything_else_is_a_sentence() {
    for (content, want) in [
        ("", "is empty"),
        ("<think>only thoughts", "is empty"),
        ("I am sorry, I cannot help with that.", "neither a tool call nor a decision"),
        ("```yaml\ndecision: maybe\n```", "none of execute_tool, resolved and need_person"),
        ("```yaml\ndecision: execute_tool\n```", "it names none"),
        ("```yaml\ndecision: [\n```", "cannot be read"),
        ("```yaml\n- a\n- b\n```", "neither a tool call nor a decision"),
        ("<tool_call>{\"name\": \"rm\", \"arguments\": {}}</tool_call>", "the tool rm, which does not exist"),
        ("<tool_call>{\"name\": \"get\", \"arguments\": {}}</tool_call>", "the tool get, which does not exist"),
        ("{\"name\": \"kubectl_get\", \"arguments\": \"{broken\"}", "they are no JSON"),
        ("{\"name\": \"kubectl_get\", \"arguments\": [1]}", "they are no object"),
        ("```yaml\ndecision: &a resolved\nreason: *a\n```", "cannot be read"),
    ] {
        let got = text(content);
        assert!(matches!(&got, Err(why) if why.contains(want)), "{content}: {got:?}");
    }
    let broken = read(native(&[("k__kubectl_get", "{\"a\": ")]));
    assert!(broken.unwrap_err().contains("arguments of the call of k__kubectl_get"));
    let cut_off = read(Reply { content: "decision: resolved".into(), finish: "length".into(), ..Reply::default() });
    assert!(cut_off.unwrap_err().contains("cut off"));
    let refusal = read(Reply { refusal: Some("no".into()), ..native(&[("k__kubectl_get", "{}")]) });
    assert!(refusal.unwrap_err().contains("refuses: no"));
}

#[test]
fn hostile_answers_come_to_an_end() {
    let deep = format!("```yaml\ndecision: {}\n```", "[".repeat(20_000));
    let wide = format!("```yaml\n{}```", "a: [b, c]\n".repeat(6000));
    let braces = "{\"a\":".repeat(10_000);
    let fences = "```yaml\n".repeat(8000);
    let names = "kubectl_get({".repeat(4000);
    let bomb = "```yaml\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n```";
    for content in [deep.as_str(), &wide, &braces, &fences, &names, bomb, &"x".repeat(100_000)] {
        assert!(text(content).is_err(), "{}", &content[..40]);
    }
}

#[test]
fn a_call_that_stands_only_in_the_thoughts_is_read_at_last() {
    let thinks = |thoughts: &str| read(Reply { thoughts: thoughts.into(), ..Reply::default() });
    let want = [("k.kubectl_get".to_string(), json!({"namespace": "shop"}))];
    for call in [
        "<tool_call>{\"name\": \"kubectl_get\", \"arguments\": {\"namespace\": \"shop\"}}</tool_call>",
        "<tool_call>\n<function=kubectl_get>\n<parameter=namespace>\nshop\n</parameter>\n</function>\n</tool_call>",
        "<tool_call>kubectl_get\n<arg_key>namespace</arg_key>\n<arg_value>shop</arg_value>\n</tool_call>",
        "<｜DSML｜invoke name=\"kubectl_get\">\n<｜DSML｜parameter name=\"namespace\" string=\"true\">shop</｜DSML｜parameter>\n</｜DSML｜invoke>",
        "<|tool_call_begin|>functions.kubectl_get:0<|tool_call_argument_begin|>{\"namespace\": \"shop\"}<|tool_call_end|>",
    ] {
        assert_eq!(looks(&thinks(&format!("I could look at {{\"pods\": 1}} first. {call}"))), want, "{call}");
        assert_eq!(looks(&text(&format!("<think>hm {call}"))), want, "{call}");
        let changed = format!("<function=kubectl_patch>{{}}</function> would be too early, so {call}");
        assert_eq!(looks(&thinks(&changed)), want, "the last one counts: {call}");
        let said = Reply { thoughts: call.into(), content: "decision: resolved\nreason: x".into(), ..Reply::default() };
        assert!(matches!(read(said), Ok(ModelAnswer::Resolved { .. })), "what is said counts");
    }
    for thoughts in [
        "only thoughts",
        "I could call kubectl_patch({}) now",
        "decision: resolved",
        "{\"name\": \"kubectl_get\", \"arguments\": {}}",
    ] {
        assert!(thinks(thoughts).unwrap_err().contains("is empty"), "{thoughts}");
    }
    let unknown = thinks("<tool_call>{\"name\": \"rm\", \"arguments\": {}}</tool_call>");
    assert!(unknown.unwrap_err().contains("the tool rm, which does not exist"));
    let body = json!({"choices": [{"message": {"content": null, "reasoning": "<tool_call>x"}}]});
    assert_eq!(crate::model::wire::read(&body.to_string()).unwrap().thoughts, "<tool_call>x");
}

#[test]
fn the_final_answer_is_an_account_with_alternatives() {
    let arguments = json!({
        "decision": "act", "root_cause": "the tag does not exist", "confidence": 85, "confidence_reason": "the registry says so",
        "impact": "no pods", "steps": [{"text": "correct the tag", "command": "kubectl set image deployment/web web=nginx:1.25"}],
        "prevention": ["check tags"],
        "actions": [
            {"tool_name": "k__kubectl_patch", "parameters": {"name": "web"}},
            {"tool_name": "kubectl_patch", "parameters": {"name": "api"}},
        ],
    });
    let (made, diagnosis) = proposals(&read(native(&[("final_answer", &arguments.to_string())])));
    assert_eq!(made.iter().map(|one| one.call.arguments["name"].clone()).collect::<Vec<_>>(), ["web", "api"]);
    assert_eq!(diagnosis.confidence.map(Percent::get), Some(85));
    assert_eq!(diagnosis.confidence_reason, "the registry says so");
    assert_eq!(diagnosis.steps[0].command, "kubectl set image deployment/web web=nginx:1.25");
    assert_eq!(made[0].root_cause, "the tag does not exist");
    let person = json!({"decision": "need_person", "root_cause": "x", "confidence": 30, "steps": ["look"]}).to_string();
    assert!(matches!(read(native(&[("final_answer", &person)])), Ok(ModelAnswer::Person { .. })));
    assert_eq!(looks(&read(native(&[("kubectl_get", "{}"), ("final_answer", &person)]))).len(), 1, "looks come first");
}

#[test]
fn what_lacks_a_part_or_does_not_fit_is_a_sentence() {
    for (content, want) in [
        ("decision: need_person", "lacks root_cause"),
        ("decision: need_person\nreason: x\nsteps: [a]\nconfidence: 101", "no whole number from 0 to 100"),
        ("decision: resolved", "lacks root_cause"),
    ] {
        let got = text(&format!("```yaml\n{content}\n```"));
        assert!(matches!(&got, Err(why) if why.contains(want)), "{content}: {got:?}");
    }
}

#[test]
fn what_says_what_is_wrong_can_be_used_and_what_it_lacks_is_named() {
    let lacks = |content: &str| {
        let (catalogue, content) = (tools(), format!("```yaml\n{content}\n```"));
        decide(&Reply { content, ..Reply::default() }, &Names::of(&catalogue), &catalogue).unwrap().lacks
    };
    for (content, want) in [
        ("decision: need_person\nreason: x", "lacks confidence (a whole number from 0 to 100), steps"),
        ("decision: need_person\nreason: x\nconfidence: 50", "lacks steps"),
        ("decision: need_person\nreason: x\nsteps: [a]", "lacks confidence"),
    ] {
        let got = lacks(content).unwrap_or_default();
        assert!(got.contains(want), "{content}: {got}");
    }
    for content in ["decision: need_person\nreason: x\nsteps: [a]\nconfidence: 5", "decision: resolved\nreason: x"] {
        assert_eq!(lacks(content), None, "{content}");
    }
}
