/* daemon_place.c - where the daemon lives and how others find it.
 *
 * DATA/nexusd.json says pid and address. It is removed when everything is on the disk
 * and just before the lock is given up; one that a killed daemon left has a dead pid.
 * Only with the default data directory is there a link to the socket in
 * XDG_RUNTIME_DIR, so that a second daemon elsewhere does not take its place.
 */
#include "host/posix/daemon_internal.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/json.h"
#include "host/posix/files.h"
#include "host/posix/io_posix.h"

bool daemon_default_data(char *out_path, size_t path_max)
{
    const char *data_home = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int len;
    if (geteuid() == 0) {
        len = snprintf(out_path, path_max, "/var/lib/nexusd");
    } else if (data_home != NULL && data_home[0] == '/') {
        len = snprintf(out_path, path_max, "%s/nexus", data_home);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(out_path, path_max, "%s/.local/share/nexus", home);
    } else {
        return false;
    }
    return len > 0 && (size_t)len < path_max;
}

static char *join(const char *dir, const char *name)
{
    size_t bytes = strlen(dir) + strlen(name) + 2;
    char *path = mem_alloc(bytes);
    snprintf(path, bytes, "%s/%s", dir, name);
    return path;
}

/* The files in it are closed to others, but whoever may write in the directory may
 * also put others in their place. */
static void warn_if_open(const struct daemon *daemon, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 022) != 0) {
        logger_line(&daemon->logger, LOGGER_WARN,
                    "%s can be written by others (mode %o); close it with: chmod 700 %s", path,
                    (unsigned)(st.st_mode & 07777), path);
    }
}

enum err daemon_find_data(struct daemon *daemon, struct trail *trail)
{
    char path[PATH_MAX];
    const char *wanted = daemon->options.data;
    if (wanted == NULL) {
        if (!daemon_default_data(path, sizeof path)) {
            return trail_err(trail, ERR_INVALID, "neither HOME nor XDG_DATA_HOME is set");
        }
        wanted = path;
    }
    enum err err = files_make_dirs(wanted, trail);
    if (err != ERR_OK) {
        return err;
    }
    char real[PATH_MAX];
    if (realpath(wanted, real) == NULL) {
        return trail_err(trail, io_posix_err(errno), "%s: %s", wanted, strerror(errno));
    }
    warn_if_open(daemon, real);
    daemon->data = join(real, ".");
    daemon->data[strlen(real)] = '\0';
    daemon->socket_path = join(real, "nexusd.sock");
    daemon->log_path = join(real, "nexusd.log");
    daemon->info_path = join(real, "nexusd.json");
    return ERR_OK;
}

/* -- being found ---------------------------------------------------------------------- */

static enum err write_info(const struct daemon *daemon, struct trail *trail)
{
    const struct io *io = boards_io(daemon->boards);
    const char *address = server_address(daemon->server);
    struct buf url = {0};
    struct buf text = {0};
    struct json_writer w;
    buf_printf(&url, "http://%s", address);
    jw_init(&w, &text, false);
    jw_object(&w);
    jw_kv_int(&w, "pid", getpid());
    jw_kv_text(&w, "version", DAEMON_VERSION);
    jw_kv_text(&w, "listen", address);
    jw_kv_str(&w, "url", buf_str(&url));
    jw_kv_text(&w, "socket", daemon->socket_path);
    jw_kv_text(&w, "data", daemon->data);
    jw_kv_int(&w, "started_ms", io->wall_ms(io->host));
    jw_object_end(&w);
    buf_add_byte(&text, '\n');
    enum err err = files_put(daemon->info_path, buf_str(&text));
    buf_deinit(&url);
    buf_deinit(&text);
    return err == ERR_OK ? ERR_OK : trail_err(trail, err, "nexusd.json: %s", err_text(err));
}

/* A convenience: that it cannot be made is worth a line, not an end. */
static void make_link(struct daemon *daemon)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (daemon->options.data != NULL || runtime == NULL || runtime[0] != '/') {
        return;
    }
    char *dir = join(runtime, "nexus");
    char *path = join(dir, "nexusd.sock");
    char *new_path = join(dir, "nexusd.sock.new");
    struct trail trail = {0};
    (void)!unlink(new_path);
    if (files_make_dirs(dir, &trail) == ERR_OK && symlink(daemon->socket_path, new_path) == 0 &&
        rename(new_path, path) == 0) {
        daemon->link_path = path;
        path = NULL;
    } else {
        logger_line(&daemon->logger, LOGGER_WARN, "no link to the socket in %s: %s", dir,
                    trail.len > 0 ? trail.text : strerror(errno));
    }
    mem_free(dir);
    mem_free(path);
    mem_free(new_path);
}

enum err daemon_announce(struct daemon *daemon, struct trail *trail)
{
    enum err err = write_info(daemon, trail);
    if (err == ERR_OK) {
        make_link(daemon);
    }
    return err;
}

void daemon_withdraw(struct daemon *daemon)
{
    if (unlink(daemon->info_path) != 0 && errno != ENOENT) {
        logger_line(&daemon->logger, LOGGER_WARN, "nexusd.json stays behind");
    }
    char target[PATH_MAX];
    ssize_t len = -1;
    if (daemon->link_path != NULL) {
        len = readlink(daemon->link_path, target, sizeof target);
    }
    if (len > 0 && str_eq(str_n(target, (size_t)len), str_of(daemon->socket_path))) {
        unlink(daemon->link_path);
    }
}

/* -- the process ---------------------------------------------------------------------- */

/* A write to a closed socket or past a file size limit is an error to handle, not a
 * death; secrets do not go into core files; programs that we start (there are none
 * yet) gain nothing by a set-uid bit. */
void daemon_harden(void)
{
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    io_posix_catch_bus_errors();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    struct rlimit none = {0};
    setrlimit(RLIMIT_CORE, &none);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

enum daemon_exit daemon_exit_of(enum err err)
{
    switch (err) {
    case ERR_OK: return DAEMON_OK;
    case ERR_INVALID: return DAEMON_USAGE;
    case ERR_READONLY: return DAEMON_NOT_PERMITTED;
    case ERR_LOCKED:
    case ERR_FULL:
    case ERR_LIMIT: return DAEMON_UNAVAILABLE;
    case ERR_IO:
    case ERR_CORRUPT:
    case ERR_FORMAT:
    case ERR_NOT_FOUND:
    case ERR_STOPPED: return DAEMON_FAILED;
    }
    return DAEMON_FAILED;
}

const char *daemon_advice(enum daemon_stage stage, enum err err)
{
    if (stage == STAGE_LISTEN && err == ERR_LOCKED) {
        return "Choose another port, or any free one with --listen 127.0.0.1:0.";
    }
    if (stage == STAGE_LISTEN) {
        return "Use --listen 127.0.0.1:7700; from elsewhere, come through ssh -L.";
    }
    if (stage == STAGE_SOCKET && err == ERR_INVALID) {
        return "Choose a data directory with a shorter path, or move what is in the way.";
    }
    switch (err) {
    case ERR_LOCKED:
        return "Use the daemon that runs (nexusctl status), or stop it first with nexusctl stop.";
    case ERR_READONLY:
        return "Give the directory to this user with mode 0700, or choose another with --data.";
    case ERR_FULL: return "Free some space there and start again; what was acknowledged is kept.";
    case ERR_FORMAT:
        return "Nothing was changed. Start the newer nexusd, or another data directory (--data).";
    case ERR_CORRUPT:
        return "Nothing was changed. See the damage with nexusctl verify, then restore a backup "
               "into a new directory with nexusctl restore.";
    case ERR_IO: return "Nothing was changed. Look at the disk (dmesg), then run nexusctl verify.";
    case ERR_OK:
    case ERR_LIMIT:
    case ERR_NOT_FOUND:
    case ERR_INVALID:
    case ERR_STOPPED: return "See nexusd --help.";
    }
    return "";
}
