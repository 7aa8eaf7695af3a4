/* sim_disk.c - two images per file, and the power cut between them.
 *
 * 1. A clean sector may differ between the images only after a failed sync: that is
 *    the lie which real page caches tell.
 * 2. `dirty` holds the disk's own count of sector writes, so that "everything up to a
 *    moment" cuts through a single large write as well as between files.
 * 3. The cache lies in reserved address space and never moves: a view stays valid and
 *    follows later writes, as mmap() does.
 * 4. Names are durable at once (the io interface says so); only contents and lengths
 *    wait for a sync.
 */
#include "host/sim/sim_disk.h"

#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/mem.h"

struct sim_disk {
    struct sim_file **files; /* by name */
    size_t files_count;
    size_t files_cap;
    char (*dirs)[SIM_NAME_MAX];
    size_t dirs_count;
    size_t dirs_cap;
    uint64_t writes; /* sectors written so far */
};

const char *sim_cut_word(enum sim_cut cut)
{
    static const char *const words[] = {
#define X(name, word) [name] = word,
        SIM_CUT_TABLE(X)
#undef X
    };
    CHECK(cut < SIM_CUT_COUNT);
    return words[cut];
}

static size_t sectors_of(size_t bytes)
{
    return (bytes + SIM_SECTOR_BYTES - 1) / SIM_SECTOR_BYTES;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* -- files ---------------------------------------------------------------------- */

static struct sim_file *file_new(const char *name)
{
    struct sim_file *file = mem_zalloc(sizeof *file);
    memcpy(file->name, name, strlen(name) + 1);
    file->cache = mmap(NULL, SIM_FILE_BYTES_MAX, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(file->cache != MAP_FAILED);
    file->users = 1;
    return file;
}

void sim_file_hold(struct sim_file *file)
{
    CHECK(file->users > 0);
    file->users++;
}

void sim_file_let_go(struct sim_file *file)
{
    CHECK(file->users > 0);
    if (--file->users == 0) {
        munmap(file->cache, SIM_FILE_BYTES_MAX);
        mem_free(file->platter);
        mem_free(file->dirty);
        mem_free(file);
    }
}

static void mark_dirty(struct sim_disk *disk, struct sim_file *file, size_t from, size_t to)
{
    const size_t count = sectors_of(to);
    if (count > file->dirty_cap) {
        const size_t had = file->dirty_cap;
        mem_grow(&file->dirty, &file->dirty_cap, count, sizeof *file->dirty);
        memset(file->dirty + had, 0, (file->dirty_cap - had) * sizeof *file->dirty);
    }
    for (size_t sector = from / SIM_SECTOR_BYTES; sector < count; sector++) {
        file->dirty[sector] = ++disk->writes;
    }
}

static void platter_resize(struct sim_file *file, size_t bytes)
{
    if (bytes > file->platter_cap) {
        mem_grow(&file->platter, &file->platter_cap, bytes, 1);
    }
    if (bytes > file->platter_bytes) {
        memset(file->platter + file->platter_bytes, 0, bytes - file->platter_bytes);
    }
    file->platter_bytes = bytes;
}

/* Copies one sector of `from` to `to` as far as both files reach. */
static void copy_sector(uint8_t *to, const uint8_t *from, size_t sector, size_t bytes)
{
    const size_t start = sector * SIM_SECTOR_BYTES;
    if (start < bytes) {
        memcpy(to + start, from + start, min_size(SIM_SECTOR_BYTES, bytes - start));
    }
}

void sim_file_write(struct sim_disk *disk, struct sim_file *file, size_t offset, const void *bytes,
                    size_t len)
{
    CHECK(len <= SIM_FILE_BYTES_MAX && offset <= SIM_FILE_BYTES_MAX - len);
    if (len == 0) {
        return;
    }
    memcpy(file->cache + offset, bytes, len);
    mark_dirty(disk, file, offset, offset + len);
    if (offset + len > file->cache_bytes) {
        file->cache_bytes = offset + len;
        file->resized = disk->writes;
    }
}

void sim_file_resize(struct sim_disk *disk, struct sim_file *file, size_t bytes)
{
    CHECK(bytes <= SIM_FILE_BYTES_MAX);
    if (bytes == file->cache_bytes) {
        return;
    }
    if (bytes < file->cache_bytes) {
        memset(file->cache + bytes, 0, file->cache_bytes - bytes);
        mark_dirty(disk, file, bytes, file->cache_bytes);
    }
    file->cache_bytes = bytes;
    file->resized = ++disk->writes;
}

void sim_file_sync(struct sim_file *file)
{
    platter_resize(file, file->cache_bytes);
    for (size_t sector = 0; sector < file->dirty_cap; sector++) {
        if (file->dirty[sector] != 0) {
            copy_sector(file->platter, file->cache, sector, file->cache_bytes);
            file->dirty[sector] = 0;
        }
    }
    file->resized = 0;
}

static void cache_from_platter(struct sim_file *file)
{
    if (file->platter_bytes > 0) {
        memcpy(file->cache, file->platter, file->platter_bytes);
    }
    if (file->cache_bytes > file->platter_bytes) {
        memset(file->cache + file->platter_bytes, 0, file->cache_bytes - file->platter_bytes);
    }
    file->cache_bytes = file->platter_bytes;
    file->resized = 0;
}

void sim_file_sync_lost(struct sim_file *file, struct rng *rng, bool dropped)
{
    /* The length is metadata: the journal carries it whatever became of the data. */
    platter_resize(file, file->cache_bytes);
    file->resized = 0;
    for (size_t sector = 0; sector < file->dirty_cap; sector++) {
        if (file->dirty[sector] == 0) {
            continue;
        }
        file->dirty[sector] = 0;
        if (rng_below(rng, 4) == 0) {
            copy_sector(file->platter, file->cache, sector, file->cache_bytes);
        } else if (dropped) {
            copy_sector(file->cache, file->platter, sector, file->platter_bytes);
        }
    }
}

/* -- the directory -------------------------------------------------------------- */

/* Index of the first file whose name is not below `name`. */
static size_t place_of(const struct sim_disk *disk, const char *name)
{
    size_t low = 0;
    size_t high = disk->files_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(disk->files[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void link_file(struct sim_disk *disk, struct sim_file *file)
{
    const size_t at = place_of(disk, file->name);
    mem_grow(&disk->files, &disk->files_cap, disk->files_count + 1, sizeof *disk->files);
    memmove(disk->files + at + 1, disk->files + at, (disk->files_count - at) * sizeof *disk->files);
    disk->files[at] = file;
    disk->files_count++;
}

static struct sim_file *unlink_file(struct sim_disk *disk, const char *name)
{
    const size_t at = place_of(disk, name);
    if (at == disk->files_count || strcmp(disk->files[at]->name, name) != 0) {
        return NULL;
    }
    struct sim_file *file = disk->files[at];
    disk->files_count--;
    memmove(disk->files + at, disk->files + at + 1, (disk->files_count - at) * sizeof *disk->files);
    return file;
}

static bool dir_exists(const struct sim_disk *disk, const char *name, size_t len)
{
    for (size_t i = 0; i < disk->dirs_count; i++) {
        if (strlen(disk->dirs[i]) == len && memcmp(disk->dirs[i], name, len) == 0) {
            return true;
        }
    }
    return false;
}

static bool name_fits(const struct sim_disk *disk, const char *name)
{
    const char *slash = strrchr(name, '/');
    const size_t len = strlen(name);
    return len > 0 && len < SIM_NAME_MAX &&
           (slash == NULL || dir_exists(disk, name, (size_t)(slash - name)));
}

struct sim_disk *sim_disk_new(void)
{
    return mem_zalloc(sizeof(struct sim_disk));
}

void sim_disk_free(struct sim_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    for (size_t i = 0; i < disk->files_count; i++) {
        sim_file_let_go(disk->files[i]);
    }
    mem_free(disk->files);
    mem_free(disk->dirs);
    mem_free(disk);
}

struct sim_disk *sim_disk_copy(const struct sim_disk *disk, bool of_platter)
{
    struct sim_disk *copy = sim_disk_new();
    for (size_t i = 0; i < disk->dirs_count; i++) {
        sim_disk_make_dir(copy, disk->dirs[i]);
    }
    for (size_t i = 0; i < disk->files_count; i++) {
        const struct sim_file *file = disk->files[i];
        struct sim_file *to = sim_disk_create(copy, file->name);
        if (of_platter) {
            sim_file_write(copy, to, 0, file->platter, file->platter_bytes);
        } else {
            sim_file_write(copy, to, 0, file->cache, file->cache_bytes);
        }
        sim_file_sync(to);
    }
    return copy;
}

struct sim_file *sim_disk_find(const struct sim_disk *disk, const char *name)
{
    const size_t at = place_of(disk, name);
    return at < disk->files_count && strcmp(disk->files[at]->name, name) == 0 ? disk->files[at]
                                                                              : NULL;
}

struct sim_file *sim_disk_create(struct sim_disk *disk, const char *name)
{
    CHECK(sim_disk_find(disk, name) == NULL);
    if (!name_fits(disk, name)) {
        return NULL;
    }
    struct sim_file *file = file_new(name);
    link_file(disk, file);
    return file;
}

bool sim_disk_rename(struct sim_disk *disk, const char *from, const char *to)
{
    if (!name_fits(disk, to) || sim_disk_find(disk, from) == NULL) {
        return false;
    }
    if (strcmp(from, to) == 0) {
        return true;
    }
    struct sim_file *file = unlink_file(disk, from);
    struct sim_file *replaced = unlink_file(disk, to);
    if (replaced != NULL) {
        sim_file_let_go(replaced);
    }
    memcpy(file->name, to, strlen(to) + 1);
    link_file(disk, file);
    return true;
}

bool sim_disk_remove(struct sim_disk *disk, const char *name)
{
    struct sim_file *file = unlink_file(disk, name);
    if (file != NULL) {
        sim_file_let_go(file);
    }
    return file != NULL;
}

void sim_disk_make_dir(struct sim_disk *disk, const char *name)
{
    const size_t len = strlen(name);
    CHECK(len > 0 && len < SIM_NAME_MAX);
    if (!dir_exists(disk, name, len)) {
        mem_grow(&disk->dirs, &disk->dirs_cap, disk->dirs_count + 1, sizeof *disk->dirs);
        memcpy(disk->dirs[disk->dirs_count++], name, len + 1);
    }
}

size_t sim_disk_count(const struct sim_disk *disk)
{
    return disk->files_count;
}

struct sim_file *sim_disk_at(const struct sim_disk *disk, size_t index)
{
    CHECK(index < disk->files_count);
    return disk->files[index];
}

uint64_t sim_disk_bytes(const struct sim_disk *disk)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < disk->files_count; i++) {
        bytes += disk->files[i]->cache_bytes;
    }
    return bytes;
}

/* -- trouble ---------------------------------------------------------------------- */

static bool survives(enum sim_cut cut, uint64_t written, uint64_t moment, struct rng *rng)
{
    switch (cut) {
    case SIM_CUT_SUBSET:
        return rng_below(rng, 2) == 0;
    case SIM_CUT_PREFIX:
        return written <= moment;
    case SIM_CUT_ALL:
        return true;
    case SIM_CUT_NONE:
    case SIM_CUT_LOST:
    case SIM_CUT_COUNT:
        break;
    }
    return false;
}

static void cut_file(struct sim_file *file, enum sim_cut cut, uint64_t moment, struct rng *rng)
{
    if (file->resized != 0 && survives(cut, file->resized, moment, rng)) {
        platter_resize(file, file->cache_bytes);
    }
    for (size_t sector = 0; sector < file->dirty_cap; sector++) {
        if (file->dirty[sector] != 0 && survives(cut, file->dirty[sector], moment, rng)) {
            copy_sector(file->platter, file->cache, sector,
                        min_size(file->platter_bytes, file->cache_bytes));
        }
        file->dirty[sector] = 0;
    }
    cache_from_platter(file);
}

static uint64_t oldest_dirty(const struct sim_disk *disk)
{
    uint64_t oldest = disk->writes;
    for (size_t i = 0; i < disk->files_count; i++) {
        const struct sim_file *file = disk->files[i];
        for (size_t sector = 0; sector < file->dirty_cap; sector++) {
            if (file->dirty[sector] != 0 && file->dirty[sector] < oldest) {
                oldest = file->dirty[sector];
            }
        }
    }
    return oldest;
}

void sim_disk_cut(struct sim_disk *disk, enum sim_cut cut, struct rng *rng)
{
    if (cut == SIM_CUT_NONE) {
        return;
    }
    const uint64_t oldest = oldest_dirty(disk);
    const uint64_t moment = rng_between(rng, oldest == 0 ? 0 : oldest - 1, disk->writes);
    for (size_t i = 0; i < disk->files_count; i++) {
        cut_file(disk->files[i], cut, moment, rng);
    }
}

bool sim_disk_flip(struct sim_disk *disk, struct rng *rng, const char **out_name,
                   size_t *out_offset)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < disk->files_count; i++) {
        bytes += disk->files[i]->platter_bytes;
    }
    if (bytes == 0) {
        return false;
    }
    /* Most of a fresh disk is zeros kept for later: prefer what holds something. */
    const struct sim_file *found = NULL;
    uint64_t at = 0;
    for (unsigned tries = rng_below(rng, 4) == 0 ? 1 : 200; tries > 0; tries--) {
        at = rng_below(rng, bytes);
        size_t index = 0;
        while (at >= disk->files[index]->platter_bytes) {
            at -= disk->files[index]->platter_bytes;
            index++;
        }
        found = disk->files[index];
        if (found->platter[at] != 0) {
            break;
        }
    }
    struct sim_file *file = sim_disk_find(disk, found->name);
    const uint8_t bit = (uint8_t)(1u << rng_below(rng, 8));
    file->platter[at] ^= bit;
    if (at < file->cache_bytes) {
        file->cache[at] ^= bit;
    }
    *out_name = file->name;
    *out_offset = (size_t)at;
    return true;
}
