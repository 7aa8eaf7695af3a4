/* background.h - nexusd without --foreground.
 *
 * The parent waits until the child is ready or has failed and ends with what the
 * child tells: a line for the person and an exit code.
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"

struct background {
    int tell;      /* in the child: the pipe to the parent; -1: nobody waits */
    bool ended;    /* in the parent: the child is ready, or has failed, and told this: */
    int exit_code;
    char words[1024];
};

/* Forks. In the child stderr is `log_path`; in the parent it returns when the child has
 * told. */
MUST_USE enum err background_start(const char *log_path, struct background *out_background,
                                   struct trail *trail);
/* In the child: lets the parent end, the first time. */
void background_tell(struct background *background, int exit_code, const char *words);
/* Points stdout and stderr at the file again, after it was moved away. */
MUST_USE enum err background_reopen(const char *log_path);
