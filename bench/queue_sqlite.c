/* queue_sqlite.c - a claim queue the way a careful user of SQLite would write it.
 *
 * One writer, WAL, synchronous=FULL, prepared statements; a partial index finds the next
 * open job. It runs in process: no socket, no HTTP, no credentials, which favours it.
 */
#include "queue_sqlite.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "measure.h"

enum { SUBMIT, CLAIM, HEARTBEAT, CONCLUDE, STEPS };
enum { BEGIN = STEPS, COMMIT, STATEMENTS };
static const char *const statements[STATEMENTS] = {
    [SUBMIT] = "INSERT INTO jobs(id, description, creator) VALUES(randomblob(32), ?1, ?2)",
    [CLAIM] = ("UPDATE jobs SET state = 1, holder = ?1, epoch = epoch + 1, lease_ms = ?2"
               " WHERE seq = (SELECT seq FROM jobs WHERE state = 0"
               " ORDER BY priority DESC, seq LIMIT 1) RETURNING seq, epoch"),
    [HEARTBEAT] = "UPDATE jobs SET lease_ms = ?1 WHERE seq = ?2 AND epoch = ?3 AND state = 1",
    [CONCLUDE] = ("UPDATE jobs SET state = 2, result = ?1 WHERE seq = ?2 AND epoch = ?3 AND"
                  " state = 1"),
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
};

struct client {
    int step;
    int64_t seq, epoch;
};
struct queue {
    sqlite3 *db;
    sqlite3_stmt *prepared[STATEMENTS];
    struct client *clients;
    size_t clients_count, per_transaction;
    size_t next; /* whose turn it is */
    uint64_t requests, spent_ns;
};

static void must(struct queue *queue, int rc, int want)
{
    if (rc != want) {
        die("SQLite: %s", sqlite3_errmsg(queue->db));
    }
}

static void step(struct queue *queue, int which)
{
    must(queue, sqlite3_step(queue->prepared[which]), SQLITE_DONE);
    sqlite3_reset(queue->prepared[which]);
}

static void open_db(struct queue *queue, const char *dir)
{
    struct path path = path_join(dir, "queue.db");
    must(queue, sqlite3_open(path.at, &queue->db), SQLITE_OK);
    must(queue,
         sqlite3_exec(queue->db,
                      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                      "PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
                      "PRAGMA wal_autocheckpoint=4000;"
                      "CREATE TABLE jobs(seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
                      " description TEXT, creator INTEGER, priority INTEGER DEFAULT 5,"
                      " state INTEGER DEFAULT 0, holder INTEGER, epoch INTEGER DEFAULT 0,"
                      " lease_ms INTEGER, result TEXT);"
                      "CREATE INDEX jobs_open ON jobs(priority DESC, seq) WHERE state = 0",
                      NULL, NULL, NULL),
         SQLITE_OK);
    for (int i = 0; i < STATEMENTS; i++) {
        must(queue,
             sqlite3_prepare_v3(queue->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &queue->prepared[i], NULL),
             SQLITE_OK);
    }
}

static void claim(struct queue *queue, struct client *client, int number, int64_t lease_ms)
{
    sqlite3_stmt *statement = queue->prepared[CLAIM];
    sqlite3_bind_int(statement, 1, number);
    sqlite3_bind_int64(statement, 2, lease_ms);
    must(queue, sqlite3_step(statement), SQLITE_ROW);
    client->seq = sqlite3_column_int64(statement, 0);
    client->epoch = sqlite3_column_int64(statement, 1);
    step(queue, CLAIM);
}

/* One request of one client. */
static void serve(struct queue *queue, struct client *client, int number)
{
    sqlite3_stmt *statement = queue->prepared[client->step];
    int64_t lease_ms = (int64_t)(now_ns() / 1000000) + 60000;
    switch (client->step) {
    case SUBMIT:
        sqlite3_bind_text(statement, 1, "measure one thing", -1, SQLITE_STATIC);
        sqlite3_bind_int(statement, 2, number);
        step(queue, SUBMIT);
        break;
    case CLAIM:
        claim(queue, client, number, lease_ms);
        break;
    case HEARTBEAT:
        sqlite3_bind_int64(statement, 1, lease_ms);
        sqlite3_bind_int64(statement, 2, client->seq);
        sqlite3_bind_int64(statement, 3, client->epoch);
        step(queue, HEARTBEAT);
        break;
    default:
        sqlite3_bind_text(statement, 1, "it measures 42 units", -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, client->seq);
        sqlite3_bind_int64(statement, 3, client->epoch);
        step(queue, CONCLUDE);
        break;
    }
    if (client->step != SUBMIT && sqlite3_changes(queue->db) != 1) {
        die("SQLite: a claim was lost");
    }
    client->step = (client->step + 1) % STEPS;
}

struct queue *queue_open(const char *dir, size_t clients, size_t per_transaction)
{
    struct queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL || (queue->clients = calloc(clients, sizeof *queue->clients)) == NULL) {
        die("no memory");
    }
    queue->clients_count = clients;
    queue->per_transaction = per_transaction;
    dir_fresh(dir);
    open_db(queue, dir);
    return queue;
}

void queue_run(struct queue *queue, double seconds)
{
    uint64_t began = now_ns(), spent;
    do {
        step(queue, BEGIN);
        for (size_t i = 0; i < queue->per_transaction; i++) {
            serve(queue, &queue->clients[queue->next], (int)queue->next);
            queue->next = (queue->next + 1) % queue->clients_count;
        }
        step(queue, COMMIT);
        queue->requests += queue->per_transaction;
        spent = now_ns() - began;
    } while ((double)spent < seconds * 1e9);
    queue->spent_ns += spent;
}

double queue_rate(const struct queue *queue)
{
    return (double)queue->requests / STEPS * 1e9 / (double)queue->spent_ns;
}

void queue_close(struct queue *queue)
{
    for (int i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(queue->prepared[i]);
    }
    sqlite3_close(queue->db);
    free(queue->clients);
    free(queue);
}
