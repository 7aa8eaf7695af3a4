/* explore_post.c - documents, passages and intents onto the board, in large commits.
 *
 * One stream of operations, cut into batches wherever one is full. A later operation of
 * the same batch names the document by "$N"; once a batch is sent, by its id.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/explore.h"
#include "crypto/sha256.h"

#define BATCH_OPS_MAX   900u
#define BATCH_BYTES_MAX (4u << 20)

struct batch {
    struct explore *e;
    struct buf body;
    struct json_writer w;
    uint32_t ops;
    struct source *made[BATCH_OPS_MAX]; /* whose document or intent operation N is */
    bool is_intent[BATCH_OPS_MAX];
};

static void batch_begin(struct batch *b)
{
    buf_clear(&b->body);
    jw_init(&b->w, &b->body, false);
    jw_object(&b->w);
    jw_key(&b->w, "ops");
    jw_array(&b->w);
    b->ops = 0;
}

/* Sends what there is and takes the ids that came of it. */
static int batch_send(struct batch *b)
{
    if (b->ops == 0) {
        return EXIT_OK;
    }
    jw_array_end(&b->w);
    jw_object_end(&b->w);
    struct reply reply;
    struct session *self = &b->e->self;
    int status = session_call(self, "POST", STR("/batch"), buf_str(&b->body), 0, &reply);
    const struct json *results = json_get(reply.json, "results");
    const struct json *result = status == EXIT_OK && results != NULL ? results->first : NULL;
    for (uint32_t i = 0; i < b->ops && result != NULL; i++, result = result->next) {
        struct source *source = b->made[i];
        if (source != NULL) {
            explore_copy_id(b->is_intent[i] ? source->intent : source->fact,
                            json_get_str(result, "id", STR_NONE));
        }
    }
    arena_reset(&self->arena);
    batch_begin(b);
    return status;
}

/* Begins an operation; sends first when the batch is full. */
static int op_begin(struct batch *b, const char *op, struct source *made, bool is_intent)
{
    int status = EXIT_OK;
    if (b->ops == BATCH_OPS_MAX || b->body.len > BATCH_BYTES_MAX) {
        status = batch_send(b);
    }
    b->made[b->ops] = made;
    b->is_intent[b->ops] = is_intent;
    b->ops++;
    jw_object(&b->w);
    jw_kv_text(&b->w, "op", op);
    return status;
}

/* The document as later operations name it. */
static void document_ref(struct batch *b, const char *key, const struct source *source)
{
    char ref[ID_LEN + 8];
    snprintf(ref, sizeof ref, "%s", source->fact);
    for (uint32_t i = 0; i + 1 < b->ops; i++) {
        if (b->made[i] == source && !b->is_intent[i]) {
            snprintf(ref, sizeof ref, "$%u", i);
        }
    }
    jw_key(&b->w, key);
    jw_array(&b->w);
    jw_text(&b->w, ref);
    jw_array_end(&b->w);
}

static void content(struct batch *b, const char *mime, struct str data)
{
    jw_key(&b->w, "content");
    jw_object(&b->w);
    jw_kv_text(&b->w, "mime_type", mime);
    jw_kv_str(&b->w, "data", data);
    jw_object_end(&b->w);
}

static int post_document(struct batch *b, struct source *source)
{
    const struct document *d = &source->document;
    int status = op_begin(b, "fact", source, false);
    struct buf about = {0};
    struct json_writer w;
    jw_init(&w, &about, false);
    jw_object(&w);
    jw_kv_str(&w, "path", source->path);
    jw_kv_text(&w, "sha256", source->sha256);
    jw_kv_uint(&w, "bytes", d->bytes.len);
    jw_kv_text(&w, "format", document_format_word(d->format));
    jw_kv_uint(&w, "lines", d->lines_count);
    jw_kv_uint(&w, "passages", d->passages_count);
    if (d->title.len > 0) {
        jw_kv_str(&w, "title", d->title);
    }
    if (d->note.len > 0) {
        jw_kv_str(&w, "note", d->note);
    }
    jw_object_end(&w);
    jw_kv_str(&b->w, "origin", source->origin);
    jw_kv_text(&b->w, "topic", "document");
    jw_kv_text(&b->w, "position", source->sha256);
    content(b, "application/json", buf_str(&about));
    jw_object_end(&b->w);
    buf_deinit(&about);
    return status;
}

static int post_passage(struct batch *b, struct source *source, const struct passage *p)
{
    char position[96];
    int status = op_begin(b, "fact", NULL, false);
    int len = snprintf(position, sizeof position, "lines %u-%u", p->line_first, p->line_last);
    if (p->part_of_line) {
        snprintf(position + len, sizeof position - (size_t)len, " bytes %zu-%zu", p->offset,
                 p->offset + p->text.len);
    }
    jw_kv_str(&b->w, "origin", source->origin);
    jw_kv_text(&b->w, "topic", "passage");
    jw_kv_text(&b->w, "position", position);
    document_ref(b, "from", source);
    content(b, source->document.format == DOCUMENT_MARKDOWN ? "text/markdown" : "text/plain",
            p->text);
    jw_object_end(&b->w);
    return status;
}

static int post_intent(struct batch *b, struct source *source)
{
    int status = op_begin(b, "intent", source, true);
    struct str words =
        arena_printf(&b->e->arena, "Read %.*s and record what it states", STR_ARG(source->origin));
    jw_kv_str(&b->w, "description", words);
    jw_kv_text(&b->w, "capability", EXPLORE_CAPABILITY);
    jw_kv_str(&b->w, "topic", source->origin);
    jw_kv_str(&b->w, "dedupe_key", source->key);
    if (b->e->goal_id[0] != '\0') {
        jw_kv_text(&b->w, "parent", b->e->goal_id);
    }
    document_ref(b, "from_facts", source);
    jw_object_end(&b->w);
    return status;
}

/* The goal that the documents' intents are part of; ours to conclude when it can be had. */
static int post_goal(struct explore *e)
{
    struct hash hash;
    struct buf body = {0};
    struct json_writer w;
    struct reply reply;
    struct trail trail = {0};
    sha256(e->goal.at, e->goal.len, &hash);
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_kv_str(&w, "description", e->goal);
    jw_kv_text(&w, "capability", GOAL_CAPABILITY);
    jw_kv_str(&w, "topic", e->name);
    jw_kv_str(&w, "dedupe_key",
              arena_printf(&e->arena, "goal:%.*s:%02x%02x%02x%02x", STR_ARG(e->name), hash.bytes[0],
                           hash.bytes[1], hash.bytes[2], hash.bytes[3]));
    jw_object_end(&w);
    int status = session_call(&e->self, "POST", STR("/intents"), buf_str(&body), 0, &reply);
    buf_deinit(&body);
    if (status != EXIT_OK) {
        return status;
    }
    explore_copy_id(e->goal_id, json_get_str(reply.json, "id", STR_NONE));
    if (str_is(json_get_str(reply.json, "holder", STR_NONE), EXPLORER)) {
        e->goal_epoch = (uint64_t)json_get_int(reply.json, "epoch", 0); /* an earlier run's */
        return EXIT_OK;
    }
    struct str path = session_path(&e->self, "/intents/", e->goal_id, "/claim");
    status = session_try(&e->self, "POST", path, STR("{\"ttl_ms\":3600000}"), 0, &reply, &trail);
    if (status == EXIT_OK && reply.status == 200) {
        e->goal_epoch = (uint64_t)json_get_int(reply.json, "epoch", 0);
    }
    return EXIT_OK;
}

int explore_post(struct explore *e)
{
    struct batch *b = arena_zalloc(&e->arena, sizeof *b);
    b->e = e;
    int status = post_goal(e);
    batch_begin(b);
    uint32_t posted = 0;
    for (uint32_t i = 0; i < e->sources_count && status == EXIT_OK; i++) {
        struct source *source = &e->sources[i];
        if (source->state != SOURCE_NEW) {
            continue;
        }
        status = post_document(b, source);
        for (uint32_t k = 0; k < source->document.passages_count && status == EXIT_OK; k++) {
            status = post_passage(b, source, &source->document.passages[k]);
        }
        e->facts += 1 + source->document.passages_count;
        if (status == EXIT_OK) {
            status = post_intent(b, source);
        }
        posted++;
        explore_progress(e, "posting", posted, e->todo, posted == e->todo);
    }
    if (status == EXIT_OK) {
        status = batch_send(b);
    }
    buf_deinit(&b->body);
    return status;
}

/* -- credentials -------------------------------------------------------------------- */

/* DATA/agents/NAME.token, so that a later run adds no credential; empty: not kept. */
static void token_path(const struct explore *e, const char *name, char *out, size_t out_len)
{
    out[0] = '\0';
    if (!e->asker->url_given) {
        snprintf(out, out_len, "%s/agents/%s.token", e->asker->data_dir, name);
    }
}

static bool token_kept(struct explore *e, const char *path, char *out, size_t out_len)
{
    FILE *file = path[0] == '\0' ? NULL : fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bool read = fgets(out, (int)out_len, file) != NULL;
    fclose(file);
    if (!read) {
        return false;
    }
    out[strcspn(out, "\n")] = '\0';
    struct session probe;
    struct reply reply;
    struct trail trail = {0};
    session_clone(e->asker, out, &probe);
    bool good = session_try(&probe, "GET", STR("/me"), STR_NONE, 0, &reply, &trail) == EXIT_OK &&
                reply.status == 200;
    session_deinit(&probe);
    return good;
}

static void keep_token(const char *path, const char *token)
{
    char dir[4200];
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash == NULL) {
        return;
    }
    *slash = '\0';
    (void)mkdir(dir, 0700);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0) {
        (void)!write(file, token, strlen(token));
        (void)!write(file, "\n", 1);
        close(file);
    }
}

/* Is the agent of that name one of ours, from a run whose token is lost? */
static bool is_ours(struct explore *e, const char *name, const char *capability)
{
    struct reply reply;
    struct trail trail = {0};
    struct str path = session_path(e->asker, "/agents/", name, "");
    if (session_try(e->asker, "GET", path, STR_NONE, 0, &reply, &trail) != EXIT_OK ||
        reply.status != 200) {
        return false;
    }
    const struct json *list = json_get(reply.json, "capabilities");
    return list != NULL && list->count == 1 && list->first->kind == JSON_STRING &&
           str_is(list->first->string, capability);
}

static int add_agent(struct explore *e, const char *name, const char *capability, bool rotate,
                     char *out, size_t out_len)
{
    char path[4200];
    struct reply reply;
    struct trail trail = {0};
    token_path(e, name, path, sizeof path);
    if (!rotate && token_kept(e, path, out, out_len)) {
        return EXIT_OK;
    }
    struct str body = arena_printf(&e->arena, "{\"name\":\"%s\",\"capabilities\":[\"%s\"]%s}", name,
                                   capability, rotate ? ",\"rotate\":true" : "");
    int status = session_try(e->asker, "POST", STR("/agents"), body, 0, &reply, &trail);
    if (status != EXIT_OK) {
        return session_unavailable(e->asker, &trail);
    }
    if (reply.status == 409 && !rotate) {
        if (is_ours(e, name, capability)) {
            return add_agent(e, name, capability, true, out, out_len);
        }
        return session_fail(e->asker, EXIT_CONFLICT, "conflict",
                            "remove or rename that agent, or explore on another board",
                            "there is an agent \"%s\" that is not one of explore's", name);
    }
    if (reply.status >= 300) {
        return session_problem(e->asker, &reply);
    }
    struct str token = json_get_str(reply.json, "token", STR_NONE);
    snprintf(out, out_len, "%.*s", STR_ARG(token));
    if (path[0] != '\0') {
        keep_token(path, out);
    }
    return EXIT_OK;
}

/* One run at a time makes credentials: a second one would end those of the first. The lock
 * goes with the descriptor; -1: there is none. */
static int lock_credentials(const struct explore *e)
{
    char path[4200];
    token_path(e, "lock", path, sizeof path);
    if (path[0] == '\0') {
        return -1;
    }
    char *slash = strrchr(path, '/');
    *slash = '\0';
    (void)mkdir(path, 0700);
    *slash = '/';
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0) {
        (void)flock(file, LOCK_EX);
    }
    return file;
}

static int make_credentials(struct explore *e)
{
    char token[128];
    int status = add_agent(e, EXPLORER, GOAL_CAPABILITY, false, token, sizeof token);
    if (status != EXIT_OK) {
        return status;
    }
    session_clone(e->asker, token, &e->self);
    for (uint32_t i = 0; i < e->workers_count && status == EXIT_OK; i++) {
        struct worker *worker = &e->workers[i];
        snprintf(worker->name, sizeof worker->name, "worker-%u", i + 1);
        status = add_agent(e, worker->name, EXPLORE_CAPABILITY, false, worker->token,
                           sizeof worker->token);
    }
    return status;
}

int explore_credentials(struct explore *e)
{
    int lock = lock_credentials(e);
    int status = make_credentials(e);
    if (lock >= 0) {
        close(lock);
    }
    return status;
}

int explore_conclude_goal(struct explore *e)
{
    if (e->goal_epoch == 0) {
        return EXIT_OK;
    }
    struct buf about = {0}, body = {0};
    struct json_writer w;
    uint32_t read = 0, open = 0;
    for (uint32_t i = 0; i < e->sources_count; i++) {
        read += e->sources[i].state == SOURCE_DONE;
        open += e->sources[i].state == SOURCE_OPEN;
    }
    struct reply reply;
    struct trail trail = {0};
    if (open > 0) { /* not reached: give the goal back, the next run goes on */
        struct str path = session_path(&e->self, "/intents/", e->goal_id, "/release");
        struct str words =
            arena_printf(&e->arena, "{\"epoch\":%llu,\"reason\":\"%u documents are open\"}",
                         (unsigned long long)e->goal_epoch, open);
        return session_try(&e->self, "POST", path, words, 0, &reply, &trail);
    }
    jw_init(&w, &about, false);
    jw_object(&w);
    jw_kv_str(&w, "goal", e->goal);
    jw_kv_uint(&w, "documents_read", read);
    jw_kv_uint(&w, "documents", e->sources_count);
    jw_kv_uint(&w, "dead_links", e->dead_links_count);
    jw_kv_uint(&w, "dead_references", e->dead_references_count);
    jw_kv_uint(&w, "contradictions", e->contradictions_count);
    jw_object_end(&w);
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_kv_uint(&w, "epoch", e->goal_epoch);
    jw_key(&w, "content");
    jw_object(&w);
    jw_kv_text(&w, "mime_type", "application/json");
    jw_kv_str(&w, "data", buf_str(&about));
    jw_object_end(&w);
    jw_key(&w, "evidence");
    jw_array(&w);
    for (uint32_t i = 0, cited = 0; i < e->sources_count && cited < 200; i++) {
        if (e->sources[i].state == SOURCE_DONE) {
            jw_text(&w, e->sources[i].fact);
            cited++;
        }
    }
    jw_array_end(&w);
    jw_object_end(&w);
    struct str path = session_path(&e->self, "/intents/", e->goal_id, "/conclude");
    int status = session_call(&e->self, "POST", path, buf_str(&body), 0, &reply);
    e->facts += status == EXIT_OK;
    buf_deinit(&about);
    buf_deinit(&body);
    return status;
}
