/* damaged_test.c - what the disk gives back damaged is told, and stops nothing else. */
#include "gateway/ask_test.h"

static struct world world;

/* One record that the disk gives back damaged is told as such; the rest is still served. */
static void lists_pass_a_damaged_record(void **state)
{
    (void)state;
    char first[80];
    char last[80];
    char path[128];
    post_for(&world, "/api/v1/facts", world.agent,
             "{\"origin\":\"o\",\"content\":{\"mime_type\":\"text/plain\",\"data\":\"one\"}}", "id",
             first);
    post_for(&world, "/api/v1/facts", world.agent,
             "{\"origin\":\"o\",\"content\":{\"mime_type\":\"text/plain\",\"data\":\"two\"}}", "id",
             last);
    world_settle(&world);
    uint64_t place =
        board_place(world.board, (uint64_t)board_find(world.board, str_of(first)) + 1).position;
    memory_find(&world.disk, "log/00000001.seg")->seen[(uint32_t)place + 20] ^= 1;
    snprintf(path, sizeof path, "/api/v1/facts/%s", first);
    expect(&world, "GET", path, world.agent, NULL, 503, "damaged");
    expect(&world, "GET", "/api/v1/records?origin=o", world.agent, NULL, 200,
           "\"damaged\":true");
    expect(&world, "GET", "/api/v1/records?origin=o", world.agent, NULL, 200, last);
    memory_find(&world.disk, "log/00000001.seg")->seen[(uint32_t)place + 20] ^= 1;
}

static int setup(void **state)
{
    (void)state;
    world_open(&world);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_pass_a_damaged_record),
    };
    return cmocka_run_group_tests_name("damaged", tests, setup, teardown);
}
