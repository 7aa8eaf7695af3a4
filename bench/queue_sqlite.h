/* queue_sqlite.h - the same four steps as a work queue in a SQLite table. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct queue;

/* A queue for that many logical clients, whose requests come in turns. With
 * `per_transaction` 1 each request is a durable transaction of its own; with more, that
 * many requests of different clients share one. */
struct queue *queue_open(const char *dir, size_t clients, size_t per_transaction);
/* Serves requests for about so long; may be called again. */
void queue_run(struct queue *queue, double seconds);
/* Cycles a second over all that ran: a quarter of the requests. */
double queue_rate(const struct queue *queue);
void queue_close(struct queue *queue);
