/* cmd_explore.c - explore DIR: the steps of explore.h in order. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "client/explore.h"

#define TTL_MS_MIN 500u
#define TTL_MS_MAX (24u * 3600000u)

static const struct option_row options[] = {
    {"goal", 0, "TEXT", "what it is for; the documents' intents are part of it"},
    {"workers", 0, "N", "worker processes, 1 to 32; default 3"},
    {"source", 0, "NAME", "name of this folder in origins; default: the folder's own"},
    {"ttl", 0, "DURATION", "of the workers' claims; default 5s"},
    {"pace", 0, "DURATION", "let workers rest so long in each document, to watch them"},
    {"quiet", 'q', NULL, "no progress"},
    {NULL, 0, NULL, NULL},
};

static int run_steps(struct explore *e)
{
    int status = explore_walk(e);
    if (status == EXIT_OK) {
        status = explore_plan(e);
    }
    if (status == EXIT_OK && e->todo > 0) {
        status = explore_credentials(e);
        if (status == EXIT_OK) {
            status = explore_post(e);
        }
        if (status == EXIT_OK) {
            status = explore_crew(e);
        }
        if (status == EXIT_OK) {
            status = explore_settle(e);
        }
    }
    if (status == EXIT_OK) {
        explore_links(e);
        explore_contradictions(e);
        status = explore_conclude_goal(e);
    }
    return status;
}

static int explore(struct session *s, const struct parsed *p)
{
    uint64_t workers;
    struct explore *e = mem_zalloc(sizeof *e);
    e->asker = s;
    e->start_ms = print_now_ms();
    e->progress_ms = e->start_ms;
    e->progress_tty = isatty(STDERR_FILENO) == 1;
    s->quiet = parsed_has(p, "quiet");
    int status = EXIT_OK;
    char real[PATH_MAX];
    if (!parsed_number(p, "workers", 1, WORKERS_MAX, 3, &workers) ||
        !parsed_duration(p, "ttl", 5000, &e->ttl_ms) ||
        !parsed_duration(p, "pace", 0, &e->pace_ms)) {
        status = EXIT_USAGE;
    } else if (e->ttl_ms < TTL_MS_MIN || e->ttl_ms > TTL_MS_MAX) {
        status = session_fail(s, EXIT_USAGE, "invalid", "leave it out, or use --ttl 5s",
                              "--ttl must be from 500ms to 24h");
    } else if (realpath(p->args[0], real) == NULL || strlen(real) >= sizeof e->root) {
        status = session_fail(s, EXIT_USAGE, "invalid", "name a folder that can be read", "%s: %s",
                              p->args[0], strerror(errno));
    }
    if (status == EXIT_OK) {
        e->workers_count = (uint32_t)workers;
        memcpy(e->root, real, strlen(real) + 1);
        const char *slash = strrchr(e->root, '/');
        const char *name = parsed_value(p, "source");
        name = name != NULL ? name : slash[1] == '\0' ? "root" : slash + 1;
        e->name = explore_keep(e, str_of(name));
        const char *goal = parsed_value(p, "goal");
        e->goal = goal != NULL
                      ? str_of(goal)
                      : arena_printf(&e->arena, "Find out what the documents in %s state", name);
        status = run_steps(e);
    }
    if (status == EXIT_OK) {
        if (s->json) {
            explore_report_json(e);
        } else {
            explore_report(e);
        }
    }
    if (e->self.http.timeout_ms != 0) {
        session_deinit(&e->self);
    }
    dict_deinit(&e->mine);
    arena_deinit(&e->arena);
    mem_free(e);
    return status;
}

COMMAND_ROW(command_explore, "explore", NULL, "DIR", 1, 1,
            "read a folder of documents with several workers, and report", options, explore)
