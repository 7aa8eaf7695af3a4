/* explore_crew.c - the worker processes: started, listened to, told to go.
 *
 * A worker reports each concluded document on its standard output, one JSON object per
 * line; that is for the progress bar and ends waiting early. What counts is the board: when
 * nothing was heard for a while it is asked which intents are open. A worker that dies is
 * not replaced: its leases end and the others take over.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/explore.h"

#define ASK_BOARD_MS 1000

void explore_progress(struct explore *e, const char *what, uint32_t done, uint32_t all, bool last)
{
    int64_t now_ms = print_now_ms();
    int64_t every_ms = e->progress_tty ? 80 : 3000;
    if (e->asker->quiet || (!last && now_ms - e->progress_ms < every_ms)) {
        return;
    }
    e->progress_ms = now_ms;
    if (!e->progress_tty) {
        fprintf(stderr, "explore: %s %u of %u\n", what, done, all);
        return;
    }
    char bar[31];
    uint32_t full = all == 0 ? 30 : (uint32_t)((uint64_t)done * 30 / all);
    for (uint32_t i = 0; i < 30; i++) {
        bar[i] = i < full ? '#' : '.';
    }
    bar[30] = '\0';
    fprintf(stderr, "\r\033[K%-8s [%s] %u of %u%s", what, bar, done, all, last ? "\n" : "");
}

static int spawn(struct explore *e, struct worker *worker)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return EXIT_FAILED;
    }
    pid_t parent = getpid();
    fflush(NULL);
    worker->pid = fork();
    if (worker->pid == 0) {
        char ttl[32], pace[32];
        const struct session *s = e->asker;
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent) {
            _exit(1);
        }
        (void)dup2(ends[1], STDOUT_FILENO);
        snprintf(ttl, sizeof ttl, "%llu", (unsigned long long)e->ttl_ms);
        snprintf(pace, sizeof pace, "%llu", (unsigned long long)e->pace_ms);
        /* The token goes by the environment: others can read a command line. */
        (void)setenv("NEXUS_TOKEN", worker->token, 1);
        (void)setenv("NEXUS_BOARD", s->board, 1);
        execl("/proc/self/exe", "nexusctl", "explore-worker", "--name", worker->name, "--ttl", ttl,
              "--pace", pace, s->url_given ? "--url" : "--data",
              s->url_given ? s->url : s->data_dir, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    worker->out = ends[0];
    (void)fcntl(worker->out, F_SETFL, O_NONBLOCK);
    return worker->pid < 0 ? EXIT_FAILED : EXIT_OK;
}

static void take_report(struct explore *e, struct worker *worker, struct str line)
{
    struct arena arena = {0};
    struct json *report;
    struct json_error error;
    /* They also do what an earlier or a parallel run left open: that is not of this one. */
    if (json_parse(&arena, line, NULL, &report, &error) &&
        dict_find(&e->mine, json_get_str(report, "intent", STR_NONE)) != DICT_NONE) {
        worker->documents++;
        worker->claims += (uint64_t)json_get_int(report, "claims", 0);
        e->done++;
    }
    arena_deinit(&arena);
}

/* False: the worker is gone. */
static bool listen_to(struct explore *e, struct worker *worker)
{
    for (;;) {
        uint8_t *room = buf_reserve(&worker->line, 4096);
        ssize_t got = read(worker->out, room, 4096);
        if (got < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (got == 0) {
            return false;
        }
        worker->line.len += (size_t)got;
        size_t end;
        while ((end = str_find(buf_str(&worker->line), '\n', 0)) < worker->line.len) {
            take_report(e, worker, str_sub(buf_str(&worker->line), 0, end));
            buf_drop_front(&worker->line, end + 1);
        }
    }
}

struct openness {
    const struct dict *mine;
    uint32_t open, claimed;
};

static bool count_open(void *context, const struct json *record)
{
    struct openness *o = context;
    if (dict_find(o->mine, json_get_str(record, "id", STR_NONE)) != DICT_NONE) {
        o->open++;
        o->claimed += json_get(record, "holder") != NULL;
    }
    return true;
}

/* How many documents of this run the board still has open. */
static int ask_board(struct explore *e, struct openness *out)
{
    *out = (struct openness){.mine = &e->mine};
    int status = EXIT_OK;
    static const char *const queries[] = {
        "?kind=intent&creator=" EXPLORER "&status=submitted&limit=1000",
        "?kind=intent&creator=" EXPLORER "&status=claimed&limit=1000",
    };
    for (int i = 0; i < 2 && status == EXIT_OK; i++) {
        status = cmd_each_record(&e->self, queries[i], count_open, out);
        arena_reset(&e->self.arena);
    }
    return status;
}

/* One round: what the workers say within a moment; true when one said something. */
static bool hear(struct explore *e, uint32_t *alive)
{
    struct pollfd waited[WORKERS_MAX];
    struct worker *whose[WORKERS_MAX];
    nfds_t count = 0;
    uint32_t before = e->done;
    for (uint32_t i = 0; i < e->workers_count; i++) {
        if (e->workers[i].out >= 0) {
            whose[count] = &e->workers[i];
            waited[count++] = (struct pollfd){.fd = e->workers[i].out, .events = POLLIN};
        }
    }
    *alive = (uint32_t)count;
    (void)poll(waited, count, 100);
    for (nfds_t i = 0; i < count; i++) {
        if (waited[i].revents != 0 && !listen_to(e, whose[i])) {
            close(whose[i]->out);
            whose[i]->out = -1;
            whose[i]->lost = true;
            (*alive)--;
            fprintf(stderr, "%snexusctl: %s has ended; the others take over when its lease does\n",
                    e->progress_tty ? "\n" : "", whose[i]->name);
        }
    }
    return e->done > before;
}

static int wait_for_end(struct explore *e)
{
    int64_t heard_ms = print_now_ms(), asked_ms = heard_ms;
    struct openness left = {.mine = &e->mine, .open = e->todo};
    uint32_t alive = e->workers_count;
    while (e->done < e->todo) {
        bool heard = hear(e, &alive);
        int64_t now_ms = print_now_ms();
        heard_ms = heard ? now_ms : heard_ms;
        explore_progress(e, "reading", e->done, e->todo, false);
        if (now_ms - heard_ms < ASK_BOARD_MS || now_ms - asked_ms < ASK_BOARD_MS) {
            continue;
        }
        asked_ms = now_ms;
        uint32_t before = left.open;
        int status = ask_board(e, &left);
        if (status != EXIT_OK || left.open == 0) {
            return status;
        }
        heard_ms = left.open < before ? now_ms : heard_ms;
        /* Held ones may go on; ones that nobody takes are reported, not waited for. */
        int64_t patience_ms = left.claimed > 0 ? 60000 + (int64_t)e->pace_ms * 2 : 10000;
        if (now_ms - heard_ms > patience_ms + (int64_t)e->ttl_ms ||
            (alive == 0 && left.claimed == 0)) {
            return EXIT_OK;
        }
        if (alive == 0 && now_ms - heard_ms > 2 * (int64_t)e->ttl_ms) {
            return EXIT_OK;
        }
    }
    return EXIT_OK;
}

static void dismiss(struct explore *e)
{
    for (uint32_t i = 0; i < e->workers_count; i++) {
        struct worker *worker = &e->workers[i];
        if (worker->pid > 0) {
            (void)kill(worker->pid, SIGTERM);
        }
    }
    for (uint32_t i = 0; i < e->workers_count; i++) {
        struct worker *worker = &e->workers[i];
        if (worker->pid > 0) {
            while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR) {
            }
        }
        if (worker->out >= 0) {
            (void)listen_to(e, worker);
            close(worker->out);
            worker->out = -1;
        }
        buf_deinit(&worker->line);
    }
}

int explore_crew(struct explore *e)
{
    int status = EXIT_OK;
    for (uint32_t i = 0; i < e->workers_count; i++) {
        e->workers[i].out = -1;
    }
    for (uint32_t i = 0; i < e->sources_count; i++) {
        if (e->sources[i].state == SOURCE_NEW) {
            (void)dict_intern(&e->mine, str_of(e->sources[i].intent));
        }
    }
    for (uint32_t i = 0; i < e->workers_count && status == EXIT_OK; i++) {
        status = spawn(e, &e->workers[i]);
    }
    if (status != EXIT_OK) {
        session_fail(e->asker, status, "failed", "use fewer --workers",
                     "a worker process cannot be started: %s", strerror(errno));
    } else {
        status = wait_for_end(e);
    }
    dismiss(e);
    explore_progress(e, "reading", e->done > e->todo ? e->todo : e->done, e->todo, true);
    return status;
}
