/* ops_contract.c - the rules of a board: read, check, put into force, explain. */
#include "gateway/gateway_internal.h"

static void write_hash(struct json_writer *w, const char *key, const struct contract *contract)
{
    char hex[65];
    struct hash hash = contract_hash(contract);
    jw_kv_str(w, key, hash_hex(&hash, hex));
}

void run_contract_get(struct call *call)
{
    uint32_t event;
    const struct contract *contract = board_contract(call->board, &event);
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    write_hash(&w, "hash", contract);
    jw_kv_bool(&w, "default", event == ORDINAL_NONE);
    jw_kv_uint(&w, "since_seq", event == ORDINAL_NONE ? 0 : (uint64_t)event + 1);
    jw_kv_str(&w, "text", contract_text(contract));
    jw_object_end(&w);
    reply_end(call, event == ORDINAL_NONE ? 0 : board_hold_seq(call->board, event));
}

static void apply_activate(struct call *call, const struct args *args, struct str intent,
                           struct result *result)
{
    (void)intent;
    board_contract_activate(call->board, &call->actor, arg_str(args, ARG_CONTRACT_TEXT), result);
}

static bool render_activated(struct call *call, const struct result *result,
                             struct json_writer *w)
{
    (void)result;
    uint32_t event;
    const struct contract *contract = board_contract(call->board, &event);
    jw_object(w);
    write_hash(w, "hash", contract);
    jw_kv_bool(w, "default", event == ORDINAL_NONE);
    jw_kv_uint(w, "since_seq", event == ORDINAL_NONE ? 0 : (uint64_t)event + 1);
    jw_object_end(w);
    return true;
}

static const struct write_op write_activate = {apply_activate, render_activated, true};

void run_contract_activate(struct call *call)
{
    (void)call_write(call, &write_activate);
}

static void write_problems(struct json_writer *w, const struct nex_problems *problems)
{
    jw_key(w, "problems");
    jw_array(w);
    for (uint32_t i = 0; i < problems->count; i++) {
        const struct nex_problem *p = &problems->items[i];
        jw_object(w);
        jw_kv_uint(w, "line", p->place.line);
        jw_kv_uint(w, "column", p->place.column);
        jw_kv_text(w, "cause", p->cause);
        jw_kv_text(w, "cure", p->cure);
        jw_object_end(w);
    }
    jw_array_end(w);
}

void run_contract_check(struct call *call)
{
    struct nex_problems *problems = arena_zalloc(&call->gateway->arena, sizeof *problems);
    struct contract *contract =
        contract_compile(arg_str(&call->args, ARG_CONTRACT_TEXT), NULL, problems);
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_bool(&w, "valid", contract != NULL);
    write_problems(&w, problems);
    jw_key(&w, "differences");
    jw_array(&w);
    if (contract != NULL) {
        struct buf lines = {0};
        struct str line;
        (void)contract_diff(board_contract(call->board, NULL), contract, &lines);
        struct str rest = str_trim(buf_str(&lines));
        while (rest.len > 0 && str_cut(&rest, '\n', &line)) {
            jw_str(&w, line);
        }
        jw_array_end(&w);
        write_hash(&w, "hash", contract);
        jw_kv_uint(&w, "cost", contract_cost(contract));
        buf_deinit(&lines);
        contract_free(contract);
    } else {
        jw_array_end(&w);
    }
    jw_object_end(&w);
    reply_end(call, 0);
}

void run_contract_explain(struct call *call)
{
    uint32_t ordinal = 0;
    struct buf words = {0};
    if (!call_record(call, RECORD_NONE, &ordinal)) {
        return;
    }
    if (!board_contract_judge(call->board, ordinal, &words)) {
        buf_deinit(&words);
        call_damaged(call);
        return;
    }
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_str(&w, "id", call->param);
    write_hash(&w, "contract", board_contract_at(call->board, ordinal));
    jw_kv_str(&w, "verdict",
              words.len == 0 ? STR("events are not judged") : str_trim(buf_str(&words)));
    jw_object_end(&w);
    buf_deinit(&words);
    reply_end(call, board_hold_seq(call->board, ordinal));
}
