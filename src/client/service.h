/* service.h - what DIR/nexusd.json says about the running daemon. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "client/session.h"

struct service_info {
    pid_t pid;
    const struct json *json;
};
/* False: there is no such file, or the process is gone. */
bool service_info(struct session *session, struct service_info *out);
bool service_ready(struct session *session);
