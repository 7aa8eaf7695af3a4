/* daemon_internal.h - the daemon's state, shared by its parts. */
#pragma once
#include <uv.h>

#include "base/buf.h"
#include "host/posix/background.h"
#include "host/posix/boards.h"
#include "host/posix/daemon.h"
#include "host/posix/secrets.h"
#include "host/posix/server.h"

/*   starting --(boards open)--> serving --(signal, admin)--> draining --> over
 *       \------------------------(signal, error)---------------------------^     */
enum daemon_state { DAEMON_STARTING = 1, DAEMON_SERVING, DAEMON_DRAINING, DAEMON_OVER };

struct daemon {
    struct daemon_options options;
    struct logger logger;
    char *data;        /* the data directory, absolute */
    char *socket_path; /* DATA/nexusd.sock */
    char *log_path;    /* DATA/nexusd.log */
    char *info_path;   /* DATA/nexusd.json */
    char *link_path;   /* in XDG_RUNTIME_DIR; NULL: none was made */
    enum daemon_state state;
    enum daemon_exit exit;
    struct background background;
    struct buf failure; /* the parent is told at the end, when the lock is free again */
    uv_loop_t loop;
    uv_signal_t signals[3];
    uv_timer_t deadline; /* of the drain */
    uv_timer_t watchdog;
    struct server *server;
    struct gateway *gateway;
    struct boards *boards;
    struct secrets secrets;
};

/* What a person can safely do about an error that stops the start. */
enum daemon_stage { STAGE_DATA = 1, STAGE_LISTEN, STAGE_SOCKET, STAGE_OPEN };
const char *daemon_advice(enum daemon_stage stage, enum err err);
enum daemon_exit daemon_exit_of(enum err err);

/* DATA/nexusd.json and the link in XDG_RUNTIME_DIR: how others find us. */
MUST_USE enum err daemon_announce(struct daemon *daemon, struct trail *trail);
void daemon_withdraw(struct daemon *daemon);

/* Limits, umask, signals that must not kill, no new privileges. */
void daemon_harden(void);
/* Makes DATA and fills the paths. */
MUST_USE enum err daemon_find_data(struct daemon *daemon, struct trail *trail);
