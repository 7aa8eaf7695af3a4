/* agents_test.c - the registry: who may be added, whose token it is, and what removal
 * takes away.
 */
#include <stddef.h>

#include "board/board_world_test.h"

static const struct actor admin = {{"admin", 5}, ROLE_ADMIN};

static struct hash token(int number)
{
    struct hash hash;
    sha256(&number, sizeof number, &hash);
    return hash;
}

static enum outcome add(struct world *w, const char *name, int token_number, bool rotate)
{
    struct agent_in in = {.name = str_of(name),
                          .role = ROLE_AGENT,
                          .token_hash = token(token_number),
                          .rotate = rotate};
    struct result r;
    DO(w, r, board_agent_add(w->board, &admin, &in, &r));
    return r.outcome;
}

static enum outcome take_away(struct world *w, const char *name)
{
    struct result r;
    DO(w, r, board_agent_remove(w->board, &admin, str_of(name), &r));
    return r.outcome;
}

static void assert_holder(struct world *w, int token_number, const char *name)
{
    struct hash hash = token(token_number);
    struct actor actor;
    bool found = board_agent_by_token(w->board, &hash, &actor);
    assert_int_equal(found, name != NULL);
    if (found) {
        assert_true(str_is(actor.name, name));
        assert_int_equal(actor.role, ROLE_AGENT);
    }
}

static void test_add_rotate_remove(void **state)
{
    (void)state;
    struct world *w = world_opened();
    assert_holder(w, 1, NULL);
    assert_int_equal(add(w, "bob", 1, true), BOARD_NOT_FOUND);
    assert_int_equal(add(w, "bob", 1, false), BOARD_CREATED);
    assert_int_equal(add(w, "bob", 2, false), BOARD_CONFLICT);
    assert_holder(w, 1, "bob");
    assert_holder(w, 2, NULL);
    assert_int_equal(add(w, "bob", 3, true), BOARD_CREATED);
    assert_int_equal(add(w, "cat", 4, false), BOARD_CREATED);
    for (int life = 0; life < 2; life++) {
        assert_holder(w, 1, NULL);
        assert_holder(w, 3, "bob");
        assert_holder(w, 4, "cat");
        world_reopen(w);
    }
    assert_int_equal(take_away(w, "bob"), BOARD_OK);
    assert_int_equal(take_away(w, "bob"), BOARD_NOT_FOUND);
    assert_int_equal(take_away(w, "nobody"), BOARD_NOT_FOUND);
    for (int life = 0; life < 2; life++) {
        assert_holder(w, 3, NULL);
        assert_holder(w, 4, "cat");
        world_reopen(w);
    }
    assert_int_equal(add(w, "bob", 5, false), BOARD_CREATED);
    assert_holder(w, 5, "bob");
    world_free(w);
}

static void test_fields(void **state)
{
    (void)state;
    struct world *w = world_opened();
    static const char *const wrong[] = {"", "Bob", "-bob", "b ob", "b/ob", "b\xc3\xb6", ".b"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(add(w, wrong[i], 1, false), BOARD_INVALID);
    }
    char name[66] = {0};
    memset(name, 'a', 64);
    assert_int_equal(add(w, name, 1, false), BOARD_CREATED);
    name[64] = 'a';
    assert_int_equal(add(w, name, 2, false), BOARD_INVALID);
    assert_int_equal(add(w, "admin", 2, false), BOARD_CONFLICT);
    assert_int_equal(add(w, "nexusd", 2, false), BOARD_CONFLICT);
    assert_int_equal(add(w, "0.a_b-c", 2, false), BOARD_CREATED);
    struct agent_in in = {.name = STR("x"), .role = ROLE_ADMIN};
    struct result r;
    DO(w, r, board_agent_add(w->board, &admin, &in, &r));
    assert_int_equal(r.outcome, BOARD_INVALID);
    in.role = ROLE_HUMAN;
    in.public_key = STR("00ff");
    DO(w, r, board_agent_add(w->board, &admin, &in, &r));
    assert_int_equal(r.outcome, BOARD_INVALID);
    struct str can[257];
    for (size_t i = 0; i < 257; i++) {
        can[i] = STR("see");
    }
    in.public_key = STR("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    in.capabilities = can;
    in.capabilities_count = 257;
    DO(w, r, board_agent_add(w->board, &admin, &in, &r));
    assert_int_equal(r.outcome, BOARD_TOO_LARGE);
    in.capabilities_count = 256;
    DO(w, r, board_agent_add(w->board, &admin, &in, &r));
    assert_int_equal(r.outcome, BOARD_CREATED);
    world_free(w);
}

static void test_limit_counts_the_living(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->options.limits.agents_max = 2;
    world_open(w);
    assert_int_equal(add(w, "a", 1, false), BOARD_CREATED);
    assert_int_equal(add(w, "b", 2, false), BOARD_CREATED);
    assert_int_equal(add(w, "c", 3, false), BOARD_LIMIT);
    assert_int_equal(add(w, "a", 4, true), BOARD_CREATED);
    assert_int_equal(take_away(w, "b"), BOARD_OK);
    assert_int_equal(add(w, "c", 3, false), BOARD_CREATED);
    assert_int_equal(add(w, "b", 2, false), BOARD_LIMIT);
    world_free(w);
}

static void test_removal_releases(void **state)
{
    (void)state;
    struct world *w = world_opened();
    assert_int_equal(add(w, "bob", 1, false), BOARD_CREATED);
    struct id a = add_intent(w, "ann", "a", 0), b = add_intent(w, "ann", "b", 0);
    struct id c = add_intent(w, "ann", "c", 0);
    (void)claim(w, "bob", &a, 0);
    (void)claim(w, "bob", &b, 0);
    (void)claim(w, "cat", &c, 0);
    assert_int_equal(take_away(w, "bob"), BOARD_OK);
    assert_status(w, &a, "submitted");
    assert_status(w, &b, "submitted");
    assert_status(w, &c, "claimed");
    assert_int_equal(heartbeat(w, "bob", &a, 1).outcome, BOARD_STALE_EPOCH);
    struct hash before = world_digest(w);
    world_reopen(w);
    assert_same_state(world_digest(w), before);
    world_free(w);
}

static void test_render(void **state)
{
    (void)state;
    struct world *w = world_opened();
    struct str can = STR("see");
    struct agent_in in = {
        .name = STR("cat"),
        .role = ROLE_HUMAN,
        .capabilities = &can,
        .capabilities_count = 1,
        .public_key = STR("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
    };
    struct result r;
    DO(w, r, board_agent_add(w->board, &admin, &in, &r));
    (void)add(w, "bob", 1, false);
    (void)add(w, "ann", 2, false);
    (void)add(w, "dan", 3, false);
    (void)take_away(w, "dan");
    struct id id = add_intent(w, "ann", "a", 0);
    (void)claim(w, "cat", &id, 0);
    struct buf text = {0};
    struct json_writer writer;
    jw_init(&writer, &text, false);
    board_agents_render(w->board, &writer);
    char want[700];
    (void)snprintf(want, sizeof want,
                   "[{\"name\":\"ann\",\"role\":\"agent\",\"capabilities\":[],\"added_ms\":%lld,"
                   "\"claims\":0},{\"name\":\"bob\",\"role\":\"agent\",\"capabilities\":[],"
                   "\"added_ms\":%lld,\"claims\":0},{\"name\":\"cat\",\"role\":\"human\","
                   "\"capabilities\":[\"see\"],\"public_key\":\"00112233445566778899aabbccddeeff"
                   "00112233445566778899aabbccddeeff\",\"added_ms\":%lld,\"claims\":1}]",
                   (long long)w->wall_ms, (long long)w->wall_ms, (long long)w->wall_ms);
    assert_string_equal(buf_cstr(&text), want);
    assert_false(board_agent_render(w->board, STR("dan"), &writer));
    assert_false(board_agent_render(w->board, STR("eve"), &writer));
    buf_deinit(&text);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_rotate_remove), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_limit_counts_the_living),
        cmocka_unit_test(test_removal_releases),  cmocka_unit_test(test_render),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
