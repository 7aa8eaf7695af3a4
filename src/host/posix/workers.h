/* workers.h - threads that run jobs beside the unit.
 *
 * A few threads, made as they are needed. A job never waits for another one unless
 * WORKERS_MAX are running: a commit does not stand behind the zeroing of a segment.
 */
#pragma once
#include <stdbool.h>

#include "base/io.h"

#define WORKERS_MAX 4

struct workers;

/* threads false: jobs run inside workers_start. `wake` as in io_posix_options. NULL: no
 * thread can be made. */
struct workers *workers_new(bool threads, void (*wake)(void *context), void *context);
void workers_free(struct workers *workers); /* runs what is queued, joins; NULL is fine */
void workers_start(struct workers *workers, struct io_job *job);
/* Runs the job in a forked copy of the process, in which only directories stay open, so
 * it opens by itself what it writes. A signal ends the copy. Needs threads. */
void workers_start_forked(struct workers *workers, struct io_job *job);
bool workers_poll(struct workers *workers);
bool workers_wait(struct workers *workers);
