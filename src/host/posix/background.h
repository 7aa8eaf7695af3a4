/* background.h - nexusd without --foreground.
 *
 * The parent waits until the child is ready or has failed and ends with what the
 * child tells: a line for the person and an exit code.
 */
#pragma once
#include "base/err.h"

/* Returns in the child only, with stderr at `log_path`; *out_tell is the pipe to the
 * parent. The parent prints what it was told and exits. */
MUST_USE enum err background_start(const char *log_path, int *out_tell, struct trail *trail);
/* In the child, once: lets the parent end. Does nothing when tell is -1. */
void background_tell(int tell, int exit_code, const char *words);
/* Points stdout and stderr at the file again, after it was moved away. */
MUST_USE enum err background_reopen(const char *log_path);
