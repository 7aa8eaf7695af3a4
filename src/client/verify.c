/* verify.c - see verify.h.
 *
 *   1. replay without the checkpoint: every frame's checksum, every group's root
 *   2. every content, inline or stored by hash, is read and hashed again
 *   3. every file of stored content, also one that no Fact names (an answer kept under an
 *      Idempotency-Key), is hashed and compared with its name
 *   4. replay from the checkpoint: same number of records, same digest of the state
 */
#include "client/verify.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/bytes.h"
#include "crypto/sha256.h"
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

/* blobs/AB/CDEF...: does the file have the hash ABCDEF... */
static enum err check_blob(const char *path, const char *first, const char *rest,
                           struct trail *trail)
{
    char want[65], have[65];
    uint8_t piece[65536];
    struct sha256 hasher;
    struct hash hash;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return trail_err(trail, ERR_IO, "%s: %s", path, strerror(errno));
    }
    sha256_init(&hasher);
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;) {
        sha256_add(&hasher, piece, got);
    }
    bool bad = ferror(file) != 0;
    fclose(file);
    sha256_end(&hasher, &hash);
    hex_encode(hash.bytes, sizeof hash.bytes, have);
    snprintf(want, sizeof want, "%s%s", first, rest);
    return bad || strcmp(want, have) != 0
               ? trail_err(trail, ERR_CORRUPT,
                           "blobs/%s/%s: the stored content is damaged: it has not the hash that "
                           "is its name",
                           first, rest)
               : ERR_OK;
}

static enum err check_blobs(const char *dir, struct verify_report *report, struct trail *trail)
{
    char path[PATH_MAX];
    enum err err = ERR_OK;
    for (unsigned first = 0; first < 256 && err == ERR_OK; first++) {
        char name[3];
        snprintf(name, sizeof name, "%02x", first);
        snprintf(path, sizeof path, "%s/blobs/%s", dir, name);
        DIR *below = opendir(path);
        for (struct dirent *at; below != NULL && err == ERR_OK && (at = readdir(below)) != NULL;) {
            if (strlen(at->d_name) == 62) {
                char file[PATH_MAX + 300];
                snprintf(file, sizeof file, "%s/%s", path, at->d_name);
                err = check_blob(file, name, at->d_name, trail);
                report->blobs += err == ERR_OK;
            }
        }
        if (below != NULL) {
            closedir(below);
        }
    }
    return err;
}

static enum err check_checkpoint(const struct io *io, const char *dir, struct board *whole,
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
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/checkpoint", dir);
        report->checkpoint_unused = report->checkpoint_missing && access(path, F_OK) == 0;
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
        err = check_blobs(dir, &report, trail);
    }
    if (err == ERR_OK) {
        err = check_checkpoint(io, dir, board, &report, trail);
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
