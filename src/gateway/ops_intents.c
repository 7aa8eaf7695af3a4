/* ops_intents.c - asking for work, and what the holder of a claim may do with it. */
#include "gateway/gateway_internal.h"

static void apply_intent(struct call *call, const struct args *args, struct str intent,
                         struct result *result)
{
    (void)intent;
    struct intent_in in = {
        .description = arg_str(args, ARG_INTENT_DESCRIPTION),
        .capability = arg_str(args, ARG_INTENT_CAPABILITY),
        .dedupe_key = arg_str(args, ARG_INTENT_DEDUPE_KEY),
        .topic = arg_str(args, ARG_INTENT_TOPIC),
        .priority = (int)arg_int(args, ARG_INTENT_PRIORITY, 0),
        .has_deadline = args->value[ARG_INTENT_DEADLINE] != NULL,
        .deadline_ms = arg_int(args, ARG_INTENT_DEADLINE, 0),
        .max_run_ms = (uint64_t)arg_int(args, ARG_INTENT_MAX_RUN, 0),
    };
    if (!arg_id(call, arg_str(args, ARG_INTENT_PARENT), &in.parent, result) ||
        !arg_ids(call, args, ARG_INTENT_FROM_FACTS, &in.from_facts, result) ||
        !arg_ids(call, args, ARG_INTENT_DEPENDS_ON, &in.depends_on, result)) {
        return;
    }
    board_intent(call->board, &call->actor, &in, result);
}

const struct write_op write_intent = {apply_intent, render_record, true};

void run_intent_add(struct call *call)
{
    (void)call_write(call, &write_intent);
}

static uint64_t epoch_of(const struct args *args, int arg)
{
    return (uint64_t)arg_int(args, arg, 0);
}

static void apply_heartbeat(struct call *call, const struct args *args, struct str intent,
                            struct result *result)
{
    board_heartbeat(call->board, &call->actor, intent, epoch_of(args, ARG_HEARTBEAT_EPOCH),
                    result);
}

static bool render_lease(struct call *call, const struct result *result, struct json_writer *w)
{
    (void)call;
    jw_object(w);
    jw_kv_int(w, "expires_at_ms", result->expires_at_ms);
    jw_kv_uint(w, "expires_in_ms", result->expires_in_ms);
    jw_object_end(w);
    return true;
}

const struct write_op write_heartbeat = {apply_heartbeat, render_lease, false};

void run_intent_heartbeat(struct call *call)
{
    (void)call_write(call, &write_heartbeat);
}

static void apply_checkpoint(struct call *call, const struct args *args, struct str intent,
                             struct result *result)
{
    board_checkpoint(call->board, &call->actor, intent, epoch_of(args, ARG_CHECKPOINT_EPOCH),
                     args->value[ARG_CHECKPOINT_DATA]->raw, result);
}

const struct write_op write_checkpoint = {apply_checkpoint, render_record, true};

void run_intent_checkpoint(struct call *call)
{
    (void)call_write(call, &write_checkpoint);
}

static void apply_release(struct call *call, const struct args *args, struct str intent,
                          struct result *result)
{
    board_release(call->board, &call->actor, intent, epoch_of(args, ARG_RELEASE_EPOCH),
                  arg_str(args, ARG_RELEASE_REASON), result);
}

const struct write_op write_release = {apply_release, render_record, true};

void run_intent_release(struct call *call)
{
    (void)call_write(call, &write_release);
}

static void apply_fail(struct call *call, const struct args *args, struct str intent,
                       struct result *result)
{
    board_fail(call->board, &call->actor, intent, epoch_of(args, ARG_FAIL_EPOCH),
               arg_str(args, ARG_FAIL_REASON), arg_bool(args, ARG_FAIL_RETRY), result);
}

const struct write_op write_fail = {apply_fail, render_record, true};

void run_intent_fail(struct call *call)
{
    (void)call_write(call, &write_fail);
}

static void apply_cancel(struct call *call, const struct args *args, struct str intent,
                         struct result *result)
{
    board_cancel(call->board, &call->actor, intent, arg_str(args, ARG_CANCEL_REASON), result);
}

const struct write_op write_cancel = {apply_cancel, render_record, true};

void run_intent_cancel(struct call *call)
{
    (void)call_write(call, &write_cancel);
}

static void apply_conclude(struct call *call, const struct args *args, struct str intent,
                           struct result *result)
{
    struct content content;
    struct id_list evidence;
    if (!arg_content(call, args, ARG_CONCLUDE_CONTENT, &content, result) ||
        !arg_ids(call, args, ARG_CONCLUDE_EVIDENCE, &evidence, result)) {
        return;
    }
    board_conclude(call->board, &call->actor, intent, epoch_of(args, ARG_CONCLUDE_EPOCH),
                   &content, evidence, result);
}

static bool render_conclusion(struct call *call, const struct result *result,
                              struct json_writer *w)
{
    jw_object(w);
    jw_key(w, "fact");
    bool fine = board_render(call->board, result->record, 0, w);
    if (fine) {
        jw_key(w, "intent");
        fine = board_render(call->board, result->intent, 0, w);
    }
    if (fine) {
        jw_object_end(w);
    }
    return fine;
}

const struct write_op write_conclude = {apply_conclude, render_conclusion, true};

void run_intent_conclude(struct call *call)
{
    (void)call_write(call, &write_conclude);
}
