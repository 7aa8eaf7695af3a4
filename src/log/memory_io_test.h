/* memory_io_test.h - files in memory for the tests of the log: what a crash would
 * leave of them, faults at a chosen operation, and jobs that run when told to.
 *
 * Each file has the bytes a reader sees (the page cache) and the bytes a crash
 * leaves (the disk). A sync carries what was written since the last sync from one to
 * the other. A failed sync forgets it: the page cache goes on showing the bytes, the
 * disk never gets them, and a later sync does not help. Bytes that were never
 * synced are rubbish on the disk. Names work alike: a change that fails shows in the
 * directory, and only a later change in the same directory makes it last.
 */
#pragma once
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/io.h"
#include "base/mem.h"

enum { MEMORY_FILES_MAX = 1024, MEMORY_JOBS_MAX = 8, MEMORY_NAME_MAX = 96 };

struct memory_run {
    size_t from;
    size_t to;
};
struct io_file {
    char name[MEMORY_NAME_MAX]; /* "" = removed */
    char disk_name[MEMORY_NAME_MAX];
    uint8_t *seen;
    uint8_t *disk;
    size_t len;
    size_t disk_len;
    size_t cap;
    unsigned views;
    struct memory_run *dirty;
    size_t dirty_count;
    size_t dirty_cap;
};
struct memory_disk {
    struct io io;
    struct io_file *files[MEMORY_FILES_MAX];
    size_t files_count;
    struct io_job *jobs[MEMORY_JOBS_MAX];
    size_t jobs_count;
    uint64_t clock_ns;
    uint64_t random;
    uint64_t handles;  /* open files and views */
    uint64_t ops;      /* changes tried so far */
    uint64_t fail_at;  /* the change with this number fails, 0 = none */
    bool fail_forever; /* and so does every later one */
    enum err fault;
    uint64_t writes;
    uint64_t syncs;
};

static inline bool memory_fault(struct memory_disk *disk)
{
    disk->ops++;
    return disk->fail_at != 0 &&
           (disk->ops == disk->fail_at || (disk->fail_forever && disk->ops > disk->fail_at));
}

static inline struct io_file *memory_find(struct memory_disk *disk, const char *name)
{
    for (size_t i = 0; i < disk->files_count; i++) {
        if (strcmp(disk->files[i]->name, name) == 0) {
            return disk->files[i];
        }
    }
    return NULL;
}

static inline bool memory_same_dir(const char *a, const char *b)
{
    const char *end_a = strrchr(a, '/');
    const char *end_b = strrchr(b, '/');
    const size_t len_a = end_a == NULL ? 0 : (size_t)(end_a - a);
    const size_t len_b = end_b == NULL ? 0 : (size_t)(end_b - b);
    return len_a == len_b && memcmp(a, b, len_a) == 0;
}

/* The directory that holds `name` reaches the disk. */
static inline void memory_sync_dir(struct memory_disk *disk, const char *name)
{
    char dir[MEMORY_NAME_MAX];
    memcpy(dir, name, strlen(name) + 1);
    for (size_t i = 0; i < disk->files_count; i++) {
        struct io_file *file = disk->files[i];
        const char *known = file->name[0] != '\0' ? file->name : file->disk_name;
        if (memory_same_dir(known, dir)) {
            memcpy(file->disk_name, file->name, sizeof file->disk_name);
        }
    }
}

static inline uint64_t memory_mono_ns(void *host)
{
    struct memory_disk *disk = host;
    return disk->clock_ns += 1000;
}

static inline int64_t memory_wall_ms(void *host)
{
    (void)host;
    return 1;
}

static inline void memory_random(void *host, void *bytes, size_t len)
{
    struct memory_disk *disk = host;
    uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) {
        disk->random = disk->random * 6364136223846793005u + 1442695040888963407u;
        at[i] = (uint8_t)(disk->random >> 56);
    }
}

static inline enum err memory_open(void *host, const char *name, unsigned flags,
                                   struct io_file **out_file)
{
    struct memory_disk *disk = host;
    struct io_file *file = memory_find(disk, name);
    if (file == NULL && (flags & IO_CREATE) == 0) {
        return ERR_NOT_FOUND;
    }
    if (file == NULL) {
        if (memory_fault(disk)) {
            return disk->fault;
        }
        CHECK(disk->files_count < MEMORY_FILES_MAX);
        CHECK(strlen(name) < MEMORY_NAME_MAX);
        file = mem_zalloc(sizeof *file);
        memcpy(file->name, name, strlen(name) + 1);
        disk->files[disk->files_count++] = file;
        memory_sync_dir(disk, name);
    }
    disk->handles++;
    *out_file = file;
    return ERR_OK;
}

static inline void memory_close(void *host, struct io_file *file)
{
    struct memory_disk *disk = host;
    CHECK(file != NULL);
    CHECK(disk->handles > 0);
    disk->handles--;
}

static inline enum err memory_size(void *host, struct io_file *file, uint64_t *out_bytes)
{
    (void)host;
    *out_bytes = file->len;
    return ERR_OK;
}

static inline enum err memory_read(void *host, struct io_file *file, uint64_t offset, void *bytes,
                                   size_t len)
{
    (void)host;
    if (offset > file->len || len > file->len - offset) {
        return ERR_IO;
    }
    if (len > 0) {
        memcpy(bytes, file->seen + offset, len);
    }
    return ERR_OK;
}

/* A file's length is durable at once, its new bytes are not. */
static inline void memory_resize(struct io_file *file, size_t len)
{
    if (len > file->cap) {
        CHECK(file->views == 0);
        file->seen = mem_resize(file->seen, len);
        file->disk = mem_resize(file->disk, len);
        memset(file->seen + file->cap, 0, len - file->cap);
        memset(file->disk + file->cap, 0xee, len - file->cap);
        file->cap = len;
    }
    if (len < file->len) {
        memset(file->seen + len, 0, file->len - len);
        memset(file->disk + len, 0xee, file->len - len);
    }
    file->len = len;
}

static inline enum err memory_write(void *host, struct io_file *file, uint64_t offset,
                                    const void *bytes, size_t len)
{
    struct memory_disk *disk = host;
    const bool fault = memory_fault(disk);
    disk->writes++;
    const size_t done = fault ? len / 2 : len;
    if (offset + done > file->len) {
        memory_resize(file, (size_t)offset + done);
    }
    if (done > 0) {
        memcpy(file->seen + offset, bytes, done);
        mem_grow(&file->dirty, &file->dirty_cap, file->dirty_count + 1, sizeof *file->dirty);
        file->dirty[file->dirty_count++] =
            (struct memory_run){(size_t)offset, (size_t)offset + done};
    }
    return fault ? disk->fault : ERR_OK;
}

static inline enum err memory_sync(void *host, struct io_file *file)
{
    struct memory_disk *disk = host;
    const bool fault = memory_fault(disk);
    disk->syncs++;
    for (size_t i = 0; !fault && i < file->dirty_count; i++) {
        const struct memory_run *run = &file->dirty[i];
        const size_t to = run->to < file->len ? run->to : file->len;
        if (run->from < to) {
            memcpy(file->disk + run->from, file->seen + run->from, to - run->from);
        }
    }
    file->dirty_count = 0;
    return fault ? disk->fault : ERR_OK;
}

static inline enum err memory_truncate(void *host, struct io_file *file, uint64_t bytes)
{
    struct memory_disk *disk = host;
    if (memory_fault(disk)) {
        return disk->fault;
    }
    memory_resize(file, (size_t)bytes);
    return ERR_OK;
}

static inline enum err memory_map(void *host, struct io_file *file, size_t len,
                                  const uint8_t **out_view)
{
    struct memory_disk *disk = host;
    CHECK(len > 0);
    CHECK(len <= file->len);
    file->views++;
    disk->handles++;
    *out_view = file->seen;
    return ERR_OK;
}

static inline void memory_unmap(void *host, const uint8_t *view, size_t len)
{
    struct memory_disk *disk = host;
    for (size_t i = 0; i < disk->files_count; i++) {
        if (disk->files[i]->seen == view) {
            CHECK(disk->files[i]->views > 0);
            CHECK(len <= disk->files[i]->cap);
            disk->files[i]->views--;
            disk->handles--;
            return;
        }
    }
    UNREACHABLE("a view that was not given out");
}

static inline enum err memory_remove(void *host, const char *name)
{
    struct memory_disk *disk = host;
    struct io_file *file = memory_find(disk, name);
    if (file == NULL) {
        return ERR_NOT_FOUND;
    }
    const bool fault = memory_fault(disk);
    file->name[0] = '\0';
    if (fault) {
        return disk->fault;
    }
    memory_sync_dir(disk, name);
    return ERR_OK;
}

static inline enum err memory_rename(void *host, const char *from, const char *to)
{
    struct memory_disk *disk = host;
    struct io_file *file = memory_find(disk, from);
    struct io_file *old = memory_find(disk, to);
    CHECK(file != NULL);
    CHECK(file != old);
    CHECK(strlen(to) < MEMORY_NAME_MAX);
    const bool fault = memory_fault(disk);
    if (old != NULL) {
        old->name[0] = '\0';
    }
    memcpy(file->name, to, strlen(to) + 1);
    if (fault) {
        return disk->fault;
    }
    memory_sync_dir(disk, to);
    return ERR_OK;
}

static inline enum err memory_make_dir(void *host, const char *name)
{
    (void)name;
    struct memory_disk *disk = host;
    return memory_fault(disk) ? disk->fault : ERR_OK;
}

static inline int memory_compare(const void *a, const void *b)
{
    const struct io_file *const *left = a;
    const struct io_file *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static inline enum err memory_list(void *host, const char *dir,
                                   void (*each)(void *context, const char *name), void *context)
{
    struct memory_disk *disk = host;
    const size_t dir_len = strlen(dir);
    qsort(disk->files, disk->files_count, sizeof disk->files[0], memory_compare);
    for (size_t i = 0; i < disk->files_count; i++) {
        const char *name = disk->files[i]->name;
        if (strncmp(name, dir, dir_len) == 0 && name[dir_len] == '/' &&
            strchr(name + dir_len + 1, '/') == NULL) {
            each(context, name + dir_len + 1);
        }
    }
    return ERR_OK;
}

static inline void memory_start(void *host, struct io_job *job)
{
    struct memory_disk *disk = host;
    CHECK(disk->jobs_count < MEMORY_JOBS_MAX);
    disk->jobs[disk->jobs_count++] = job;
}

/* Runs the oldest job to its end; false when there is none. */
static inline bool memory_step(struct memory_disk *disk)
{
    if (disk->jobs_count == 0) {
        return false;
    }
    struct io_job *job = disk->jobs[0];
    disk->jobs_count--;
    memmove(disk->jobs, disk->jobs + 1, disk->jobs_count * sizeof(disk->jobs[0]));
    job->done(job, job->run(job));
    return true;
}

static inline void memory_run_all(struct memory_disk *disk)
{
    while (memory_step(disk)) {
    }
}

/* What was not synced is gone. Nothing may be open. */
static inline void memory_crash(struct memory_disk *disk)
{
    for (size_t i = 0; i < disk->files_count; i++) {
        struct io_file *file = disk->files[i];
        CHECK(file->views == 0);
        if (file->len > 0) {
            memcpy(file->seen, file->disk, file->len);
        }
        memcpy(file->name, file->disk_name, sizeof file->name);
        file->dirty_count = 0;
    }
    disk->fail_at = 0;
}

static inline void memory_init(struct memory_disk *disk)
{
    *disk = (struct memory_disk){
        .io =
            {
                .host = disk,
                .mono_ns = memory_mono_ns,
                .wall_ms = memory_wall_ms,
                .random = memory_random,
                .open = memory_open,
                .close = memory_close,
                .size = memory_size,
                .read = memory_read,
                .write = memory_write,
                .sync = memory_sync,
                .truncate = memory_truncate,
                .map = memory_map,
                .unmap = memory_unmap,
                .rename = memory_rename,
                .remove = memory_remove,
                .make_dir = memory_make_dir,
                .list = memory_list,
                .start = memory_start,
            },
        .random = 7,
        .fault = ERR_IO,
    };
}

/* A second disk with the same files. */
static inline void memory_copy(struct memory_disk *to, const struct memory_disk *from)
{
    memory_init(to);
    for (size_t i = 0; i < from->files_count; i++) {
        const struct io_file *file = from->files[i];
        if (file->name[0] == '\0') {
            continue;
        }
        struct io_file *copy = mem_zalloc(sizeof *copy);
        memcpy(copy->name, file->name, sizeof copy->name);
        memcpy(copy->disk_name, file->name, sizeof copy->name);
        memory_resize(copy, file->len);
        if (file->len > 0) {
            memcpy(copy->seen, file->seen, file->len);
            memcpy(copy->disk, file->seen, file->len);
        }
        to->files[to->files_count++] = copy;
    }
}

static inline void memory_deinit(struct memory_disk *disk)
{
    CHECK(disk->handles == 0);
    for (size_t i = 0; i < disk->files_count; i++) {
        mem_free(disk->files[i]->seen);
        mem_free(disk->files[i]->disk);
        mem_free(disk->files[i]->dirty);
        mem_free(disk->files[i]);
    }
    disk->files_count = 0;
}
