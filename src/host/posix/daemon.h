/* daemon.h - nexusd: one process, one data directory, one loop. */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/limits.h"
#include "host/posix/logger.h"

#define DAEMON_VERSION "0.1.0"
#define DAEMON_LISTEN "127.0.0.1:7700"

/* Exit codes of programs, as INTERFACE has them. */
enum daemon_exit {
    DAEMON_OK = 0,
    DAEMON_FAILED = 1,
    DAEMON_USAGE = 2,
    DAEMON_UNAVAILABLE = 69,
    DAEMON_NOT_PERMITTED = 77,
};

struct daemon_options {
    const char *data;   /* NULL: the user's default, see daemon_default_data */
    const char *listen; /* NULL: DAEMON_LISTEN */
    bool foreground;
    enum logger_level log_level;
    struct limits limits;
    bool detectors; /* watch the boards */
};

/* Runs until it is told to stop; returns the exit code. In the parent of a daemon in the
 * background it returns when that is ready or has failed, with words for the person. */
enum daemon_exit daemon_run(const struct daemon_options *options, struct buf *out_words);
/* $XDG_DATA_HOME/nexus, ~/.local/share/nexus, or /var/lib/nexusd for root; false: no
 * home is known. */
bool daemon_default_data(char *out_path, size_t path_max);
