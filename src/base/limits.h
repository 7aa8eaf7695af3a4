/* limits.h - the ceilings of one board, given at start.
 *
 * Reaching one is a typed refusal, charged to whoever caused it; never silence.
 * X(name, default, meaning)
 */
#pragma once
#include <stdint.h>

#define LIMITS_TABLE(X)                                                                            \
    X(records_max, 100000000, "records on one board")                                              \
    X(content_bytes_max, 8388608, "bytes of one content")                                          \
    X(request_bytes_max, 12582912, "bytes of one request body")                                    \
    X(text_bytes_max, 65536, "bytes of a description, reason, hint or checkpoint")                 \
    X(name_bytes_max, 1024, "bytes of an origin, topic, position, scope or key")                   \
    X(links_max, 256, "ids in from, from_facts, evidence or depends_on")                           \
    X(batch_ops_max, 1000, "operations in one batch")                                              \
    X(open_intents_max, 1000000, "intents not yet ended")                                          \
    X(claims_per_agent_max, 1000, "claims one agent may hold at once")                             \
    X(parked_max, 10000, "claims waiting for work at once")                                        \
    X(parked_per_agent_max, 1000, "claims one agent may have waiting")                             \
    X(agents_max, 10000, "registered agents")                                                      \
    X(page_max, 1000, "records in one page of a list")                                             \
    X(idempotency_max, 1000000, "remembered Idempotency-Keys")                                     \
    X(waiting_bytes_max, 67108864, "bytes appended and not yet on the disk")                       \
    X(connections_max, 16384, "open connections")                                                  \
    X(streams_max, 4096, "open event streams")

struct limits {
#define X(name, value, meaning) uint64_t name;
    LIMITS_TABLE(X)
#undef X
};

static inline struct limits limits_default(void)
{
    return (struct limits){
#define X(name, value, meaning) .name = (value),
        LIMITS_TABLE(X)
#undef X
    };
}
