/* query.c - records by their coordinates.
 *
 * A query is an interval of ordinals (as-of, after and times are all positions, because
 * ordinals rise with time) and a list of axis sets to intersect. The smallest set is
 * walked and each member looked up in the others. What no set knows, validity and past
 * states, is tested on the few that remain.
 */
#include "board/board_internal.h"

struct plan {
    const struct ordset *sets[5];
    size_t sets_count;
    uint32_t from, to; /* both included */
    bool nothing;
    bool check_validity, check_status;
};

/* First ordinal with at_ms >= ms. */
static uint32_t ordinal_at(const struct board *b, int64_t ms)
{
    uint32_t low = 0, high = (uint32_t)b->rows_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (row_at_ms(&b->rows[middle]) < ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void plan_range(const struct board *b, const struct query *q, struct plan *p)
{
    uint64_t end = b->rows_count;
    uint64_t from = q->after;
    if (q->as_of != 0 && q->as_of < end) {
        end = q->as_of;
    }
    if (q->before != 0 && q->before - 1 < end) {
        end = q->before - 1;
    }
    if (q->has_since) {
        uint32_t since = ordinal_at(b, q->since_ms);
        from = since > from ? since : from;
    }
    if (q->has_until && q->until_ms < INT64_MAX) {
        uint32_t until = ordinal_at(b, q->until_ms + 1);
        end = until < end ? until : end;
    }
    p->nothing = p->nothing || from >= end;
    p->from = p->nothing ? 0 : (uint32_t)from;
    p->to = p->nothing ? 0 : (uint32_t)(end - 1);
}

static void plan_axis(struct plan *p, const struct axis *axis, uint32_t number)
{
    if (number == NUMBER_NONE || axis_get(axis, number)->count == 0) {
        p->nothing = true;
        return;
    }
    p->sets[p->sets_count++] = axis_get(axis, number);
}

static bool is_past(const struct board *b, const struct query *q)
{
    return q->as_of != 0 && q->as_of < b->rows_count;
}

static void plan_make(const struct board *b, const struct query *q, struct plan *p)
{
    enum record_kind kind = q->kind;
    memset(p, 0, sizeof *p);
    p->check_validity = q->has_valid_at;
    if (q->status != STATUS_NONE) {
        p->nothing = kind != RECORD_NONE && kind != RECORD_INTENT;
        kind = RECORD_INTENT;
        p->check_status = is_past(b, q);
        if (!p->check_status) {
            plan_axis(p, &b->by_status, (uint32_t)q->status);
        }
    }
    if (q->has_valid_at) {
        p->nothing = p->nothing || (kind != RECORD_NONE && kind != RECORD_FACT);
        kind = RECORD_FACT;
    }
    if (kind != RECORD_NONE) {
        plan_axis(p, &b->by_kind, (uint32_t)kind);
    }
    if (q->origin.len > 0) {
        plan_axis(p, &b->by_origin, dict_find(&b->origins, q->origin));
    }
    if (q->creator.len > 0) {
        plan_axis(p, &b->by_creator, dict_find(&b->names, q->creator));
    }
    if (q->topic.len > 0) {
        plan_axis(p, &b->by_topic, dict_find(&b->topics, q->topic));
    }
    /* The smallest first: it is the one that is walked. */
    for (size_t i = 1; i < p->sets_count; i++) {
        if (p->sets[i]->count < p->sets[0]->count) {
            const struct ordset *smaller = p->sets[i];
            p->sets[i] = p->sets[0];
            p->sets[0] = smaller;
        }
    }
    plan_range(b, q, p);
}

static bool valid_at(const struct board *b, uint32_t ordinal, int64_t ms)
{
    if ((b->rows[ordinal].stamp & ROW_VALIDITY) == 0) {
        return true;
    }
    size_t low = 0, high = b->validity_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (b->validity[middle].ordinal < ordinal) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    CHECK(low < b->validity_count && b->validity[low].ordinal == ordinal);
    return b->validity[low].from_ms <= ms && ms < b->validity[low].to_ms;
}

static bool passes(struct board *b, const struct query *q, const struct plan *p, uint32_t ordinal)
{
    for (size_t i = 1; i < p->sets_count; i++) {
        if (!ordset_has(p->sets[i], ordinal)) {
            return false;
        }
    }
    if (p->check_validity && !valid_at(b, ordinal, q->valid_at_ms)) {
        return false;
    }
    return !p->check_status || status_as_of(b, ordinal, q->as_of) == q->status;
}

/* Walks either the smallest set or, without sets, the ordinals themselves. */
struct walk {
    struct ordset_cursor cursor;
    const struct plan *plan;
    bool down;
    bool begun;
    uint32_t at;
};

static bool walk_next(struct walk *w)
{
    const struct plan *p = w->plan;
    bool more;
    if (p->sets_count == 0) {
        more = !w->begun || (w->down ? w->at > p->from : w->at < p->to);
        w->at = !w->begun ? (w->down ? p->to : p->from) : w->down ? w->at - 1 : w->at + 1;
    } else if (!w->begun) {
        more = w->down ? ordset_seek_down(&w->cursor, p->sets[0], p->to, &w->at)
                       : ordset_seek(&w->cursor, p->sets[0], p->from, &w->at);
    } else {
        more = w->down ? ordset_prev(&w->cursor, &w->at) : ordset_next(&w->cursor, &w->at);
    }
    w->begun = true;
    return more && w->at >= p->from && w->at <= p->to;
}

size_t board_query(struct board *b, const struct query *q, uint32_t *out, bool *out_more)
{
    struct plan plan;
    size_t found = 0;
    CHECK(q->limit >= 1 && q->limit <= b->limits.page_max);
    *out_more = false;
    plan_make(b, q, &plan);
    if (plan.nothing) {
        return 0;
    }
    if (!q->newest_first && !plan.check_status && !plan.check_validity && plan.sets_count > 0) {
        found = ordset_and(plan.sets, plan.sets_count, plan.from, plan.to, out, q->limit);
        if (found == q->limit && out[found - 1] < plan.to) {
            *out_more = ordset_and_count(plan.sets, plan.sets_count, out[found - 1] + 1,
                                         plan.to) > 0;
        }
        return found;
    }
    struct walk walk = {.plan = &plan, .down = q->newest_first};
    while (walk_next(&walk)) {
        if (!passes(b, q, &plan, walk.at)) {
            continue;
        }
        if (found == q->limit) {
            *out_more = true;
            break;
        }
        out[found++] = walk.at;
    }
    return found;
}

/* -- the same without indexes ------------------------------------------------------------ */

static bool matches(struct board *b, const struct query *q, uint32_t ordinal)
{
    struct entry e;
    if (!row_entry(b, ordinal, &e)) {
        return false;
    }
    bool fact = e.kind == RECORD_FACT, intent = e.kind == RECORD_INTENT;
    struct str topic = fact ? e.fact.topic : intent ? e.intent.topic : STR_NONE;
    if ((q->kind != RECORD_NONE && q->kind != e.kind) ||
        (q->creator.len > 0 && !str_eq(q->creator, e.creator)) ||
        (q->origin.len > 0 && !(fact && str_eq(q->origin, e.fact.origin))) ||
        (q->topic.len > 0 && !str_eq(q->topic, topic)) ||
        (q->has_since && e.at_ms < q->since_ms) || (q->has_until && e.at_ms > q->until_ms) ||
        ordinal < q->after || (q->as_of != 0 && ordinal >= q->as_of) ||
        (q->before != 0 && ordinal >= q->before - 1)) {
        return false;
    }
    if (q->has_valid_at &&
        (!fact || ((e.flags & ENTRY_VALID_FROM) != 0 && q->valid_at_ms < e.fact.valid_from_ms) ||
         ((e.flags & ENTRY_VALID_TO) != 0 && q->valid_at_ms >= e.fact.valid_to_ms))) {
        return false;
    }
    return q->status == STATUS_NONE ||
           (intent && status_as_of(b, ordinal, q->as_of) == q->status);
}

size_t board_query_plain(struct board *b, const struct query *q, uint32_t *out, bool *out_more)
{
    size_t found = 0;
    *out_more = false;
    for (size_t i = 0; i < b->rows_count; i++) {
        uint32_t ordinal = (uint32_t)(q->newest_first ? b->rows_count - 1 - i : i);
        if (!matches(b, q, ordinal)) {
            continue;
        }
        if (found == q->limit) {
            *out_more = true;
            break;
        }
        out[found++] = ordinal;
    }
    return found;
}

/* -- provenance ---------------------------------------------------------------------------- */

static size_t visit(struct ordset *seen, uint32_t ordinal, uint32_t *out, size_t count,
                    size_t out_max)
{
    if (count < out_max && ordset_add(seen, ordinal)) {
        out[count++] = ordinal;
    }
    return count;
}

static size_t visit_ids(struct board *b, struct entry_ids ids, struct ordset *seen, uint32_t *out,
                        size_t count, size_t out_max)
{
    for (uint32_t i = 0; i < ids.count; i++) {
        struct hash id;
        memcpy(&id, entry_id(ids, i), sizeof id);
        count = visit(seen, row_find(b, &id), out, count, out_max);
    }
    return count;
}

static size_t step_back(struct board *b, uint32_t ordinal, struct ordset *seen, uint32_t *out,
                        size_t count, size_t out_max)
{
    struct entry e;
    if (!row_entry(b, ordinal, &e)) {
        return count;
    }
    if (e.kind == RECORD_FACT) {
        count = visit_ids(b, e.fact.from, seen, out, count, out_max);
        if ((e.flags & ENTRY_UNDER) != 0) {
            count = visit(seen, row_find(b, &e.fact.under), out, count, out_max);
        }
    } else if (e.kind == RECORD_INTENT) {
        count = visit_ids(b, e.intent.from, seen, out, count, out_max);
        count = visit_ids(b, e.intent.depends_on, seen, out, count, out_max);
        if ((e.flags & ENTRY_PARENT) != 0) {
            count = visit(seen, row_find(b, &e.intent.parent), out, count, out_max);
        }
    }
    return count;
}

static size_t step_forwards(struct board *b, uint32_t ordinal, struct ordset *seen, uint32_t *out,
                            size_t count, size_t out_max)
{
    for (uint32_t l = b->rows[ordinal].cited; l != 0; l = b->links[l - 1].next) {
        if (b->links[l - 1].role != LINK_ABOUT) {
            count = visit(seen, b->links[l - 1].from, out, count, out_max);
        }
    }
    if (row_kind(&b->rows[ordinal]) == RECORD_INTENT) {
        uint32_t fact = b->intents[b->rows[ordinal].aux].to_fact;
        if (fact != ORDINAL_NONE) {
            count = visit(seen, fact, out, count, out_max);
        }
    }
    return count;
}

size_t board_provenance(struct board *b, uint32_t ordinal, bool forwards, uint32_t depth,
                        uint32_t *out, size_t out_max)
{
    struct ordset seen = {0};
    size_t count = 0, begin = 0;
    ordset_add(&seen, ordinal);
    for (uint32_t level = 0; level < depth; level++) {
        size_t end = count;
        if (level == 0) {
            count = forwards ? step_forwards(b, ordinal, &seen, out, count, out_max)
                             : step_back(b, ordinal, &seen, out, count, out_max);
        }
        for (size_t i = begin; level > 0 && i < end; i++) {
            count = forwards ? step_forwards(b, out[i], &seen, out, count, out_max)
                             : step_back(b, out[i], &seen, out, count, out_max);
        }
        begin = end;
        if (count == end) {
            break;
        }
    }
    ordset_deinit(&seen);
    return count;
}
