/* sim_io_test.c - the simulated disk does what it says, above all when it fails: a
 * simulator that loses too little proves nothing. */
#include "host/sim/sim_io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

#define SECTORS 64u
#define BYTES   (SECTORS * SIM_SECTOR_BYTES)

struct bench {
    struct sim_host host;
    struct io_file *file;
};

static void begin(struct bench *bench, uint64_t seed)
{
    sim_host_init(&bench->host, seed, NULL);
    const struct io *io = &bench->host.io;
    assert_int_equal(io->open(io->host, "a", IO_WRITE | IO_CREATE, &bench->file), ERR_OK);
}

static void end(struct bench *bench)
{
    bench->host.io.close(&bench->host, bench->file);
    sim_host_deinit(&bench->host);
}

/* Fills the file with `byte`, one call. */
static enum err fill(struct bench *bench, int byte)
{
    uint8_t bytes[BYTES];
    memset(bytes, byte, sizeof bytes);
    return bench->host.io.write(&bench->host, bench->file, 0, bytes, sizeof bytes);
}

static enum err sync_file(struct bench *bench)
{
    return bench->host.io.sync(&bench->host, bench->file);
}

/* How many sectors read as `byte`; each sector must be of one piece. */
static unsigned count(struct bench *bench, uint8_t byte)
{
    uint8_t bytes[BYTES];
    assert_int_equal(bench->host.io.read(&bench->host, bench->file, 0, bytes, sizeof bytes),
                     ERR_OK);
    unsigned found = 0;
    for (unsigned i = 0; i < SECTORS; i++) {
        const uint8_t *at = bytes + i * SIM_SECTOR_BYTES;
        assert_memory_equal(at, at + 1, SIM_SECTOR_BYTES - 1);
        found += at[0] == byte;
    }
    return found;
}

/* Writes 1 and syncs it, writes 2 without a sync, cuts. Returns how many sectors are 2. */
static unsigned cut_after(enum sim_cut cut, uint64_t seed)
{
    struct bench bench;
    begin(&bench, seed);
    assert_int_equal(fill(&bench, 1), ERR_OK);
    assert_int_equal(sync_file(&bench), ERR_OK);
    assert_int_equal(fill(&bench, 2), ERR_OK);
    sim_host_stop(&bench.host);
    assert_int_equal(fill(&bench, 3), ERR_STOPPED);
    sim_host_reboot(&bench.host, cut);
    const unsigned news = count(&bench, 2);
    assert_int_equal(count(&bench, 1), SECTORS - news);
    end(&bench);
    return news;
}

static void test_power_cuts(void **state)
{
    (void)state;
    assert_int_equal(cut_after(SIM_CUT_LOST, 1), 0);
    assert_int_equal(cut_after(SIM_CUT_ALL, 1), SECTORS);
    assert_int_equal(cut_after(SIM_CUT_NONE, 1), SECTORS);
    unsigned subset_between = 0;
    unsigned prefix_between = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        const unsigned subset = cut_after(SIM_CUT_SUBSET, seed);
        const unsigned prefix = cut_after(SIM_CUT_PREFIX, seed);
        subset_between += subset > 0 && subset < SECTORS;
        prefix_between += prefix > 0 && prefix < SECTORS;
    }
    assert_true(subset_between > 40);
    assert_true(prefix_between > 30);
}

static void test_growth_is_lost_too(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    assert_int_equal(fill(&bench, 1), ERR_OK);
    sim_host_stop(&bench.host);
    sim_host_reboot(&bench.host, SIM_CUT_LOST);
    uint64_t bytes = 1;
    assert_int_equal(bench.host.io.size(&bench.host, bench.file, &bytes), ERR_OK);
    assert_int_equal(bytes, 0);
    end(&bench);
}

/* After a failed sync the next one says all is well, and the data is not there. */
static void test_failed_sync_lies(void **state)
{
    (void)state;
    unsigned lied = 0;
    unsigned dropped = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct bench bench;
        begin(&bench, seed);
        assert_int_equal(fill(&bench, 1), ERR_OK);
        assert_int_equal(sync_file(&bench), ERR_OK);
        assert_int_equal(fill(&bench, 2), ERR_OK);
        bench.host.faults.sync_fail = 1000000;
        assert_int_equal(sync_file(&bench), ERR_IO);
        bench.host.faults.sync_fail = 0;
        assert_int_equal(sync_file(&bench), ERR_OK);
        const unsigned shown = count(&bench, 2);
        sim_host_stop(&bench.host);
        sim_host_reboot(&bench.host, SIM_CUT_LOST);
        const unsigned left = count(&bench, 2);
        assert_true(left < SECTORS);
        lied += shown == SECTORS;
        dropped += shown == left;
        end(&bench);
    }
    assert_true(lied > 5);
    assert_true(dropped > 5);
}

static void test_lying_sync(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    bench.host.faults.sync_lie = 1000000;
    assert_int_equal(fill(&bench, 2), ERR_OK);
    assert_int_equal(sync_file(&bench), ERR_OK);
    sim_host_stop(&bench.host);
    sim_host_reboot(&bench.host, SIM_CUT_LOST);
    uint64_t bytes = 1;
    assert_int_equal(bench.host.io.size(&bench.host, bench.file, &bytes), ERR_OK);
    assert_int_equal(bytes, 0);
    end(&bench);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    bench.host.faults.capacity_bytes = BYTES - 1;
    assert_int_equal(fill(&bench, 1), ERR_FULL);
    bench.host.faults.capacity_bytes = BYTES;
    assert_int_equal(fill(&bench, 1), ERR_OK);
    assert_int_equal(fill(&bench, 2), ERR_OK);
    assert_int_equal(bench.host.io.truncate(&bench.host, bench.file, BYTES + 1), ERR_FULL);
    end(&bench);
}

/* Renaming stops either before or after, never in between, whichever call it is. */
static void test_stop_at_every_call(void **state)
{
    (void)state;
    unsigned renamed = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct bench bench;
        begin(&bench, seed);
        const struct io *io = &bench.host.io;
        assert_int_equal(fill(&bench, 1), ERR_OK);
        assert_int_equal(sync_file(&bench), ERR_OK);
        bench.host.stop_at_call = bench.host.calls + 1;
        assert_int_equal(io->rename(io->host, "a", "b"), ERR_STOPPED);
        assert_true(bench.host.stopped);
        assert_int_equal(io->rename(io->host, "b", "a"), ERR_STOPPED);
        sim_host_reboot(&bench.host, SIM_CUT_LOST);
        const bool old = sim_disk_find(bench.host.disk, "a") != NULL;
        const bool new = sim_disk_find(bench.host.disk, "b") != NULL;
        assert_true(old != new);
        renamed += new;
        assert_int_equal(count(&bench, 1), SECTORS);
        end(&bench);
    }
    assert_true(renamed > 2 && renamed < 18);
}

struct job_probe {
    struct io_job job;
    unsigned ran, done;
    enum err result;
};

static enum err probe_run(struct io_job *job)
{
    ((struct job_probe *)(void *)job)->ran++;
    return ERR_LIMIT;
}

static void probe_done(struct io_job *job, enum err result)
{
    struct job_probe *probe = (struct job_probe *)(void *)job;
    probe->done++;
    probe->result = result;
}

static void test_jobs(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    struct job_probe probe = {.job = {.run = probe_run, .done = probe_done}};
    bench.host.io.start(&bench.host, &probe.job);
    assert_int_equal(probe.ran, 0);
    while (sim_host_due_ns(&bench.host) != UINT64_MAX) {
        assert_int_equal(probe.done, 0);
        bench.host.now_ns = sim_host_due_ns(&bench.host);
        sim_host_turn(&bench.host);
    }
    assert_int_equal(probe.ran, 1);
    assert_int_equal(probe.done, 1);
    assert_int_equal(probe.result, ERR_LIMIT);
    end(&bench);
}

static void test_view_follows_writes(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    const struct io *io = &bench.host.io;
    const uint8_t *view = NULL;
    assert_int_equal(io->map(io->host, bench.file, BYTES, &view), ERR_OK);
    assert_int_equal(fill(&bench, 7), ERR_OK);
    assert_int_equal(view[BYTES - 1], 7);
    io->unmap(io->host, view, BYTES);
    end(&bench);
}

static void note_name(void *context, const char *name)
{
    struct buf *names = context;
    buf_add_text(names, name);
    buf_add_byte(names, ' ');
}

static void test_names(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    const struct io *io = &bench.host.io;
    struct io_file *other = NULL;
    assert_int_equal(io->open(io->host, "d/z", IO_WRITE | IO_CREATE, &other), ERR_NOT_FOUND);
    assert_int_equal(io->make_dir(io->host, "d"), ERR_OK);
    assert_int_equal(io->make_dir(io->host, "d"), ERR_OK);
    assert_int_equal(io->open(io->host, "d/z", IO_WRITE | IO_CREATE, &other), ERR_OK);
    io->close(io->host, other);
    assert_int_equal(io->open(io->host, "d/b", IO_WRITE | IO_CREATE, &other), ERR_OK);
    io->close(io->host, other);
    struct buf names = {0};
    assert_int_equal(io->list(io->host, "d", note_name, &names), ERR_OK);
    assert_string_equal(buf_cstr(&names), "b z ");
    buf_clear(&names);
    assert_int_equal(io->list(io->host, ".", note_name, &names), ERR_OK);
    assert_string_equal(buf_cstr(&names), "a ");
    buf_deinit(&names);
    assert_int_equal(io->remove(io->host, "d/b"), ERR_OK);
    assert_int_equal(io->remove(io->host, "d/b"), ERR_NOT_FOUND);
    end(&bench);
}

static void test_flip_changes_one_bit(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, 1);
    assert_int_equal(fill(&bench, 0xff), ERR_OK);
    assert_int_equal(sync_file(&bench), ERR_OK);
    struct sim_disk *copy = sim_disk_copy(bench.host.disk, true);
    const char *name = NULL;
    size_t offset = 0;
    assert_true(sim_disk_flip(copy, &bench.host.rng, &name, &offset));
    assert_string_equal(name, "a");
    const uint8_t flipped = sim_disk_at(copy, 0)->platter[offset] ^ 0xff;
    assert_true(flipped != 0 && (flipped & (flipped - 1)) == 0);
    assert_int_equal(count(&bench, 0xff), SECTORS); /* the original is untouched */
    sim_disk_free(copy);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_growth_is_lost_too),
        cmocka_unit_test(test_failed_sync_lies),
        cmocka_unit_test(test_lying_sync),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_stop_at_every_call),
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_view_follows_writes),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_flip_changes_one_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
