/* cmd_backup.c - verify, backup, restore.
 *
 * A backup may be taken while the daemon writes: the checkpoint first (it may be older than
 * the log, never newer), then each board's segments, the last one first and from its end
 * (so that what is copied is a prefix of the log), then the stored contents, which reach
 * the disk before the groups that name them. The copy is unpacked and verified before it
 * is called a backup, and again before a restored directory gets its name.
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "client/archive.h"
#include "client/cmd.h"
#include "client/verify.h"

/* -- verify --------------------------------------------------------------------------- */

struct verify_sum {
    struct session *s;
    struct json_writer *w; /* NULL: for people */
    bool quiet;
    struct verify_report total;
    struct trail trail;
};

static void say_report(const char *name, const struct verify_report *r)
{
    struct buf bytes = {0}, contents = {0};
    clock_add_bytes(&bytes, r->verified_bytes);
    clock_add_bytes(&contents, r->content_bytes);
    printf("%s: good\n", name[0] == '\0' ? "main board" : name);
    printf("  log         %llu records in %llu groups, %llu segments, %s: every checksum and every "
           "Merkle root\n",
           (unsigned long long)r->records, (unsigned long long)r->groups,
           (unsigned long long)r->segments, buf_cstr(&bytes));
    printf("  contents    %llu Facts, %s, %llu files in blobs: every hash\n",
           (unsigned long long)r->contents, buf_cstr(&contents), (unsigned long long)r->blobs);
    printf("  checkpoint  %s\n",
           r->checkpoint          ? "tells the same state as the log"
           : r->checkpoint_unused ? "is damaged or of another version, and is not used: the log is "
                                    "enough, and the daemon writes a new one"
                                  : "there is none (the log is enough)");
    if (r->torn_bytes > 0) {
        printf("  tail        %llu bytes of a commit that never finished; they are ignored\n",
               (unsigned long long)r->torn_bytes);
    }
    buf_deinit(&bytes);
    buf_deinit(&contents);
}

static void each_board(void *context, const char *name, enum err err, const struct verify_report *r,
                       const struct trail *trail)
{
    struct verify_sum *sum = context;
    sum->total.records += r->records;
    if (err != ERR_OK && sum->trail.len == 0) {
        trail_add(&sum->trail, "%s%s%s", name, name[0] == '\0' ? "" : ": ",
                  trail->len > 0 ? trail->text : err_text(err));
    }
    if (sum->w != NULL) {
        jw_object(sum->w);
        jw_kv_text(sum->w, "board", name);
        jw_kv_bool(sum->w, "ok", err == ERR_OK);
        jw_kv_uint(sum->w, "records", r->records);
        jw_kv_uint(sum->w, "groups", r->groups);
        jw_kv_uint(sum->w, "segments", r->segments);
        jw_kv_uint(sum->w, "verified_bytes", r->verified_bytes);
        jw_kv_uint(sum->w, "torn_bytes", r->torn_bytes);
        jw_kv_uint(sum->w, "contents", r->contents);
        jw_kv_uint(sum->w, "content_bytes", r->content_bytes);
        jw_kv_uint(sum->w, "blobs", r->blobs);
        jw_kv_bool(sum->w, "checkpoint", r->checkpoint);
        jw_kv_bool(sum->w, "checkpoint_unused", r->checkpoint_unused);
        if (err != ERR_OK) {
            jw_kv_text(sum->w, "error", trail->len > 0 ? trail->text : err_text(err));
        }
        jw_object_end(sum->w);
    } else if (err == ERR_OK && !sum->quiet) {
        say_report(name, r);
    }
}

static int verify(struct session *s, const struct parsed *p)
{
    struct buf out = {0};
    struct json_writer w;
    struct verify_sum sum = {.s = s};
    (void)p;
    if (s->url_given) {
        return session_fail(s, EXIT_USAGE, "invalid", "use --data DIR",
                            "verify reads the data directory, not an address");
    }
    jw_init(&w, &out, false);
    jw_object(&w);
    jw_key(&w, "boards");
    jw_array(&w);
    sum.w = s->json ? &w : NULL;
    enum err err = verify_dir(s->data_dir, each_board, &sum);
    jw_array_end(&w);
    jw_kv_bool(&w, "ok", err == ERR_OK);
    jw_object_end(&w);
    if (s->json) {
        printf("%s\n", buf_cstr(&out));
    }
    buf_deinit(&out);
    if (err != ERR_OK) {
        fprintf(stderr, "nexusctl: %s\n", sum.trail.text);
        fprintf(stderr, "  next: %s\n",
                err == ERR_NOT_FOUND ? "name the data directory with --data DIR"
                : err == ERR_FORMAT  ? "use the nexusctl and nexusd of that version"
                                     : "keep the directory as it is, and restore a backup into a "
                                       "new one: nexusctl restore FILE --data NEWDIR");
    }
    return err == ERR_OK ? EXIT_OK : err == ERR_NOT_FOUND ? EXIT_NOT_FOUND : EXIT_FAILED;
}

/* -- directories ------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

/* Only for directories that this program has just made itself. */
static void remove_own(const char *dir)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int by_name_reversed(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*b)->d_name, (*a)->d_name);
}

static bool left_out(const char *name)
{
    static const char *const names[] = {"nexusd.sock", "nexusd.json", "nexusd.log",
                                        "lock",        "spare.seg",   "put.tmp"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return name[0] == '.' || strstr(name, ".tmp") != NULL || strstr(name, ".new") != NULL;
}

/* Adds all plain files under DIR/below; segments of a log last one first. */
static enum err add_tree(struct archive *a, const char *dir, const char *below, bool is_log,
                         struct trail *trail)
{
    char path[PATH_MAX];
    struct dirent **names = NULL;
    enum err err = ERR_OK;
    snprintf(path, sizeof path, "%s/%s", dir, below);
    int count = scandir(path, &names, NULL, by_name_reversed);
    bool first = true;
    for (int i = 0; i < count; i++) {
        char full[PATH_MAX], name[512];
        struct stat info;
        int len = snprintf(name, sizeof name, "%s%s%s", below, below[0] == '\0' ? "" : "/",
                           names[i]->d_name);
        snprintf(full, sizeof full, "%.3000s/%s", dir, name);
        if (err == ERR_OK && !left_out(names[i]->d_name) && len < (int)sizeof name &&
            lstat(full, &info) == 0) {
            if (S_ISDIR(info.st_mode)) {
                err = add_tree(a, dir, name, false, trail);
            } else if (S_ISREG(info.st_mode)) {
                bool segment = is_log && strstr(names[i]->d_name, ".seg") != NULL;
                err = archive_add(a, dir, name, segment && first, trail);
                first = first && !segment;
                /* Gone meanwhile: it was superseded by a file that is still to come. */
                err = err == ERR_NOT_FOUND ? ERR_OK : err;
            }
        }
        free(names[i]); /* tidy: allow free, scandir made it */
    }
    free(names); /* tidy: allow free, scandir made it */
    return err;
}

/* One board: checkpoint, log, blobs, in this order. `at`: "" or "boards/NAME/". */
static enum err add_board(struct archive *a, const char *dir, const char *at, struct trail *trail)
{
    static const char *const trees[] = {"log", "blobs"};
    char name[512], path[PATH_MAX];
    enum err err = ERR_OK;
    snprintf(name, sizeof name, "%scheckpoint", at);
    snprintf(path, sizeof path, "%.3000s/%s", dir, name);
    if (access(path, F_OK) == 0) {
        err = archive_add(a, dir, name, false, trail);
    }
    for (int i = 0; i < 2 && err == ERR_OK; i++) {
        snprintf(name, sizeof name, "%s%s", at, trees[i]);
        snprintf(path, sizeof path, "%.3000s/%s", dir, name);
        if (access(path, F_OK) == 0) {
            err = add_tree(a, dir, name, i == 0, trail);
        }
    }
    return err;
}

static enum err add_all(struct archive *a, const char *dir, struct trail *trail)
{
    char path[PATH_MAX];
    enum err err = add_board(a, dir, "", trail);
    snprintf(path, sizeof path, "%s/boards", dir);
    DIR *boards = opendir(path);
    for (struct dirent *at; boards != NULL && err == ERR_OK && (at = readdir(boards)) != NULL;) {
        char name[300];
        if (at->d_name[0] != '.') {
            snprintf(name, sizeof name, "boards/%s/", at->d_name);
            err = add_board(a, dir, name, trail);
        }
    }
    if (boards != NULL) {
        closedir(boards);
    }
    snprintf(path, sizeof path, "%s/keys", dir);
    if (err == ERR_OK && access(path, F_OK) == 0) {
        err = add_tree(a, dir, "keys", false, trail);
    }
    snprintf(path, sizeof path, "%s/admin.token", dir);
    if (err == ERR_OK && access(path, F_OK) == 0) {
        err = archive_add(a, dir, "admin.token", false, trail);
    }
    return err;
}

/* Unpacks FILE into a fresh directory beside `near` and verifies it there. */
static enum err unpack_verified(const char *file, char *dir, uint64_t *members, uint64_t *bytes,
                                struct verify_sum *sum, struct trail *trail)
{
    FILE *from = fopen(file, "re");
    if (from == NULL) {
        return trail_err(trail, ERR_NOT_FOUND, "%s: %s", file, strerror(errno));
    }
    if (mkdtemp(dir) == NULL) {
        fclose(from);
        return trail_err(trail, ERR_READONLY, "%s: %s", dir, strerror(errno));
    }
    enum err err = archive_unpack(from, dir, members, bytes, trail);
    fclose(from);
    if (err == ERR_OK) {
        sum->quiet = true;
        err = verify_dir(dir, each_board, sum);
        if (err != ERR_OK) {
            trail_add(trail, "%s", sum->trail.text);
        }
    }
    return err;
}

static int done(struct session *s, const char *verb, const char *where, uint64_t records,
                uint64_t members, uint64_t bytes)
{
    struct buf size = {0};
    clock_add_bytes(&size, bytes);
    if (s->json) {
        struct buf out = {0};
        struct json_writer w;
        jw_init(&w, &out, false);
        jw_object(&w);
        jw_kv_text(&w, verb, where);
        jw_kv_uint(&w, "records", records);
        jw_kv_uint(&w, "files", members);
        jw_kv_uint(&w, "bytes", bytes);
        jw_kv_bool(&w, "verified", true);
        jw_object_end(&w);
        printf("%s\n", buf_cstr(&out));
        buf_deinit(&out);
    } else {
        printf("%s: %llu records, %llu files, %s; verified\n", where, (unsigned long long)records,
               (unsigned long long)members, buf_cstr(&size));
    }
    buf_deinit(&size);
    return EXIT_OK;
}

static int backup(struct session *s, const struct parsed *p)
{
    char part[PATH_MAX], dir[PATH_MAX];
    const char *file = p->args[0];
    struct trail trail = {0};
    struct archive a = {0};
    struct verify_sum sum = {.s = s};
    uint64_t members = 0, bytes = 0;
    if (s->url_given) {
        return session_fail(s, EXIT_USAGE, "invalid", "use --data DIR",
                            "backup reads the data directory, not an address");
    }
    if (access(file, F_OK) == 0) {
        return session_fail(s, EXIT_CONFLICT, "conflict", "choose a name that is free",
                            "%s: is there already", file);
    }
    snprintf(part, sizeof part, "%s.part", file);
    snprintf(dir, sizeof dir, "%s.verify-XXXXXX", file);
    mode_t mask = umask(0077); /* it holds keys */
    a.file = fopen(part, "we");
    (void)umask(mask);
    if (a.file == NULL) {
        return session_fail(s, EXIT_FAILED, "failed", "name a place that can be written", "%s: %s",
                            part, strerror(errno));
    }
    enum err err = add_all(&a, s->data_dir, &trail);
    if (err == ERR_OK && a.members == 0) {
        err = trail_err(&trail, ERR_NOT_FOUND, "%s: holds no log", s->data_dir);
    }
    if (err == ERR_OK) {
        err = archive_finish(&a, &trail);
    }
    fclose(a.file);
    buf_deinit(&a.manifest);
    if (err == ERR_OK) {
        err = unpack_verified(part, dir, &members, &bytes, &sum, &trail);
        remove_own(dir);
    }
    if (err == ERR_OK && rename(part, file) != 0) {
        err = trail_err(&trail, ERR_IO, "%s: %s", file, strerror(errno));
    }
    if (err != ERR_OK) {
        (void)unlink(part);
        return session_fail(s, err == ERR_NOT_FOUND ? EXIT_NOT_FOUND : EXIT_FAILED, "failed",
                            err == ERR_CORRUPT ? "run nexusctl verify on the data directory"
                                               : "check the place and its free space",
                            "no backup was made: %s", trail.text);
    }
    return done(s, "backup", file, sum.total.records, members, bytes);
}

static int restore(struct session *s, const struct parsed *p)
{
    char dir[PATH_MAX];
    struct trail trail = {0};
    struct verify_sum sum = {.s = s};
    uint64_t members = 0, bytes = 0;
    if (!s->data_given) {
        return session_fail(s, EXIT_USAGE, "invalid", "add --data NEWDIR",
                            "restore needs the directory to make");
    }
    struct stat info;
    if (stat(s->data_dir, &info) == 0 && rmdir(s->data_dir) != 0) {
        return session_fail(
            s, EXIT_CONFLICT, "conflict", "name a directory that does not exist yet",
            "%s: is not empty, and nothing is ever restored over data", s->data_dir);
    }
    snprintf(dir, sizeof dir, "%s.restore-XXXXXX", s->data_dir);
    enum err err = unpack_verified(p->args[0], dir, &members, &bytes, &sum, &trail);
    if (err == ERR_OK && rename(dir, s->data_dir) != 0) {
        err = trail_err(&trail, ERR_IO, "%s: %s", s->data_dir, strerror(errno));
    }
    if (err != ERR_OK) {
        if (strstr(dir, "XXXXXX") == NULL) {
            remove_own(dir);
        }
        return session_fail(s, err == ERR_NOT_FOUND ? EXIT_NOT_FOUND : EXIT_FAILED, "failed",
                            "try another backup; nothing was changed", "not restored: %s",
                            trail.text);
    }
    return done(s, "restored", s->data_dir, sum.total.records, members, bytes);
}

COMMAND_ROW(command_verify, "verify", NULL, "", 0, 0,
            "re-check every checksum, root, content and the checkpoint, offline", NULL, verify)
COMMAND_ROW(command_backup, "backup", NULL, "FILE", 1, 1,
            "copy the data into one file, also while the daemon runs, and verify it", NULL, backup)
COMMAND_ROW(command_restore, "restore", NULL, "FILE", 1, 1,
            "make a new data directory (--data NEWDIR) from a backup", NULL, restore)
