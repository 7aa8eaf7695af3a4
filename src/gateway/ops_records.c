/* ops_records.c - lists of records, and provenance.
 *
 * A cursor pins the moment: all pages of a list show the board as it was when the
 * first page was asked for. It holds that seq, the seq to go on from, and a checksum
 * over the other parameters, so that it is not used with another question. A client
 * may repeat the whole question beside it: an `as_of` must then be the one it holds,
 * and where it goes on is behind every `after`.
 */
#include <string.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "codec/crc32c.h"
#include "gateway/gateway_internal.h"

#define LIMIT_DEFAULT 100
#define DEPTH_DEFAULT 16
#define CURSOR_BYTES 20

struct page {
    struct query query;
    bool has_cursor;
};

static uint32_t question_sum(const struct call *call)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < call->op->query_count; i++) {
        if (i == ARG_RECORDS_CURSOR || i == ARG_RECORDS_AS_OF || i == ARG_RECORDS_LIMIT ||
            i == ARG_RECORDS_AFTER) {
            continue;
        }
        uint8_t mark[2] = {(uint8_t)i, call->args.given[i] ? 1 : 0};
        sum = crc32c(sum, mark, sizeof mark);
        sum = crc32c(sum, call->args.text[i].at, call->args.text[i].len);
    }
    return sum;
}

static bool read_cursor(struct call *call, struct query *query)
{
    uint8_t bytes[CURSOR_BYTES];
    struct str text = call->args.text[ARG_RECORDS_CURSOR];
    if (text.len != 2 * CURSOR_BYTES || !hex_decode(text, bytes, sizeof bytes) ||
        get_u32(bytes + 16) != question_sum(call) || get_u64(bytes) == 0 ||
        get_u64(bytes) > board_head(call->board)) {
        call_fail(call, BOARD_INVALID, "start again without `cursor`",
                  "query parameter `cursor` is not one that this list gave");
        return false;
    }
    if (query->as_of != 0 && query->as_of != get_u64(bytes)) {
        call_fail(call, BOARD_INVALID, "leave `as_of` away, or start again without `cursor`",
                  "query parameter `cursor` is of a list as of %llu, not %llu",
                  (unsigned long long)get_u64(bytes), (unsigned long long)query->as_of);
        return false;
    }
    query->as_of = get_u64(bytes);
    uint64_t from = get_u64(bytes + 8);
    if (query->newest_first) {
        query->before = from;
    } else {
        query->after = from > query->after ? from : query->after;
    }
    return true;
}

static void write_cursor(const struct call *call, struct json_writer *w, uint64_t as_of,
                         uint64_t from)
{
    uint8_t bytes[CURSOR_BYTES];
    char text[2 * CURSOR_BYTES];
    put_u64(bytes, as_of);
    put_u64(bytes + 8, from);
    put_u32(bytes + 16, question_sum(call));
    hex_encode(bytes, sizeof bytes, text);
    jw_kv_str(w, "next", str_n(text, sizeof text));
}

static bool read_question(struct call *call, struct query *query)
{
    const struct args *args = &call->args;
    const uint64_t page_max = call->gateway->options.limits.page_max;
    int64_t limit = args->given[ARG_RECORDS_LIMIT] ? args->number[ARG_RECORDS_LIMIT]
                                                   : LIMIT_DEFAULT;
    if ((uint64_t)limit > page_max) {
        call_fail(call, BOARD_INVALID, "ask for fewer and follow `next`",
                  "query parameter `limit` must be an integer from 1 to %llu",
                  (unsigned long long)page_max);
        return false;
    }
    *query = (struct query){
        .kind = record_kind_from(args->text[ARG_RECORDS_KIND]),
        .origin = args->text[ARG_RECORDS_ORIGIN],
        .creator = args->text[ARG_RECORDS_CREATOR],
        .topic = args->text[ARG_RECORDS_TOPIC],
        .status = status_from(args->text[ARG_RECORDS_STATUS]),
        .has_since = args->given[ARG_RECORDS_SINCE],
        .has_until = args->given[ARG_RECORDS_UNTIL],
        .has_valid_at = args->given[ARG_RECORDS_VALID_AT],
        .since_ms = args->number[ARG_RECORDS_SINCE],
        .until_ms = args->number[ARG_RECORDS_UNTIL],
        .valid_at_ms = args->number[ARG_RECORDS_VALID_AT],
        .as_of = (uint64_t)args->number[ARG_RECORDS_AS_OF],
        .after = (uint64_t)args->number[ARG_RECORDS_AFTER],
        .newest_first = str_is(args->text[ARG_RECORDS_ORDER], "desc"),
        .limit = (size_t)limit,
    };
    if (!args->given[ARG_RECORDS_CURSOR]) {
        if (query->as_of > board_head(call->board)) {
            call_fail(call, BOARD_INVALID, "leave `as_of` away to see the present",
                      "query parameter `as_of` lies in the future: the last seq is %llu",
                      (unsigned long long)board_head(call->board));
            return false;
        }
        return true;
    }
    return read_cursor(call, query);
}

/* Writes the records as an array. */
static void write_records(struct call *call, const uint32_t *ordinals, size_t count,
                          uint64_t as_of, struct json_writer *w, uint64_t *out_seq)
{
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        render_or_damaged(call->board, ordinals[i], as_of, w);
        uint64_t seq = board_hold_seq(call->board, ordinals[i]);
        *out_seq = seq > *out_seq ? seq : *out_seq;
    }
    jw_array_end(w);
}

void run_records(struct call *call)
{
    struct query query;
    if (!read_question(call, &query)) {
        return;
    }
    uint64_t as_of = query.as_of == 0 ? board_head(call->board) : query.as_of;
    uint32_t *ordinals = arena_alloc(&call->gateway->arena, query.limit * sizeof *ordinals);
    bool more = false;
    size_t count = board_query(call->board, &query, ordinals, &more);
    struct json_writer w = reply_json(call, 200);
    uint64_t seq = 0;
    jw_object(&w);
    jw_key(&w, "records");
    write_records(call, ordinals, count, query.as_of, &w, &seq);
    if (more && count > 0) {
        write_cursor(call, &w, as_of, (uint64_t)ordinals[count - 1] + 1);
    } else {
        jw_key(&w, "next");
        jw_null(&w);
    }
    jw_kv_uint(&w, "as_of", as_of);
    jw_object_end(&w);
    reply_end(call, seq);
}

void run_provenance(struct call *call)
{
    const struct args *args = &call->args;
    uint32_t ordinal = 0;
    if (!call_record(call, RECORD_NONE, &ordinal)) {
        return;
    }
    bool forwards = str_is(args->text[ARG_PROVENANCE_DIRECTION], "forward");
    uint32_t depth = args->given[ARG_PROVENANCE_DEPTH]
                         ? (uint32_t)args->number[ARG_PROVENANCE_DEPTH]
                         : DEPTH_DEFAULT;
    uint64_t limit = args->given[ARG_PROVENANCE_LIMIT]
                         ? (uint64_t)args->number[ARG_PROVENANCE_LIMIT]
                         : LIMIT_DEFAULT;
    uint64_t page_max = call->gateway->options.limits.page_max;
    limit = limit > page_max ? page_max : limit;
    uint32_t *found = arena_alloc(&call->gateway->arena, (limit + 1) * sizeof *found);
    size_t count =
        board_provenance(call->board, ordinal, forwards, depth, found, (size_t)limit + 1);
    struct json_writer w = reply_json(call, 200);
    uint64_t seq = board_hold_seq(call->board, ordinal);
    jw_object(&w);
    jw_kv_str(&w, "id", call->param);
    jw_kv_text(&w, "direction", forwards ? "forward" : "back");
    jw_kv_uint(&w, "depth", depth);
    jw_kv_bool(&w, "truncated", count > limit);
    jw_key(&w, "records");
    write_records(call, found, count > limit ? (size_t)limit : count, 0, &w, &seq);
    jw_object_end(&w);
    reply_end(call, seq);
}
