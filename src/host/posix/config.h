/* config.h - options from files and the environment.
 *
 *     flag > NEXUS_* > $XDG_CONFIG_HOME/nexus/config.yaml > /etc/nexusd/config.yaml
 *
 * A file is YAML: one mapping of names to plain values, such as
 *
 *     listen: 127.0.0.1:7701
 *     log-level: debug
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* Takes one setting; false: there is no such name, or the value does not fit, and
 * the trail says so. The texts are borrowed until return. */
typedef bool config_take(void *context, struct str name, const char *value, struct trail *trail);

/* ERR_NOT_FOUND: no such file; ERR_READONLY: not permitted to read it; ERR_INVALID:
 * the trail names file and line. */
MUST_USE enum err config_read_file(const char *path, config_take *take, void *context,
                                   struct trail *trail);
/* Both files, the stronger one last. Missing files are fine. */
MUST_USE enum err config_read_files(config_take *take, void *context, struct trail *trail);
