/* gateway.c - the whole: boards under their names, time, and what boards report.
 *
 * A board may report (durable, failed, unparked) while a call is being answered. What
 * would disturb that call is kept until gateway_settle; `busy` tells.
 */
#include "gateway/gateway.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "codec/bytes.h"
#include "gateway/gateway_internal.h"

static void set_defaults(struct gateway_options *options)
{
    struct {
        uint64_t *value;
        uint64_t fallback;
    } times[] = {
        {&options->header_timeout_ms, 10000},
        {&options->body_timeout_ms, 60000},
        {&options->idle_timeout_ms, 300000},
        {&options->keepalive_ms, 15000},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (*times[i].value == 0) {
            *times[i].value = times[i].fallback;
        }
    }
}

struct gateway *gateway_new(const struct gateway_options *options)
{
    CHECK(options->io != NULL);
    CHECK(options->listen != NULL && options->version != NULL);
    struct gateway *gateway = mem_zalloc(sizeof *gateway);
    gateway->options = *options;
    set_defaults(&gateway->options);
    http_settings(&gateway->settings);
    gateway->start_ns = options->io->mono_ns(options->io->host);
    gateway->now_ns = gateway->start_ns;
    struct str listen = str_of(options->listen);
    CHECK(listen.len < sizeof gateway->listen);
    memcpy(gateway->listen, listen.at, listen.len);
    gateway->options.listen = gateway->listen;
    listen = str_of(gateway->listen);
    for (size_t i = 0; i < listen.len; i++) {
        if (listen.at[i] == ':') {
            gateway->listen_port = str_sub(listen, i + 1, listen.len);
        }
    }
    gateway->slots[0] = mem_zalloc(sizeof *gateway->slots[0]);
    gateway->slots_count = 1;
    return gateway;
}

void gateway_free(struct gateway *gateway)
{
    if (gateway == NULL) {
        return;
    }
    for (size_t i = 0; i < gateway->conns_used; i++) {
        conn_free(gateway->conns[i]);
    }
    for (size_t i = 0; i < gateway->slots_count; i++) {
        mem_free(gateway->slots[i]);
    }
    for (size_t i = 0; i < gateway->spare_count; i++) {
        buf_deinit(&gateway->spare[i]);
    }
    mem_free(gateway->conns);
    mem_free(gateway->generations);
    mem_free(gateway->free_places);
    mem_free(gateway->unparked);
    timers_deinit(&gateway->timers);
    arena_deinit(&gateway->arena);
    buf_deinit(&gateway->scratch);
    buf_deinit(&gateway->openapi);
    mem_free(gateway);
}

/* -- boards ------------------------------------------------------------------------ */

bool gateway_board_name(struct str name)
{
    if (name.len == 0 || name.len > 64 || str_is(name, "main")) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return true;
}

struct slot *gateway_slot(struct gateway *gateway, struct str name)
{
    if (str_is(name, "main")) {
        return gateway->slots[0];
    }
    for (size_t i = 0; i < gateway->slots_count; i++) {
        if (str_is(name, gateway->slots[i]->name)) {
            return gateway->slots[i];
        }
    }
    return NULL;
}

static struct slot *slot_of(struct gateway *gateway, const struct board *board)
{
    for (size_t i = 0; i < gateway->slots_count; i++) {
        if (gateway->slots[i]->board == board) {
            return gateway->slots[i];
        }
    }
    return NULL;
}

/* The board is gone: whoever waits for it is told. */
static void end_all_of(struct gateway *gateway, struct slot *slot)
{
    for (size_t i = 0; i < gateway->conns_used; i++) {
        struct conn *conn = gateway->conns[i];
        if (conn == NULL) {
            continue;
        }
        conn_board_failed(conn, slot);
        if (gateway->conns[i] != conn) {
            continue; /* the host was told and has freed it */
        }
        if (conn->state == CONN_PARKED && conn->parked.slot == slot && slot->board == NULL) {
            claim_abandon(conn);
        } else if (conn->state == CONN_STREAM && conn->stream_slot == slot &&
                   slot->board == NULL) {
            conn_stream_end(conn);
            conn_ready(conn);
        }
    }
}

void gateway_set_board(struct gateway *gateway, struct str name, struct board *board)
{
    struct slot *slot = gateway_slot(gateway, name);
    if (slot == NULL) {
        CHECK(gateway_board_name(name) && gateway->slots_count < GATEWAY_BOARDS_MAX);
        slot = mem_zalloc(sizeof *slot);
        memcpy(slot->name, name.at, name.len);
        gateway->slots[gateway->slots_count++] = slot;
    }
    if (slot->board == board) {
        return;
    }
    /* Whoever waits for the old one must not take the new one's word for it. */
    if (slot->board != NULL) {
        slot->board = NULL;
        end_all_of(gateway, slot);
    }
    slot->board = board;
    slot->signed_ms = 0;
}

void gateway_durable(struct gateway *gateway, struct board *board)
{
    struct slot *slot = slot_of(gateway, board);
    if (slot == NULL) {
        return;
    }
    struct conn *next = NULL;
    for (struct conn *conn = slot->waiting; conn != NULL; conn = next) {
        next = conn->waiting_next;
        conn_released(conn);
    }
    stream_follow_all(slot);
}

void gateway_failed(struct gateway *gateway, struct board *board, enum err err)
{
    CHECK(err != ERR_OK);
    struct slot *slot = slot_of(gateway, board);
    if (slot == NULL) {
        return;
    }
    if (gateway->busy) {
        slot->failed_due = true;
    } else {
        end_all_of(gateway, slot);
    }
}

static void report_unparked(struct gateway *gateway, uint64_t ticket, const struct result *result)
{
    uint32_t index = (uint32_t)ticket;
    if (index >= gateway->conns_used || gateway->conns[index] == NULL) {
        return;
    }
    struct conn *conn = gateway->conns[index];
    if (conn->generation == (uint32_t)(ticket >> 32) && conn->state == CONN_PARKED) {
        claim_unparked(conn, result);
    }
}

void gateway_unparked(struct gateway *gateway, struct board *board, uint64_t ticket,
                      const struct result *result)
{
    (void)board;
    if (!gateway->busy) {
        report_unparked(gateway, ticket, result);
        return;
    }
    mem_grow(&gateway->unparked, &gateway->unparked_cap, gateway->unparked_count + 1,
             sizeof *gateway->unparked);
    gateway->unparked[gateway->unparked_count++] =
        (struct unparked){.ticket = ticket, .result = *result};
}

/* Answering one may let another be unparked, so the list may grow meanwhile. */
static void report_kept(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->unparked_count; i++) {
        struct unparked kept = gateway->unparked[i];
        report_unparked(gateway, kept.ticket, &kept.result);
    }
    gateway->unparked_count = 0;
}

/* -- the service --------------------------------------------------------------------- */

void gateway_set_ready(struct gateway *gateway, bool ready)
{
    gateway->ready = ready;
}

void gateway_drain(struct gateway *gateway)
{
    gateway->draining = true;
    for (size_t i = 0; i < gateway->conns_used; i++) {
        struct conn *conn = gateway->conns[i];
        if (conn == NULL) {
            continue;
        }
        if (conn->state == CONN_PARKED) {
            claim_abandon(conn);
        } else if (conn->state == CONN_STREAM) {
            conn_stream_end(conn);
            conn_ready(conn);
        } else if (conn->state == CONN_HEAD && conn->in.len == 0) {
            conn_close_after(conn, false);
            conn_ready(conn);
        }
    }
}

void gateway_settle(struct gateway *gateway)
{
    CHECK(!gateway->busy);
    report_kept(gateway);
    for (size_t i = 0; i < gateway->slots_count; i++) {
        struct slot *slot = gateway->slots[i];
        if (slot->failed_due) {
            slot->failed_due = false;
            end_all_of(gateway, slot);
        }
        if (slot->board != NULL && board_failed(slot->board) == ERR_OK) {
            board_flush(slot->board);
            stream_follow_all(slot);
        }
    }
    if (gateway->stop_due) {
        gateway->stop_due = false;
        if (gateway->options.on_stop != NULL) {
            gateway->options.on_stop(gateway->options.context);
        }
    }
}

static void run_timers(struct gateway *gateway)
{
    uint32_t key = 0;
    uint64_t deadline_ns = 0;
    while (timers_first(&gateway->timers, &key, &deadline_ns) && deadline_ns <= gateway->now_ns) {
        struct conn *conn = gateway->conns[key];
        CHECK(conn != NULL);
        (void)timers_cancel(&gateway->timers, key);
        conn->timer_ns = UINT64_MAX;
        if (conn->deadline_ns <= gateway->now_ns) {
            conn_timer(conn);
        } else if (conn->deadline_ns != UINT64_MAX) {
            conn->timer_ns = conn->deadline_ns;
            timers_set(&gateway->timers, key, conn->deadline_ns);
        }
    }
}

uint64_t gateway_step(struct gateway *gateway)
{
    uint64_t wake_ns = UINT64_MAX;
    gateway->now_ns = gateway->options.io->mono_ns(gateway->options.io->host);
    run_timers(gateway);
    for (size_t i = 0; i < gateway->slots_count; i++) {
        struct board *board = gateway->slots[i]->board;
        if (board != NULL && board_failed(board) == ERR_OK) {
            uint64_t board_ns = board_step(board);
            wake_ns = board_ns < wake_ns ? board_ns : wake_ns;
        }
    }
    gateway_settle(gateway);
    uint32_t key = 0;
    uint64_t timer_ns = 0;
    if (timers_first(&gateway->timers, &key, &timer_ns) && timer_ns < wake_ns) {
        wake_ns = timer_ns;
    }
    return wake_ns;
}

/* -- small helpers ---------------------------------------------------------------------- */

struct str hash_hex(const struct hash *hash, char out_hex[65])
{
    hex_encode(hash->bytes, sizeof hash->bytes, out_hex);
    return str_n(out_hex, 64);
}
