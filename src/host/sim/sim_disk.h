/* sim_disk.h - a disk in memory that keeps what it shows apart from what it holds.
 *
 * Every file has two images: the cache (what reads see) and the platter (what is
 * left after the power goes). Writes change the cache; a sync copies the sectors
 * that changed. What happens to the rest at a power cut is the caller's choice.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/rng.h"

#define SIM_SECTOR_BYTES   512u
#define SIM_FILE_BYTES_MAX (32u << 20) /* address space kept for one file */
#define SIM_NAME_MAX       96u

struct sim_disk;

struct sim_file {
    char name[SIM_NAME_MAX];
    uint8_t *cache; /* stays where it is, so that views stay valid */
    size_t cache_bytes;
    uint8_t *platter;
    size_t platter_bytes;
    size_t platter_cap;
    uint64_t *dirty; /* by sector: when it was last written, 0 = clean */
    size_t dirty_cap;
    uint64_t resized; /* when the length last changed, 0 = as on the platter */
    unsigned users;   /* handles, views, and the directory's own */
};

/* What a power cut leaves of the sectors that were not synced. X(name, word) */
#define SIM_CUT_TABLE(X)                                                                           \
    X(SIM_CUT_NONE, "kept")     /* the process died, the machine did not */                        \
    X(SIM_CUT_LOST, "lost")     /* nothing unsynced survives */                                    \
    X(SIM_CUT_SUBSET, "subset") /* each sector decides for itself: reordering */                   \
    X(SIM_CUT_PREFIX, "prefix") /* everything up to a moment: a torn write */                      \
    X(SIM_CUT_ALL, "all")       /* everything just made it */
enum sim_cut {
#define X(name, word) name,
    SIM_CUT_TABLE(X)
#undef X
        SIM_CUT_COUNT
};
const char *sim_cut_word(enum sim_cut cut);

struct sim_disk *sim_disk_new(void);
void sim_disk_free(struct sim_disk *disk);
/* A disk whose platter and cache are what `disk` shows (or holds) now. */
struct sim_disk *sim_disk_copy(const struct sim_disk *disk, bool of_platter);

struct sim_file *sim_disk_find(const struct sim_disk *disk, const char *name);
/* NULL: its directory does not exist or the name is too long. */
struct sim_file *sim_disk_create(struct sim_disk *disk, const char *name);
bool sim_disk_rename(struct sim_disk *disk, const char *from, const char *to);
bool sim_disk_remove(struct sim_disk *disk, const char *name);
void sim_disk_make_dir(struct sim_disk *disk, const char *name);
/* The files, by name. */
size_t sim_disk_count(const struct sim_disk *disk);
struct sim_file *sim_disk_at(const struct sim_disk *disk, size_t index);
uint64_t sim_disk_bytes(const struct sim_disk *disk); /* in all files */

void sim_file_hold(struct sim_file *file);
void sim_file_let_go(struct sim_file *file); /* frees with the last user */
/* offset + len <= SIM_FILE_BYTES_MAX. */
void sim_file_write(struct sim_disk *disk, struct sim_file *file, size_t offset, const void *bytes,
                    size_t len);
void sim_file_resize(struct sim_disk *disk, struct sim_file *file, size_t bytes);
void sim_file_sync(struct sim_file *file);
/* A sync that failed: the sectors count as clean and are not on the platter.
 * `dropped`: the cache then shows the platter again; else it goes on lying. */
void sim_file_sync_lost(struct sim_file *file, struct rng *rng, bool dropped);

void sim_disk_cut(struct sim_disk *disk, enum sim_cut cut, struct rng *rng);
/* Flips one bit that is on the platter, in both images. False: there is none. */
bool sim_disk_flip(struct sim_disk *disk, struct rng *rng, const char **out_name,
                   size_t *out_offset);
