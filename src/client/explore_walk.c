/* explore_walk.c - the documents of a folder: which there are, their hashes, and what can be
 * read of them.
 *
 * Left out: hidden names, what the folder's .gitignore names (plain patterns), directories
 * that hold other people's or generated files, links, and everything that is no document
 * by its name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/explore.h"
#include "codec/bytes.h"
#include "codec/utf8.h"
#include "crypto/sha256.h"

#define DEPTH_MAX   32
#define IGNORES_MAX 256

struct walk {
    struct explore *e;
    char *ignores[IGNORES_MAX];
    size_t ignores_count;
    uint64_t bytes;
    bool full;
};

struct str explore_keep(struct explore *e, struct str text)
{
    return arena_str(&e->arena, text);
}

void *explore_push(struct explore *e, void *array, uint32_t *count, size_t size)
{
    char **items = array;
    if ((*count & (*count - 1)) == 0) { /* full at every power of two */
        size_t cap = *count == 0 ? 1 : 2 * (size_t)*count;
        char *bigger = arena_zalloc(&e->arena, cap * size);
        if (*count > 0) {
            memcpy(bigger, *items, *count * size);
        }
        *items = bigger;
    }
    return *items + (*count)++ * size;
}

void explore_copy_id(char out[ID_LEN + 1], struct str id)
{
    size_t len = id.len > ID_LEN ? ID_LEN : id.len;
    if (len > 0) {
        memcpy(out, id.at, len);
    }
    out[len] = '\0';
}

const char *source_state_word(enum source_state state)
{
    switch (state) {
    case SOURCE_NEW:
        return "new";
    case SOURCE_UNCHANGED:
        return "unchanged";
    case SOURCE_SKIPPED:
        return "skipped";
    case SOURCE_DONE:
        return "read";
    case SOURCE_OPEN:
        return "open";
    }
    return "";
}

static void read_ignores(struct walk *w)
{
    char path[PATH_MAX], line[512];
    snprintf(path, sizeof path, "%s/.gitignore", w->e->root);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL &&
           w->ignores_count < IGNORES_MAX) {
        struct str text = str_trim(str_of(line));
        if (text.len > 0 && text.at[text.len - 1] == '/') {
            text.len--;
        }
        if (text.len > 0 && text.at[0] != '#' && text.at[0] != '!') {
            struct str kept = explore_keep(w->e, text);
            w->ignores[w->ignores_count++] = (char *)(uintptr_t)kept.at;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static bool is_ignored(const struct walk *w, const char *path, const char *name, bool dir)
{
    static const char *const dirs[] = {"node_modules", "build",       "dist",
                                       "target",       "_build",      "vendor",
                                       "build-*",      "__pycache__", "coverage"};
    if (name[0] == '.') {
        return true;
    }
    for (size_t i = 0; dir && i < sizeof dirs / sizeof dirs[0]; i++) {
        if (fnmatch(dirs[i], name, 0) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < w->ignores_count; i++) {
        const char *pattern = w->ignores[i];
        bool rooted = strchr(pattern, '/') != NULL;
        if (fnmatch(pattern[0] == '/' ? pattern + 1 : pattern, rooted ? path : name,
                    rooted ? FNM_PATHNAME : 0) == 0) {
            return true;
        }
    }
    return false;
}

static void skip(struct source *source, struct str why)
{
    source->state = SOURCE_SKIPPED;
    source->why = why;
}

/* Reads, hashes, understands. */
static void load(struct walk *w, struct source *source, enum document_format format, int dir,
                 const char *name)
{
    struct explore *e = w->e;
    int file = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) {
        skip(source, explore_keep(e, str_of(strerror(errno))));
        return;
    }
    struct buf bytes = {0};
    struct sha256 hasher;
    struct hash hash;
    sha256_init(&hasher);
    static const size_t piece = 65536;
    for (;;) {
        uint8_t *room = buf_reserve(&bytes, piece);
        ssize_t got = read(file, room, piece);
        if (got <= 0) {
            break;
        }
        sha256_add(&hasher, room, (size_t)got);
        /* What lies behind the ceiling counts for the hash only. */
        bytes.len += bytes.len > FILE_BYTES_MAX ? 0 : (size_t)got;
    }
    close(file);
    sha256_end(&hasher, &hash);
    hex_encode(hash.bytes, sizeof hash.bytes, source->sha256);
    w->bytes += bytes.len;
    struct str kept = explore_keep(e, buf_str(&bytes));
    buf_deinit(&bytes);
    struct str why = STR_NONE;
    if (w->bytes > TOTAL_BYTES_MAX) {
        skip(source, STR("the folder holds more than can be read at once"));
    } else if (!document_read(&e->arena, kept, format, NULL, &source->document, &why)) {
        skip(source, why);
    } else if (source->document.passages_count == 0) {
        skip(source, STR("empty"));
    } else {
        claims_read(&e->arena, &source->document, 0, &source->claims);
        source->claims_count = source->claims.count;
        source->why = source->document.note;
    }
}

static void add_source(struct walk *w, const char *path, enum document_format format, int dir,
                       const char *name)
{
    struct explore *e = w->e;
    if (e->sources_count == FILES_MAX) {
        w->full = true;
        return;
    }
    struct source *source = explore_push(e, &e->sources, &e->sources_count, sizeof *source);
    source->path = explore_keep(e, str_of(path));
    source->state = SOURCE_NEW;
    source->origin = arena_printf(&e->arena, "%.*s/%s", STR_ARG(e->name), path);
    if (!utf8_valid(source->path)) {
        skip(source, STR("its name is not UTF-8"));
        return;
    }
    if (source->origin.len > 900) {
        skip(source, STR("its path is too long"));
        return;
    }
    load(w, source, format, dir, name);
    source->key =
        arena_printf(&e->arena, "explore:%.*s:%s", STR_ARG(source->origin), source->sha256);
}

/* A folder whose documents nobody can list: named, lest it look as if it held none. */
static void add_closed_dir(struct walk *w, const char *path, const char *why)
{
    struct explore *e = w->e;
    if (path[0] != '\0' && e->sources_count < FILES_MAX) {
        struct source *source = explore_push(e, &e->sources, &e->sources_count, sizeof *source);
        source->path = arena_printf(&e->arena, "%s/", path);
        source->origin = arena_printf(&e->arena, "%.*s/%s/", STR_ARG(e->name), path);
        skip(source, explore_keep(e, str_of(why)));
    }
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void walk_dir(struct walk *w, int dir, const char *path, int depth);

static void walk_below(struct walk *w, int dir, const char *name, const char *full, int depth)
{
    if (depth >= DEPTH_MAX) {
        add_closed_dir(w, full, "too deep");
        return;
    }
    int below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0) {
        add_closed_dir(w, full, strerror(errno));
        return;
    }
    walk_dir(w, below, full, depth + 1);
    close(below);
}

static void walk_dir(struct walk *w, int dir, const char *path, int depth)
{
    struct dirent **names = NULL;
    int count = scandirat(dir, ".", &names, NULL, by_name);
    if (count < 0) {
        add_closed_dir(w, path, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        char full[PATH_MAX];
        struct stat info;
        int len = snprintf(full, sizeof full, "%s%s%s", path, path[0] == '\0' ? "" : "/", name);
        if (len < (int)sizeof full && fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            !is_ignored(w, full, name, S_ISDIR(info.st_mode)) && !w->full) {
            enum document_format format = document_format_of(str_of(name));
            if (S_ISDIR(info.st_mode)) {
                walk_below(w, dir, name, full, depth);
            } else if (S_ISREG(info.st_mode) && format != DOCUMENT_NONE) {
                add_source(w, full, format, dir, name);
            }
        }
        free(names[i]); /* tidy: allow free, scandir made it */
    }
    free(names); /* tidy: allow free, scandir made it */
}

static int compare_sources(const void *a, const void *b)
{
    return str_compare(((const struct source *)a)->path, ((const struct source *)b)->path);
}

int explore_walk(struct explore *e)
{
    struct walk w = {.e = e};
    int dir = open(e->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return session_fail(e->asker, EXIT_USAGE, "invalid", "name a folder that can be read",
                            "%s: %s", e->root, strerror(errno));
    }
    read_ignores(&w);
    walk_dir(&w, dir, "", 0);
    close(dir);
    if (e->sources_count > 0) {
        qsort(e->sources, e->sources_count, sizeof e->sources[0], compare_sources);
    }
    if (w.full) {
        fprintf(stderr, "nexusctl: more than %u documents; the rest is left out\n", FILES_MAX);
    }
    return EXIT_OK;
}

struct source *explore_find(const struct explore *e, struct str path)
{
    uint32_t low = 0, high = e->sources_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = str_compare(e->sources[middle].path, path);
        if (order == 0) {
            return &e->sources[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
