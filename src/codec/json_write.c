/* json_write.c - the writer.
 *
 * It keeps no stack: whether a comma is due depends only on what was written last.
 * Behind an opening bracket or a key it is not, behind everything else it is.
 * The buffer's ceiling needs no care here; the owner of the buffer asks it at the end.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "codec/json.h"
#include "codec/scan_internal.h"

void jw_init(struct json_writer *w, struct buf *out, bool pretty)
{
    *w = (struct json_writer){.out = out, .pretty = pretty};
}

static void new_line(struct json_writer *w)
{
    buf_add_byte(w->out, '\n');
    for (uint32_t i = 0; i < w->depth; i++) {
        buf_add(w->out, "  ", 2);
    }
}

/* What stands between two members, or between a bracket and the first one. */
static void separate(struct json_writer *w)
{
    if (w->needs_comma) {
        buf_add_byte(w->out, ',');
    }
    if (w->pretty && w->depth > 0) {
        new_line(w);
    }
}

static void before_value(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
    } else {
        separate(w);
    }
    w->needs_comma = true;
}

static void open_with(struct json_writer *w, uint8_t bracket)
{
    before_value(w);
    buf_add_byte(w->out, bracket);
    w->depth++;
    w->needs_comma = false;
}

static void close_with(struct json_writer *w, uint8_t bracket)
{
    CHECK(w->depth > 0);
    CHECK(!w->after_key);
    w->depth--;
    if (w->pretty && w->needs_comma) {
        new_line(w);
    }
    buf_add_byte(w->out, bracket);
    w->needs_comma = true;
}

void jw_object(struct json_writer *w)
{
    open_with(w, '{');
}

void jw_object_end(struct json_writer *w)
{
    close_with(w, '}');
}

void jw_array(struct json_writer *w)
{
    open_with(w, '[');
}

void jw_array_end(struct json_writer *w)
{
    close_with(w, ']');
}

/* The escape of a quote, a backslash or a control character. */
static void add_escape(struct buf *out, uint8_t byte)
{
    static const char letters[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };
    char letter = byte < 0x20 ? letters[byte] : (char)byte;
    if (letter != 0) {
        char escape[2] = {'\\', letter};
        buf_add(out, escape, sizeof escape);
        return;
    }
    char escape[6] = {'\\', 'u', '0', '0'};
    hex_encode(&byte, 1, escape + 4);
    buf_add(out, escape, sizeof escape);
}

/* A string with characters that need more than copying: runs of those that do not
 * are copied whole, whatever their language. */
static void add_string_slow(struct buf *out, struct str text)
{
    const uint8_t *at = (const uint8_t *)text.at;
    const uint8_t *end = at + text.len;
    const uint8_t *run = at;
    buf_add_byte(out, '"');
    for (;;) {
        at = scan_plain(at, end);
        if (at < end && *at >= 0x80) {
            size_t len = scan_utf8(at, end);
            if (len > 0) {
                at += len;
                continue;
            }
        }
        buf_add(out, run, (size_t)(at - run));
        if (at == end) {
            break;
        }
        if (*at >= 0x80) {
            buf_add(out, "\xef\xbf\xbd", 3);
        } else {
            add_escape(out, *at);
        }
        run = ++at;
    }
    buf_add_byte(out, '"');
}

static void add_string(struct buf *out, struct str text)
{
    if (text.len == 0) {
        buf_add(out, "\"\"", 2);
        return;
    }
    CHECK(text.at != NULL);
    const uint8_t *begin = (const uint8_t *)text.at;
    if (scan_plain(begin, begin + text.len) < begin + text.len) {
        add_string_slow(out, text);
        return;
    }
    uint8_t *to = buf_reserve(out, text.len + 2);
    if (to != NULL) {
        to[0] = '"';
        memcpy(to + 1, text.at, text.len);
        to[text.len + 1] = '"';
        out->len += text.len + 2;
    }
}

static void after_key(struct json_writer *w)
{
    if (w->pretty) {
        buf_add(w->out, ": ", 2);
    } else {
        buf_add_byte(w->out, ':');
    }
    w->after_key = true;
}

void jw_key(struct json_writer *w, const char *key)
{
    jw_key_str(w, str_of(key));
}

void jw_key_str(struct json_writer *w, struct str key)
{
    CHECK(!w->after_key);
    CHECK(w->depth > 0);
    separate(w);
    add_string(w->out, key);
    after_key(w);
}

void jw_str(struct json_writer *w, struct str text)
{
    before_value(w);
    add_string(w->out, text);
}

void jw_text(struct json_writer *w, const char *text)
{
    jw_str(w, str_of(text));
}

void jw_int(struct json_writer *w, int64_t value)
{
    before_value(w);
    buf_add_i64(w->out, value);
}

void jw_uint(struct json_writer *w, uint64_t value)
{
    before_value(w);
    buf_add_u64(w->out, value);
}

void jw_double(struct json_writer *w, double value)
{
    if (!isfinite(value)) {
        jw_null(w);
        return;
    }
    char text[64];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (memcmp(&back, &value, sizeof back) == 0) {
            break;
        }
    }
    /* Both calls went by the locale, whose decimal point may be any few bytes. */
    before_value(w);
    bool in_point = false;
    for (const char *c = text; *c != '\0'; c++) {
        bool of_number = strchr("0123456789+-e", *c) != NULL;
        if (of_number || !in_point) {
            buf_add_byte(w->out, of_number ? (uint8_t)*c : '.');
        }
        in_point = !of_number;
    }
}

void jw_bool(struct json_writer *w, bool value)
{
    before_value(w);
    buf_add_str(w->out, value ? STR("true") : STR("false"));
}

void jw_null(struct json_writer *w)
{
    before_value(w);
    buf_add_str(w->out, STR("null"));
}

void jw_raw(struct json_writer *w, struct str json)
{
    CHECK(json.len > 0);
    before_value(w);
    buf_add_str(w->out, json);
}

static void write_members(struct json_writer *w, const struct json *container)
{
    for (const struct json *member = container->first; member != NULL; member = member->next) {
        if (container->kind == JSON_OBJECT) {
            jw_key_str(w, member->key);
        }
        jw_value(w, member);
    }
}

/* Recursive, as deep as the reader allowed the tree to be. */
void jw_value(struct json_writer *w, const struct json *value)
{
    switch (value->kind) {
    case JSON_NULL:
        jw_null(w);
        break;
    case JSON_FALSE:
    case JSON_TRUE:
        jw_bool(w, value->kind == JSON_TRUE);
        break;
    case JSON_INT:
        jw_int(w, value->integer);
        break;
    case JSON_NUMBER:
        if (value->raw.len > 0) {
            jw_raw(w, value->raw);
        } else {
            jw_double(w, value->number);
        }
        break;
    case JSON_STRING:
        jw_str(w, value->string);
        break;
    case JSON_ARRAY:
        jw_array(w);
        write_members(w, value);
        jw_array_end(w);
        break;
    case JSON_OBJECT:
        jw_object(w);
        write_members(w, value);
        jw_object_end(w);
        break;
    default:
        UNREACHABLE("a value has one of the kinds");
    }
}

void jw_kv_str(struct json_writer *w, const char *key, struct str text)
{
    jw_key(w, key);
    jw_str(w, text);
}

void jw_kv_text(struct json_writer *w, const char *key, const char *text)
{
    jw_key(w, key);
    jw_text(w, text);
}

void jw_kv_int(struct json_writer *w, const char *key, int64_t value)
{
    jw_key(w, key);
    jw_int(w, value);
}

void jw_kv_uint(struct json_writer *w, const char *key, uint64_t value)
{
    jw_key(w, key);
    jw_uint(w, value);
}

void jw_kv_bool(struct json_writer *w, const char *key, bool value)
{
    jw_key(w, key);
    jw_bool(w, value);
}
