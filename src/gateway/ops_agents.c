/* ops_agents.c - agents and their credentials.
 *
 * A token is made here and shown once; what is stored is its hash. So the answer that
 * shows it is never remembered for an Idempotency-Key.
 */
#include <string.h>

#include "gateway/gateway_internal.h"

#define TOKEN_RANDOM_BYTES 32
#define TOKEN_LEN 46 /* "nx_" and 43 characters of base64url */

/* 32 bytes in base64url without padding (RFC 4648 section 5). */
static void make_token(const struct io *io, char out_token[TOKEN_LEN + 1])
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[TOKEN_RANDOM_BYTES + 1] = {0};
    io->random(io->host, bytes, TOKEN_RANDOM_BYTES);
    memcpy(out_token, "nx_", 3);
    char *to = out_token + 3;
    for (size_t i = 0; i < TOKEN_RANDOM_BYTES; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 |
                         (i + 2 < TOKEN_RANDOM_BYTES ? bytes[i + 2] : 0u);
        for (int shift = 18; shift >= 0 && to < out_token + TOKEN_LEN; shift -= 6) {
            *to++ = digits[three >> shift & 63];
        }
    }
    *to = 0;
}

void run_agent_add(struct call *call)
{
    const struct args *args = &call->args;
    char token[TOKEN_LEN + 1];
    make_token(call->gateway->options.io, token);
    struct str role = arg_str(args, ARG_AGENT_ROLE);
    struct agent_in in = {
        .name = arg_str(args, ARG_AGENT_NAME),
        .role = role.len == 0 ? ROLE_AGENT : role_from(role),
        .public_key = arg_str(args, ARG_AGENT_PUBLIC_KEY),
        .rotate = arg_bool(args, ARG_AGENT_ROTATE),
    };
    (void)arg_names(call, args, ARG_AGENT_CAPABILITIES, &in.capabilities, &in.capabilities_count);
    sha256(token, TOKEN_LEN, &in.token_hash);
    if (str_is(in.name, "admin")) {
        call_fail(call, BOARD_CONFLICT, "choose another name",
                  "`admin` is the name of the service's own credential");
        return;
    }
    struct result result = {.record = ORDINAL_NONE, .intent = ORDINAL_NONE};
    board_begin(call->board);
    board_agent_add(call->board, &call->actor, &in, &result);
    if (result.outcome >= BOARD_INVALID) {
        board_rollback(call->board);
        problem_result(call, &result);
        return;
    }
    uint64_t last = board_commit(call->board);
    reply_begin(call, 201, REPLY_JSON);
    buf_add_str(&call->conn->out, STR("Location: /api/v1/agents/"));
    buf_add_str(&call->conn->out, in.name);
    buf_add_str(&call->conn->out, STR("\r\n"));
    struct json_writer w;
    jw_init(&w, reply_body(call), false);
    jw_object(&w);
    jw_key(&w, "agent");
    (void)board_agent_render(call->board, in.name, &w);
    jw_kv_text(&w, "token", token);
    jw_object_end(&w);
    reply_end(call, last > result.hold_seq ? last : result.hold_seq);
}

void run_agent_remove(struct call *call)
{
    struct result result = {.record = ORDINAL_NONE, .intent = ORDINAL_NONE};
    board_begin(call->board);
    board_agent_remove(call->board, &call->actor, call->param, &result);
    if (result.outcome >= BOARD_INVALID) {
        board_rollback(call->board);
        problem_result(call, &result);
        return;
    }
    uint64_t last = board_commit(call->board);
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_str(&w, "removed", call->param);
    jw_object_end(&w);
    reply_end(call, last > result.hold_seq ? last : result.hold_seq);
}

void run_agents(struct call *call)
{
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_key(&w, "agents");
    board_agents_render(call->board, &w);
    jw_object_end(&w);
    reply_end(call, board_head(call->board));
}

void run_agent_get(struct call *call)
{
    struct json_writer w = reply_json(call, 200);
    if (!board_agent_render(call->board, call->param, &w)) {
        reply_undo(call);
        call_fail(call, BOARD_NOT_FOUND, "GET /api/v1/agents lists the agents",
                  "there is no agent of that name");
        return;
    }
    reply_end(call, board_head(call->board));
}

void run_me(struct call *call)
{
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_str(&w, "name", call->actor.name);
    jw_kv_text(&w, "role", role_word(call->actor.role));
    jw_object_end(&w);
    reply_end(call, 0);
}
