// Texts between JSON, C and the contract. What is returned to the host is freed by the bindings after the call, so it
// must come from malloc, as all of these do; everything else may be left to the end of the call, which drops the memory.
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/plugin.h"
#include "json.h"

// The text as a C string.
static inline char *c_text(plugin_string_t text) {
    return strndup((const char *)text.ptr, text.len);
}

// A copy of a C string.
static inline plugin_string_t text(const char *from) {
    plugin_string_t copy;
    plugin_string_dup(&copy, from);
    return copy;
}

// A copy of a C string, or none.
static inline plugin_option_string_t maybe(const char *from) {
    return (plugin_option_string_t){.is_some = from != NULL, .val = from ? text(from) : (plugin_string_t){0}};
}

// A text in the manner of printf.
#define format(...) ({ char *made = NULL; if (asprintf(&made, __VA_ARGS__) < 0) abort(); plugin_string_t out = text(made); free(made); out; })

// Says why a call did not succeed; wit/types.wit has what the host makes of each case.
enum { INVALID_INPUT, MISCONFIGURED, UNAVAILABLE, OTHER };
static inline bool fail(tidegate_plugin_types_call_error_t *err, int what, plugin_string_t why) {
    *err = (tidegate_plugin_types_call_error_t){.tag = what, .val.other = why};
    return false;
}

// Adds a pair. A NULL value adds nothing.
static inline void pair(tidegate_plugin_types_labels_t *list, const char *key, const char *value) {
    if (!value) return;
    list->ptr = realloc(list->ptr, (list->len + 1) * sizeof *list->ptr);
    list->ptr[list->len++] = (plugin_tuple2_string_string_t){text(key), text(value)};
}

// The value of a key, or NULL.
static inline char *value_of(tidegate_plugin_types_labels_t list, const char *key) {
    for (size_t i = 0; i < list.len; i++) {
        char *found = c_text(list.ptr[i].f0);
        if (strcmp(found, key) == 0) return c_text(list.ptr[i].f1);
    }
    return NULL;
}

// A list of one text. Not every kind of plugin has such a list.
#define list_of(line) ((plugin_list_string_t){.ptr = memcpy(malloc(sizeof(plugin_string_t)), &(plugin_string_t[]){line}, sizeof(plugin_string_t)), .len = 1})

// The string under a key of a JSON object, or NULL.
static inline const char *member(const json *object, const char *key) {
    json *found = json_member(object, key);
    return found && found->kind == JSON_STRING ? found->text : NULL;
}

// A JSON object with one string, as calls of tools and actions take their arguments.
static inline plugin_string_t object(const char *key, const char *value) {
    return format("{%s:%s}", json_quoted(key), json_quoted(value));
}

// A text as one part of a URL's path: what an alert says must not lead elsewhere.
static inline char *url_part(const char *from) {
    char *part = malloc(strlen(from) * 3 + 1), *to = part;
    for (; *from; from++) {
        if (strchr("-._~", *from) || (*from >= '0' && *from <= '9') || ((*from | 32) >= 'a' && (*from | 32) <= 'z')) *to++ = *from;
        else to += sprintf(to, "%%%02X", (unsigned char)*from);
    }
    *to = 0;
    return part;
}
