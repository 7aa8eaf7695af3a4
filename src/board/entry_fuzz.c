/* entry_fuzz.c - any bytes: they are refused, or they are a record that encodes to the
 * same bytes again and whose parts all lie inside them.
 */
#include "base/check.h"
#include "board/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_inside(struct str part, struct str body)
{
    CHECK(part.len == 0 || (part.at >= body.at && part.len <= body.len &&
                            part.at + part.len <= body.at + body.len));
}

static void check_fact(const struct entry *e, struct str body)
{
    check_inside(e->fact.origin, body);
    check_inside(e->fact.mime_type, body);
    check_inside(e->fact.topic, body);
    check_inside(e->fact.position, body);
    check_inside(e->fact.content, body);
    check_inside(str_n(e->fact.from.at, (size_t)e->fact.from.count * sizeof(struct hash)), body);
}

static void check_event(const struct entry *e, struct str body)
{
    size_t at = 0;
    uint32_t items = 0;
    struct str item;
    check_inside(e->event.text, body);
    check_inside(e->event.name, body);
    while (entry_list_next(e, &at, &item)) {
        check_inside(item, body);
        items++;
    }
    CHECK(items == e->event.list_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct str body = str_n(bytes, len);
    struct buf again = {0};
    struct entry e;
    if (!entry_decode(body, &e)) {
        return 0;
    }
    check_inside(e.creator, body);
    if (e.kind == RECORD_FACT) {
        check_fact(&e, body);
    } else if (e.kind == RECORD_EVENT) {
        check_event(&e, body);
    }
    entry_encode(&e, &again);
    CHECK(str_eq(buf_str(&again), body));
    buf_deinit(&again);
    return 0;
}
