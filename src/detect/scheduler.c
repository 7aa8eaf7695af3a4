/* scheduler.c - ticks, and intents from findings.
 *
 * The scheduler reads the log behind the detectors: a Fact of a detector waits to be looked
 * at, an intent of the system says which key was asked. Only when the whole log is read are
 * waiting Facts turned into intents, so that after a restart every old intent is known
 * before the first new one is written.
 */
#include "detect/scheduler.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "detect/detect_internal.h"
#include "detect/ring.h"

#define TICK_MS_DEFAULT  100u
#define ASKS_MAX_DEFAULT 100u
#define READS_TICK       20000u
#define KEY_PREFIX       "ask/"
#define KEY_BYTES_MAX    200u /* longer ones are cut and told apart by a hash */

struct scheduler {
    struct board *board;
    struct detect *detect;
    struct rules rules;
    uint64_t tick_ns;
    uint64_t next_ns; /* no tick before */
    uint32_t asks_max;
    uint32_t cursor;
    struct ring waiting; /* uint32_t: detector Facts */
    struct keyset asked;
    struct arena arena;
    struct buf scratch, words, key;
    bool more; /* the last tick left work behind */
    int64_t wake_ms;
    struct scheduler_counts counts;
};

static uint64_t asked_key(struct str dedupe_key)
{
    return key_of(0x61736b6564ull, dedupe_key);
}

/* -- reading ------------------------------------------------------------------------------- */

static void read_record(struct scheduler *s, uint32_t ordinal)
{
    struct entry entry;
    if (!board_entry(s->board, ordinal, &entry) || !str_is(entry.creator, DETECT_ACTOR)) {
        return;
    }
    if (entry.kind == RECORD_INTENT && entry.intent.dedupe_key.len > 0) {
        keyset_add(&s->asked, asked_key(entry.intent.dedupe_key));
    } else if (entry.kind == RECORD_FACT && str_starts(entry.fact.origin, STR(DETECT_ORIGIN))) {
        *(uint32_t *)ring_push(&s->waiting) = ordinal;
    }
}

static bool read_log(struct scheduler *s)
{
    uint64_t head = board_head(s->board);
    for (uint32_t i = 0; i < READS_TICK && s->cursor < head; i++) {
        read_record(s, s->cursor++);
    }
    return s->cursor == head;
}

/* -- asking ---------------------------------------------------------------------------------- */

/* The key as the board gets it: short, and one for each long one. */
static void finish_key(struct buf *key)
{
    if (key->len <= KEY_BYTES_MAX) {
        return;
    }
    struct hash hash;
    char hex[2 * 16 + 1];
    static const char digits[] = "0123456789abcdef";
    sha256(key->at, key->len, &hash);
    for (size_t i = 0; i < 16; i++) {
        hex[2 * i] = digits[hash.bytes[i] >> 4];
        hex[2 * i + 1] = digits[hash.bytes[i] & 15];
    }
    buf_clear(key);
    buf_add_text(key, KEY_PREFIX);
    buf_add(key, hex, 32);
}

struct ask {
    const struct rule *rule;
    struct str topic;
    struct str ids[EVIDENCE_MAX + 1]; /* the finding, then its evidence */
    uint32_t ids_count;
};

/* False: the board takes no more for now. */
static bool write_ask(struct scheduler *s, const struct ask *ask)
{
    static const struct actor system = {{DETECT_ACTOR, sizeof DETECT_ACTOR - 1}, ROLE_ADMIN};
    const size_t links_max = (size_t)board_limits(s->board)->links_max;
    struct intent_in in = {
        .description = str_sub(buf_str(&s->words), 0,
                               (size_t)board_limits(s->board)->text_bytes_max),
        .from_facts = {ask->ids, ask->ids_count < links_max ? ask->ids_count : links_max},
        .capability = ask->rule->capability,
        .dedupe_key = buf_str(&s->key),
        .topic = ask->topic,
        .priority = ask->rule->priority,
    };
    struct result result;
    board_begin(s->board);
    board_intent(s->board, &system, &in, &result);
    if (result.outcome == BOARD_LIMIT || result.outcome == BOARD_UNAVAILABLE) {
        board_rollback(s->board);
        return false;
    }
    if (result.outcome == BOARD_CREATED) {
        (void)board_commit(s->board);
        s->counts.asked++;
    } else {
        board_rollback(s->board);
        s->counts.refused += result.outcome != BOARD_OK;
    }
    keyset_add(&s->asked, asked_key(buf_str(&s->key)));
    return true;
}

static void add_evidence(struct scheduler *s, struct ask *ask, const struct entry *entry)
{
    for (uint32_t i = 0; i < entry->fact.from.count && i < EVIDENCE_MAX; i++) {
        struct hash id;
        memcpy(&id, entry_id(entry->fact.from, i), sizeof id);
        uint32_t ordinal = board_find_hash(s->board, &id);
        if (ordinal != ORDINAL_NONE) {
            char *text = arena_alloc(&s->arena, ID_TEXT_LEN + 1);
            board_id(s->board, ordinal, text);
            ask->ids[ask->ids_count++] = str_n(text, ID_TEXT_LEN);
        }
    }
}

/* Applies the rules to one finding; false: the board takes no more for now. */
static bool ask_about(struct scheduler *s, uint32_t ordinal)
{
    struct entry entry;
    struct content content;
    struct json *finding = NULL;
    struct json_error error;
    char id[ID_TEXT_LEN + 1];
    struct ask ask = {.ids_count = 1};
    arena_reset(&s->arena);
    if (!board_entry(s->board, ordinal, &entry) ||
        !board_peek(s->board, ordinal, &s->scratch, &content) ||
        !json_parse(&s->arena, arena_str(&s->arena, content.data), NULL, &finding, &error)) {
        return true;
    }
    struct str detector = str_sub(entry.fact.origin, sizeof DETECT_ORIGIN - 1, 64);
    detector = arena_str(&s->arena, detector);
    ask.topic = arena_str(&s->arena, entry.fact.topic);
    board_id(s->board, ordinal, id);
    ask.ids[0] = str_n(id, ID_TEXT_LEN);
    add_evidence(s, &ask, &entry);
    for (uint32_t i = 0; i < s->rules.count; i++) {
        ask.rule = &s->rules.at[i];
        buf_clear(&s->words);
        buf_clear(&s->key);
        buf_add_text(&s->key, KEY_PREFIX);
        if (!rule_fits(ask.rule, detector, finding) ||
            !rule_fill(ask.rule->intent, finding, ask.ids[0], &s->words) ||
            !rule_fill(ask.rule->dedupe_key, finding, ask.ids[0], &s->key)) {
            continue;
        }
        finish_key(&s->key);
        if (keyset_has(&s->asked, asked_key(buf_str(&s->key)))) {
            s->counts.known++;
        } else if (!write_ask(s, &ask)) {
            return false;
        }
    }
    return true;
}

/* True: no finding is left. */
static bool ask_all(struct scheduler *s)
{
    for (uint32_t i = 0; i < s->asks_max && s->waiting.count > 0; i++) {
        uint32_t ordinal = *(const uint32_t *)ring_first(&s->waiting);
        if (!ask_about(s, ordinal)) {
            return false;
        }
        ring_pop(&s->waiting);
    }
    return s->waiting.count == 0;
}

/* -- ticks ------------------------------------------------------------------------------------ */

static void tick(struct scheduler *s, int64_t wall_ms)
{
    struct detect_report report;
    detect_step(s->detect, wall_ms, &report);
    bool whole = read_log(s);
    s->more = report.more || !whole || !ask_all(s);
    s->wake_ms = report.wake_ms;
    s->counts.ticks++;
}

uint64_t scheduler_step(struct scheduler *s, uint64_t mono_ns, int64_t wall_ms)
{
    bool committed = s->cursor < board_head(s->board);
    if (!committed && !s->more && wall_ms < s->wake_ms) {
        if (s->wake_ms == NEVER_MS) {
            return SCHEDULER_NEVER_NS;
        }
        return mono_ns + (uint64_t)(s->wake_ms - wall_ms) * NS_PER_MS;
    }
    if (mono_ns < s->next_ns) {
        return s->next_ns;
    }
    tick(s, wall_ms);
    s->next_ns = mono_ns + s->tick_ns;
    if (s->more || s->cursor < board_head(s->board)) {
        return s->next_ns;
    }
    if (s->wake_ms == NEVER_MS) {
        return SCHEDULER_NEVER_NS;
    }
    uint64_t wait_ns = s->wake_ms > wall_ms ? (uint64_t)(s->wake_ms - wall_ms) * NS_PER_MS : 0;
    return mono_ns + wait_ns > s->next_ns ? mono_ns + wait_ns : s->next_ns;
}

/* -- life ------------------------------------------------------------------------------------- */

bool scheduler_open(struct scheduler **out_scheduler, struct board *board,
                    const struct scheduler_options *options, struct rules_error *out_error)
{
    struct rules rules;
    struct str text = options->rules.len > 0 ? options->rules : rules_default();
    if (!rules_parse(text, &rules, out_error)) {
        return false;
    }
    struct scheduler *s = mem_zalloc(sizeof *s);
    s->board = board;
    s->rules = rules;
    s->tick_ns = (options->tick_ms == 0 ? TICK_MS_DEFAULT : options->tick_ms) * NS_PER_MS;
    s->asks_max = options->asks_max == 0 ? ASKS_MAX_DEFAULT : options->asks_max;
    s->waiting.item_bytes = sizeof(uint32_t);
    s->wake_ms = INT64_MIN; /* the first step is a tick */
    s->detect = detect_open(board, &options->detect);
    while (!read_log(s)) {
    }
    *out_scheduler = s;
    return true;
}

void scheduler_close(struct scheduler *s)
{
    if (s == NULL) {
        return;
    }
    detect_close(s->detect);
    rules_deinit(&s->rules);
    ring_deinit(&s->waiting);
    keyset_deinit(&s->asked);
    arena_deinit(&s->arena);
    buf_deinit(&s->scratch);
    buf_deinit(&s->words);
    buf_deinit(&s->key);
    mem_free(s);
}

bool scheduler_set_rules(struct scheduler *s, struct str text, struct rules_error *out_error)
{
    struct rules rules;
    if (!rules_parse(text, &rules, out_error)) {
        return false;
    }
    rules_deinit(&s->rules);
    s->rules = rules;
    return true;
}

struct detect *scheduler_detect(struct scheduler *s)
{
    return s->detect;
}

void scheduler_counts(const struct scheduler *s, struct scheduler_counts *out_counts)
{
    *out_counts = s->counts;
    out_counts->waiting = s->waiting.count;
}
