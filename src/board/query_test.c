/* query_test.c - answers through the indexes against answers by looking at everything, on
 * random boards; states of the past against what was remembered then; provenance both ways.
 */
#include <stddef.h>

#include "base/rng.h"
#include "board/board_world_test.h"

enum { RECORDS_WANTED = 400, PAGE = 1000, INTENTS_MAX = 200 };

static const char *const people[] = {"ann", "bob", "cat"};
static const char *const origins[] = {"web", "lab", "moon/1"};
static const char *const topics[] = {"", "moon", "sun"};
#define PICK(rng, list) ((list)[rng_below((rng), sizeof(list) / sizeof(list)[0])])

/* One random record or more; intents that were made go into `intents`. */
static void grow(struct world *w, struct rng *rng, struct id *intents, size_t *count)
{
    char text[32];
    struct actor who = agent_named(PICK(rng, people));
    struct result r;
    (void)snprintf(text, sizeof text, "%u", (unsigned)rng_below(rng, 100000));
    uint64_t what = rng_below(rng, 10);
    if (what < 4) {
        struct fact_in in = {.origin = str_of(PICK(rng, origins)),
                             .content = text_of(text),
                             .topic = str_of(PICK(rng, topics)),
                             .has_valid_from = rng_below(rng, 3) == 0,
                             .has_valid_to = rng_below(rng, 3) == 0,
                             .valid_from_ms = (int64_t)rng_below(rng, 50),
                             .valid_to_ms = 50 + (int64_t)rng_below(rng, 50)};
        DO(w, r, board_fact(w->board, &who, &in, &r));
    } else if (what < 6 && *count < INTENTS_MAX) {
        struct intent_in in = {.description = str_of(text), .topic = str_of(PICK(rng, topics))};
        DO(w, r, board_intent(w->board, &who, &in, &r));
        intents[(*count)++] = id_at(w, r.record);
    } else if (what == 6) {
        DO(w, r, board_hint(w->board, &who, str_of(text), STR(""), 0, &r));
    } else if (*count > 0) {
        const struct id *id = &intents[rng_below(rng, *count)];
        r = claim(w, who.name.at, id, 0);
        if (r.outcome == BOARD_OK && what == 7) {
            (void)conclude(w, who.name.at, id, r.epoch, text);
        } else if (r.outcome == BOARD_ALREADY_CLAIMED && what == 8) {
            (void)cancel(w, (struct actor){STR("eve"), ROLE_HUMAN}, id);
        } else if (r.outcome == BOARD_ALREADY_CLAIMED) {
            (void)release(w, r.holder, id, r.epoch);
        }
    }
    world_sleep(w, rng_below(rng, 3));
}

static struct query random_query(struct world *w, struct rng *rng)
{
    uint64_t head = board_head(w->board);
    struct query q = {
        .kind = rng_below(rng, 2) == 0 ? RECORD_NONE : (enum record_kind)rng_below(rng, 5),
        .origin = str_of(rng_below(rng, 3) == 0 ? PICK(rng, origins) : ""),
        .creator = str_of(rng_below(rng, 3) == 0 ? PICK(rng, people) : ""),
        .topic = str_of(rng_below(rng, 3) == 0 ? PICK(rng, topics) : ""),
        .status = rng_below(rng, 3) == 0 ? (enum status)rng_below(rng, 7) : STATUS_NONE,
        .has_since = rng_below(rng, 4) == 0,
        .has_until = rng_below(rng, 4) == 0,
        .has_valid_at = rng_below(rng, 4) == 0,
        .since_ms = w->wall_ms - (int64_t)rng_below(rng, 500),
        .until_ms = w->wall_ms - (int64_t)rng_below(rng, 500),
        .valid_at_ms = (int64_t)rng_below(rng, 110),
        .as_of = rng_below(rng, 2) == 0 ? rng_below(rng, head + 5) : 0,
        .after = rng_below(rng, 3) == 0 ? rng_below(rng, head + 5) : 0,
        .newest_first = rng_below(rng, 2) == 0,
        .limit = 1 + rng_below(rng, 20),
    };
    if (rng_below(rng, 20) == 0) {
        q.topic = STR("nobody used this");
    }
    if (rng_below(rng, 20) == 0) {
        q.has_until = true;
        q.until_ms = rng_below(rng, 2) == 0 ? INT64_MAX : INT64_MIN;
    }
    if (rng_below(rng, 4) == 0) {
        q.before = rng_below(rng, head + 5);
    }
    return q;
}

static void same_answer(struct world *w, const struct query *q)
{
    uint32_t fast[PAGE], plain[PAGE];
    bool fast_more = true, plain_more = true;
    size_t fast_count = board_query(w->board, q, fast, &fast_more);
    size_t plain_count = board_query_plain(w->board, q, plain, &plain_more);
    assert_int_equal(fast_count, plain_count);
    assert_int_equal(fast_more, plain_more);
    for (size_t i = 0; i < fast_count; i++) {
        assert_int_equal(fast[i], plain[i]);
    }
}

static void test_against_plain(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world *w = world_opened();
        struct id *intents = mem_alloc(INTENTS_MAX * sizeof *intents);
        size_t count = 0;
        struct rng rng;
        rng_init(&rng, seed);
        struct query empty = {.limit = 10};
        same_answer(w, &empty);
        while (board_head(w->board) < RECORDS_WANTED) {
            grow(w, &rng, intents, &count);
        }
        for (int i = 0; i < 1500; i++) {
            struct query q = random_query(w, &rng);
            same_answer(w, &q);
        }
        mem_free(intents);
        world_free(w);
    }
}

/* Pages joined are the whole, upwards by `after` and downwards by `before`. */
static void test_paging(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id intents[INTENTS_MAX];
    size_t count = 0;
    struct rng rng;
    rng_init(&rng, 3);
    while (board_head(w->board) < RECORDS_WANTED) {
        grow(w, &rng, intents, &count);
    }
    for (int down = 0; down < 2; down++) {
        uint32_t whole[PAGE], page[7];
        bool more;
        struct query q = {.creator = STR("ann"), .newest_first = down, .limit = PAGE};
        size_t all = board_query(w->board, &q, whole, &more), seen = 0;
        assert_false(more);
        assert_true(all > 50);
        q.limit = 7;
        do {
            size_t got = board_query(w->board, &q, page, &more);
            assert_true(got > 0);
            for (size_t i = 0; i < got; i++) {
                assert_int_equal(page[i], whole[seen++]);
            }
            if (down) {
                q.before = (uint64_t)page[got - 1] + 1;
            } else {
                q.after = (uint64_t)page[got - 1] + 1;
            }
            (void)add_fact(w, "bob", "web", "meanwhile");
        } while (more);
        assert_int_equal(seen, all);
    }
    world_free(w);
}

static const char *status_at(struct world *w, const struct id *id, uint64_t as_of,
                             struct arena *arena)
{
    struct json *record = rendered(w, board_find(w->board, str_of(id->text)), as_of, arena);
    return arena_str(arena, json_get_str(record, "status", STR_NONE)).at;
}

struct memory {
    uint64_t seq;
    size_t intent;
    const char *text; /* the whole record */
};

static const char *text_at(struct world *w, const struct id *id, uint64_t as_of,
                           struct arena *arena)
{
    struct buf text = {0};
    struct json_writer writer;
    jw_init(&writer, &text, false);
    assert_true(board_render(w->board, board_find(w->board, str_of(id->text)), as_of, &writer));
    const char *kept = arena_str(arena, buf_str(&text)).at;
    buf_deinit(&text);
    return kept;
}

/* A query for that status at that time finds the intent, and one for another does not. */
static void assert_found_as(struct world *w, const struct id *id, uint64_t as_of,
                            const char *status)
{
    uint64_t ordinal = board_find(w->board, str_of(id->text));
    for (int s = STATUS_SUBMITTED; s <= STATUS_REJECTED; s++) {
        uint32_t found;
        bool more;
        struct query q = {.status = (enum status)s,
                          .as_of = as_of,
                          .after = ordinal,
                          .before = ordinal + 2,
                          .limit = 1};
        assert_int_equal(board_query(w->board, &q, &found, &more),
                         strcmp(status_word((enum status)s), status) == 0);
    }
}

/* A past state, folded from events, is what was rendered at that time. Leases and waiting
 * are of the present only, so claimed intents are compared by their status. */
static void test_as_of(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id *intents = mem_alloc(INTENTS_MAX * sizeof *intents);
    struct memory *memories = mem_alloc(4000 * sizeof *memories);
    size_t count = 0, kept = 0;
    struct rng rng;
    struct arena arena = {0};
    rng_init(&rng, 11);
    while (board_head(w->board) < RECORDS_WANTED) {
        grow(w, &rng, intents, &count);
        if (count > 0 && kept < 4000) {
            size_t which = rng_below(&rng, count);
            const char *text = text_at(w, &intents[which], 0, &arena);
            if (strstr(text, "expires_in_ms") != NULL) {
                text = status_at(w, &intents[which], 0, &arena);
            }
            memories[kept++] = (struct memory){board_head(w->board), which, text};
        }
    }
    (void)add_fact(w, "ann", "web", "one more");
    for (int life = 0; life < 2; life++) {
        for (size_t i = 0; i < kept; i++) {
            const struct memory *m = &memories[i];
            const char *now = m->text[0] == '{'
                                  ? text_at(w, &intents[m->intent], m->seq, &arena)
                                  : status_at(w, &intents[m->intent], m->seq, &arena);
            assert_string_equal(now, m->text);
            assert_found_as(w, &intents[m->intent], m->seq,
                            status_at(w, &intents[m->intent], m->seq, &arena));
        }
        world_reopen(w);
    }
    arena_deinit(&arena);
    mem_free(memories);
    mem_free(intents);
    world_free(w);
}

static bool reaches(struct world *w, uint32_t from, bool forwards, uint32_t to)
{
    uint32_t out[1000];
    size_t count = board_provenance(w->board, from, forwards, 1, out, 1000);
    for (size_t i = 0; i < count; i++) {
        if (out[i] == to) {
            return true;
        }
    }
    return false;
}

static void test_provenance(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct id a = id_at(w, add_fact(w, "ann", "web", "a").record);
    struct str from = str_of(a.text);
    struct actor bob = agent_named("bob");
    struct intent_in in = {.description = STR("think"), .from_facts = {&from, 1}};
    struct id intent = id_at(w, add_intent_in(w, "ann", &in).record);
    struct str parent = str_of(intent.text);
    struct intent_in below = {.description = STR("think more"),
                              .from_facts = {&from, 1},
                              .parent = parent,
                              .depends_on = {&parent, 1}};
    struct id child = id_at(w, add_intent_in(w, "ann", &below).record);
    (void)claim(w, "bob", &intent, 0);
    struct fact_in mid = {.origin = STR("head"),
                          .content = text_of("b"),
                          .from = {&from, 1},
                          .under = {true, str_of(intent.text), 1}};
    struct result b, c;
    DO(w, b, board_fact(w->board, &bob, &mid, &b));
    c = conclude(w, "bob", &intent, 1, "c");
    struct board *board = w->board;
    uint32_t out[10];
    /* a <- intent <- {b under it, child, conclusion}; a <- b */
    assert_int_equal(board_provenance(board, c.record, false, 1, out, 10), 2);
    assert_int_equal(board_provenance(board, c.record, false, 0, out, 10), 0);
    assert_int_equal(board_provenance(board, board_find(board, from), true, 9, out, 10), 5 - 1);
    assert_int_equal(board_provenance(board, board_find(board, from), true, 9, out, 2), 2);
    uint32_t records[] = {board_find(board, from), board_find(board, str_of(intent.text)),
                          board_find(board, str_of(child.text)), b.record, c.record};
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            assert_int_equal(reaches(w, records[i], true, records[k]),
                             reaches(w, records[k], false, records[i]));
        }
    }
    assert_true(reaches(w, records[1], true, records[2]));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_plain),
        cmocka_unit_test(test_paging),
        cmocka_unit_test(test_as_of),
        cmocka_unit_test(test_provenance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
