/* detect_world_test.h - a board with detectors on it, and findings to look for.
 */
#pragma once
#include "board/board_world_test.h"
#include "detect/detect.h"

struct watched {
    struct world *w;
    struct detect *d;
    struct detect_options options;
    uint64_t written;
};

static inline struct watched watched_new(struct detect_options options)
{
    struct watched x = {.w = world_opened(), .options = options};
    x.d = detect_open(x.w->board, &x.options);
    return x;
}

static inline void watched_free(struct watched *x)
{
    detect_close(x->d);
    world_free(x->w);
}

/* Looks until there is nothing more to see now. */
static inline void look(struct watched *x)
{
    struct detect_report report;
    do {
        detect_step(x->d, x->w->wall_ms, &report);
        x->written += report.written;
    } while (report.more || report.written > 0);
}

static inline void look_after(struct watched *x, uint64_t ms)
{
    world_sleep(x->w, ms);
    look(x);
}

static inline void watched_reopen(struct watched *x)
{
    detect_close(x->d);
    world_reopen(x->w);
    x->d = detect_open(x->w->board, &x->options);
}

struct said {
    const char *origin, *topic, *position, *content;
    const struct id *from;
    int64_t valid_from_ms, valid_to_ms; /* 0 = open */
};

static inline struct id say(struct watched *x, struct said said)
{
    struct actor who = agent_named("ann");
    struct str from = said.from == NULL ? STR_NONE : str_of(said.from->text);
    const char *content = said.content != NULL ? said.content : said.position;
    bool json = content != NULL && content[0] == '{';
    struct fact_in in = {
        .origin = str_of(said.origin),
        .content = {json ? STR("application/json") : STR("text/plain"),
                    str_of(content == NULL ? "words" : content)},
        .from = {&from, said.from != NULL},
        .topic = str_of(said.topic),
        .position = str_of(said.position),
        .has_valid_from = said.valid_from_ms != 0,
        .has_valid_to = said.valid_to_ms != 0,
        .valid_from_ms = said.valid_from_ms,
        .valid_to_ms = said.valid_to_ms,
    };
    struct result r;
    DO(x->w, r, board_fact(x->w->board, &who, &in, &r));
    assert_int_equal(r.outcome, BOARD_CREATED);
    return id_at(x->w, r.record);
}

/* Calls `each` with every Fact of the detector as JSON text; returns how many there are. */
static inline uint32_t findings(struct world *w, const char *detector, const char *words,
                                uint64_t *out_bytes)
{
    uint32_t count = 0;
    uint64_t bytes = 0;
    for (uint32_t ordinal = 0; ordinal < board_head(w->board); ordinal++) {
        struct buf text = {0};
        struct json_writer writer;
        char origin[96];
        if (board_kind(w->board, ordinal) != RECORD_FACT) {
            continue;
        }
        jw_init(&writer, &text, false);
        assert_true(board_render(w->board, ordinal, 0, &writer));
        (void)snprintf(origin, sizeof origin, "\"origin\":\"%s%s\"", DETECT_ORIGIN, detector);
        bool fits = strstr(buf_cstr(&text), origin) != NULL ||
                    (detector[0] == '\0' && strstr(buf_cstr(&text), "\"origin\":\"detector:"));
        if (fits && (words == NULL || strstr(buf_cstr(&text), words) != NULL)) {
            count++;
            bytes += text.len;
        }
        buf_deinit(&text);
    }
    if (out_bytes != NULL) {
        *out_bytes = bytes;
    }
    return count;
}

#define assert_findings(x, detector, words, n)                                                     \
    assert_int_equal(findings((x)->w, detector, words, NULL), n)

/* All ids of findings, XORed: the set, whatever its order. */
static inline struct hash findings_digest(struct world *w)
{
    struct hash digest = {{0}};
    for (uint32_t ordinal = 0; ordinal < board_head(w->board); ordinal++) {
        struct arena arena = {0};
        if (board_kind(w->board, ordinal) == RECORD_FACT) {
            struct json *record = rendered(w, ordinal, 0, &arena);
            if (str_starts(json_get_str(record, "origin", STR_NONE), STR(DETECT_ORIGIN))) {
                struct hash one;
                struct str id = json_get_str(record, "id", STR_NONE);
                sha256(id.at, id.len, &one);
                for (size_t i = 0; i < sizeof one.bytes; i++) {
                    digest.bytes[i] ^= one.bytes[i];
                }
            }
        }
        arena_deinit(&arena);
    }
    return digest;
}
