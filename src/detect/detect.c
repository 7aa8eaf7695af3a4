/* detect.c - follows the log, shows each record to the detectors, writes what they find.
 *
 *     record --seen--> detectors --detect_found--> queue --board_fact--> the log
 *
 * 1. Before a record of time t is shown, everything due before t has happened. So the order
 *    of what a detector sees does not depend on when somebody looked.
 * 2. The cursor passes a record once all detectors saw it; findings outlive a refusal by
 *    the board in the queue.
 * 3. The queue is written when it is long or the records are at their end, never while a
 *    record is looked at: what is borrowed from the log stays where it is until then.
 */
#include "detect/detect.h"

#include "base/check.h"
#include "base/mem.h"
#include "detect/seen.h"

#define QUEUE_LONG     64u
#define QUEUE_OPEN_MAX 4096u
#define RECORDS_STEP   5000u /* records in one step, so that a host gets its turn */

static const struct detector *const detectors[DETECTORS_COUNT] = {
#define X(name, word) &detector_##name,
    DETECTOR_TABLE(X)
#undef X
};

struct pending {
    enum detector_number detector;
    char *text; /* topic, position and content behind each other */
    size_t topic_len, position_len, content_len;
    uint32_t evidence[EVIDENCE_MAX];
    uint32_t evidence_count;
};

struct detect {
    struct board *board;
    struct detect_options options;
    struct reader reader;
    void *states[DETECTORS_COUNT];
    uint32_t cursor;
    int64_t due_ms; /* the earliest of all detectors */
    struct pending *queue;
    size_t queue_count, queue_cap;
    size_t queue_done; /* written ones before it */
    struct buf content;
    struct json_writer writer;
    struct buf origin;
    struct detect_counts counts;
};

/* -- what detectors call ---------------------------------------------------------------- */

const struct detect_options *detect_options_of(const struct detect *d)
{
    return &d->options;
}

struct board *detect_board(const struct detect *d)
{
    return d->board;
}

uint64_t detect_key(const struct detect *d, struct str text)
{
    return key_of(d->options.seed, text);
}

struct str detect_origin_at(struct detect *d, uint32_t ordinal)
{
    struct entry entry;
    buf_clear(&d->origin);
    if (board_entry(d->board, ordinal, &entry) && entry.kind == RECORD_FACT) {
        buf_add_str(&d->origin, entry.fact.origin);
    }
    return buf_str(&d->origin);
}

struct str detect_origin_name(struct detect *d, uint32_t origin)
{
    return detect_origin_at(d, reader_origin_fact(&d->reader, origin));
}

void detect_evicted(struct detect *d, uint64_t count)
{
    d->counts.evicted += count;
}

void *detect_state(const struct detect *d, enum detector_number number)
{
    return d->states[number];
}

struct json_writer *detect_content(struct detect *d, const char *type)
{
    buf_clear(&d->content);
    jw_init(&d->writer, &d->content, false);
    jw_object(&d->writer);
    jw_kv_text(&d->writer, "type", type);
    return &d->writer;
}

/* Whole characters of at most `max` bytes. */
static struct str clipped(struct str text, size_t max)
{
    if (text.len > max) {
        text.len = max;
        while (text.len > 0 && ((uint8_t)text.at[text.len] & 0xc0) == 0x80) {
            text.len--;
        }
    }
    return text;
}

void detect_found(struct detect *d, const struct finding *finding)
{
    const size_t name_max = (size_t)board_limits(d->board)->name_bytes_max;
    const struct str topic = clipped(finding->topic, name_max);
    CHECK(finding->evidence_count <= EVIDENCE_MAX);
    jw_object_end(&d->writer);
    mem_grow(&d->queue, &d->queue_cap, d->queue_count + 1, sizeof *d->queue);
    struct pending *p = &d->queue[d->queue_count++];
    *p = (struct pending){
        .detector = finding->detector,
        .text = mem_alloc(topic.len + finding->position.len + d->content.len),
        .topic_len = topic.len,
        .position_len = finding->position.len,
        .content_len = d->content.len,
        .evidence_count = finding->evidence_count,
    };
    char *at = p->text;
    if (topic.len > 0) {
        memcpy(at, topic.at, topic.len);
    }
    memcpy(at + topic.len, finding->position.at, finding->position.len);
    memcpy(at + topic.len + finding->position.len, d->content.at, d->content.len);
    for (uint32_t i = 0; i < p->evidence_count; i++) {
        p->evidence[i] = finding->evidence[i];
    }
    d->counts.found[finding->detector]++;
}

/* -- the queue ----------------------------------------------------------------------------- */

/* A finding as a Fact; its strings lie in the finding and here. */
struct written {
    char ids[EVIDENCE_MAX][ID_TEXT_LEN + 1];
    struct str from[EVIDENCE_MAX];
    char origin[64];
    struct fact_in in;
};

static void compose(struct detect *d, const struct pending *p, struct written *out)
{
    const char *name = detectors[p->detector]->name;
    const char *content = p->text + p->topic_len + p->position_len;
    size_t origin_len = sizeof DETECT_ORIGIN - 1 + strlen(name);
    uint32_t count = p->evidence_count;
    CHECK(origin_len < sizeof out->origin);
    memcpy(out->origin, DETECT_ORIGIN, sizeof DETECT_ORIGIN - 1);
    memcpy(out->origin + sizeof DETECT_ORIGIN - 1, name, strlen(name));
    if (count > board_limits(d->board)->links_max) {
        count = (uint32_t)board_limits(d->board)->links_max;
    }
    for (uint32_t i = 0; i < count; i++) {
        board_id(d->board, p->evidence[i], out->ids[i]);
        out->from[i] = str_n(out->ids[i], ID_TEXT_LEN);
    }
    out->in = (struct fact_in){
        .origin = str_n(out->origin, origin_len),
        .content = {STR("application/json"), str_n(content, p->content_len)},
        .from = {out->from, count},
        .topic = str_n(p->text, p->topic_len),
        .position = str_n(p->text + p->topic_len, p->position_len),
    };
}

/* False: the board takes no more for now. */
static bool write_pending(struct detect *d, const struct pending *p, uint64_t *written)
{
    static const struct actor system = {{DETECT_ACTOR, sizeof DETECT_ACTOR - 1}, ROLE_ADMIN};
    struct written fact;
    struct result result;
    compose(d, p, &fact);
    if (board_fact_find(d->board, system.name, &fact.in) != ORDINAL_NONE) {
        return true; /* written in an earlier life */
    }
    board_begin(d->board);
    board_fact(d->board, &system, &fact.in, &result);
    if (result.outcome == BOARD_CREATED) {
        (void)board_commit(d->board);
        d->counts.written[p->detector]++;
        (*written)++;
        return true;
    }
    board_rollback(d->board);
    if (result.outcome == BOARD_LIMIT || result.outcome == BOARD_UNAVAILABLE) {
        return false;
    }
    d->counts.refused += result.outcome != BOARD_OK;
    return true;
}

/* False: the board takes no more for now. */
static bool write_queue(struct detect *d, uint64_t *written)
{
    while (d->queue_done < d->queue_count) {
        struct pending *p = &d->queue[d->queue_done];
        if (!write_pending(d, p, written)) {
            return false;
        }
        mem_free(p->text);
        p->text = NULL;
        d->queue_done++;
    }
    d->queue_done = d->queue_count = 0;
    return true;
}

/* Forgets those from `from` on that the board has. */
static void forget_known(struct detect *d, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < d->queue_count; i++) {
        struct written fact;
        compose(d, &d->queue[i], &fact);
        if (board_fact_find(d->board, STR(DETECT_ACTOR), &fact.in) != ORDINAL_NONE) {
            mem_free(d->queue[i].text);
        } else {
            d->queue[kept++] = d->queue[i];
        }
    }
    d->queue_count = kept;
}

/* -- following the log ------------------------------------------------------------------------ */

static bool wants(const struct detect *d, size_t i, uint32_t capability)
{
    return d->states[i] != NULL && (detectors[i]->capabilities & capability) != 0;
}

static void find_due(struct detect *d)
{
    d->due_ms = NEVER_MS;
    for (size_t i = 0; i < DETECTORS_COUNT; i++) {
        int64_t due = wants(d, i, DETECT_TIME) ? detectors[i]->due_ms(d->states[i]) : NEVER_MS;
        d->due_ms = due < d->due_ms ? due : d->due_ms;
    }
}

static void let_time_pass(struct detect *d, int64_t now_ms)
{
    if (d->due_ms >= now_ms) {
        return;
    }
    for (size_t i = 0; i < DETECTORS_COUNT; i++) {
        if (wants(d, i, DETECT_TIME) && detectors[i]->due_ms(d->states[i]) < now_ms) {
            detectors[i]->on_time(d->states[i], d, now_ms);
        }
    }
    find_due(d);
}

static void show(struct detect *d, const struct seen *seen)
{
    for (size_t i = 0; i < DETECTORS_COUNT; i++) {
        switch (seen->entry->kind) {
        case RECORD_FACT:
            if (wants(d, i, DETECT_FACTS)) {
                detectors[i]->on_fact(d->states[i], d, seen);
            }
            break;
        case RECORD_INTENT:
            if (wants(d, i, DETECT_INTENTS)) {
                detectors[i]->on_intent(d->states[i], d, seen);
            }
            break;
        case RECORD_EVENT:
            if (wants(d, i, DETECT_EVENTS)) {
                detectors[i]->on_event(d->states[i], d, seen);
            }
            break;
        case RECORD_NONE:
        case RECORD_HINT:
            break;
        }
    }
}

static void look(struct detect *d, uint32_t ordinal)
{
    struct seen seen;
    struct entry entry;
    if (!board_entry(d->board, ordinal, &entry)) {
        d->counts.damaged++;
        return;
    }
    let_time_pass(d, entry.at_ms);
    if (reader_read(&d->reader, ordinal, &entry, &seen)) {
        show(d, &seen);
        find_due(d);
    }
}

bool detect_idle(const struct detect *d, int64_t now_ms)
{
    return d->cursor == board_head(d->board) && d->queue_count == 0 && d->due_ms >= now_ms;
}

void detect_step(struct detect *d, int64_t now_ms, struct detect_report *out_report)
{
    struct detect_report report = {0};
    bool taken = write_queue(d, &report.written);
    while (taken && d->cursor < board_head(d->board) && report.records < RECORDS_STEP) {
        look(d, d->cursor);
        d->cursor++;
        report.records++;
        if (d->queue_count >= QUEUE_LONG) {
            taken = write_queue(d, &report.written);
        }
    }
    if (taken && d->cursor == board_head(d->board)) {
        let_time_pass(d, now_ms);
    }
    taken = taken && write_queue(d, &report.written);
    report.more = !taken || d->cursor < board_head(d->board);
    report.wake_ms = d->due_ms == NEVER_MS ? NEVER_MS : d->due_ms + 1;
    *out_report = report;
}

/* -- life ------------------------------------------------------------------------------------- */

static void set_defaults(struct detect_options *options)
{
    options->settle_ms = options->settle_ms == 0 ? SETTLE_MS_DEFAULT : options->settle_ms;
    options->window_ms = options->window_ms == 0 ? WINDOW_MS_DEFAULT : options->window_ms;
    options->unclaimed_ms =
        options->unclaimed_ms == 0 ? UNCLAIMED_MS_DEFAULT : options->unclaimed_ms;
    options->near_percent =
        options->near_percent == 0 ? NEAR_PERCENT_DEFAULT : options->near_percent;
    options->values_max = options->values_max == 0 ? 16 : options->values_max;
    if (options->values_max > TOPIC_VALUES_MAX) {
        options->values_max = TOPIC_VALUES_MAX;
    }
}

struct detect *detect_open(struct board *board, const struct detect_options *options)
{
    struct detect *d = mem_zalloc(sizeof *d);
    d->board = board;
    d->options = *options;
    d->due_ms = NEVER_MS;
    set_defaults(&d->options);
    reader_init(&d->reader, board, d->options.seed, d->options.values_max);
    for (size_t i = 0; i < DETECTORS_COUNT; i++) {
        if ((options->off >> i & 1) == 0) {
            d->states[i] = detectors[i]->new(d);
        }
    }
    /* Nothing is written here: the host may open boards beside its loop. What is missing
     * (nothing, but after a crash) waits for the first step; when very much is, so does
     * the rest of the log. */
    while (d->cursor < board_head(board) && d->queue_count < QUEUE_OPEN_MAX) {
        size_t had = d->queue_count;
        look(d, d->cursor++);
        forget_known(d, had);
    }
    return d;
}

void detect_close(struct detect *d)
{
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < DETECTORS_COUNT; i++) {
        if (d->states[i] != NULL) {
            detectors[i]->free(d->states[i]);
        }
    }
    for (size_t i = d->queue_done; i < d->queue_count; i++) {
        mem_free(d->queue[i].text);
    }
    mem_free(d->queue);
    buf_deinit(&d->content);
    buf_deinit(&d->origin);
    reader_deinit(&d->reader);
    mem_free(d);
}

uint32_t detect_cursor(const struct detect *d)
{
    return d->cursor;
}

void detect_counts(const struct detect *d, struct detect_counts *out_counts)
{
    *out_counts = d->counts;
    out_counts->pending = d->queue_count - d->queue_done;
    out_counts->bytes = sizeof *d + reader_bytes(&d->reader) + d->queue_cap * sizeof *d->queue;
    for (size_t i = 0; i < DETECTORS_COUNT; i++) {
        if (d->states[i] != NULL) {
            out_counts->bytes += detectors[i]->bytes(d->states[i]);
        }
    }
}

void detect_baseline_get(const struct detect *d, struct detect_baseline *out_baseline)
{
    *out_baseline = (struct detect_baseline){0};
    if (d->states[DETECTOR_state_change] != NULL) {
        state_change_get(d->states[DETECTOR_state_change], out_baseline);
    }
}

void detect_baseline_set(struct detect *d, const struct detect_baseline *baseline)
{
    if (d->states[DETECTOR_state_change] != NULL) {
        state_change_set(d->states[DETECTOR_state_change], baseline);
        find_due(d);
    }
}
