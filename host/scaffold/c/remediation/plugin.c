// Looks whether the service of an incident hangs, and proposes a restart. wit/remediation.wit has the contract.
#include "text.h"

#define API(name) exports_tidegate_plugin_remediation_##name
typedef API(call_error_t) call_error;

#define SCHEMA "{\"type\": \"object\", \"properties\": {\"service\": {\"type\": \"string\"}}, \"required\": [\"service\"]}"

bool API(capabilities)(API(list_capability_t) *ret, call_error *err) {
    (void)err;
    *ret = (API(list_capability_t)){.ptr = calloc(1, sizeof *ret->ptr), .len = 1};
    ret->ptr[0] = (API(capability_t)){.name = text("restart"), .description = text("Restarts a service"),
        .schema = text(SCHEMA), .risk = EXPORTS_TIDEGATE_PLUGIN_REMEDIATION_RISK_LOW, .repeatable = true};
    return true;
}

bool API(plan)(API(incident_t) *incident, API(planned_t) *ret, call_error *err) {
    *ret = (API(planned_t)){.findings = {.ptr = calloc(1, sizeof *ret->findings.ptr), .len = 1}};
    char *service = value_of(incident->labels, "service"), *tool = "ops.service_status";
    if (!service) {
        ret->findings.ptr[0].text = text("the alerts have no label `service`");
        return true;
    }
    plugin_string_t name = text(tool), arguments = object("service", service), answer;
    tidegate_plugin_tools_tool_error_t refused;
    if (!tidegate_plugin_tools_look(&name, &arguments, &answer, &refused)) return fail(err, OTHER, refused.val.failed);
    const char *state = member(json_parse((const char *)answer.ptr, answer.len), "state");
    plugin_list_string_t evidence = list_of(format("%s says that it is %s", tool, state ? state : "nothing"));
    if (!state || strcmp(state, "hung") != 0) {
        ret->findings.ptr[0] = (API(finding_t)){
            .about = format("service/%s", service), .text = text("the service does not hang"), .evidence = evidence};
        return true;
    }
    ret->findings.len = 0;
    ret->proposals.ptr = calloc(ret->proposals.len = 1, sizeof *ret->proposals.ptr);
    ret->proposals.ptr[0] = (API(proposal_t)){.call = {.tool = text("{{name}}.restart"), .arguments = arguments},
        .target = format("service/%s", service), .reason = text("the service hangs, and a restart ends that"),
        .evidence = evidence, .root_cause = format("%s hangs", service)};
    return true;
}

// Runs only once the gate has permitted exactly this.
bool API(execute)(plugin_string_t *attempt, API(action_t) *action, plugin_string_t *ret, call_error *err) {
    json *arguments = json_parse((const char *)action->arguments.ptr, action->arguments.len);
    const char *service = member(arguments, "service");
    if (!service) return fail(err, OTHER, text("service: expected a string"));
    tidegate_plugin_http_client_request_t request = {
        .method = text("POST"), .url = format("https://ops.example.com/services/%s/restart", url_part(service))};
    pair(&request.headers, "authorization", "Bearer {{secret:token}}");
    pair(&request.headers, "idempotency-key", c_text(*attempt));
    tidegate_plugin_http_client_response_t answer;
    tidegate_plugin_http_client_http_error_t error;
    if (!tidegate_plugin_http_client_send(&request, &answer, &error)) return fail(err, OTHER, text("the service cannot be reached"));
    if (answer.status != 200) return fail(err, OTHER, format("the service was not restarted: %d", answer.status));
    *ret = format("%s was restarted", service);
    return true;
}
