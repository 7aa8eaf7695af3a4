/* cycle_bench.c - clients of a real nexusd doing whole cycles of work.
 *
 *     cycle_bench DIR NEXUSD [SECONDS]
 *
 *     submit --201--> claim the next --200--> heartbeat --200--> conclude --200--> submit ...
 *
 * 64 clients over the Unix socket, each with a token of its own and one request under way,
 * driven by one epoll loop. Every answer is checked; an intent that is given twice stops
 * the program. Beside it, in turns, a work queue in SQLite does the same steps in process.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "measure.h"
#include "queue_sqlite.h"

#define CLIENTS 64u
#define CLAIMERS 200u
#define ROUNDS 4
#define SAMPLES_MAX 4000000u
#define SEEN_SLOTS (1u << 23)

enum { SUBMIT, CLAIM, HEARTBEAT, CONCLUDE, STEPS };
static const char *const step_names[STEPS] = {"submit", "claim", "heartbeat", "conclude"};

struct client {
    int fd;
    int step;
    uint64_t sent_ns;
    size_t have;
    char token[96];
    char intent[72];
    char epoch[24];
    char in[8192];
};

struct load {
    struct daemon daemon;
    struct client clients[CLAIMERS];
    char seed_fact[72];
    uint64_t *samples[STEPS];
    size_t samples_count[STEPS];
    uint64_t *seen; /* intents that were given to a client, by a part of their id */
    uint64_t cycles, spent_ns, running;
    bool ending;
};

static void agents_make(struct load *load)
{
    char body[256], reply[16384];
    int fd = daemon_connect(&load->daemon);
    for (unsigned i = 0; i < CLAIMERS; i++) {
        snprintf(body, sizeof body, "{\"name\":\"agent-%03u\",\"role\":\"agent\"}", i);
        if (daemon_post(fd, "/api/v1/agents", load->daemon.admin_token, body, reply,
                        sizeof reply) != 201) {
            die("agent refused: %s", reply);
        }
        text_after(reply, "token", load->clients[i].token, sizeof load->clients[i].token);
        load->clients[i].fd = -1;
    }
    if (daemon_post(fd, "/api/v1/facts", load->clients[0].token,
                    "{\"origin\":\"bench\",\"content\":{\"mime_type\":\"text/plain\","
                    "\"data\":\"what all this rests on\"}}",
                    reply, sizeof reply) != 201) {
        die("fact refused: %s", reply);
    }
    text_after(reply, "id", load->seed_fact, sizeof load->seed_fact);
    close(fd);
}

/* -- one client ----------------------------------------------------------------------------- */

static void client_send(struct load *load, struct client *client)
{
    char path[160], body[512], out[2048];
    switch (client->step) {
    case SUBMIT:
        snprintf(path, sizeof path, "/api/v1/intents");
        snprintf(body, sizeof body,
                 "{\"description\":\"measure one thing\",\"from_facts\":[\"%s\"]}",
                 load->seed_fact);
        break;
    case CLAIM:
        snprintf(path, sizeof path, "/api/v1/claims");
        snprintf(body, sizeof body, "{\"ttl_ms\":60000}");
        break;
    case HEARTBEAT:
        snprintf(path, sizeof path, "/api/v1/intents/%s/heartbeat", client->intent);
        snprintf(body, sizeof body, "{\"epoch\":%s}", client->epoch);
        break;
    default:
        snprintf(path, sizeof path, "/api/v1/intents/%s/conclude", client->intent);
        snprintf(body, sizeof body,
                 "{\"epoch\":%s,\"content\":{\"mime_type\":\"text/plain\","
                 "\"data\":\"it measures 42 units\"}}",
                 client->epoch);
        break;
    }
    size_t len = request_write(out, sizeof out, path, client->token, body);
    client->sent_ns = now_ns();
    if (write(client->fd, out, len) != (ssize_t)len) {
        die("write: %s", strerror(errno));
    }
}

/* Each intent of this run is claimed once: no lease ends. */
static void must_be_new(struct load *load, const char *intent)
{
    uint64_t tag = strtoull((char[17]){intent[2], intent[3], intent[4], intent[5], intent[6],
                                       intent[7], intent[8], intent[9], intent[10], intent[11],
                                       intent[12], intent[13], intent[14], intent[15],
                                       intent[16], intent[17], '\0'},
                            NULL, 16) | 1;
    for (uint64_t at = tag >> 8 & (SEEN_SLOTS - 1);; at = (at + 1) & (SEEN_SLOTS - 1)) {
        if (load->seen[at] == tag) {
            die("the intent %s was given twice", intent);
        }
        if (load->seen[at] == 0) {
            load->seen[at] = tag;
            return;
        }
    }
}

static void claimed(struct load *load, struct client *client, const struct answer *answer)
{
    static const char mark[] = "\"epoch\":";
    const char *intent = memmem(answer->body, answer->body_len, "\"i_", 3);
    const char *epoch = memmem(answer->body, answer->body_len, mark, sizeof mark - 1);
    if (intent == NULL || epoch == NULL) {
        die("a strange claim: %.*s", (int)answer->body_len, answer->body);
    }
    memcpy(client->intent, intent + 1, 66);
    client->intent[66] = '\0';
    snprintf(client->epoch, sizeof client->epoch, "%llu",
             strtoull(epoch + sizeof mark - 1, NULL, 10));
    must_be_new(load, client->intent);
}

static void client_answered(struct load *load, struct client *client, const struct answer *answer)
{
    uint64_t took = now_ns() - client->sent_ns;
    if (answer->status != (client->step == SUBMIT ? 201 : 200)) {
        die("%s: %d %.*s", step_names[client->step], answer->status, (int)answer->body_len,
            answer->body);
    }
    if (load->samples_count[client->step] < SAMPLES_MAX) {
        load->samples[client->step][load->samples_count[client->step]++] = took;
    }
    if (client->step == CLAIM) {
        claimed(load, client, answer);
    }
    client->have = 0;
    client->step = (client->step + 1) % STEPS;
    if (client->step == SUBMIT) {
        load->cycles++;
        if (load->ending) {
            load->running--;
            return;
        }
    }
    client_send(load, client);
}

static bool client_read(struct client *client, struct answer *out_answer)
{
    ssize_t got = read(client->fd, client->in + client->have, sizeof client->in - client->have);
    if (got <= 0) {
        die("nexusd closed a connection");
    }
    client->have += (size_t)got;
    return answer_parse(client->in, client->have, out_answer);
}

/* -- the loop ------------------------------------------------------------------------------- */

static int clients_connect(struct load *load, size_t count)
{
    int poll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < count; i++) {
        struct client *client = &load->clients[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        client->fd = daemon_connect(&load->daemon);
        client->have = 0;
        client->step = SUBMIT;
        if (epoll_ctl(poll, EPOLL_CTL_ADD, client->fd, &event) != 0) {
            die("epoll: %s", strerror(errno));
        }
    }
    return poll;
}

static void clients_close(struct load *load, size_t count, int poll)
{
    for (size_t i = 0; i < count; i++) {
        close(load->clients[i].fd);
    }
    close(poll);
}

static void run_cycles(struct load *load, double seconds)
{
    struct epoll_event events[CLIENTS];
    int poll = clients_connect(load, CLIENTS);
    uint64_t began = now_ns();
    load->running = CLIENTS;
    load->ending = false;
    for (size_t i = 0; i < CLIENTS; i++) {
        client_send(load, &load->clients[i]);
    }
    while (load->running > 0) {
        int count = epoll_wait(poll, events, CLIENTS, -1);
        for (int i = 0; i < count; i++) {
            struct answer answer;
            if (client_read(events[i].data.ptr, &answer)) {
                client_answered(load, events[i].data.ptr, &answer);
            }
        }
        load->ending = (double)(now_ns() - began) > seconds * 1e9;
    }
    load->spent_ns += now_ns() - began;
    clients_close(load, CLIENTS, poll);
}

/* One intent, all claimers at once. */
static void run_rush(struct load *load, unsigned *out_winners, unsigned *out_told)
{
    char reply[16384], path[160], out[2048], intent[72];
    int fd = daemon_connect(&load->daemon);
    if (daemon_post(fd, "/api/v1/intents", load->clients[0].token,
                    "{\"description\":\"only one may have it\"}", reply, sizeof reply) != 201) {
        die("intent refused: %s", reply);
    }
    text_after(reply, "id", intent, sizeof intent);
    snprintf(path, sizeof path, "/api/v1/intents/%s/claim", intent);
    int poll = clients_connect(load, CLAIMERS);
    for (size_t i = 0; i < CLAIMERS; i++) {
        struct client *client = &load->clients[i];
        size_t len = request_write(out, sizeof out, path, client->token, "{}");
        if (write(client->fd, out, len) != (ssize_t)len) {
            die("write: %s", strerror(errno));
        }
    }
    *out_winners = *out_told = 0;
    for (size_t i = 0; i < CLAIMERS; i++) {
        struct client *client = &load->clients[i];
        struct answer answer;
        while (!client_read(client, &answer)) {
        }
        *out_winners += answer.status == 200;
        *out_told += answer.status == 409 &&
                     memmem(answer.body, answer.body_len, "\"holder\"", 8) != NULL &&
                     memmem(answer.body, answer.body_len, "\"expires_in_ms\"", 15) != NULL;
    }
    clients_close(load, CLAIMERS, poll);
    close(fd);
}

/* -- the tables ------------------------------------------------------------------------------ */

static void print_latencies(struct load *load)
{
    static const char *const heads[] = {"request (64 clients)", "p50 µs", "p99 µs"};
    struct table table;
    table_init(&table, heads, 3);
    for (int step = 0; step < STEPS; step++) {
        size_t count = load->samples_count[step];
        const uint64_t *sorted = load->samples[step];
        sort_u64(load->samples[step], count);
        size_t row = table_row(&table, step_names[step]);
        table_cell(&table, row, 1, "%.0f", (double)percentile(sorted, count, 50) / 1e3);
        table_cell(&table, row, 2, "%.0f", (double)percentile(sorted, count, 99) / 1e3);
    }
    table_print(&table);
}

static void print_cycles(double ours, double alone, double grouped, unsigned winners,
                         unsigned told)
{
    static const char *const heads[] = {
        "work", "ours", "SQLite, a commit each", "SQLite, 64 a commit", "ratio", "target", "met"};
    struct table table;
    table_init(&table, heads, 7);
    size_t row = table_row(&table, "64 clients: submit, claim, heartbeat, conclude");
    table_cell(&table, row, 1, "%s cycles", rate_words(ours).at);
    table_cell(&table, row, 2, "%s", rate_words(alone).at);
    table_cell(&table, row, 3, "%s", rate_words(grouped).at);
    table_cell(&table, row, 4, "%.1f× / %.2f×", ours / alone, ours / grouped);
    table_cell(&table, row, 5, "≥ 20k cycles/s, no double claim");
    table_met(&table, row, 6, ours >= 20000);
    row = table_row(&table, "200 claimers of one intent");
    table_cell(&table, row, 1, "%u won, %u told", winners, told);
    table_cell(&table, row, 5, "1 won, 199 told");
    table_met(&table, row, 6, winners == 1 && told == CLAIMERS - 1);
    table_print(&table);
}

int main(int argc, char **argv)
{
    static struct load load;
    unsigned winners, told;
    if (argc < 3) {
        die("usage: cycle_bench DIR NEXUSD [SECONDS]");
    }
    double seconds = argc > 3 ? number_of(argv[3]) : 5;
    signal(SIGPIPE, SIG_IGN);
    if (mkdir(argv[1], 0700) != 0 && errno != EEXIST) {
        die("%s: %s", argv[1], strerror(errno));
    }
    struct path data = path_join(argv[1], "cycles");
    struct path alone_dir = path_join(argv[1], "queue-1");
    struct path grouped_dir = path_join(argv[1], "queue-64");
    load.seen = calloc(SEEN_SLOTS, sizeof *load.seen);
    for (int step = 0; step < STEPS; step++) {
        load.samples[step] = malloc(SAMPLES_MAX * sizeof(uint64_t));
        if (load.samples[step] == NULL || load.seen == NULL) {
            die("no memory");
        }
    }
    (void)daemon_start(&load.daemon, argv[2], data.at);
    agents_make(&load);
    struct queue *alone = queue_open(alone_dir.at, CLIENTS, 1);
    struct queue *grouped = queue_open(grouped_dir.at, CLIENTS, CLIENTS);
    for (int round = 0; round < ROUNDS; round++) {
        queue_run(alone, seconds / 2 / ROUNDS);
        run_cycles(&load, seconds / ROUNDS);
        queue_run(grouped, seconds / 2 / ROUNDS);
    }
    double ours = (double)load.cycles * 1e9 / (double)load.spent_ns;
    double alone_rate = queue_rate(alone), grouped_rate = queue_rate(grouped);
    run_rush(&load, &winners, &told);
    daemon_stop(&load.daemon);
    queue_close(alone);
    queue_close(grouped);
    dir_remove(data.at);
    dir_remove(alone_dir.at);
    dir_remove(grouped_dir.at);
    print_cycles(ours, alone_rate, grouped_rate, winners, told);
    print_latencies(&load);
    return 0;
}
