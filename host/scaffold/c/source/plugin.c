// Turns what the sender posts into alerts: {"alerts": [{"title", "state", "severity", "host", "text", "since"}]}.
// wit/source.wit says what comes in and what goes out; bindings/plugin.h has it in C.
#include "text.h"

typedef exports_tidegate_plugin_source_inbound_t inbound;
typedef exports_tidegate_plugin_source_decoded_t decoded;
typedef exports_tidegate_plugin_source_call_error_t call_error;

static tidegate_plugin_types_alert_t alert(const json *item, const char *title) {
    const char *state = member(item, "state"), *since = member(item, "since");
    tidegate_plugin_types_alert_t alert = {
        .name = text(title),
        .status = state && strcmp(state, "ok") == 0 ? TIDEGATE_PLUGIN_TYPES_STATUS_RESOLVED
                                                    : TIDEGATE_PLUGIN_TYPES_STATUS_FIRING,
        .severity = maybe(member(item, "severity")),
    };
    // What tells this alert from others; whatever changes while it lasts belongs into the annotations.
    pair(&alert.labels, "host", member(item, "host"));
    pair(&alert.annotations, "summary", member(item, "text"));
    if (since) {
        alert.starts_at.is_some = true;
        alert.starts_at.val.tag = TIDEGATE_PLUGIN_TYPES_MOMENT_TEXT;
        alert.starts_at.val.val.text = text(since);
    }
    return alert;
}

bool exports_tidegate_plugin_source_decode(inbound *request, decoded *ret, call_error *err) {
    json *body = json_parse((const char *)request->body.ptr, request->body.len);
    if (!body) return fail(err, INVALID_INPUT, text("the body is no JSON"));
    json *items = json_member(body, "alerts");
    if (!items || items->kind != JSON_LIST) return fail(err, INVALID_INPUT, text("alerts: expected a list"));
    size_t count = 0, i = 0;
    for (json *item = items->first; item; item = item->next) count++;
    *ret = (decoded){0};
    ret->alerts.ptr = calloc(count + 1, sizeof *ret->alerts.ptr);
    ret->left_out.ptr = calloc(count + 1, sizeof *ret->left_out.ptr);
    for (json *item = items->first; item; item = item->next) {
        const char *title = member(item, "title");
        if (title) {
            ret->alerts.ptr[ret->alerts.len++] = alert(item, title);
        } else {
            // One alert that cannot be read costs no other.
            exports_tidegate_plugin_source_left_out_t *left_out = &ret->left_out.ptr[ret->left_out.len++];
            left_out->reason = format("alerts[%zu].title: expected a string", i);
            left_out->count = 1;
        }
        i++;
    }
    return true;
}
