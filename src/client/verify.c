/* verify.c - see verify.h.
 *
 *   1. replay without the checkpoint: every frame's checksum, every group's root
 *   2. every content, inline or stored by hash, is read and hashed again
 *   3. replay from the checkpoint: same number of records, same digest of the state
 */
#include "client/verify.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/posix/io_posix.h"

static enum err open_board(const struct io *io, bool no_checkpoint, struct board **out,
                           struct board_report *report, struct trail *trail)
{
    struct board_options options = {
        .limits = limits_default(), .read_only = true, .no_checkpoint = no_checkpoint};
    return board_open(out, io, &options, report, trail);
}

static enum err check_contents(struct board *board, struct verify_report *report,
                               struct trail *trail)
{
    struct buf scratch = {0};
    enum err err = ERR_OK;
    for (uint64_t i = 0; i < board_head(board) && err == ERR_OK; i++) {
        struct content content;
        uint32_t ordinal = (uint32_t)i;
        if (board_kind(board, ordinal) != RECORD_FACT) {
            continue;
        }
        buf_clear(&scratch);
        if (!board_content(board, ordinal, &scratch, &content)) {
            char id[ID_TEXT_LEN + 1];
            board_id(board, ordinal, id);
            err =
                trail_err(trail, ERR_CORRUPT, "the content of %s (seq %llu) is damaged or missing",
                          id, (unsigned long long)i + 1);
        } else {
            report->contents++;
            report->content_bytes += content.data.len;
        }
    }
    buf_deinit(&scratch);
    return err;
}

static enum err check_checkpoint(const struct io *io, struct board *whole,
                                 struct verify_report *report, struct trail *trail)
{
    struct board *board = NULL;
    struct board_report opened = {0};
    struct hash a, b;
    enum err err = open_board(io, false, &board, &opened, trail);
    if (err == ERR_OK) {
        report->checkpoint_missing = opened.from_checkpoint == 0;
        board_digest(whole, &a);
        board_digest(board, &b);
        report->checkpoint = !report->checkpoint_missing;
        if (board_head(board) != board_head(whole) || !hash_eq(&a, &b)) {
            err = trail_err(trail, ERR_CORRUPT, "the checkpoint tells another state than the log");
        }
    }
    board_close(board);
    return err;
}

enum err verify_board(const char *dir, struct verify_report *out_report, struct trail *trail)
{
    struct io_posix_options options = {.dir = dir};
    struct io_posix *host = NULL;
    struct verify_report report = {0};
    struct board *board = NULL;
    struct board_report opened = {0};
    enum err err = io_posix_new(&host, &options, trail);
    if (err != ERR_OK) {
        return err;
    }
    const struct io *io = io_posix_io(host);
    err = open_board(io, true, &board, &opened, trail);
    report.records = opened.log.records;
    report.groups = opened.log.groups;
    report.segments = opened.log.segments;
    report.verified_bytes = opened.log.verified_bytes;
    report.torn_bytes = opened.log.torn_bytes;
    if (err == ERR_OK) {
        err = check_contents(board, &report, trail);
    }
    if (err == ERR_OK) {
        err = check_checkpoint(io, board, &report, trail);
    }
    board_close(board);
    io_posix_free(host);
    *out_report = report;
    return err;
}

enum err verify_dir(const char *dir,
                    void (*each)(void *context, const char *name, enum err err,
                                 const struct verify_report *report, const struct trail *trail),
                    void *context)
{
    char path[PATH_MAX];
    struct verify_report report = {0};
    struct trail trail = {0};
    struct stat info;
    snprintf(path, sizeof path, "%s/log", dir);
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        enum err none = trail_err(&trail, ERR_NOT_FOUND, "%s: holds no log", dir);
        each(context, "", none, &report, &trail);
        return none;
    }
    enum err worst = verify_board(dir, &report, &trail);
    each(context, "", worst, &report, &trail);
    snprintf(path, sizeof path, "%s/boards", dir);
    DIR *boards = opendir(path);
    for (struct dirent *at; boards != NULL && (at = readdir(boards)) != NULL;) {
        if (at->d_name[0] == '.') {
            continue;
        }
        char below[PATH_MAX + 300];
        snprintf(below, sizeof below, "%s/%s", path, at->d_name);
        trail_clear(&trail);
        report = (struct verify_report){0};
        enum err err = verify_board(below, &report, &trail);
        each(context, at->d_name, err, &report, &trail);
        worst = worst == ERR_OK ? err : worst;
    }
    if (boards != NULL) {
        closedir(boards);
    }
    return worst;
}
