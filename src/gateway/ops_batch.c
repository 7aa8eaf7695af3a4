/* ops_batch.c - several operations in one transaction, all or nothing.
 *
 * Each member names its operation in "op" and has the fields of that operation's
 * body; those on an intent name it in "intent". "$N" in place of an id stands for
 * what operation N made; only earlier ones can be meant, so there is no cycle.
 */
#include "gateway/gateway_internal.h"

struct batch_op {
    const char *word;
    enum operation_id id;
    const struct write_op *op;
    bool on_intent;
};

static const struct batch_op batch_ops[] = {
    {"fact", OP_FACT_ADD, &write_fact, false},
    {"intent", OP_INTENT_ADD, &write_intent, false},
    {"hint", OP_HINT_ADD, &write_hint, false},
    {"claim", OP_INTENT_CLAIM, &write_claim, true},
    {"heartbeat", OP_INTENT_HEARTBEAT, &write_heartbeat, true},
    {"checkpoint", OP_INTENT_CHECKPOINT, &write_checkpoint, true},
    {"release", OP_INTENT_RELEASE, &write_release, true},
    {"fail", OP_INTENT_FAIL, &write_fail, true},
    {"conclude", OP_INTENT_CONCLUDE, &write_conclude, true},
    {"cancel", OP_INTENT_CANCEL, &write_cancel, true},
};
#define BATCH_OPS_COUNT (sizeof batch_ops / sizeof batch_ops[0])

static const struct batch_op *find_op(const struct json *member, struct result *result)
{
    struct str word = json_get_str(member, "op", STR_NONE);
    for (size_t i = 0; i < BATCH_OPS_COUNT; i++) {
        if (str_is(word, batch_ops[i].word)) {
            return &batch_ops[i];
        }
    }
    result_fail(result, BOARD_INVALID, NULL,
                "field `op` must be one of fact, intent, hint, claim, heartbeat, checkpoint, "
                "release, fail, conclude, cancel");
    return NULL;
}

/* Does one operation; result->outcome tells how it went. */
static const struct batch_op *apply_one(struct call *call, const struct json *member,
                                        struct result *result)
{
    const struct batch_op *row = find_op(member, result);
    if (row == NULL) {
        return NULL;
    }
    const struct operation *whole = call->op;
    struct args *args = &call->args;
    if (!args_object(call->gateway, operation_of(row->id), member, true, args, result)) {
        return NULL;
    }
    const struct json *intent = json_get(member, "intent");
    struct str id = STR_NONE;
    if (row->on_intent != (intent != NULL)) {
        result_fail(result, BOARD_INVALID, NULL, "%s `intent` %s %s",
                    row->on_intent ? "field" : "there is no field",
                    row->on_intent ? "is missing in" : "in", row->word);
        return NULL;
    }
    if (intent != NULL && intent->kind != JSON_STRING) {
        result_fail(result, BOARD_INVALID, NULL, "field `intent` must be the id of an intent");
        return NULL;
    }
    if (intent != NULL && !arg_id(call, intent->string, &id, result)) {
        return NULL;
    }
    call->op = operation_of(row->id);
    row->op->apply(call, args, id, result);
    call->op = whole;
    return row;
}

/* Where the answer is too long to be remembered: the ids of what was made. */
static struct str compact_of(struct call *call)
{
    struct buf *out = &call->gateway->scratch;
    buf_clear(out);
    struct json_writer w;
    jw_init(&w, out, false);
    jw_object(&w);
    jw_key(&w, "results");
    jw_array(&w);
    for (size_t i = 0; i < call->batch->done; i++) {
        jw_object(&w);
        if (call->batch->ids[i][0] != 0) {
            jw_kv_text(&w, "id", call->batch->ids[i]);
        }
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    return buf_str(out);
}

static void refuse(struct call *call, const struct result *result, size_t index)
{
    reply_undo(call);
    board_rollback(call->board);
    struct result shown = *result;
    if (shown.hold_seq > board_head(call->board)) {
        shown.hold_seq = 0; /* of records that are gone */
    }
    problem_reply(call, &(struct problem){.result = &shown, .op_index = (int64_t)index});
}

void run_batch(struct call *call)
{
    const struct json *ops = call->args.value[ARG_BATCH_OPS];
    struct batch_ids ids = {
        .ids = arena_zalloc(&call->gateway->arena, ops->count * sizeof *ids.ids),
    };
    call->batch = &ids;
    uint64_t seq = 0;
    struct json_writer w = reply_json(call, 201);
    jw_object(&w);
    jw_key(&w, "results");
    jw_array(&w);
    board_begin(call->board);
    for (const struct json *member = ops->first; member != NULL; member = member->next) {
        struct result result = {.record = ORDINAL_NONE, .intent = ORDINAL_NONE};
        const struct batch_op *row = apply_one(call, member, &result);
        if (result.outcome < BOARD_INVALID && !row->op->render(call, &result, &w)) {
            result_fail(&result, BOARD_UNAVAILABLE, "tell whoever runs the service",
                        "a record is damaged on the disk");
        }
        if (result.outcome >= BOARD_INVALID) {
            refuse(call, &result, ids.done);
            return;
        }
        if (result.record != ORDINAL_NONE) {
            board_id(call->board, result.record, ids.ids[ids.done]);
        }
        ids.done++;
        seq = result.hold_seq > seq ? result.hold_seq : seq;
    }
    jw_array_end(&w);
    jw_object_end(&w);
    if (call->idempotent) {
        struct str answer = reply_written(call);
        idempotency_keep(call, 201,
                         answer.len <= ANSWER_KEPT_MAX ? answer : compact_of(call));
    }
    uint64_t last = board_commit(call->board);
    reply_end(call, last > seq ? last : seq);
}
