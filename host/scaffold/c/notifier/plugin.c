// Posts one message to the address of the settings. wit/notifier.wit says what a message holds.
#include "text.h"

typedef exports_tidegate_plugin_notifier_notification_t notification;
typedef exports_tidegate_plugin_notifier_call_error_t call_error;
typedef tidegate_plugin_http_client_http_error_t http_error;

// What the host tries again is what may pass.
static bool later(call_error *err, plugin_string_t why, const char *seconds) {
    tidegate_plugin_types_retry_t retry = {.reason = why};
    long after = seconds ? strtol(seconds, NULL, 10) : 0;
    if (after > 0 && after < 1000000) retry.after_ms = (plugin_option_u64_t){true, (uint64_t)after * 1000};
    *err = (call_error){.tag = UNAVAILABLE, .val.unavailable = retry};
    return false;
}

bool exports_tidegate_plugin_notifier_notify(notification *message, plugin_option_string_t *ret, call_error *err) {
    plugin_string_t settings;
    tidegate_plugin_settings_get(&settings);
    json *own = json_parse((const char *)settings.ptr, settings.len);
    char *title = c_text(message->title), *markdown = c_text(message->body_markdown);
    // What alerts say stands in the body, so no secret is filled in there: `body_secrets` stays false.
    tidegate_plugin_http_client_request_t request = {
        .method = text("POST"), .url = text(member(own, "url")), .body = object("text", c_text(format("%s\n\n%s", title, markdown)))};
    pair(&request.headers, "content-type", "application/json");
    // The host fills the secret in, for origins that the operator granted it for.
    pair(&request.headers, "authorization", "Bearer {{secret:token}}");
    pair(&request.headers, "idempotency-key", c_text(message->delivery_id));
    tidegate_plugin_http_client_response_t response;
    http_error error;
    if (!tidegate_plugin_http_client_send(&request, &response, &error)) {
        if (error.tag == TIDEGATE_PLUGIN_HTTP_CLIENT_HTTP_ERROR_TIMEOUT) return later(err, text("the chat: timeout"), NULL);
        if (error.tag == TIDEGATE_PLUGIN_HTTP_CLIENT_HTTP_ERROR_RESPONSE_TOO_LARGE)
            return fail(err, OTHER, text("the chat: its answer is too large"));
        plugin_string_t why = format("the chat: %s", c_text(error.val.other));
        if (error.tag == TIDEGATE_PLUGIN_HTTP_CLIENT_HTTP_ERROR_UNREACHABLE) return later(err, why, NULL);
        bool denied = error.tag == TIDEGATE_PLUGIN_HTTP_CLIENT_HTTP_ERROR_DENIED;
        return fail(err, denied ? MISCONFIGURED : OTHER, why);
    }
    // A reference would go here, for a target that can change what it has shown.
    *ret = maybe(NULL);
    if (response.status >= 200 && response.status < 300) return true;
    plugin_string_t why = format("the chat answered %d: %s", response.status, c_text(response.body));
    if (response.status == 429 || response.status >= 500) return later(err, why, value_of(response.headers, "retry-after"));
    bool refused = response.status == 401;
    return fail(err, refused ? MISCONFIGURED : OTHER, why);
}
