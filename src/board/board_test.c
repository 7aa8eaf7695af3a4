/* board_test.c - the whole board under random operations: what is rolled back leaves
 * nothing, and the log alone, or a checkpoint and the rest of the log, gives the same
 * state and the same order of work.
 */
#include <stddef.h>

#include "base/rng.h"
#include "board/board_internal.h"
#include "board/board_world_test.h"

enum { KNOWN_MAX = 4096, OPS_MAX = 6 };

struct known {
    uint32_t ordinal;
    uint64_t epoch;
    const char *holder;
};
struct play {
    struct world *w;
    struct rng rng;
    struct known facts[KNOWN_MAX], intents[KNOWN_MAX];
    size_t facts_count, intents_count;
    char large[6000];
};

static const char *const people[] = {"ann", "bob", "cat", "dan"};
static const char *const keys[] = {"", "", "k1", "k2", "k3"};
static const char *const abilities[] = {"", "", "read", "write"};
static const char *const topics[] = {"", "moon", "sun"};
#define PICK(p, list) ((list)[rng_below(&(p)->rng, sizeof(list) / sizeof(list)[0])])

static bool maybe(struct play *p, uint32_t percent)
{
    return rng_below(&p->rng, 100) < percent;
}

static struct known *any_known(struct play *p, struct known *list, size_t count)
{
    return count == 0 ? NULL : &list[rng_below(&p->rng, count)];
}

/* Ids of up to two known records that still exist, for links. */
static struct id_list some_ids(struct play *p, struct known *list, size_t count, struct id ids[2],
                               struct str texts[2])
{
    size_t n = 0;
    for (int i = 0; i < 2; i++) {
        struct known *k = any_known(p, list, count);
        if (k != NULL && maybe(p, 40)) {
            ids[n] = id_at(p->w, k->ordinal);
            if (n == 0 || strcmp(ids[0].text, ids[1].text) != 0) {
                texts[n] = str_of(ids[n].text);
                n++;
            }
        }
    }
    return (struct id_list){texts, n};
}

static void remember(struct known *list, size_t *count, uint32_t ordinal)
{
    if (*count < KNOWN_MAX) {
        list[(*count)++] = (struct known){.ordinal = ordinal, .epoch = 1, .holder = "bob"};
    }
}

static void play_fact(struct play *p, const struct actor *actor)
{
    struct id ids[2];
    struct str texts[2];
    char text[32];
    struct result r;
    (void)snprintf(text, sizeof text, "text %d", (int)rng_below(&p->rng, 500));
    struct fact_in in = {
        .origin = str_of(PICK(p, people)),
        .content = maybe(p, 10) ? (struct content){STR("text/plain"),
                                                   str_n(p->large, 4000 + rng_below(&p->rng, 2000))}
                                : text_of(text),
        .from = some_ids(p, p->facts, p->facts_count, ids, texts),
        .topic = str_of(PICK(p, topics)),
        .has_valid_from = maybe(p, 20),
        .has_valid_to = maybe(p, 20),
        .valid_from_ms = (int64_t)rng_below(&p->rng, 100),
        .valid_to_ms = 100 + (int64_t)rng_below(&p->rng, 100),
    };
    board_fact(p->w->board, actor, &in, &r);
    if (r.outcome == BOARD_CREATED) {
        remember(p->facts, &p->facts_count, r.record);
    }
}

static void play_intent(struct play *p, const struct actor *actor)
{
    struct id facts[2], intents[2], parent;
    struct str fact_texts[2], intent_texts[2];
    char text[32];
    struct result r;
    (void)snprintf(text, sizeof text, "task %d", (int)rng_below(&p->rng, 500));
    struct known *above = any_known(p, p->intents, p->intents_count);
    struct intent_in in = {
        .description = str_of(text),
        .from_facts = some_ids(p, p->facts, p->facts_count, facts, fact_texts),
        .capability = str_of(PICK(p, abilities)),
        .dedupe_key = str_of(PICK(p, keys)),
        .topic = str_of(PICK(p, topics)),
        .priority = (int)rng_below(&p->rng, 4),
        .has_deadline = maybe(p, 10),
        .deadline_ms = p->w->wall_ms + 1 + (int64_t)rng_below(&p->rng, 30000),
        .max_run_ms = maybe(p, 10) ? rng_below(&p->rng, 30000) : 0,
    };
    if (maybe(p, 30)) {
        in.depends_on = some_ids(p, p->intents, p->intents_count, intents, intent_texts);
    }
    if (above != NULL && maybe(p, 30)) {
        parent = id_at(p->w, above->ordinal);
        in.parent = str_of(parent.text);
    }
    board_intent(p->w->board, actor, &in, &r);
    if (r.outcome == BOARD_CREATED) {
        remember(p->intents, &p->intents_count, r.record);
    }
}

static void play_claim(struct play *p, const struct actor *actor, bool next)
{
    static const struct str can[] = {{"read", 4}, {"write", 5}};
    struct result r;
    struct known *k = any_known(p, p->intents, p->intents_count);
    uint64_t ttl_ms = 500 + rng_below(&p->rng, 20000);
    if (next) {
        struct claim_template t = {.capabilities = can,
                                   .capabilities_count = rng_below(&p->rng, 3),
                                   .ttl_ms = ttl_ms};
        board_claim_next(p->w->board, actor, &t, &r);
    } else if (k != NULL) {
        struct id id = id_at(p->w, k->ordinal);
        board_claim(p->w->board, actor, str_of(id.text), ttl_ms, &r);
    } else {
        return;
    }
    for (size_t i = 0; r.outcome == BOARD_OK && i < p->intents_count; i++) {
        if (p->intents[i].ordinal == r.record) {
            p->intents[i].epoch = r.epoch;
            p->intents[i].holder = actor->name.at;
        }
    }
}

static void play_held(struct play *p, int what)
{
    struct id ids[2];
    struct str texts[2];
    struct result r;
    struct known *k = any_known(p, p->intents, p->intents_count);
    if (k == NULL) {
        return;
    }
    struct actor actor = agent_named(maybe(p, 95) ? k->holder : PICK(p, people));
    uint64_t epoch = maybe(p, 95) ? k->epoch : k->epoch + 1;
    struct id id = id_at(p->w, k->ordinal);
    struct str intent = str_of(id.text);
    struct board *b = p->w->board;
    struct content content = text_of(PICK(p, people));
    switch (what) {
    case 0:
        board_heartbeat(b, &actor, intent, epoch, &r);
        break;
    case 1:
        board_checkpoint(b, &actor, intent, epoch, STR("[1]"), &r);
        break;
    case 2:
        board_release(b, &actor, intent, epoch, STR(""), &r);
        break;
    case 3:
        board_fail(b, &actor, intent, epoch, STR("no"), maybe(p, 50), &r);
        break;
    case 4:
        board_conclude(b, &actor, intent, epoch, &content,
                       some_ids(p, p->facts, p->facts_count, ids, texts), &r);
        break;
    default:
        actor.role = ROLE_HUMAN;
        board_cancel(b, &actor, intent, STR("enough"), &r);
        break;
    }
}

static void play_agent(struct play *p)
{
    static const struct str can[] = {{"read", 4}, {"swim", 4}};
    struct actor admin = {STR("admin"), ROLE_ADMIN};
    struct result r;
    struct agent_in in = {
        .name = str_of(PICK(p, people)),
        .role = ROLE_AGENT,
        .capabilities = can,
        .capabilities_count = rng_below(&p->rng, 3),
        .rotate = maybe(p, 40),
    };
    rng_fill(&p->rng, in.token_hash.bytes, sizeof in.token_hash.bytes);
    if (maybe(p, 30)) {
        board_agent_remove(p->w->board, &admin, in.name, &r);
    } else {
        board_agent_add(p->w->board, &admin, &in, &r);
    }
}

static void play_op(struct play *p)
{
    struct actor actor = agent_named(PICK(p, people));
    struct actor admin = {STR("admin"), ROLE_ADMIN};
    struct idempotency stored = {.status = 201, .answer = str_n(p->large, 10)};
    struct result r;
    uint64_t what = rng_below(&p->rng, 100);
    if (what < 20) {
        play_fact(p, &actor);
    } else if (what < 40) {
        play_intent(p, &actor);
    } else if (what < 65) {
        play_claim(p, &actor, what < 58);
    } else if (what < 90) {
        play_held(p, (int)rng_below(&p->rng, 6));
    } else if (what < 93) {
        play_agent(p);
    } else if (what < 95) {
        board_pause(p->w->board, &admin, maybe(p, 30), &r);
    } else if (what < 97) {
        rng_fill(&p->rng, stored.key.bytes, sizeof stored.key.bytes);
        board_idempotency_put(p->w->board, &actor, &stored);
    } else {
        board_hint(p->w->board, &actor, STR("mind the gap"), STR(""), 0, &r);
    }
}

/* What hangs on intents, made again by looking at each. */
static void check_state(struct board *b)
{
    uint32_t open = 0, waiting = 0, held = 0;
    uint64_t held_told = 0;
    for (uint32_t slot = 0; slot < b->intents_count; slot++) {
        const struct intent *i = &b->intents[slot];
        const bool claimable = i->status == STATUS_SUBMITTED && i->waits_for == 0;
        assert_int_equal(i->lane != SLOT_NONE, claimable);
        for (uint32_t s = STATUS_SUBMITTED; s <= STATUS_REJECTED; s++) {
            assert_int_equal(ordset_has(axis_get(&b->by_status, s), i->ordinal), i->status == s);
        }
        if (claimable && i->lane_next != SLOT_NONE) {
            const struct intent *next = &b->intents[i->lane_next];
            assert_true(i->queued_seq < next->queued_seq ||
                        (i->queued_seq == next->queued_seq && i->ordinal < next->ordinal));
        }
        if (!intent_ended(i) && i->dedupe != NUMBER_NONE) {
            assert_int_equal(b->dedupe_slot[i->dedupe], slot + 1);
        }
        open += !intent_ended(i);
        waiting += claimable;
        held += i->status == STATUS_CLAIMED;
    }
    for (size_t i = 0; i < b->held_cap; i++) {
        held_told += b->held[i];
    }
    assert_int_equal(open, b->open_intents);
    assert_int_equal(waiting, b->lanes.waiting);
    assert_int_equal(held, held_told);
    for (size_t i = 1; i < b->rows_count; i++) {
        assert_true(row_at_ms(&b->rows[i - 1]) <= row_at_ms(&b->rows[i]));
    }
}

static void play_transaction(struct play *p)
{
    struct hash before = world_digest(p->w), after;
    size_t facts = p->facts_count, intents = p->intents_count;
    uint32_t names = p->w->board->names.count, origins = p->w->board->origins.count;
    board_begin(p->w->board);
    for (uint64_t left = rng_between(&p->rng, 1, OPS_MAX); left > 0; left--) {
        play_op(p);
        p->w->wall_ms += maybe(p, 10);
    }
    if (maybe(p, 60)) {
        (void)board_commit(p->w->board);
        return;
    }
    board_rollback(p->w->board);
    p->facts_count = facts;
    p->intents_count = intents;
    after = world_digest(p->w);
    assert_same_state(after, before);
    assert_int_equal(p->w->board->names.count, names);
    assert_int_equal(p->w->board->origins.count, origins);
}

/* Another life of the same disk beside this one. */
static struct world *twin(const struct world *w, bool no_checkpoint)
{
    struct world *t = world_new();
    struct io io = t->disk.io;
    memory_copy(&t->disk, &w->disk);
    io.host = &t->disk;
    t->disk.io = io;
    t->wall_ms = w->wall_ms;
    t->options.no_checkpoint = no_checkpoint;
    world_open(t);
    return t;
}

/* The order in which work is given is part of the state, though not of the digest. */
static void same_work(struct world *a, struct world *b, struct world *c)
{
    static const struct str can[] = {{"read", 4}, {"write", 5}};
    struct actor who = agent_named("eve");
    struct claim_template t = {.capabilities = can, .capabilities_count = 2};
    struct world *worlds[] = {a, b, c};
    for (int i = 0; i < 3; i++) {
        struct result r;
        DO(worlds[i], r, board_pause(worlds[i]->board, &who, false, &r));
    }
    for (;;) {
        struct result r[3];
        for (int i = 0; i < 3; i++) {
            DO(worlds[i], r[i], board_claim_next(worlds[i]->board, &who, &t, &r[i]));
        }
        assert_int_equal(r[0].outcome, r[1].outcome);
        assert_int_equal(r[0].record, r[1].record);
        assert_int_equal(r[0].record, r[2].record);
        if (r[0].outcome != BOARD_OK) {
            return;
        }
    }
}

static void play_game(uint64_t seed)
{
    struct play *p = mem_zalloc(sizeof *p);
    p->w = world_opened();
    rng_init(&p->rng, seed);
    memset(p->large, 'x', sizeof p->large);
    for (int turn = 0; turn < 300; turn++) {
        play_transaction(p);
        if (maybe(p, 30)) {
            world_step_after(p->w, rng_below(&p->rng, 3000));
        }
        if (maybe(p, 5)) {
            world_settle(p->w);
        }
        if (maybe(p, 3)) {
            world_settle(p->w);
            assert_int_equal(board_checkpoint_now(p->w->board, NULL), ERR_OK);
        }
    }
    check_state(p->w->board);
    world_settle(p->w);
    struct hash digest = world_digest(p->w);
    struct world *replayed = twin(p->w, true), *resumed = twin(p->w, false);
    assert_int_equal(replayed->report.from_checkpoint, 0);
    assert_same_state(world_digest(replayed), digest);
    assert_same_state(world_digest(resumed), digest);
    check_state(replayed->board);
    check_state(resumed->board);
    same_work(p->w, replayed, resumed);
    assert_same_state(world_digest(replayed), world_digest(p->w));
    assert_same_state(world_digest(resumed), world_digest(p->w));
    world_free(replayed);
    world_free(resumed);
    world_free(p->w);
    mem_free(p);
}

static void test_random_lives(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        play_game(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_lives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
