/* trust.h - the list of project directories whose .nexus/config.yaml is trusted:
 * $XDG_CONFIG_HOME/nexus/trusted, one real path per line. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

bool trust_has(const char *dir);
/* False: the list cannot be written; errno says why. */
bool trust_add(const char *dir);
bool trust_remove(const char *dir);
bool trust_list_path(char *out, size_t out_len);
