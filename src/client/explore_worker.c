/* explore_worker.c - one worker of explore: an agent like any other, over the public
 * interface only.
 *
 *     claim (waiting) -> read document and passages -> claims -> Facts under the claim,
 *     each from its passage -> conclude with a summary that cites them
 *
 * A second thread with a connection of its own sends heartbeats while a claim is held. When
 * one is refused, the claim is lost: the document is left to whoever has it now. A worker
 * that dies leaves Facts behind that its successor finds or repeats under its own name;
 * only the conclusion counts, and there is exactly one.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/explore.h"

#define BATCH_OPS_MAX 500u
#define EVIDENCE_MAX  250u
#define WAIT_MS       2000u

struct heart {
    struct session session;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    char intent[ID_LEN + 1]; /* empty: nothing is held */
    uint64_t epoch;
    uint64_t every_ms;
    bool lost, stop;
};

struct job {
    struct session *s;
    struct heart *heart;
    struct arena arena; /* of this document */
    char intent[ID_LEN + 1], document_fact[ID_LEN + 1];
    uint64_t epoch;
    struct str origin;
    enum document_format format;
    char sha256[65];
    uint64_t after;  /* seq of the document: passages come behind it */
    struct buf text; /* the document put together again */
    uint32_t lines;  /* line ends in it so far */
    struct {
        uint32_t line_first, line_last;
        char id[ID_LEN + 1];
    } * passages;
    uint32_t passages_count;
    size_t byte_to; /* where a passage that ends inside a line ended; 0 = it did not */
    struct document document;
    struct claims claims;
    uint64_t pace_ms;
};

static void *beat(void *context)
{
    struct heart *h = context;
    pthread_mutex_lock(&h->mutex);
    while (!h->stop) {
        int64_t until_ms = print_now_ms() + (int64_t)h->every_ms;
        struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                 .tv_nsec = (long)(until_ms % 1000) * 1000000};
        int woken = pthread_cond_timedwait(&h->wake, &h->mutex, &until);
        if (h->stop || woken != ETIMEDOUT || h->intent[0] == '\0') {
            continue;
        }
        char intent[ID_LEN + 1];
        memcpy(intent, h->intent, sizeof intent);
        uint64_t epoch = h->epoch;
        pthread_mutex_unlock(&h->mutex);
        struct reply reply = {0};
        struct trail trail = {0};
        struct str body =
            arena_printf(&h->session.arena, "{\"epoch\":%llu}", (unsigned long long)epoch);
        int status = session_try(&h->session, "POST",
                                 session_path(&h->session, "/intents/", intent, "/heartbeat"), body,
                                 0, &reply, &trail);
        arena_reset(&h->session.arena);
        pthread_mutex_lock(&h->mutex);
        if (status == EXIT_OK && reply.status >= 400 && reply.status < 500 &&
            strcmp(intent, h->intent) == 0) {
            h->lost = true;
        }
    }
    pthread_mutex_unlock(&h->mutex);
    return NULL;
}

static void heart_hold(struct heart *h, const char *intent, uint64_t epoch)
{
    pthread_mutex_lock(&h->mutex);
    snprintf(h->intent, sizeof h->intent, "%s", intent);
    h->epoch = epoch;
    h->lost = false;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->mutex);
}

static bool heart_lost(struct heart *h)
{
    pthread_mutex_lock(&h->mutex);
    bool lost = h->lost;
    pthread_mutex_unlock(&h->mutex);
    return lost;
}

/* 1 to 2 numbers behind `word` in a position such as "lines 3-9 bytes 10-20". */
static bool numbers_behind(struct str text, const char *word, unsigned long long *a,
                           unsigned long long *b)
{
    size_t at = str_find_str(text, str_of(word));
    if (at == text.len) {
        return false;
    }
    at += strlen(word);
    struct str rest = str_sub(text, at, text.len - at);
    rest = str_sub(rest, 0, str_find(rest, ' ', 0));
    size_t dash = str_find(rest, '-', 0);
    return str_to_u64(str_sub(rest, 0, dash), a) &&
           str_to_u64(str_sub(rest, dash + 1, rest.len), b);
}

/* Puts a passage where it was: line ends (or one space within a line) fill the gaps, which
 * held nothing but white space and comments. */
static bool take_passage(void *context, const struct json *record)
{
    struct job *job = context;
    const struct json *from = json_get(record, "from");
    if (from == NULL || from->count != 1 || !str_is(from->first->string, job->document_fact)) {
        return true;
    }
    struct str position = json_get_str(record, "position", STR_NONE);
    struct str text = json_get_str(json_get(record, "content"), "data", STR_NONE);
    unsigned long long first, last, byte_from = 0, byte_to = 0;
    if (!numbers_behind(position, "lines ", &first, &last) || first > 10000000 || last < first) {
        return true;
    }
    bool part = numbers_behind(position, "bytes ", &byte_from, &byte_to);
    uint32_t index = job->passages_count;
    if ((index & (index - 1)) == 0) {
        size_t cap = index == 0 ? 1 : 2 * (size_t)index;
        void *bigger = arena_alloc(&job->arena, cap * sizeof job->passages[0]);
        if (index > 0) {
            memcpy(bigger, job->passages, index * sizeof job->passages[0]);
        }
        job->passages = bigger;
    }
    /* A cut inside a word leaves no gap. */
    if (index > 0 && job->lines + 1 >= first && !(part && job->byte_to == byte_from)) {
        buf_add_byte(&job->text, ' ');
    }
    while (job->lines + 1 < first) {
        buf_add_byte(&job->text, '\n');
        job->lines++;
    }
    job->passages[index].line_first = (uint32_t)first;
    job->passages[index].line_last = (uint32_t)last;
    explore_copy_id(job->passages[index].id, json_get_str(record, "id", STR_NONE));
    buf_add_str(&job->text, text);
    job->lines = (uint32_t)last - 1;
    job->byte_to = (size_t)byte_to;
    job->passages_count++;
    return true;
}

static int read_document(struct job *job)
{
    struct reply reply;
    struct json *about;
    struct json_error error;
    int status =
        session_call(job->s, "GET", session_path(job->s, "/facts/", job->document_fact, ""),
                     STR_NONE, 0, &reply);
    if (status != EXIT_OK) {
        return status;
    }
    job->origin = arena_str(&job->arena, json_get_str(reply.json, "origin", STR_NONE));
    job->after = (uint64_t)json_get_int(reply.json, "seq", 0);
    struct str data =
        arena_str(&job->arena, json_get_str(json_get(reply.json, "content"), "data", STR_NONE));
    if (!json_parse(&job->arena, data, NULL, &about, &error)) {
        return EXIT_FAILED;
    }
    job->format = document_format_from(json_get_str(about, "format", STR_NONE));
    snprintf(job->sha256, sizeof job->sha256, "%.*s",
             STR_ARG(json_get_str(about, "sha256", STR_NONE)));
    struct buf query = {0};
    char after[24];
    snprintf(after, sizeof after, "%llu", (unsigned long long)job->after);
    buf_add_text(&query, "?kind=fact&topic=passage&limit=500");
    cmd_query(&query, "origin", job->origin.at);
    cmd_query(&query, "after", after);
    status = cmd_each_record(job->s, buf_cstr(&query), take_passage, job);
    buf_deinit(&query);
    struct str why = STR_NONE;
    if (status == EXIT_OK &&
        !document_read(&job->arena, buf_str(&job->text), job->format, NULL, &job->document, &why)) {
        fprintf(stderr, "nexusctl: %.*s: %.*s\n", STR_ARG(job->origin), STR_ARG(why));
        return EXIT_FAILED;
    }
    if (status == EXIT_OK) {
        claims_read(&job->arena, &job->document, 0, &job->claims);
    }
    return status;
}

/* The passage in which the claim's first line lies. */
static const char *passage_of(const struct job *job, const struct claim *claim)
{
    for (uint32_t i = 0; i < job->passages_count; i++) {
        if (claim->line_first <= job->passages[i].line_last) {
            return job->passages[i].id;
        }
    }
    return job->document_fact;
}

static void write_claim(struct job *job, struct json_writer *w, const struct claim *claim)
{
    struct buf about = {0};
    struct json_writer in;
    jw_init(&in, &about, false);
    jw_object(&in);
    jw_kv_text(&in, "kind", claim_kind_word(claim->kind));
    jw_kv_str(&in, "subject", claim->subject);
    jw_kv_str(&in, "predicate", claim->predicate);
    jw_kv_str(&in, "value", claim->value);
    jw_kv_str(&in, "text", claim->text);
    jw_kv_uint(&in, "line_first", claim->line_first);
    jw_kv_uint(&in, "line_last", claim->line_last);
    if (claim->additive) {
        jw_kv_bool(&in, "additive", true);
    }
    jw_object_end(&in);

    jw_object(w);
    jw_kv_text(w, "op", "fact");
    jw_kv_str(w, "origin", job->origin);
    if (claim->topic.len > 0) {
        jw_kv_str(w, "topic", claim->topic);
    }
    if (claim->position.len > 0) {
        jw_kv_str(w, "position", claim->position);
    }
    jw_key(w, "from");
    jw_array(w);
    jw_text(w, passage_of(job, claim));
    jw_array_end(w);
    jw_key(w, "content");
    jw_object(w);
    jw_kv_text(w, "mime_type", "application/json");
    jw_kv_str(w, "data", buf_str(&about));
    jw_object_end(w);
    jw_key(w, "under");
    jw_object(w);
    jw_kv_text(w, "intent", job->intent);
    jw_kv_uint(w, "epoch", job->epoch);
    jw_object_end(w);
    jw_object_end(w);
    buf_deinit(&about);
}

/* Writes claims[from, ...) up to one batch; *out_next: where to go on. */
static int write_batch(struct job *job, uint32_t from, uint32_t *out_next, char (*ids)[ID_LEN + 1],
                       uint32_t *ids_count)
{
    struct buf body = {0};
    struct json_writer w;
    struct reply reply;
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_key(&w, "ops");
    jw_array(&w);
    uint32_t to = from;
    while (to < job->claims.count && to - from < BATCH_OPS_MAX && body.len < (2u << 20)) {
        write_claim(job, &w, &job->claims.at[to++]);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    int status = session_call(job->s, "POST", STR("/batch"), buf_str(&body), 0, &reply);
    buf_deinit(&body);
    const struct json *results = status == EXIT_OK ? json_get(reply.json, "results") : NULL;
    for (const struct json *r = results == NULL ? NULL : results->first; r != NULL; r = r->next) {
        if (*ids_count < EVIDENCE_MAX) {
            explore_copy_id(ids[(*ids_count)++], json_get_str(r, "id", STR_NONE));
        }
    }
    *out_next = to;
    return status;
}

static int conclude(struct job *job, char (*ids)[ID_LEN + 1], uint32_t ids_count)
{
    struct buf about = {0}, body = {0};
    struct json_writer w;
    struct reply reply;
    jw_init(&w, &about, false);
    jw_object(&w);
    jw_kv_str(&w, "origin", job->origin);
    jw_kv_text(&w, "sha256", job->sha256);
    jw_kv_str(&w, "title", job->document.title);
    jw_kv_uint(&w, "passages", job->passages_count);
    jw_kv_uint(&w, "claims", job->claims.count);
    jw_kv_bool(&w, "all", !job->claims.cut);
    jw_object_end(&w);
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_kv_uint(&w, "epoch", job->epoch);
    jw_key(&w, "content");
    jw_object(&w);
    jw_kv_text(&w, "mime_type", "application/json");
    jw_kv_str(&w, "data", buf_str(&about));
    jw_object_end(&w);
    jw_key(&w, "evidence");
    jw_array(&w);
    for (uint32_t i = 0; i < ids_count; i++) {
        bool again = false;
        for (uint32_t k = 0; k < i && !again; k++) {
            again = strcmp(ids[i], ids[k]) == 0;
        }
        if (!again) {
            jw_text(&w, ids[i]);
        }
    }
    if (ids_count == 0) {
        jw_text(&w, job->document_fact);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    int status =
        session_call(job->s, "POST", session_path(job->s, "/intents/", job->intent, "/conclude"),
                     buf_str(&body), 0, &reply);
    buf_deinit(&about);
    buf_deinit(&body);
    return status;
}

static void give_up(struct job *job)
{
    struct reply reply;
    struct trail trail = {0};
    struct str body = arena_printf(&job->arena,
                                   "{\"epoch\":%llu,\"reason\":\"the document cannot be read\","
                                   "\"retry\":false}",
                                   (unsigned long long)job->epoch);
    (void)session_try(job->s, "POST", session_path(job->s, "/intents/", job->intent, "/fail"), body,
                      0, &reply, &trail);
}

static int work(struct job *job)
{
    char(*ids)[ID_LEN + 1] = arena_zalloc(&job->arena, EVIDENCE_MAX * sizeof *ids);
    uint32_t ids_count = 0;
    int status = read_document(job);
    if (status == EXIT_FAILED) {
        give_up(job);
        return EXIT_OK;
    }
    if (job->pace_ms > 0) {
        cmd_sleep_ms(job->pace_ms);
    }
    for (uint32_t at = 0; status == EXIT_OK && at < job->claims.count;) {
        if (heart_lost(job->heart)) {
            return EXIT_OK;
        }
        status = write_batch(job, at, &at, ids, &ids_count);
    }
    if (status == EXIT_OK && !heart_lost(job->heart)) {
        status = conclude(job, ids, ids_count);
        if (status == EXIT_OK) {
            printf("{\"intent\":\"%s\",\"passages\":%u,\"claims\":%u}\n", job->intent,
                   job->passages_count, job->claims.count);
            fflush(stdout);
        }
    }
    if (status == EXIT_REFUSED || status == EXIT_USAGE || status == EXIT_NOT_FOUND) {
        give_up(job);
        return EXIT_OK;
    }
    /* Somebody else has it now, or had finished it: that is not our failure. */
    return status == EXIT_STALE || status == EXIT_CONFLICT ? EXIT_OK : status;
}

static void let_go(int how)
{
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    (void)pthread_sigmask(how, &term, NULL);
}

/* Claims one intent and does it; EXIT_OK also when there was none. */
static int one_round(struct session *s, struct heart *heart, uint64_t ttl_ms, uint64_t pace_ms)
{
    struct reply reply;
    struct str body = arena_printf(&s->arena,
                                   "{\"capabilities\":[\"" EXPLORE_CAPABILITY "\"],\"ttl_ms\":%llu,"
                                   "\"wait_ms\":%u}",
                                   (unsigned long long)ttl_ms, WAIT_MS);
    /* Told to go, a worker ends while it waits for work, never in the middle of a document:
     * another run would wait for the end of its lease. */
    let_go(SIG_UNBLOCK);
    int status = session_call(s, "POST", STR("/claims"), body, WAIT_MS, &reply);
    let_go(SIG_BLOCK);
    if (status != EXIT_OK || reply.status == 204) {
        return status;
    }
    struct job job = {.s = s, .heart = heart, .pace_ms = pace_ms};
    const struct json *intent = json_get(reply.json, "intent");
    const struct json *from = json_get(intent, "from_facts");
    explore_copy_id(job.intent, json_get_str(intent, "id", STR_NONE));
    explore_copy_id(job.document_fact,
                    from != NULL && from->count > 0 ? from->first->string : STR_NONE);
    job.epoch = (uint64_t)json_get_int(reply.json, "epoch", 0);
    heart_hold(heart, job.intent, job.epoch);
    status = work(&job);
    heart_hold(heart, "", 0);
    buf_deinit(&job.text);
    arena_deinit(&job.arena);
    return status;
}

static int explore_worker(struct session *s, const struct parsed *p)
{
    uint64_t ttl_ms, pace_ms;
    if (!parsed_duration(p, "ttl", 5000, &ttl_ms) || !parsed_duration(p, "pace", 0, &pace_ms)) {
        return EXIT_USAGE;
    }
    (void)signal(SIGINT, SIG_IGN); /* the coordinator decides */
    let_go(SIG_BLOCK);             /* also in the thread of the heartbeats */
    struct heart heart = {.every_ms = ttl_ms / 3};
    session_clone(s, NULL, &heart.session);
    pthread_mutex_init(&heart.mutex, NULL);
    pthread_cond_init(&heart.wake, NULL);
    if (pthread_create(&heart.thread, NULL, beat, &heart) != 0) {
        return EXIT_FAILED;
    }
    int status = EXIT_OK;
    for (int failures = 0; failures < 5;) {
        status = one_round(s, &heart, ttl_ms, pace_ms);
        arena_reset(&s->arena);
        if (status == EXIT_NOT_PERMITTED || status == EXIT_USAGE) {
            break;
        }
        failures = status == EXIT_OK ? 0 : failures + 1;
        if (status != EXIT_OK) {
            cmd_sleep_ms(200);
        }
    }
    pthread_mutex_lock(&heart.mutex);
    heart.stop = true;
    pthread_cond_signal(&heart.wake);
    pthread_mutex_unlock(&heart.mutex);
    pthread_join(heart.thread, NULL);
    session_deinit(&heart.session);
    return status;
}

static const struct option_row options[] = {
    {"name", 0, "NAME", "who it is, for those who look at the processes"},
    {"ttl", 0, "DURATION", "of its claims"},
    {"pace", 0, "DURATION", "rest so long in each document"},
    {NULL, 0, NULL, NULL},
};
extern const struct command command_explore_worker;
const struct command command_explore_worker = {
    .noun = "explore-worker",
    .args = "",
    .summary = "one worker of explore; started by it",
    .options = options,
    .run = explore_worker,
    .hidden = true,
};
