/* watch.h - the detectors and the scheduler of one board, as the daemon runs them.
 *
 * The rules are DIR/rules.txt, read when the board is opened; without that file, or with a
 * mistake in it, the ones that are compiled in hold.
 */
#pragma once
#include "detect/scheduler.h"

struct watch;

/* Reads the board and writes nothing, so it may run beside the loop. The trail gets what
 * a person should know about the rules. Keeps the board. */
struct watch *watch_open(struct board *board, const struct io *io, const char *dir,
                         struct trail *trail);
void watch_close(struct watch *watch); /* before the board; NULL is fine */
/* After commits, on the loop: looks, writes what is found, starts the commit. Returns the
 * monotonic time at which it wants to be called again at the latest. */
uint64_t watch_step(struct watch *watch);
