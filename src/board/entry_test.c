/* entry_test.c - what is written reads back, what is cut short is refused, and identities
 * stay what they are: another digest here means that old references would lead nowhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "board/entry.h"
#include "codec/bytes.h"

static const uint8_t two_ids[64] = {1, 2, 3, [32] = 4, 5, 6};

static struct entry a_fact(uint8_t flags)
{
    struct entry e = {
        .kind = RECORD_FACT,
        .flags = flags,
        .at_ms = 1700000000123,
        .creator = STR("ann"),
        .fact =
            {
                .origin = STR("sensor/1"),
                .mime_type = STR("text/plain"),
                .topic = STR("weather"),
                .position = STR("it rains"),
                .valid_from_ms = (flags & ENTRY_VALID_FROM) != 0 ? 1000 : 0,
                .valid_to_ms = (flags & ENTRY_VALID_TO) != 0 ? 2000 : 0,
                .confidence = (flags & ENTRY_CONFIDENCE) != 0 ? 0.75 : 0,
                .under_epoch = (flags & ENTRY_UNDER) != 0 ? 7 : 0,
                .from = {two_ids, 2},
            },
    };
    memset(e.id.bytes, 0xab, sizeof e.id.bytes);
    if ((flags & ENTRY_UNDER) != 0) {
        memset(e.fact.under.bytes, 0xcd, sizeof e.fact.under.bytes);
    }
    if ((flags & ENTRY_STORED) != 0) {
        memset(e.fact.content_hash.bytes, 0xef, sizeof e.fact.content_hash.bytes);
        e.fact.content_bytes = 123456;
    } else {
        e.fact.content = STR("drops");
        e.fact.content_bytes = 5;
    }
    return e;
}

static struct entry an_intent(uint8_t flags)
{
    struct entry e = {
        .kind = RECORD_INTENT,
        .flags = flags,
        .creator = STR("bob"),
        .intent =
            {
                .description = STR("look out of the window"),
                .from = {two_ids, 1},
                .depends_on = {two_ids, 2},
                .capability = STR("see"),
                .topic = STR("weather"),
                .dedupe_key = STR("window"),
                .priority = 10,
                .deadline_ms = (flags & ENTRY_DEADLINE) != 0 ? 99 : 0,
                .max_run_ms = 5000,
            },
    };
    if ((flags & ENTRY_PARENT) != 0) {
        memset(e.intent.parent.bytes, 0x11, sizeof e.intent.parent.bytes);
    }
    return e;
}

static struct entry an_event(enum event_type type, unsigned fields)
{
    struct entry e = {
        .kind = RECORD_EVENT,
        .type = type,
        .creator = STR("nexusd"),
        .event = {.fields = (uint16_t)fields, .text = STR_NONE},
    };
    if ((fields & FIELD_EPOCH) != 0) {
        e.event.epoch = EPOCH_MAX;
    }
    if ((fields & FIELD_NUMBER) != 0) {
        e.event.number = 60000;
    }
    if ((fields & FIELD_TEXT) != 0) {
        e.event.text = STR("because");
    }
    if ((fields & FIELD_NAME) != 0) {
        e.event.name = STR("cat");
    }
    if ((fields & FIELD_LIST) != 0) {
        e.event.list_bytes = STR("\2\0ab\0\0\1\0c");
        e.event.list_count = 3;
    }
    return e;
}

/* Decodes, encodes to the same bytes, and no shorter or longer run decodes. */
static void round_trip(const struct entry *e)
{
    struct buf body = {0}, again = {0};
    struct entry back;
    entry_encode(e, &body);
    assert_true(entry_decode(buf_str(&body), &back));
    assert_int_equal(back.kind, e->kind);
    assert_int_equal(back.type, e->type);
    assert_int_equal(back.at_ms, e->at_ms);
    assert_true(str_eq(back.creator, e->creator));
    assert_true(hash_eq(&back.id, &e->id));
    entry_encode(&back, &again);
    assert_true(str_eq(buf_str(&again), buf_str(&body)));
    for (size_t len = 0; len < body.len; len++) {
        /* A copy of the very size, so that a sanitizer sees every byte read behind it. */
        char *cut = malloc(len + 1);
        memcpy(cut, body.at, len);
        cut = realloc(cut, len == 0 ? 1 : len);
        assert_false(entry_decode(str_n(cut, len), &back));
        free(cut);
    }
    buf_add_byte(&body, 0);
    assert_false(entry_decode(buf_str(&body), &back));
    buf_deinit(&body);
    buf_deinit(&again);
}

static void test_round_trips(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 32; flags++) {
        struct entry fact = a_fact((uint8_t)flags);
        round_trip(&fact);
    }
    static const uint8_t intent_flags[] = {0, ENTRY_PARENT, ENTRY_DEADLINE,
                                           ENTRY_PARENT | ENTRY_DEADLINE};
    for (size_t i = 0; i < sizeof intent_flags; i++) {
        struct entry intent = an_intent(intent_flags[i]);
        round_trip(&intent);
    }
    struct entry hint = {.kind = RECORD_HINT,
                         .creator = STR("ann"),
                         .hint = {STR("mind the gap"), STR("station"), 3600000}};
    round_trip(&hint);
    for (unsigned fields = 0; fields <= FIELD_ALL; fields++) {
        unsigned about = fields | FIELD_INTENT | FIELD_EPOCH | FIELD_NUMBER | FIELD_TEXT;
        struct entry claimed = an_event(EVENT_CLAIMED, about);
        round_trip(&claimed);
        unsigned agent = fields | FIELD_NAME | FIELD_NUMBER | FIELD_HASH_A;
        struct entry added = an_event(EVENT_AGENT_ADDED, agent & ~(unsigned)FIELD_INTENT);
        round_trip(&added);
    }
}

static bool decodes(const struct entry *e)
{
    struct buf body = {0};
    struct entry back;
    entry_encode(e, &body);
    bool ok = entry_decode(buf_str(&body), &back);
    buf_deinit(&body);
    return ok;
}

static void test_refuses_what_cannot_be_folded(void **state)
{
    (void)state;
    struct entry e = an_event(EVENT_CLAIMED, FIELD_INTENT | FIELD_EPOCH);
    assert_false(decodes(&e)); /* no ttl */
    e = an_event(EVENT_RELEASED, FIELD_TEXT);
    assert_false(decodes(&e)); /* of which intent? */
    e = an_event(EVENT_PAUSED, FIELD_INTENT);
    assert_false(decodes(&e));
    e = an_event(EVENT_AGENT_ADDED, FIELD_NAME | FIELD_NUMBER | FIELD_HASH_A | FIELD_LIST);
    assert_true(decodes(&e));
    e.event.list_count = 2; /* more items than told: room would be made for two */
    assert_false(decodes(&e));
    e.event.list_count = 3;
    e.event.list_bytes = STR("\2\0ab\0\0\7\0c");
    assert_false(decodes(&e));
    e = an_event(EVENT_PAUSED, 0);
    assert_true(decodes(&e));
    e.at_ms = -1;
    assert_false(decodes(&e));
    e.at_ms = ENTRY_TIME_MS_END;
    assert_false(decodes(&e));
    e.at_ms = ENTRY_TIME_MS_END - 1;
    assert_true(decodes(&e));
    e = an_intent(0);
    e.intent.priority = 0;
    assert_false(decodes(&e));
    e.intent.priority = 11;
    assert_false(decodes(&e));
    e = an_intent(ENTRY_STORED);
    assert_false(decodes(&e));
    e = a_fact(ENTRY_PARENT);
    assert_false(decodes(&e));
}

static void test_refuses_other_heads(void **state)
{
    (void)state;
    struct entry e = a_fact(0);
    struct buf body = {0};
    entry_encode(&e, &body);
    for (size_t at = 0; at < 3; at++) {
        struct entry back;
        uint8_t was = body.at[at];
        for (unsigned byte = 0; byte < 256; byte++) {
            body.at[at] = (uint8_t)byte;
            if (byte != was) {
                bool ok = entry_decode(buf_str(&body), &back);
                assert_true(!ok || (at == 0 && back.kind != RECORD_FACT));
            }
        }
        body.at[at] = was;
    }
    buf_deinit(&body);
}

/* -- identity ------------------------------------------------------------------------- */

static void fact_id(const struct entry *e, char hex[65])
{
    struct hash content, id;
    sha256(e->fact.content.at, e->fact.content.len, &content);
    entry_fact_identity(e, &content, &id);
    hex_encode(id.bytes, sizeof id.bytes, hex);
    hex[64] = '\0';
}

/* Computed apart from this code, from the words of entry.h and INTERFACE. */
static void test_identity_never_changes(void **state)
{
    (void)state;
    char hex[65];
    struct entry e = a_fact(0);
    e.fact.from.count = 0;
    fact_id(&e, hex);
    assert_string_equal(hex, "d511e9aec65ac60a1098cad1a09468f684c5fba10d1cb1e6dcca5f61b43b11e9");
    e = a_fact(ENTRY_VALID_FROM | ENTRY_VALID_TO);
    fact_id(&e, hex);
    assert_string_equal(hex, "c209c0b3a52854104224dc8a65630a934bb369dfcb842f3f93e26267f287278d");

    struct entry intent = an_intent(0);
    struct hash log_name, id;
    memset(log_name.bytes, 9, sizeof log_name.bytes);
    intent.at_ms = 5;
    entry_unique_identity(&intent, &log_name, 77, &id);
    hex_encode(id.bytes, sizeof id.bytes, hex);
    assert_string_equal(hex, "8aeebf6059b962b21101536aba36c0f7e3e4c14eaa4cc2f2b311d95d61308c94");
}

static void differs(const struct entry *a, const struct entry *b)
{
    char left[65], right[65];
    fact_id(a, left);
    fact_id(b, right);
    assert_string_not_equal(left, right);
}

static void test_identity_tells_apart(void **state)
{
    (void)state;
    struct entry base = a_fact(0), other;
    char left[65], right[65];
    struct entry shifted = base;
    base.fact.topic = STR("ab");
    base.fact.position = STR("c");
    shifted.fact.topic = STR("a");
    shifted.fact.position = STR("bc");
    differs(&base, &shifted);
    other = base;
    other.fact.origin = STR("sensor/2");
    differs(&base, &other);
    other = base;
    other.creator = STR("bob");
    differs(&base, &other);
    other = base;
    other.fact.mime_type = STR("text/html");
    differs(&base, &other);
    other = base;
    other.fact.content = STR("dropS");
    differs(&base, &other);
    other = base;
    other.fact.from.count = 1;
    differs(&base, &other);
    other = base;
    other.flags = ENTRY_VALID_FROM; /* from 0 on is not from ever */
    differs(&base, &other);
    struct entry to = base;
    to.flags = ENTRY_VALID_TO;
    differs(&other, &to);
    /* Not part of it: when, under which claim, how sure. */
    other = base;
    other.at_ms++;
    other.flags = ENTRY_CONFIDENCE | ENTRY_UNDER;
    other.fact.confidence = 0.5;
    other.fact.under_epoch = 3;
    fact_id(&base, left);
    fact_id(&other, right);
    assert_string_equal(left, right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_refuses_what_cannot_be_folded),
        cmocka_unit_test(test_refuses_other_heads),
        cmocka_unit_test(test_identity_never_changes),
        cmocka_unit_test(test_identity_tells_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
