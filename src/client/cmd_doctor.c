/* cmd_doctor.c - is everything as it should be, and if not, what to do. Nothing is changed,
 * and no remedy destroys anything. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/service.h"
#include "client/verify.h"
#include "host/posix/daemon.h"

enum finding_state { CHECK_OK = 1, CHECK_WARN, CHECK_BAD, CHECK_SKIPPED };

struct doctor {
    struct session *s;
    struct table table;
    struct buf json;
    struct json_writer w;
    unsigned bad, warnings;
    bool alive;
};

static const char *state_word(enum finding_state state)
{
    switch (state) {
    case CHECK_OK:
        return "ok";
    case CHECK_WARN:
        return "warning";
    case CHECK_BAD:
        return "wrong";
    case CHECK_SKIPPED:
        return "skipped";
    }
    return "";
}

static void note(struct doctor *d, const char *check, enum finding_state state, const char *detail,
                 const char *remedy)
{
    d->bad += state == CHECK_BAD;
    d->warnings += state == CHECK_WARN;
    jw_object(&d->w);
    jw_kv_text(&d->w, "check", check);
    jw_kv_text(&d->w, "status", state_word(state));
    jw_kv_text(&d->w, "detail", detail);
    jw_kv_text(&d->w, "remedy", remedy);
    jw_object_end(&d->w);
    table_add(&d->table, str_of(check));
    table_add(&d->table, str_of(state_word(state)));
    table_addf(&d->table, "%s%s%s", detail, remedy[0] == '\0' ? "" : "; ", remedy);
}

static void check_mode(struct doctor *d, const char *check, const char *name, mode_t allowed)
{
    char path[PATH_MAX], detail[PATH_MAX + 64], remedy[PATH_MAX + 64] = "";
    struct stat info;
    snprintf(path, sizeof path, "%s%s%s", d->s->data_dir, name[0] == '\0' ? "" : "/", name);
    if (stat(path, &info) != 0) {
        snprintf(detail, sizeof detail, "%.3900s: %s", path, strerror(errno));
        note(d, check, name[0] == '\0' ? CHECK_BAD : CHECK_WARN, detail,
             "start the daemon once: nexusctl start");
        return;
    }
    mode_t mode = info.st_mode & 07777;
    bool wide = (mode & ~allowed) != 0;
    bool foreign = info.st_uid != geteuid() && geteuid() != 0;
    snprintf(detail, sizeof detail, "%.3900s has mode %04o", path, (unsigned)mode);
    if (wide) {
        snprintf(remedy, sizeof remedy, "chmod %o %.3900s", (unsigned)allowed, path);
    } else if (foreign) {
        snprintf(remedy, sizeof remedy, "it belongs to another user; run this as that user");
    }
    note(d, check, wide ? CHECK_BAD : foreign ? CHECK_WARN : CHECK_OK, detail, remedy);
}

static void check_daemon(struct doctor *d)
{
    struct reply reply;
    struct trail trail = {0};
    char detail[700];
    int status = session_try(d->s, "GET", STR("/readyz"), STR_NONE, 0, &reply, &trail);
    if (status != EXIT_OK) {
        snprintf(detail, sizeof detail, "nobody answers: %s", trail.text);
        note(d, "daemon", CHECK_BAD, detail, "nexusctl start");
        return;
    }
    d->alive = reply.status == 200;
    snprintf(detail, sizeof detail, "answers%s", d->alive ? "" : ", but is not ready yet");
    note(d, "daemon", d->alive ? CHECK_OK : CHECK_WARN, detail,
         d->alive ? "" : "wait; nexusctl logs shows what it does");
}

static void check_version(struct doctor *d)
{
    struct reply reply;
    struct trail trail = {0};
    char detail[300];
    if (!d->alive) {
        return;
    }
    (void)session_try(d->s, "GET", STR("/status"), STR_NONE, 0, &reply, &trail);
    if (reply.status != 200) {
        note(d, "credential", CHECK_BAD, "the token is not accepted",
             "set NEXUS_TOKEN, or use --data DIR as its owner");
        return;
    }
    note(d, "credential", CHECK_OK, "the token is accepted", "");
    struct str version = json_get_str(reply.json, "version", STR_NONE);
    bool same = str_is(version, DAEMON_VERSION);
    snprintf(detail, sizeof detail, "daemon %.*s, nexusctl %s", STR_ARG(str_sub(version, 0, 40)),
             DAEMON_VERSION);
    note(d, "version", same ? CHECK_OK : CHECK_WARN, detail,
         same ? "" : "install both from one release, then: nexusctl restart");
}

static void check_space(struct doctor *d)
{
    struct statvfs fs;
    struct buf text = {0};
    if (statvfs(d->s->data_dir, &fs) != 0) {
        return;
    }
    uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
    clock_add_bytes(&text, left);
    buf_add_text(&text, " left on its disk");
    enum finding_state state = left < (256ull << 20) ? CHECK_BAD
                               : left < (2ull << 30) ? CHECK_WARN
                                                     : CHECK_OK;
    note(d, "disk", state, buf_cstr(&text), state == CHECK_OK ? "" : "free some space there");
    buf_deinit(&text);
}

static void check_clock(struct doctor *d)
{
    int64_t now_ms = print_now_ms();
    struct buf text = {0};
    clock_add_utc(&text, now_ms);
    bool sane = now_ms > 1767225600000 && now_ms < 4102444800000; /* 2026 .. 2100 */
    note(d, "clock", sane ? CHECK_OK : CHECK_BAD, buf_cstr(&text),
         sane ? "" : "set the time; leases do not depend on it, times of records do");
    buf_deinit(&text);
}

static void check_limits(struct doctor *d)
{
    struct rlimit files;
    char detail[100];
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        snprintf(detail, sizeof detail, "%llu open files allowed, at most %llu",
                 (unsigned long long)files.rlim_cur, (unsigned long long)files.rlim_max);
        bool few = files.rlim_max != RLIM_INFINITY && files.rlim_max < 4096;
        note(d, "open files", few ? CHECK_WARN : CHECK_OK, detail,
             few ? "raise the limit (LimitNOFILE= in the unit)" : "");
    }
    if (d->s->data_given || !d->s->url_given) {
        snprintf(detail, sizeof detail, "its path has %zu of 107 bytes",
                 strlen(d->s->http.socket_path));
        note(d, "socket", CHECK_OK, detail, "");
    }
}

static void each_board(void *context, const char *name, enum err err,
                       const struct verify_report *report, const struct trail *trail)
{
    struct doctor *d = context;
    char check[100], detail[700];
    snprintf(check, sizeof check, "log%s%.80s", name[0] == '\0' ? "" : " of ", name);
    if (err == ERR_OK) {
        snprintf(detail, sizeof detail, "%llu records, every checksum and root is right",
                 (unsigned long long)report->records);
        note(d, check, CHECK_OK, detail, "");
    } else {
        snprintf(detail, sizeof detail, "%s", trail->len > 0 ? trail->text : err_text(err));
        note(d, check, CHECK_BAD, detail,
             err == ERR_NOT_FOUND ? "start the daemon once: nexusctl start"
             : err == ERR_FORMAT
                 ? "use the nexusctl and nexusd of that version"
                 : "keep the directory as it is; nexusctl restore FILE --data NEWDIR");
    }
}

static int doctor(struct session *s, const struct parsed *p)
{
    struct doctor d = {.s = s};
    (void)p;
    table_begin(&d.table, &s->arena, 3);
    table_add(&d.table, STR("CHECK"));
    table_add(&d.table, STR("STATUS"));
    table_add(&d.table, STR("DETAIL"));
    jw_init(&d.w, &d.json, false);
    jw_object(&d.w);
    jw_key(&d.w, "checks");
    jw_array(&d.w);
    if (!s->url_given) {
        check_mode(&d, "data directory", "", 0700);
        check_mode(&d, "admin token", "admin.token", 0600);
        check_mode(&d, "keys", "keys", 0700);
    }
    check_daemon(&d);
    check_version(&d);
    if (!s->url_given) {
        check_space(&d);
        /* Reads what is on the disk now; the daemon goes on writing behind it. */
        (void)!verify_dir(s->data_dir, each_board, &d);
    }
    check_clock(&d);
    check_limits(&d);
    jw_array_end(&d.w);
    jw_kv_bool(&d.w, "ok", d.bad == 0);
    jw_kv_uint(&d.w, "wrong", d.bad);
    jw_kv_uint(&d.w, "warnings", d.warnings);
    jw_object_end(&d.w);
    if (s->json) {
        printf("%s\n", buf_cstr(&d.json));
    } else {
        table_print(&d.table, stdout, s->color);
        printf("\n%s\n", d.bad > 0        ? "something is wrong; see above"
                         : d.warnings > 0 ? "it works; see the warnings"
                                          : "all is well");
    }
    buf_deinit(&d.json);
    return d.bad > 0 ? EXIT_FAILED : EXIT_OK;
}

COMMAND_ROW(command_doctor, "doctor", NULL, "", 0, 0,
            "check the installation; exit 1 when something is wrong", NULL, doctor)
