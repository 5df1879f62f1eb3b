// Reads and writes the JSON that plugins meet. Memory is left to the end of the call, which drops it.
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct json json;
struct json {
    enum { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT } kind;
    char *key;    // Of a member of an object.
    char *text;   // Of a string; a number as it is written.
    json *first;  // Of a list or an object.
    json *next;   // In a list or an object.
};

// Deeper nesting is refused, because the stack ends somewhere.
#define JSON_DEPTH 64

typedef struct { const char *at, *end; } json_input;

static inline char json_next(json_input *in) {
    while (in->at < in->end && strchr(" \t\r\n", *in->at) && *in->at) in->at++;
    return in->at < in->end ? *in->at : 0;
}

static inline bool json_hex(json_input *in, unsigned *code) {
    *code = 0;
    if (in->end - in->at < 4) return false;
    for (int i = 0; i < 4; i++) {
        char c = *in->at++;
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) return false;
        *code = *code * 16 + (unsigned)digit;
    }
    return true;
}

static inline char *json_utf8(char *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6), *to++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12), *to++ = (char)(0x80 | (code >> 6 & 63)), *to++ = (char)(0x80 | (code & 63));
    } else {
        *to++ = (char)(0xf0 | code >> 18), *to++ = (char)(0x80 | (code >> 12 & 63));
        *to++ = (char)(0x80 | (code >> 6 & 63)), *to++ = (char)(0x80 | (code & 63));
    }
    return to;
}

// The text of a string, behind its first quote; NULL when it is none. An escape is never shorter than what it stands for.
static inline char *json_string(json_input *in) {
    char *text = malloc((size_t)(in->end - in->at) + 1), *to = text;
    while (in->at < in->end) {
        char c = *in->at++;
        if (c == '"') return *to = 0, text;
        if ((unsigned char)c < 0x20) return NULL;
        if (c != '\\') {
            *to++ = c;
            continue;
        }
        if (in->at == in->end) return NULL;
        static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
        char escaped = *in->at++;
        const char *place = escaped ? strchr(escapes, escaped) : NULL;
        if (place) {
            *to++ = meant[place - escapes];
            continue;
        }
        unsigned code, low;
        if (escaped != 'u' || !json_hex(in, &code)) return NULL;
        if (code >= 0xd800 && code < 0xdc00 && in->end - in->at > 5 && in->at[0] == '\\' && in->at[1] == 'u') {
            in->at += 2;
            if (!json_hex(in, &low) || low < 0xdc00 || low > 0xdfff) return NULL;
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        }
        // Half a pair, and a zero, which would end a text in C, are shown as unreadable.
        to = json_utf8(to, code == 0 || (code >= 0xd800 && code < 0xe000) ? 0xfffd : code);
    }
    return NULL;
}

static inline json *json_value(json_input *in, int depth);

static inline bool json_inside(json_input *in, json *outer, int depth) {
    char end = outer->kind == JSON_LIST ? ']' : '}';
    json **last = &outer->first;
    in->at++;
    if (json_next(in) == end) return in->at++, true;
    for (;;) {
        char *key = NULL;
        if (outer->kind == JSON_OBJECT) {
            if (json_next(in) != '"') return false;
            in->at++;
            if (!(key = json_string(in)) || json_next(in) != ':') return false;
            in->at++;
        }
        json *inner = json_value(in, depth + 1);
        if (!inner) return false;
        inner->key = key;
        *last = inner, last = &inner->next;
        char c = json_next(in);
        in->at++;
        if (c == end) return true;
        if (c != ',') return false;
    }
}

static inline json *json_value(json_input *in, int depth) {
    json *value = calloc(1, sizeof *value);
    char c = json_next(in);
    if (depth > JSON_DEPTH) return NULL;
    if (c == '{' || c == '[') {
        value->kind = c == '{' ? JSON_OBJECT : JSON_LIST;
        return json_inside(in, value, depth) ? value : NULL;
    }
    if (c == '"') {
        value->kind = JSON_STRING;
        in->at++;
        return (value->text = json_string(in)) ? value : NULL;
    }
    size_t length = 0;
    while (in->at + length < in->end && in->at[length] && !strchr(" \t\r\n,]}", in->at[length])) length++;
    char *word = strndup(in->at, length), *rest;
    in->at += length;
    static const char *const words[] = {"null", "false", "true"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(word, words[i]) == 0) return value->kind = i, value;
    }
    strtod(word, &rest);
    bool number = length && !*rest && strspn(word, "+-.eE0123456789") == length && word[0] != '+';
    value->kind = JSON_NUMBER, value->text = word;
    return number ? value : NULL;
}

// A whole text as JSON; NULL when it is none.
static inline json *json_parse(const char *text, size_t length) {
    json_input in = {text, text + length};
    json *value = json_value(&in, 0);
    return value && !json_next(&in) && in.at == in.end ? value : NULL;
}

// The member of an object; NULL where there is none.
static inline json *json_member(const json *object, const char *key) {
    if (!object || object->kind != JSON_OBJECT) return NULL;
    for (json *member = object->first; member; member = member->next) {
        if (strcmp(member->key, key) == 0) return member;
    }
    return NULL;
}

// A text as a string of JSON, with its quotes.
static inline char *json_quoted(const char *from) {
    char *quoted = malloc(strlen(from) * 6 + 3), *to = quoted;
    *to++ = '"';
    for (; *from; from++) {
        unsigned char c = (unsigned char)*from;
        if (c == '"' || c == '\\') *to++ = '\\', *to++ = (char)c;
        else if (c < 0x20) to += sprintf(to, "\\u%04x", c);
        else *to++ = (char)c;
    }
    return *to++ = '"', *to = 0, quoted;
}
