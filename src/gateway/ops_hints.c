/* ops_hints.c - giving a hint. */
#include "gateway/gateway_internal.h"

static void apply_hint(struct call *call, const struct args *args, struct str intent,
                       struct result *result)
{
    (void)intent;
    board_hint(call->board, &call->actor, arg_str(args, ARG_HINT_CONTENT),
               arg_str(args, ARG_HINT_SCOPE), (uint64_t)arg_int(args, ARG_HINT_TTL, 0), result);
}

const struct write_op write_hint = {apply_hint, render_record, true};

void run_hint_add(struct call *call)
{
    (void)call_write(call, &write_hint);
}
