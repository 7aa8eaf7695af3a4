/* ops_status.c - health, status, the page, and control of the service. */
#include "base/clock.h"
#include "gateway/gateway_internal.h"

void run_healthz(struct call *call)
{
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_text(&w, "status", "ok");
    jw_object_end(&w);
    reply_end(call, 0);
}

void run_readyz(struct call *call)
{
    const struct slot *slot = call->gateway->slots[0];
    if (!call->gateway->ready || slot->board == NULL || board_failed(slot->board) != ERR_OK) {
        call_fail(call, BOARD_UNAVAILABLE, "ask again in a moment",
                  call->gateway->ready ? "the board takes no requests at the moment"
                                       : "the log is still being replayed");
        return;
    }
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_text(&w, "status", "ready");
    jw_object_end(&w);
    reply_end(call, 0);
}

static void write_service(struct call *call, struct json_writer *w)
{
    const struct gateway *gateway = call->gateway;
    char log[33];
    log_name(board_log(call->board), log);
    jw_kv_text(w, "version", gateway->options.version);
    jw_kv_text(w, "log", log);
    jw_kv_bool(w, "ready", gateway->ready && board_failed(call->board) == ERR_OK);
    jw_kv_bool(w, "paused", board_paused(call->board));
    jw_kv_uint(w, "uptime_ms", (gateway->now_ns - gateway->start_ns) / NS_PER_MS);
    jw_kv_uint(w, "connections", gateway->conns_count);
    jw_kv_uint(w, "streams", gateway->streams_count);
}

void run_status(struct call *call)
{
    struct board_counts counts;
    struct log_counters log;
    board_counts(call->board, &counts);
    log_counters(board_log(call->board), &log);
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    write_service(call, &w);
    jw_kv_uint(&w, "records", counts.records);
    jw_kv_uint(&w, "facts", counts.facts);
    jw_key(&w, "intents");
    jw_object(&w);
    for (int status = STATUS_SUBMITTED; status <= STATUS_REJECTED; status++) {
        jw_kv_uint(&w, status_word((enum status)status), counts.by_status[status]);
    }
    jw_object_end(&w);
    jw_kv_uint(&w, "hints", counts.hints);
    jw_kv_uint(&w, "events", counts.events);
    jw_kv_uint(&w, "agents", counts.agents);
    jw_kv_uint(&w, "parked", counts.parked);
    jw_kv_uint(&w, "durable_seq", board_durable(call->board));
    jw_kv_uint(&w, "head_seq", board_head(call->board));
    jw_kv_uint(&w, "claims_given", counts.claims_given);
    jw_kv_uint(&w, "claims_refused", counts.claims_refused);
    jw_kv_uint(&w, "leases_expired", counts.leases_expired);
    jw_kv_uint(&w, "log_bytes", log.bytes);
    jw_kv_uint(&w, "index_bytes", counts.index_bytes);
    jw_object_end(&w);
    reply_end(call, 0);
}

static void pause(struct call *call, bool pause_it)
{
    struct result result = {.record = ORDINAL_NONE, .intent = ORDINAL_NONE};
    board_begin(call->board);
    board_pause(call->board, &call->actor, pause_it, &result);
    if (result.outcome >= BOARD_INVALID) {
        board_rollback(call->board);
        problem_result(call, &result);
        return;
    }
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_bool(&w, "paused", pause_it);
    jw_object_end(&w);
    if (call->idempotent) {
        idempotency_keep(call, 200, reply_written(call));
    }
    uint64_t last = board_commit(call->board);
    reply_end(call, last > result.hold_seq ? last : result.hold_seq);
}

void run_pause(struct call *call)
{
    pause(call, true);
}

void run_resume(struct call *call)
{
    pause(call, false);
}

/* The host is told in gateway_settle: never from inside conn_feed. */
void run_stop(struct call *call)
{
    call->gateway->stop_due = true;
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_bool(&w, "stopping", true);
    jw_object_end(&w);
    reply_end(call, 0);
}

static void write_board(struct arena *arena, struct json_writer *w, const struct slot *slot)
{
    jw_object(w);
    jw_kv_text(w, "name", slot->name[0] == 0 ? "main" : slot->name);
    jw_kv_str(w, "path",
              slot->name[0] == 0 ? STR("/api/v1")
                                 : arena_printf(arena, "/api/v1/boards/%s", slot->name));
    jw_kv_bool(w, "open", slot->board != NULL);
    if (slot->board != NULL) {
        jw_kv_uint(w, "records", board_head(slot->board));
    }
    jw_object_end(w);
}

void run_boards(struct call *call)
{
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_key(&w, "boards");
    jw_array(&w);
    for (size_t i = 0; i < call->gateway->slots_count; i++) {
        write_board(&call->gateway->arena, &w, call->gateway->slots[i]);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    reply_end(call, 0);
}

void run_board_add(struct call *call)
{
    struct gateway *gateway = call->gateway;
    struct str name = arg_str(&call->args, ARG_BOARD_NAME);
    if (!gateway_board_name(name)) {
        call_fail(call, BOARD_INVALID, "choose another name",
                  "field `name` must be [a-z0-9][a-z0-9._-]{0,63} and not `main`");
        return;
    }
    const struct slot *slot = gateway_slot(gateway, name);
    bool known = slot != NULL && slot->board != NULL;
    if (!known && slot == NULL && gateway->slots_count == GATEWAY_BOARDS_MAX) {
        call_fail(call, BOARD_LIMIT, "use one of the boards there are",
                  "there are %u boards already", GATEWAY_BOARDS_MAX);
        return;
    }
    if (!known) {
        struct board *board = gateway->options.make_board == NULL
                                  ? NULL
                                  : gateway->options.make_board(gateway->options.context, name);
        if (board == NULL) {
            call_fail(call, BOARD_UNAVAILABLE, NULL, "the board could not be opened");
            return;
        }
        gateway_set_board(gateway, name, board);
    }
    reply_begin(call, known ? 200 : 201, REPLY_JSON);
    struct json_writer w;
    jw_init(&w, reply_body(call), false);
    write_board(&gateway->arena, &w, gateway_slot(gateway, name));
    reply_end(call, 0);
}

void run_page(struct call *call)
{
    reply_begin(call, 200, REPLY_HTML);
    struct buf *out = reply_body(call);
    buf_add_text(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Nexus</title>\n"
        "<style>body{font:16px/1.5 sans-serif;max-width:44em;margin:3em auto;padding:0 1em}"
        "pre{background:#8882;padding:1em;overflow:auto}</style></head><body>\n"
        "<h1>Nexus</h1>\n<p>A durable board on which agents and people work on one goal without "
        "stepping on each other: Facts (what is known), Intents (what is to be done), Hints "
        "(what governs).</p>\n<p>Next commands:</p>\n<pre>"
        "nexusctl status                      # how it is doing\n"
        "nexusctl agent add NAME --json       # a token for an agent, shown once\n"
        "nexusctl fact add --origin me TEXT   # record a Fact\n"
        "nexusctl explore DIR                 # read a folder of documents\n"
        "nexusctl events -f                   # watch</pre>\n"
        "<p><a href=\"/openapi.json\">/openapi.json</a> describes the interface; "
        "<a href=\"/readyz\">/readyz</a> says whether it is ready. Version ");
    buf_add_text(out, call->gateway->options.version);
    buf_add_text(out, ".</p>\n</body></html>\n");
    reply_end(call, 0);
}
