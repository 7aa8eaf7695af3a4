/* sim_io.c - the io table of the simulated host: boundaries, faults, jobs.
 *
 * 1. Every file call passes `boundary` first. When the machine stops inside a call,
 *    the call's effect may have happened, in part or whole, or not at all; its caller
 *    only learns ERR_STOPPED.
 * 2. A job runs in one piece at its moment. What another thread could see in between
 *    is covered by stopping inside it, and by the time between run and done.
 * 3. A handle outlives a crash, because the dead unit still closes it.
 */
#include "host/sim/sim_io.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "codec/crc32c.h"

#define CALL_NS_USUAL 20000u
#define WALL_START_MS 1790000000000

struct io_file {
    struct sim_file *file;
    unsigned flags;
};

struct sim_view {
    const uint8_t *view;
    struct sim_file *file;
};

struct sim_job {
    struct io_job *job;
    uint64_t due_ns;
    bool has_run;
    enum err result;
};

enum call_kind {
    CALL_OPEN = 1,
    CALL_CLOSE,
    CALL_READ,
    CALL_WRITE,
    CALL_SYNC,
    CALL_TRUNCATE,
    CALL_RENAME,
    CALL_REMOVE,
    CALL_OTHER,
};

/* What a call is to do about the machine's end. */
enum fate { FATE_GO, FATE_STOP_BEFORE, FATE_STOP_AFTER };

void sim_note(struct sim_host *host, uint64_t value)
{
    uint64_t h = (host->digest ^ value) * 0x9e3779b97f4a7c15ull;
    host->digest = h ^ h >> 29;
}

void sim_note_bytes(struct sim_host *host, const void *bytes, size_t len)
{
    sim_note(host, (uint64_t)crc32c(0, bytes, len) << 32 | (len & 0xffffffffu));
}

static enum fate boundary(struct sim_host *host, enum call_kind kind, uint64_t detail)
{
    if (host->hushed) {
        return FATE_GO;
    }
    if (host->stopped) {
        return FATE_STOP_BEFORE;
    }
    host->calls++;
    sim_note(host, (uint64_t)kind << 56 ^ detail);
    const uint64_t most = host->faults.call_ns_max == 0 ? CALL_NS_USUAL : host->faults.call_ns_max;
    uint64_t took_ns = rng_between(&host->rng, most / 16, most);
    if (host->faults.slow > 0 && rng_chance(&host->rng, host->faults.slow)) {
        took_ns *= 100;
    }
    host->lag_ns += took_ns;
    if (host->calls != host->stop_at_call) {
        return FATE_GO;
    }
    sim_host_stop(host);
    return rng_below(&host->rng, 2) == 0 ? FATE_STOP_BEFORE : FATE_STOP_AFTER;
}

/* -- clocks and chance ------------------------------------------------------------- */

static uint64_t sim_mono_ns(void *context)
{
    const struct sim_host *host = context;
    return host->now_ns + host->lag_ns;
}

static int64_t sim_wall_ms(void *context)
{
    const struct sim_host *host = context;
    return (int64_t)((host->now_ns + host->lag_ns) / NS_PER_MS) + host->wall_offset_ms;
}

static void sim_random(void *context, void *bytes, size_t len)
{
    struct sim_host *host = context;
    rng_fill(&host->rng, bytes, len);
}

/* -- files --------------------------------------------------------------------------- */

static enum err sim_open(void *context, const char *name, unsigned flags, struct io_file **out_file)
{
    struct sim_host *host = context;
    const enum fate fate = boundary(host, CALL_OPEN, flags);
    if (fate == FATE_STOP_BEFORE) {
        return ERR_STOPPED;
    }
    struct sim_file *file = sim_disk_find(host->disk, name);
    if (file == NULL && (flags & IO_CREATE) != 0) {
        file = sim_disk_create(host->disk, name);
    }
    if (fate == FATE_STOP_AFTER) {
        return ERR_STOPPED;
    }
    if (file == NULL) {
        return ERR_NOT_FOUND;
    }
    struct io_file *handle = mem_zalloc(sizeof *handle);
    handle->file = file;
    handle->flags = flags;
    sim_file_hold(file);
    *out_file = handle;
    return ERR_OK;
}

static void sim_close(void *context, struct io_file *handle)
{
    struct sim_host *host = context;
    (void)boundary(host, CALL_CLOSE, 0);
    if (handle != NULL) {
        sim_file_let_go(handle->file);
        mem_free(handle);
    }
}

static enum err sim_size(void *context, struct io_file *handle, uint64_t *out_bytes)
{
    struct sim_host *host = context;
    if (boundary(host, CALL_OTHER, 1) != FATE_GO) {
        return ERR_STOPPED;
    }
    *out_bytes = handle->file->cache_bytes;
    return ERR_OK;
}

static enum err sim_read(void *context, struct io_file *handle, uint64_t offset, void *bytes,
                         size_t len)
{
    struct sim_host *host = context;
    if (boundary(host, CALL_READ, offset << 20 ^ len) != FATE_GO) {
        return ERR_STOPPED;
    }
    host->counts.reads++;
    const struct sim_file *file = handle->file;
    if (offset > file->cache_bytes || len > file->cache_bytes - offset) {
        return ERR_IO;
    }
    memcpy(bytes, file->cache + offset, len);
    return ERR_OK;
}

/* Growth within what the disk has left. */
static bool has_room(struct sim_host *host, const struct sim_file *file, uint64_t end)
{
    if (end > SIM_FILE_BYTES_MAX) {
        return false;
    }
    if (host->faults.capacity_bytes == 0 || end <= file->cache_bytes) {
        return true;
    }
    return sim_disk_bytes(host->disk) + (end - file->cache_bytes) <= host->faults.capacity_bytes;
}

static enum err sim_write(void *context, struct io_file *handle, uint64_t offset, const void *bytes,
                          size_t len)
{
    struct sim_host *host = context;
    struct sim_file *file = handle->file;
    const enum fate fate = boundary(host, CALL_WRITE, offset << 20 ^ len);
    if (fate == FATE_STOP_BEFORE) {
        return ERR_STOPPED;
    }
    CHECK((handle->flags & IO_WRITE) != 0);
    host->counts.writes++;
    sim_note_bytes(host, bytes, len);
    if (len > SIM_FILE_BYTES_MAX || offset > SIM_FILE_BYTES_MAX ||
        !has_room(host, file, offset + len)) {
        host->counts.full++;
        return fate == FATE_GO ? ERR_FULL : ERR_STOPPED;
    }
    if (fate == FATE_GO && rng_chance(&host->rng, host->faults.write_fail)) {
        host->counts.write_fails++;
        sim_file_write(host->disk, file, offset, bytes, rng_between(&host->rng, 0, len));
        return ERR_IO;
    }
    const size_t done = fate == FATE_GO ? len : rng_between(&host->rng, 0, len);
    sim_file_write(host->disk, file, offset, bytes, done);
    return fate == FATE_GO ? ERR_OK : ERR_STOPPED;
}

static enum err sim_sync(void *context, struct io_file *handle)
{
    struct sim_host *host = context;
    const enum fate fate = boundary(host, CALL_SYNC, 0);
    if (fate == FATE_STOP_BEFORE) {
        return ERR_STOPPED;
    }
    host->counts.syncs++;
    if (rng_chance(&host->rng, host->faults.sync_fail)) {
        host->counts.sync_fails++;
        sim_file_sync_lost(handle->file, &host->rng, rng_below(&host->rng, 2) == 0);
        return fate == FATE_GO ? ERR_IO : ERR_STOPPED;
    }
    if (rng_chance(&host->rng, host->faults.sync_lie)) {
        host->counts.sync_lies++;
    } else {
        sim_file_sync(handle->file);
    }
    return fate == FATE_GO ? ERR_OK : ERR_STOPPED;
}

static enum err sim_truncate(void *context, struct io_file *handle, uint64_t bytes)
{
    struct sim_host *host = context;
    const enum fate fate = boundary(host, CALL_TRUNCATE, bytes);
    if (fate == FATE_STOP_BEFORE) {
        return ERR_STOPPED;
    }
    CHECK((handle->flags & IO_WRITE) != 0);
    if (!has_room(host, handle->file, bytes)) {
        host->counts.full++;
        return fate == FATE_GO ? ERR_FULL : ERR_STOPPED;
    }
    sim_file_resize(host->disk, handle->file, bytes);
    return fate == FATE_GO ? ERR_OK : ERR_STOPPED;
}

static enum err sim_map(void *context, struct io_file *handle, size_t len, const uint8_t **out_view)
{
    struct sim_host *host = context;
    if (boundary(host, CALL_OTHER, 2) != FATE_GO) {
        return ERR_STOPPED;
    }
    if (len > SIM_FILE_BYTES_MAX) {
        return ERR_IO;
    }
    mem_grow(&host->views, &host->views_cap, host->views_count + 1, sizeof *host->views);
    host->views[host->views_count++] = (struct sim_view){handle->file->cache, handle->file};
    sim_file_hold(handle->file);
    *out_view = handle->file->cache;
    return ERR_OK;
}

static void sim_unmap(void *context, const uint8_t *view, size_t len)
{
    struct sim_host *host = context;
    (void)len;
    size_t at = 0;
    while (at < host->views_count && host->views[at].view != view) {
        at++;
    }
    CHECK(at < host->views_count);
    sim_file_let_go(host->views[at].file);
    host->views[at] = host->views[--host->views_count];
}

/* -- names ----------------------------------------------------------------------------- */

static enum err sim_rename(void *context, const char *from, const char *to)
{
    struct sim_host *host = context;
    const enum fate fate = boundary(host, CALL_RENAME, 0);
    if (fate == FATE_STOP_BEFORE) {
        return ERR_STOPPED;
    }
    const bool done = sim_disk_rename(host->disk, from, to);
    if (fate == FATE_STOP_AFTER) {
        return ERR_STOPPED;
    }
    return done ? ERR_OK : ERR_NOT_FOUND;
}

static enum err sim_remove(void *context, const char *name)
{
    struct sim_host *host = context;
    const enum fate fate = boundary(host, CALL_REMOVE, 0);
    if (fate == FATE_STOP_BEFORE) {
        return ERR_STOPPED;
    }
    const bool done = sim_disk_remove(host->disk, name);
    if (fate == FATE_STOP_AFTER) {
        return ERR_STOPPED;
    }
    return done ? ERR_OK : ERR_NOT_FOUND;
}

static enum err sim_make_dir(void *context, const char *name)
{
    struct sim_host *host = context;
    const enum fate fate = boundary(host, CALL_OTHER, 3);
    if (fate == FATE_STOP_BEFORE) {
        return ERR_STOPPED;
    }
    sim_disk_make_dir(host->disk, name);
    return fate == FATE_GO ? ERR_OK : ERR_STOPPED;
}

static enum err sim_list(void *context, const char *dir,
                         void (*each)(void *context, const char *name), void *each_context)
{
    struct sim_host *host = context;
    if (boundary(host, CALL_OTHER, 4) != FATE_GO) {
        return ERR_STOPPED;
    }
    const bool root = dir[0] == '\0' || strcmp(dir, ".") == 0;
    const size_t skip = root ? 0 : strlen(dir) + 1;
    /* Names are gathered first: `each` may create or remove files. */
    const size_t count = sim_disk_count(host->disk);
    char(*names)[SIM_NAME_MAX] = mem_zalloc(count * sizeof *names);
    size_t names_count = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = sim_disk_at(host->disk, i)->name;
        if (!root && (strncmp(name, dir, skip - 1) != 0 || name[skip - 1] != '/')) {
            continue;
        }
        if (strchr(name + skip, '/') == NULL) {
            memcpy(names[names_count++], name + skip, strlen(name + skip) + 1);
        }
    }
    for (size_t i = 0; i < names_count; i++) {
        each(each_context, names[i]);
    }
    mem_free(names);
    return ERR_OK;
}

/* -- jobs -------------------------------------------------------------------------------- */

static struct sim_job *add_job(struct sim_host *host, struct io_job *job)
{
    mem_grow(&host->jobs, &host->jobs_cap, host->jobs_count + 1, sizeof *host->jobs);
    struct sim_job *entry = &host->jobs[host->jobs_count++];
    *entry = (struct sim_job){.job = job, .due_ns = host->now_ns + host->lag_ns};
    host->counts.jobs++;
    return entry;
}

/* The job's io takes time of its own, not the unit's. */
static void run_job(struct sim_host *host, struct sim_job *entry)
{
    struct io_job *job = entry->job;
    const size_t index = (size_t)(entry - host->jobs);
    const uint64_t lag_ns = host->lag_ns;
    host->lag_ns = 0;
    const enum err result = job->run(job);
    entry = &host->jobs[index];
    entry->result = result;
    entry->has_run = true;
    /* Beside others a job may be quicker or slower than its calls: any order of ends. */
    entry->due_ns = host->now_ns + lag_ns + rng_below(&host->rng, host->lag_ns + NS_PER_MS / 10);
    host->lag_ns = lag_ns;
}

static void sim_start(void *context, struct io_job *job)
{
    struct sim_host *host = context;
    /* Now and then a thread is not scheduled for long. */
    const uint64_t most_ns = rng_below(&host->rng, 8) == 0 ? 20 * NS_PER_MS : NS_PER_MS / 5;
    add_job(host, job)->due_ns += rng_below(&host->rng, most_ns);
}

/* A forked copy sees the memory of now; running it now is the same. */
static void sim_start_snapshot(void *context, struct io_job *job)
{
    struct sim_host *host = context;
    run_job(host, add_job(host, job));
}

static void finish_job(struct sim_host *host, size_t index)
{
    const struct sim_job entry = host->jobs[index];
    host->jobs_count--;
    memmove(host->jobs + index, host->jobs + index + 1,
            (host->jobs_count - index) * sizeof *host->jobs);
    sim_note(host, 0x646f6e65u ^ (uint64_t)entry.result);
    entry.job->done(entry.job, entry.result);
}

/* The job that is due first; ties go to the older. */
static size_t first_job(const struct sim_host *host)
{
    size_t first = 0;
    for (size_t i = 1; i < host->jobs_count; i++) {
        if (host->jobs[i].due_ns < host->jobs[first].due_ns) {
            first = i;
        }
    }
    return first;
}

uint64_t sim_host_due_ns(const struct sim_host *host)
{
    return host->jobs_count == 0 ? UINT64_MAX : host->jobs[first_job(host)].due_ns;
}

void sim_host_turn(struct sim_host *host)
{
    while (sim_host_due_ns(host) <= host->now_ns) {
        const size_t index = first_job(host);
        if (host->jobs[index].has_run) {
            finish_job(host, index);
        } else {
            run_job(host, &host->jobs[index]);
        }
    }
}

void sim_host_finish_jobs(struct sim_host *host)
{
    while (host->jobs_count > 0) {
        const size_t index = first_job(host);
        if (!host->jobs[index].has_run) {
            run_job(host, &host->jobs[index]);
        }
        finish_job(host, index);
    }
}

void sim_host_settle(struct sim_host *host)
{
    host->now_ns += host->lag_ns;
    host->lag_ns = 0;
}

/* -- life ---------------------------------------------------------------------------------- */

void sim_host_stop(struct sim_host *host)
{
    if (!host->stopped) {
        host->stopped = true;
        host->counts.stops++;
        sim_note(host, 0x73746f70u);
    }
}

void sim_host_reboot(struct sim_host *host, enum sim_cut cut)
{
    CHECK(host->jobs_count == 0);
    CHECK(host->views_count == 0);
    sim_note(host, 0x626f6f74u ^ (uint64_t)cut);
    sim_disk_cut(host->disk, cut, &host->rng);
    host->stopped = false;
    host->stop_at_call = 0;
}

void sim_host_init(struct sim_host *host, uint64_t seed, struct sim_disk *disk)
{
    *host = (struct sim_host){
        .io = {.host = host,
               .mono_ns = sim_mono_ns,
               .wall_ms = sim_wall_ms,
               .random = sim_random,
               .open = sim_open,
               .close = sim_close,
               .size = sim_size,
               .read = sim_read,
               .write = sim_write,
               .sync = sim_sync,
               .truncate = sim_truncate,
               .map = sim_map,
               .unmap = sim_unmap,
               .rename = sim_rename,
               .remove = sim_remove,
               .make_dir = sim_make_dir,
               .list = sim_list,
               .start = sim_start,
               .start_snapshot = sim_start_snapshot},
        .disk = disk == NULL ? sim_disk_new() : disk,
        .now_ns = NS_PER_MS,
        .wall_offset_ms = WALL_START_MS,
    };
    rng_init(&host->rng, seed);
}

void sim_host_deinit(struct sim_host *host)
{
    CHECK(host->jobs_count == 0);
    CHECK(host->views_count == 0);
    sim_disk_free(host->disk);
    mem_free(host->jobs);
    mem_free(host->views);
    *host = (struct sim_host){0};
}
