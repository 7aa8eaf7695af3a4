/* cel_print.c - values as a person reads them in a refusal. */
#include "contract/cel_internal.h"

struct printer {
    struct buf *out;
    size_t end; /* nothing is begun beyond it */
    uint32_t depth;
};

static void print(struct printer *p, struct cel_value v);

static void print_text(struct printer *p, struct cel_value v)
{
    struct str text = cel_text(v);
    size_t room = p->end > p->out->len ? p->end - p->out->len : 0;
    bool cut = text.len > room && text.len > 24;
    size_t len = cut ? (room > 24 ? room : 24) : text.len;
    while (cut && len > 0 && ((unsigned char)text.at[len] & 0xc0) == 0x80) {
        len--;
    }
    struct json_writer w;
    jw_init(&w, p->out, false);
    buf_add_text(p->out, v.kind == CEL_BYTES ? "b" : "");
    jw_str(&w, str_sub(text, 0, len));
    if (cut) {
        buf_printf(p->out, "... (%zu bytes)", text.len);
    }
}

static void print_items(struct printer *p, struct cel_value v)
{
    struct cel_cursor cursor = cel_cursor(v);
    struct cel_value key;
    struct cel_value value;
    bool map = v.kind == CEL_MAP;
    uint32_t at = 0;
    buf_add_byte(p->out, map ? '{' : '[');
    p->depth++;
    for (; p->out->len < p->end && p->depth < 8 && cel_next(&cursor, &key, &value); at++) {
        buf_add_text(p->out, at > 0 ? ", " : "");
        if (map) {
            print(p, key);
            buf_add_text(p->out, ": ");
        }
        print(p, value);
    }
    p->depth--;
    if (at < v.len) {
        buf_printf(p->out, "%s... %u in all", at > 0 ? ", " : "", v.len);
    }
    buf_add_byte(p->out, map ? '}' : ']');
}

static void print(struct printer *p, struct cel_value v)
{
    char text[40];
    switch ((enum cel_kind)v.kind) {
    case CEL_ERROR:
        buf_printf(p->out, "<%s>", v.text);
        break;
    case CEL_NULL:
        buf_add_text(p->out, "null");
        break;
    case CEL_BOOL:
        buf_add_text(p->out, v.boolean ? "true" : "false");
        break;
    case CEL_INT:
        buf_add_i64(p->out, v.integer);
        break;
    case CEL_UINT:
        buf_add_u64(p->out, v.natural);
        buf_add_byte(p->out, 'u');
        break;
    case CEL_DOUBLE:
        buf_add(p->out, text, cel_write_double(v.number, text));
        break;
    case CEL_STRING:
    case CEL_BYTES:
        print_text(p, v);
        break;
    case CEL_LIST:
    case CEL_MAP:
        print_items(p, v);
        break;
    case CEL_TIMESTAMP:
        buf_add(p->out, text, cel_write_timestamp(v, text));
        break;
    case CEL_DURATION:
        buf_add(p->out, text, cel_write_duration(v, text));
        break;
    case CEL_TYPE:
        buf_add_text(p->out, cel_kind_word((enum cel_kind)v.integer));
        break;
    case CEL_DYN:
        buf_add_text(p->out, "?");
        break;
    }
}

void cel_print(struct buf *out, struct cel_value value, size_t max_bytes)
{
    struct printer p = {.out = out, .end = out->len + max_bytes};
    print(&p, value);
}
