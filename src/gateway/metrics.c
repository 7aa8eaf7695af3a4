/* metrics.c - counters in Prometheus' text format, version 0.0.4. */
#include <stdio.h>

#include "base/clock.h"
#include "gateway/gateway_internal.h"

#define NS_PER_S 1e9

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP nexus_%s %s\n# TYPE nexus_%s %s\n", name, help, name, type);
}

static void single(struct buf *out, const char *name, const char *type, const char *help,
                   double value)
{
    head(out, name, type, help);
    buf_printf(out, "nexus_%s %.17g\n", name, value);
}

static const char *board_word(const struct slot *slot)
{
    return slot->name[0] == 0 ? "main" : slot->name;
}

/* What the boards count: one sample for each board. */
struct reading {
    const char *board;
    struct board_counts counts;
    struct log_counters log;
    uint64_t durable_seq;
    bool paused;
};

/* X(name, type, help, value) */
#define READING_TABLE(X)                                                                           \
    X("agents", "gauge", "Registered agents.", r->counts.agents)                                   \
    X("claims_given_total", "counter", "Claims given.", r->counts.claims_given)                    \
    X("claims_refused_total", "counter", "Claims refused because somebody held the intent.",       \
      r->counts.claims_refused)                                                                    \
    X("claims_parked", "gauge", "Claims that wait for an intent.", r->counts.parked)               \
    X("leases_expired_total", "counter", "Claims that ended because no heartbeat came.",           \
      r->counts.leases_expired)                                                                    \
    X("stale_writes_refused_total", "counter", "Writes refused for a stale epoch.",                \
      r->counts.stale_refused)                                                                     \
    X("heartbeats_total", "counter", "Heartbeats taken.", r->counts.heartbeats)                    \
    X("facts_repeated_total", "counter", "Facts given that were there already.",                   \
      r->counts.facts_repeated)                                                                    \
    X("index_bytes", "gauge", "Memory held by rows and indexes.", r->counts.index_bytes)           \
    X("log_group_commits_total", "counter", "Groups written to the log.", r->log.groups)           \
    X("log_records_total", "counter", "Records written to the log.", r->log.records)               \
    X("log_written_bytes_total", "counter", "Bytes written to the log.", r->log.bytes)             \
    X("log_syncs_total", "counter", "Times the disk was asked to make the log durable.",           \
      r->log.syncs)                                                                                \
    X("log_sync_seconds_total", "counter", "Time spent making the log durable.",                   \
      (double)r->log.sync_ns / NS_PER_S)                                                           \
    X("log_segments", "gauge", "Files of the log.", r->log.segments)                               \
    X("log_group_records_max", "gauge", "Records in the largest group since the start.",           \
      r->log.group_records_max)                                                                    \
    X("log_durable_records", "gauge", "Records that are on the disk.", r->durable_seq)             \
    X("paused", "gauge", "Whether no new claims are given.", r->paused ? 1 : 0)

static size_t read_boards(struct gateway *gateway, struct reading *readings)
{
    size_t count = 0;
    for (size_t i = 0; i < gateway->slots_count; i++) {
        struct slot *slot = gateway->slots[i];
        if (slot->board == NULL) {
            continue;
        }
        struct reading *r = &readings[count++];
        r->board = board_word(slot);
        r->durable_seq = board_durable(slot->board);
        r->paused = board_paused(slot->board);
        board_counts(slot->board, &r->counts);
        log_counters(board_log(slot->board), &r->log);
    }
    return count;
}

static void write_boards(struct buf *out, const struct reading *readings, size_t count)
{
#define X(name, type, help, value)                                                                 \
    head(out, name, type, help);                                                                   \
    for (size_t i = 0; i < count; i++) {                                                           \
        const struct reading *r = &readings[i];                                                    \
        buf_printf(out, "nexus_" name "{board=\"%s\"} %.17g\n", r->board, (double)(value));        \
    }
    READING_TABLE(X)
#undef X
}

static void write_records(struct buf *out, const struct reading *readings, size_t count)
{
    head(out, "records", "gauge", "Records on the board by kind.");
    for (size_t i = 0; i < count; i++) {
        const struct board_counts *counts = &readings[i].counts;
        const uint64_t values[] = {0, counts->facts, counts->intents, counts->hints,
                                   counts->events};
        for (int kind = RECORD_FACT; kind <= RECORD_EVENT; kind++) {
            buf_printf(out, "nexus_records{board=\"%s\",kind=\"%s\"} %llu\n", readings[i].board,
                       record_kind_word((enum record_kind)kind),
                       (unsigned long long)values[kind]);
        }
    }
    head(out, "intents", "gauge", "Intents by status.");
    for (size_t i = 0; i < count; i++) {
        for (int status = STATUS_SUBMITTED; status <= STATUS_REJECTED; status++) {
            buf_printf(out, "nexus_intents{board=\"%s\",status=\"%s\"} %llu\n",
                       readings[i].board, status_word((enum status)status),
                       (unsigned long long)readings[i].counts.by_status[status]);
        }
    }
}

static void write_requests(struct buf *out, const struct gateway *gateway)
{
    head(out, "http_requests_total", "counter", "Requests answered, by operation and status.");
    for (int id = OP_NONE; id < OP_COUNT; id++) {
        const char *name = id == OP_NONE ? "none" : operation_of((enum operation_id)id)->name;
        for (int class = 0; class < 6; class++) {
            uint64_t value = gateway->requests[id][class];
            if (value > 0) {
                buf_printf(out,
                           "nexus_http_requests_total{operation=\"%s\",status=\"%dxx\"} %llu\n",
                           name, class, (unsigned long long)value);
            }
        }
    }
    head(out, "refusals_total", "counter", "Requests refused, by error code.");
    for (int outcome = BOARD_INVALID; outcome <= BOARD_UNAVAILABLE; outcome++) {
        buf_printf(out, "nexus_refusals_total{code=\"%s\"} %llu\n",
                   outcome_code((enum outcome)outcome),
                   (unsigned long long)gateway->refusals[outcome]);
    }
}

void run_metrics(struct call *call)
{
    struct gateway *gateway = call->gateway;
    struct reading *readings =
        arena_zalloc(&gateway->arena, gateway->slots_count * sizeof *readings);
    size_t count = read_boards(gateway, readings);
    reply_begin(call, 200, REPLY_METRICS);
    struct buf *out = reply_body(call);
    head(out, "build_info", "gauge", "The version that runs.");
    buf_printf(out, "nexus_build_info{version=\"%s\"} 1\n", gateway->options.version);
    single(out, "uptime_seconds", "gauge", "Time since the start.",
           (double)(gateway->now_ns - gateway->start_ns) / NS_PER_S);
    single(out, "ready", "gauge", "Whether the log is replayed.", gateway->ready ? 1 : 0);
    write_records(out, readings, count);
    write_boards(out, readings, count);
    single(out, "http_connections", "gauge", "Open connections.", (double)gateway->conns_count);
    single(out, "http_connections_accepted_total", "counter", "Connections accepted.",
           (double)gateway->connections_total);
    single(out, "http_connections_refused_total", "counter",
           "Connections refused because there were too many.",
           (double)gateway->connections_refused);
    single(out, "http_received_bytes_total", "counter", "Bytes read from clients.",
           (double)gateway->bytes_in);
    single(out, "http_sent_bytes_total", "counter", "Bytes sent to clients.",
           (double)gateway->bytes_out);
    single(out, "event_streams", "gauge", "Open event streams.", (double)gateway->streams_count);
    write_requests(out, gateway);
    reply_end(call, 0);
}
