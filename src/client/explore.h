/* explore.h - the main job: documents of a folder become Facts, each document an intent,
 * and worker processes read them over the public interface.
 *
 *     walk      the folder's documents, with their hashes           explore_walk.c
 *     plan      which of them were concluded at that hash           explore_plan.c
 *     post      document, passages, intent: hundreds per commit     explore_post.c
 *     work      N processes claim, extract, conclude                explore_crew.c, _worker.c
 *     links     what leads nowhere; what two documents state apart  explore_links.c
 *     report    for people and as JSON                              explore_report.c
 *
 * One record per origin and hash: a document whose intent with the key
 * "explore:ORIGIN:SHA256" was concluded, by whichever worker, is not posted again.
 */
#pragma once
#include <sys/types.h>

#include "base/dict.h"
#include "client/cmd.h"
#include "ingest/claim.h"
#include "ingest/document.h"

#define EXPLORER           "explorer"
#define EXPLORE_CAPABILITY "explore"
#define GOAL_CAPABILITY    "explore-goal"
#define FILES_MAX          20000u
#define FILE_BYTES_MAX     (4u << 20)
#define TOTAL_BYTES_MAX    (512ull << 20)
#define WORKERS_MAX        32u
#define ID_LEN             66

enum source_state {
    SOURCE_NEW = 1,   /* to be read in this run */
    SOURCE_UNCHANGED, /* concluded at this hash before */
    SOURCE_SKIPPED,   /* cannot be read; `why` says it */
    SOURCE_DONE,      /* concluded in this run */
    SOURCE_OPEN,      /* not concluded when the run ended */
};
const char *source_state_word(enum source_state state);

struct source {
    struct str path;   /* relative to the folder */
    struct str origin; /* NAME/path */
    struct str key;    /* dedupe key */
    char sha256[65];
    enum source_state state;
    struct str why;
    struct document document;
    struct claims claims; /* as read here, for links and the report */
    char fact[ID_LEN + 1], intent[ID_LEN + 1], before[ID_LEN + 1]; /* before: intent of the
                                                        version concluded last, if another */
    struct str agent;                                              /* who concluded it */
    uint64_t claims_count, seconds_ms;
};

struct finding {
    struct str from, target, why;
    uint32_t line;
};

struct change {
    struct str path;
    bool deleted;
    struct str *added, *removed; /* "topic: position" */
    uint32_t added_count, removed_count;
};

struct position {
    struct str value, origin;
    uint32_t line;
    char fact[ID_LEN + 1];
};
struct contradiction {
    struct str topic;
    struct position *positions;
    uint32_t positions_count;
};

struct worker {
    char name[72];
    char token[128];
    pid_t pid;
    int out; /* its reports; -1: it is gone */
    uint64_t documents, claims;
    struct buf line;
    bool lost; /* ended before it was told to */
};

struct explore {
    struct session *asker; /* the credential the command was given */
    struct session self;   /* the explorer's */
    struct arena arena;
    char root[3900];
    struct str name; /* of the source: stable prefix of origins */
    struct str goal;
    char goal_id[ID_LEN + 1];
    uint64_t goal_epoch;
    struct source *sources;
    uint32_t sources_count, sources_cap;
    struct worker workers[WORKERS_MAX];
    uint32_t workers_count;
    uint64_t ttl_ms, pace_ms;
    struct dict mine; /* ids of the intents of this run */
    uint32_t todo, done;
    uint64_t facts; /* made in this run */
    int64_t start_ms;
    struct finding *dead_links, *dead_references;
    uint32_t dead_links_count, dead_references_count;
    struct change *changes;
    uint32_t changes_count;
    struct contradiction *contradictions;
    uint32_t contradictions_count;
    bool progress_tty;
    int64_t progress_ms;
};

int explore_walk(struct explore *e);
int explore_plan(struct explore *e);
/* Credentials of the explorer and of the workers. */
int explore_credentials(struct explore *e);
int explore_post(struct explore *e);
int explore_crew(struct explore *e);
/* Final states, who concluded what, what changed. */
int explore_settle(struct explore *e);
void explore_links(struct explore *e);
void explore_contradictions(struct explore *e);
int explore_conclude_goal(struct explore *e);
void explore_report(struct explore *e);
void explore_report_json(struct explore *e);
void explore_progress(struct explore *e, const char *what, uint32_t done, uint32_t all, bool last);

/* A source by its path; NULL when there is none. */
struct source *explore_find(const struct explore *e, struct str path);
struct str explore_keep(struct explore *e, struct str text);
/* Grows an array in the arena by one zeroed element and returns it. */
void *explore_push(struct explore *e, void *array, uint32_t *count, size_t size);
void explore_copy_id(char out[ID_LEN + 1], struct str id);
