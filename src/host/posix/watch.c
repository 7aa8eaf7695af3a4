/* watch.c - reads the rules' file and gives the scheduler its clocks.
 */
#include "host/posix/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

struct watch {
    struct board *board;
    const struct io *io;
    struct scheduler *scheduler;
};

/* False: there is no such file. */
static bool read_rules(const char *dir, struct buf *out, struct trail *trail)
{
    struct buf path = {0};
    buf_printf(&path, "%s/rules.txt", dir);
    FILE *file = fopen(buf_cstr(&path), "re");
    if (file == NULL && errno != ENOENT) {
        trail_add(trail, "%s cannot be read (%s); the built-in rules hold", buf_cstr(&path),
                  strerror(errno));
    }
    buf_deinit(&path);
    if (file == NULL) {
        return false;
    }
    for (size_t got = 1; got > 0 && out->len <= RULES_BYTES_MAX;) {
        got = fread(buf_reserve(out, 4096), 1, 4096, file);
        out->len += got;
    }
    bool good = ferror(file) == 0;
    fclose(file);
    return good;
}

struct watch *watch_open(struct board *board, const struct io *io, const char *dir,
                         struct trail *trail)
{
    struct watch *watch = mem_zalloc(sizeof *watch);
    struct scheduler_options options = {{0}, STR_NONE, 0, 0};
    struct rules_error error;
    struct buf text = {0};
    watch->board = board;
    watch->io = io;
    io->random(io->host, &options.detect.seed, sizeof options.detect.seed);
    if (read_rules(dir, &text, trail)) {
        options.rules = text.len > 0 ? buf_str(&text) : STR("\n"); /* empty: nothing is asked */
    }
    if (!scheduler_open(&watch->scheduler, board, &options, &error)) {
        trail_add(trail, "%s/rules.txt, line %u, column %u: %s; the built-in rules hold", dir,
                  error.line, error.column, error.text);
        options.rules = STR_NONE;
        CHECK(scheduler_open(&watch->scheduler, board, &options, &error));
    }
    buf_deinit(&text);
    return watch;
}

void watch_close(struct watch *watch)
{
    if (watch != NULL) {
        scheduler_close(watch->scheduler);
        mem_free(watch);
    }
}

uint64_t watch_step(struct watch *watch)
{
    uint64_t head = board_head(watch->board);
    uint64_t next_ns = scheduler_step(watch->scheduler, watch->io->mono_ns(watch->io->host),
                                      watch->io->wall_ms(watch->io->host));
    if (board_head(watch->board) != head) {
        board_flush(watch->board);
    }
    return next_ns;
}
