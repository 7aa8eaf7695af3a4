/* queue_sqlite.h - the same four steps as a work queue in a SQLite table. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Runs `clients` logical clients for about `seconds`; returns cycles a second. With
 * `per_transaction` 1 each request is a durable transaction of its own; with more, that
 * many requests of different clients share one. */
double queue_sqlite_run(const char *dir, size_t clients, size_t per_transaction, double seconds);
