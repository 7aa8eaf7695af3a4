/* ops_facts.c - recording a Fact. */
#include "gateway/gateway_internal.h"

static bool fact_under(struct call *call, const struct args *args, struct under *out_under,
                       struct result *result)
{
    const struct json *under = args->value[ARG_FACT_UNDER];
    *out_under = (struct under){.given = under != NULL};
    if (under == NULL) {
        return true;
    }
    out_under->epoch = (uint64_t)json_get_int(under, "epoch", 0);
    return arg_id(call, json_get_str(under, "intent", STR_NONE), &out_under->intent, result);
}

static void apply_fact(struct call *call, const struct args *args, struct str intent,
                       struct result *result)
{
    (void)intent;
    const struct json *confidence = args->value[ARG_FACT_CONFIDENCE];
    struct fact_in in = {
        .origin = arg_str(args, ARG_FACT_ORIGIN),
        .topic = arg_str(args, ARG_FACT_TOPIC),
        .position = arg_str(args, ARG_FACT_POSITION),
        .has_valid_from = args->value[ARG_FACT_VALID_FROM] != NULL,
        .has_valid_to = args->value[ARG_FACT_VALID_TO] != NULL,
        .has_confidence = confidence != NULL,
        .valid_from_ms = arg_int(args, ARG_FACT_VALID_FROM, 0),
        .valid_to_ms = arg_int(args, ARG_FACT_VALID_TO, 0),
        .confidence = confidence == NULL ? 0 : json_number(confidence, 0),
    };
    if (!arg_content(call, args, ARG_FACT_CONTENT, &in.content, result) ||
        !arg_ids(call, args, ARG_FACT_FROM, &in.from, result) ||
        !fact_under(call, args, &in.under, result)) {
        return;
    }
    board_fact(call->board, &call->actor, &in, result);
}

const struct write_op write_fact = {apply_fact, render_record, true};

void run_fact_add(struct call *call)
{
    (void)call_write(call, &write_fact);
}
