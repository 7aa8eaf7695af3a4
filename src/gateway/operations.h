/* operations.h - every operation of the service, described once.
 *
 * Routing, checks of requests, the OpenAPI description and the command line are made
 * from this table. A row names the operation, how it is reached, who may use it, what
 * it takes, and what it answers.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board/board.h"

#define ARGS_MAX 20 /* fields, or query parameters, of one operation */

enum field_type {
    FIELD_NAME = 1, /* string of 1 .. name_bytes_max bytes */
    FIELD_TEXT,     /* string of 1 .. text_bytes_max bytes */
    FIELD_ID,       /* id of a record */
    FIELD_WORD,     /* one of `words`, parted by '|' */
    FIELD_INT,      /* integer, min .. max */
    FIELD_NUMBER,   /* number, min .. max */
    FIELD_BOOL,
    FIELD_IDS,     /* array of ids, at most links_max */
    FIELD_NAMES,   /* array of names, at most links_max */
    FIELD_CONTENT, /* {mime_type, data, encoding?} */
    FIELD_UNDER,   /* {intent, epoch} */
    FIELD_JSON,    /* any value, at most text_bytes_max as JSON */
    FIELD_OPS,     /* the operations of a batch */
};

struct field {
    const char *name;
    enum field_type type;
    bool required;
    int64_t min, max;
    const char *words; /* FIELD_WORD */
    const char *help;
};

enum method { METHOD_GET = 1, METHOD_POST, METHOD_DELETE };

#define ROLE_BIT(role) (1u << (unsigned)(role))
#define MAY_ANYBODY 0u /* no token needed */
#define MAY_ADMIN ROLE_BIT(ROLE_ADMIN)
#define MAY_HUMAN ROLE_BIT(ROLE_HUMAN)
#define MAY_WRITE (ROLE_BIT(ROLE_AGENT) | ROLE_BIT(ROLE_HUMAN) | ROLE_BIT(ROLE_ADMIN))
#define MAY_READ (ROLE_BIT(ROLE_READER) | MAY_WRITE)

#define PLACE_ROOT 1u  /* at / */
#define PLACE_API 2u   /* under /api/v1 */
#define PLACE_BOARD 4u /* under /api/v1/boards/NAME */

#define REQUIRED true
#define OPTIONAL false
#define TIME_MAX EPOCH_MAX

/* X(id, name, type, required, min, max, words, help) */
#define FIELDS_NOTHING(X)
#define FIELDS_FACT(X)                                                                             \
    X(FACT_ORIGIN, "origin", FIELD_NAME, REQUIRED, 0, 0, NULL,                                     \
      "where the statement comes from: a file, a URL, a tool")                                     \
    X(FACT_CONTENT, "content", FIELD_CONTENT, REQUIRED, 0, 0, NULL, "the statement itself")        \
    X(FACT_FROM, "from", FIELD_IDS, OPTIONAL, 0, 0, NULL, "Facts that it was made from")           \
    X(FACT_TOPIC, "topic", FIELD_NAME, OPTIONAL, 0, 0, NULL, "what it is about")                   \
    X(FACT_POSITION, "position", FIELD_NAME, OPTIONAL, 0, 0, NULL,                                 \
      "what it says on the topic, for finding contradictions")                                     \
    X(FACT_VALID_FROM, "valid_from_ms", FIELD_INT, OPTIONAL, -(int64_t)TIME_MAX, TIME_MAX, NULL,   \
      "Unix milliseconds from which it holds")                                                     \
    X(FACT_VALID_TO, "valid_to_ms", FIELD_INT, OPTIONAL, -(int64_t)TIME_MAX, TIME_MAX, NULL,       \
      "Unix milliseconds at which it no longer holds")                                             \
    X(FACT_CONFIDENCE, "confidence", FIELD_NUMBER, OPTIONAL, 0, 1, NULL,                           \
      "how sure the origin is, from 0 to 1")                                                       \
    X(FACT_UNDER, "under", FIELD_UNDER, OPTIONAL, 0, 0, NULL,                                      \
      "the claim under which it was found: {intent, epoch}")
#define FIELDS_INTENT(X)                                                                           \
    X(INTENT_DESCRIPTION, "description", FIELD_TEXT, REQUIRED, 0, 0, NULL, "what is to be done")   \
    X(INTENT_FROM_FACTS, "from_facts", FIELD_IDS, OPTIONAL, 0, 0, NULL,                            \
      "Facts that gave rise to it")                                                                \
    X(INTENT_PARENT, "parent", FIELD_ID, OPTIONAL, 0, 0, NULL, "the intent that it is part of")    \
    X(INTENT_CAPABILITY, "capability", FIELD_NAME, OPTIONAL, 0, 0, NULL,                           \
      "what whoever takes it must be able to do")                                                  \
    X(INTENT_PRIORITY, "priority", FIELD_INT, OPTIONAL, 1, 10, NULL, "10 is first; default 5")     \
    X(INTENT_DEDUPE_KEY, "dedupe_key", FIELD_NAME, OPTIONAL, 0, 0, NULL,                           \
      "while an intent with this key has not ended, it is answered instead of a new one")          \
    X(INTENT_TOPIC, "topic", FIELD_NAME, OPTIONAL, 0, 0, NULL, "what it is about")                 \
    X(INTENT_DEADLINE, "deadline_ms", FIELD_INT, OPTIONAL, 0, TIME_MAX, NULL,                      \
      "Unix milliseconds after which it fails if nobody concluded it")                             \
    X(INTENT_MAX_RUN, "max_run_ms", FIELD_INT, OPTIONAL, 1, TIME_MAX, NULL,                        \
      "how long one claim may last, heartbeats or not")                                            \
    X(INTENT_DEPENDS_ON, "depends_on", FIELD_IDS, OPTIONAL, 0, 0, NULL,                            \
      "intents that must be concluded first")
#define FIELDS_HINT(X)                                                                             \
    X(HINT_CONTENT, "content", FIELD_TEXT, REQUIRED, 0, 0, NULL, "the advice")                     \
    X(HINT_SCOPE, "scope", FIELD_NAME, OPTIONAL, 0, 0, NULL, "what it applies to; all by default") \
    X(HINT_TTL, "ttl_ms", FIELD_INT, OPTIONAL, 1, TIME_MAX, NULL,                                  \
      "milliseconds for which it governs; for ever by default")
#define FIELDS_BATCH(X)                                                                            \
    X(BATCH_OPS, "ops", FIELD_OPS, REQUIRED, 0, 0, NULL,                                           \
      "operations in order; \"$N\" in place of an id means what operation N (from 0) made")
#define FIELDS_CLAIM(X)                                                                            \
    X(CLAIM_TTL, "ttl_ms", FIELD_INT, OPTIONAL, TTL_MS_MIN, TTL_MS_MAX, NULL,                      \
      "milliseconds until the claim ends unless a heartbeat comes; default 60000")
#define FIELDS_CLAIMS(X)                                                                           \
    X(CLAIMS_CAPABILITIES, "capabilities", FIELD_NAMES, OPTIONAL, 0, 0, NULL,                      \
      "what you can do; default: as you are registered")                                           \
    X(CLAIMS_TOPICS, "topics", FIELD_NAMES, OPTIONAL, 0, 0, NULL, "only intents on these topics")  \
    X(CLAIMS_TTL, "ttl_ms", FIELD_INT, OPTIONAL, TTL_MS_MIN, TTL_MS_MAX, NULL,                     \
      "milliseconds until the claim ends unless a heartbeat comes; default 60000")                 \
    X(CLAIMS_WAIT, "wait_ms", FIELD_INT, OPTIONAL, 0, 300000, NULL,                                \
      "milliseconds to wait for an intent when there is none")
#define FIELDS_HEARTBEAT(X)                                                                        \
    X(HEARTBEAT_EPOCH, "epoch", FIELD_INT, REQUIRED, 1, EPOCH_MAX, NULL,                           \
      "the epoch that the claim gave you")
#define FIELDS_CHECKPOINT(X)                                                                       \
    X(CHECKPOINT_EPOCH, "epoch", FIELD_INT, REQUIRED, 1, EPOCH_MAX, NULL,                          \
      "the epoch that the claim gave you")                                                         \
    X(CHECKPOINT_DATA, "data", FIELD_JSON, REQUIRED, 0, 0, NULL,                                   \
      "how far you are, for whoever goes on")
#define FIELDS_RELEASE(X)                                                                          \
    X(RELEASE_EPOCH, "epoch", FIELD_INT, REQUIRED, 1, EPOCH_MAX, NULL,                             \
      "the epoch that the claim gave you")                                                         \
    X(RELEASE_REASON, "reason", FIELD_TEXT, OPTIONAL, 0, 0, NULL, "why you give it back")
#define FIELDS_FAIL(X)                                                                             \
    X(FAIL_EPOCH, "epoch", FIELD_INT, REQUIRED, 1, EPOCH_MAX, NULL,                                \
      "the epoch that the claim gave you")                                                         \
    X(FAIL_REASON, "reason", FIELD_TEXT, REQUIRED, 0, 0, NULL, "why it cannot be done")            \
    X(FAIL_RETRY, "retry", FIELD_BOOL, OPTIONAL, 0, 0, NULL,                                       \
      "true: somebody may try again; false: the intent has failed")
#define FIELDS_CONCLUDE(X)                                                                         \
    X(CONCLUDE_EPOCH, "epoch", FIELD_INT, REQUIRED, 1, EPOCH_MAX, NULL,                            \
      "the epoch that the claim gave you")                                                         \
    X(CONCLUDE_CONTENT, "content", FIELD_CONTENT, REQUIRED, 0, 0, NULL, "the result")              \
    X(CONCLUDE_EVIDENCE, "evidence", FIELD_IDS, OPTIONAL, 0, 0, NULL,                              \
      "Facts on which the result rests")
#define FIELDS_CANCEL(X)                                                                           \
    X(CANCEL_REASON, "reason", FIELD_TEXT, REQUIRED, 0, 0, NULL, "why it is no longer wanted")
#define FIELDS_AGENT(X)                                                                            \
    X(AGENT_NAME, "name", FIELD_NAME, REQUIRED, 0, 0, NULL, "[a-z0-9][a-z0-9._-]{0,63}")           \
    X(AGENT_ROLE, "role", FIELD_WORD, OPTIONAL, 0, 0, "agent|human|reader", "default agent")       \
    X(AGENT_CAPABILITIES, "capabilities", FIELD_NAMES, OPTIONAL, 0, 0, NULL, "what it can do")     \
    X(AGENT_PUBLIC_KEY, "public_key", FIELD_NAME, OPTIONAL, 0, 0, NULL,                            \
      "Ed25519 public key, 64 hex digits")                                                         \
    X(AGENT_ROTATE, "rotate", FIELD_BOOL, OPTIONAL, 0, 0, NULL,                                    \
      "true: give an agent that exists a new token")
#define FIELDS_BOARD(X)                                                                            \
    X(BOARD_NAME, "name", FIELD_NAME, REQUIRED, 0, 0, NULL, "[a-z0-9][a-z0-9._-]{0,63}")

/* Query parameters, in the same form. */
#define QUERY_RECORDS(X)                                                                           \
    X(RECORDS_KIND, "kind", FIELD_WORD, OPTIONAL, 0, 0, "fact|intent|hint|event",                  \
      "only this kind")                                                                            \
    X(RECORDS_ORIGIN, "origin", FIELD_NAME, OPTIONAL, 0, 0, NULL, "only Facts of this origin")     \
    X(RECORDS_CREATOR, "creator", FIELD_NAME, OPTIONAL, 0, 0, NULL, "only records by this actor")  \
    X(RECORDS_TOPIC, "topic", FIELD_NAME, OPTIONAL, 0, 0, NULL, "only records on this topic")      \
    X(RECORDS_STATUS, "status", FIELD_WORD, OPTIONAL, 0, 0,                                        \
      "submitted|claimed|concluded|failed|cancelled|rejected", "only intents in this state")       \
    X(RECORDS_SINCE, "since_ms", FIELD_INT, OPTIONAL, -(int64_t)TIME_MAX, TIME_MAX, NULL,          \
      "only records made at this time or later")                                                   \
    X(RECORDS_UNTIL, "until_ms", FIELD_INT, OPTIONAL, -(int64_t)TIME_MAX, TIME_MAX, NULL,          \
      "only records made at this time or before")                                                  \
    X(RECORDS_VALID_AT, "valid_at_ms", FIELD_INT, OPTIONAL, -(int64_t)TIME_MAX, TIME_MAX, NULL,    \
      "only Facts that hold at this time")                                                         \
    X(RECORDS_AS_OF, "as_of", FIELD_INT, OPTIONAL, 1, TIME_MAX, NULL,                              \
      "the board as it was when this seq was the last")                                            \
    X(RECORDS_AFTER, "after", FIELD_INT, OPTIONAL, 0, TIME_MAX, NULL,                              \
      "only records with a greater seq")                                                           \
    X(RECORDS_LIMIT, "limit", FIELD_INT, OPTIONAL, 1, TIME_MAX, NULL,                              \
      "records in one page; default 100")                                                          \
    X(RECORDS_CURSOR, "cursor", FIELD_NAME, OPTIONAL, 0, 0, NULL, "`next` of the page before")     \
    X(RECORDS_ORDER, "order", FIELD_WORD, OPTIONAL, 0, 0, "asc|desc", "by seq; default asc")
#define FIELDS_CONTRACT(X)                                                                         \
    X(CONTRACT_TEXT, "text", FIELD_TEXT, REQUIRED, 0, 0, NULL, "the text of contract.nex")
#define QUERY_EVENTS(X)                                                                            \
    X(EVENTS_AFTER, "after", FIELD_INT, OPTIONAL, 0, TIME_MAX, NULL,                               \
      "begin behind this seq; default: from the first record")                                     \
    X(EVENTS_KIND, "kind", FIELD_WORD, OPTIONAL, 0, 0, "fact|intent|hint|event", "only this kind")
#define QUERY_PROOF(X)                                                                             \
    X(PROOF_SIZE, "size", FIELD_INT, OPTIONAL, 1, TIME_MAX, NULL,                                  \
      "size of the tree in which to prove; default: all that is durable")
#define QUERY_CONSISTENCY(X)                                                                       \
    X(CONSISTENCY_FROM, "from", FIELD_INT, REQUIRED, 1, TIME_MAX, NULL, "size of the older tree")  \
    X(CONSISTENCY_TO, "to", FIELD_INT, OPTIONAL, 1, TIME_MAX, NULL,                                \
      "size of the newer tree; default: all that is durable")
#define QUERY_PROVENANCE(X)                                                                        \
    X(PROVENANCE_DIRECTION, "direction", FIELD_WORD, OPTIONAL, 0, 0, "back|forward",               \
      "back: what it was made from; forward: what was made from it; default back")                 \
    X(PROVENANCE_DEPTH, "depth", FIELD_INT, OPTIONAL, 1, 1000, NULL, "steps to go; default 16")    \
    X(PROVENANCE_LIMIT, "limit", FIELD_INT, OPTIONAL, 1, TIME_MAX, NULL,                           \
      "records at most; default 100")

#define X(id, name, type, required, min, max, words, help) ARG_##id,
enum { FIELDS_FACT(X) };
enum { FIELDS_INTENT(X) };
enum { FIELDS_HINT(X) };
enum { FIELDS_BATCH(X) };
enum { FIELDS_CLAIM(X) };
enum { FIELDS_CLAIMS(X) };
enum { FIELDS_HEARTBEAT(X) };
enum { FIELDS_CHECKPOINT(X) };
enum { FIELDS_RELEASE(X) };
enum { FIELDS_FAIL(X) };
enum { FIELDS_CONCLUDE(X) };
enum { FIELDS_CANCEL(X) };
enum { FIELDS_AGENT(X) };
enum { FIELDS_BOARD(X) };
enum { FIELDS_CONTRACT(X) };
enum { QUERY_RECORDS(X) };
enum { QUERY_EVENTS(X) };
enum { QUERY_PROOF(X) };
enum { QUERY_CONSISTENCY(X) };
enum { QUERY_PROVENANCE(X) };
#undef X

/* What may go wrong, beyond invalid, unauthenticated, not_permitted, unavailable. */
#define FAIL_NONE 0u
#define FAIL_BIT(outcome) (1u << (unsigned)(outcome))
#define FAIL_ID FAIL_BIT(BOARD_NOT_FOUND)
#define FAIL_REFERS                                                                                \
    (FAIL_BIT(BOARD_INVALID_REFERENCE) | FAIL_BIT(BOARD_TOO_LARGE) | FAIL_BIT(BOARD_LIMIT) |       \
     FAIL_BIT(BOARD_CONFLICT) | FAIL_BIT(BOARD_REFUSED))
#define FAIL_HELD                                                                                  \
    (FAIL_ID | FAIL_BIT(BOARD_STALE_EPOCH) | FAIL_BIT(BOARD_NOT_HOLDER) | FAIL_BIT(BOARD_CONFLICT))
#define FAIL_CLAIM                                                                                 \
    (FAIL_ID | FAIL_BIT(BOARD_ALREADY_CLAIMED) | FAIL_BIT(BOARD_ALREADY_CONCLUDED) |               \
     FAIL_BIT(BOARD_CONFLICT) | FAIL_BIT(BOARD_LIMIT))

/* X(ID, name, method, path, places, may, fields, query, answer, failures, summary)
 * `{id}`, `{name}` in a path are parameters. Often used ones first: they are found first. */
#define OPERATION_TABLE(X)                                                                         \
    X(FACT_ADD, fact_add, METHOD_POST, "/facts", PLACE_BOARD, MAY_WRITE, FIELDS_FACT,              \
      FIELDS_NOTHING, "Fact", FAIL_REFERS | FAIL_HELD, "Record a Fact")                            \
    X(FACT_GET, fact_get, METHOD_GET, "/facts/{id}", PLACE_BOARD, MAY_READ, FIELDS_NOTHING,        \
      FIELDS_NOTHING, "Fact", FAIL_ID, "Read a Fact")                                              \
    X(INTENT_ADD, intent_add, METHOD_POST, "/intents", PLACE_BOARD, MAY_WRITE, FIELDS_INTENT,      \
      FIELDS_NOTHING, "Intent", FAIL_REFERS, "Ask for something to be done")                       \
    X(INTENT_GET, intent_get, METHOD_GET, "/intents/{id}", PLACE_BOARD, MAY_READ, FIELDS_NOTHING,  \
      FIELDS_NOTHING, "Intent", FAIL_ID, "Read an intent")                                         \
    X(INTENT_CLAIM, intent_claim, METHOD_POST, "/intents/{id}/claim", PLACE_BOARD, MAY_WRITE,      \
      FIELDS_CLAIM, FIELDS_NOTHING, "Claim", FAIL_CLAIM, "Claim an intent")                        \
    X(INTENT_HEARTBEAT, intent_heartbeat, METHOD_POST, "/intents/{id}/heartbeat", PLACE_BOARD,     \
      MAY_WRITE, FIELDS_HEARTBEAT, FIELDS_NOTHING, "Lease", FAIL_HELD, "Keep a claim alive")       \
    X(INTENT_CONCLUDE, intent_conclude, METHOD_POST, "/intents/{id}/conclude", PLACE_BOARD,        \
      MAY_WRITE, FIELDS_CONCLUDE, FIELDS_NOTHING, "Conclusion",                                    \
      FAIL_HELD | FAIL_REFERS | FAIL_BIT(BOARD_ALREADY_CONCLUDED),                                 \
      "Conclude a claimed intent with its result")                                                 \
    X(CLAIM_NEXT, claim_next, METHOD_POST, "/claims", PLACE_BOARD, MAY_WRITE, FIELDS_CLAIMS,       \
      FIELDS_NOTHING, "Claim", FAIL_BIT(BOARD_LIMIT) | FAIL_BIT(BOARD_CONFLICT),                   \
      "Claim the next fitting intent, waiting for one if asked to")                                \
    X(INTENT_CHECKPOINT, intent_checkpoint, METHOD_POST, "/intents/{id}/checkpoint", PLACE_BOARD,  \
      MAY_WRITE, FIELDS_CHECKPOINT, FIELDS_NOTHING, "Intent",                                      \
      FAIL_HELD | FAIL_BIT(BOARD_TOO_LARGE), "Save how far you are with a claimed intent")         \
    X(INTENT_RELEASE, intent_release, METHOD_POST, "/intents/{id}/release", PLACE_BOARD,           \
      MAY_WRITE, FIELDS_RELEASE, FIELDS_NOTHING, "Intent", FAIL_HELD,                              \
      "Give a claimed intent back")                                                                \
    X(INTENT_FAIL, intent_fail, METHOD_POST, "/intents/{id}/fail", PLACE_BOARD, MAY_WRITE,         \
      FIELDS_FAIL, FIELDS_NOTHING, "Intent", FAIL_HELD, "Say that a claimed intent failed")        \
    X(INTENT_CANCEL, intent_cancel, METHOD_POST, "/intents/{id}/cancel", PLACE_BOARD, MAY_WRITE,   \
      FIELDS_CANCEL, FIELDS_NOTHING, "Intent",                                                     \
      FAIL_ID | FAIL_BIT(BOARD_CONFLICT) | FAIL_BIT(BOARD_ALREADY_CONCLUDED),                      \
      "Call off an intent")                                                                        \
    X(HINT_ADD, hint_add, METHOD_POST, "/hints", PLACE_BOARD, MAY_WRITE, FIELDS_HINT,              \
      FIELDS_NOTHING, "Hint", FAIL_BIT(BOARD_TOO_LARGE) | FAIL_BIT(BOARD_LIMIT) |                  \
      FAIL_BIT(BOARD_CONFLICT), "Give advice to all agents")                                       \
    X(HINT_GET, hint_get, METHOD_GET, "/hints/{id}", PLACE_BOARD, MAY_READ, FIELDS_NOTHING,        \
      FIELDS_NOTHING, "Hint", FAIL_ID, "Read a hint")                                              \
    X(BATCH, batch, METHOD_POST, "/batch", PLACE_BOARD, MAY_WRITE, FIELDS_BATCH, FIELDS_NOTHING,   \
      "Batch", FAIL_REFERS | FAIL_HELD | FAIL_CLAIM, "Do several operations, all or nothing")      \
    X(RECORDS, records, METHOD_GET, "/records", PLACE_BOARD, MAY_READ, FIELDS_NOTHING,             \
      QUERY_RECORDS, "Records", FAIL_NONE, "List records")                                         \
    X(EVENTS, events, METHOD_GET, "/events", PLACE_BOARD, MAY_READ, FIELDS_NOTHING, QUERY_EVENTS,  \
      "stream", FAIL_BIT(BOARD_LIMIT), "Follow the records as server-sent events")                 \
    X(PROVENANCE, provenance, METHOD_GET, "/provenance/{id}", PLACE_BOARD, MAY_READ,               \
      FIELDS_NOTHING, QUERY_PROVENANCE, "Provenance", FAIL_ID,                                     \
      "What a record was made from, or what was made from it")                                     \
    X(PROOF, proof, METHOD_GET, "/proof/{id}", PLACE_BOARD, MAY_READ, FIELDS_NOTHING,              \
      QUERY_PROOF, "Proof", FAIL_ID, "Proof that a record is in the log")                          \
    X(ROOTS, roots, METHOD_GET, "/roots", PLACE_BOARD, MAY_READ, FIELDS_NOTHING, FIELDS_NOTHING,   \
      "TreeHead", FAIL_NONE, "The signed tree head")                                               \
    X(CONSISTENCY, consistency, METHOD_GET, "/consistency", PLACE_BOARD, MAY_READ,                 \
      FIELDS_NOTHING, QUERY_CONSISTENCY, "Consistency", FAIL_NONE,                                 \
      "Proof that the log only grew")                                                              \
    X(CONTRACT_GET, contract_get, METHOD_GET, "/contract", PLACE_BOARD, MAY_READ, FIELDS_NOTHING,  \
      FIELDS_NOTHING, "Contract", FAIL_NONE, "The contract in force")                              \
    X(CONTRACT_ACTIVATE, contract_activate, METHOD_POST, "/contract", PLACE_BOARD, MAY_HUMAN,      \
      FIELDS_CONTRACT, FIELDS_NOTHING, "Contract",                                                 \
      FAIL_BIT(BOARD_TOO_LARGE) | FAIL_BIT(BOARD_CONFLICT), "Put a contract into force")           \
    X(CONTRACT_CHECK, contract_check, METHOD_POST, "/contract/check", PLACE_BOARD, MAY_READ,       \
      FIELDS_CONTRACT, FIELDS_NOTHING, "ContractCheck", FAIL_BIT(BOARD_TOO_LARGE),                 \
      "What a contract would change, or what is wrong with it")                                    \
    X(CONTRACT_EXPLAIN, contract_explain, METHOD_GET, "/contract/explain/{id}", PLACE_BOARD,       \
      MAY_READ, FIELDS_NOTHING, FIELDS_NOTHING, "Verdict", FAIL_ID,                                \
      "How the contract of its time judges a record")                                              \
    X(STATUS, status, METHOD_GET, "/status", PLACE_BOARD, MAY_READ, FIELDS_NOTHING,                \
      FIELDS_NOTHING, "Status", FAIL_NONE, "How the service is doing")                             \
    X(ME, me, METHOD_GET, "/me", PLACE_API, MAY_READ, FIELDS_NOTHING, FIELDS_NOTHING, "Me",        \
      FAIL_NONE, "Who the token says you are")                                                     \
    X(AGENTS, agents, METHOD_GET, "/agents", PLACE_API, MAY_READ, FIELDS_NOTHING, FIELDS_NOTHING,  \
      "Agents", FAIL_NONE, "List agents")                                                          \
    X(AGENT_GET, agent_get, METHOD_GET, "/agents/{name}", PLACE_API, MAY_READ, FIELDS_NOTHING,     \
      FIELDS_NOTHING, "Agent", FAIL_ID, "Read an agent")                                           \
    X(AGENT_ADD, agent_add, METHOD_POST, "/agents", PLACE_API, MAY_ADMIN, FIELDS_AGENT,            \
      FIELDS_NOTHING, "NewAgent",                                                                  \
      FAIL_ID | FAIL_BIT(BOARD_CONFLICT) | FAIL_BIT(BOARD_LIMIT),                                  \
      "Register an agent; its token is shown this once")                                           \
    X(AGENT_REMOVE, agent_remove, METHOD_DELETE, "/agents/{name}", PLACE_API, MAY_ADMIN,           \
      FIELDS_NOTHING, FIELDS_NOTHING, "Removed", FAIL_ID,                                          \
      "Remove an agent's credential and release its claims")                                       \
    X(PAUSE, pause, METHOD_POST, "/pause", PLACE_BOARD, MAY_ADMIN, FIELDS_NOTHING,                 \
      FIELDS_NOTHING, "Paused", FAIL_BIT(BOARD_CONFLICT), "Give no new claims for now")            \
    X(RESUME, resume, METHOD_POST, "/resume", PLACE_BOARD, MAY_ADMIN, FIELDS_NOTHING,              \
      FIELDS_NOTHING, "Paused", FAIL_BIT(BOARD_CONFLICT), "Give claims again")                     \
    X(STOP, stop, METHOD_POST, "/stop", PLACE_API, MAY_ADMIN, FIELDS_NOTHING, FIELDS_NOTHING,      \
      "Stopping", FAIL_NONE, "Stop the service")                                                   \
    X(BOARDS, boards, METHOD_GET, "/boards", PLACE_API, MAY_READ, FIELDS_NOTHING, FIELDS_NOTHING,  \
      "Boards", FAIL_NONE, "List the boards")                                                      \
    X(BOARD_ADD, board_add, METHOD_POST, "/boards", PLACE_API, MAY_ADMIN, FIELDS_BOARD,            \
      FIELDS_NOTHING, "Board", FAIL_NONE, "Open another board, making it if need be")              \
    X(HEALTHZ, healthz, METHOD_GET, "/healthz", PLACE_ROOT | PLACE_API, MAY_ANYBODY,               \
      FIELDS_NOTHING, FIELDS_NOTHING, "Health", FAIL_NONE, "Whether the process lives")            \
    X(READYZ, readyz, METHOD_GET, "/readyz", PLACE_ROOT | PLACE_API, MAY_ANYBODY, FIELDS_NOTHING,  \
      FIELDS_NOTHING, "Health", FAIL_NONE, "Whether the log is replayed")                          \
    X(METRICS, metrics, METHOD_GET, "/metrics", PLACE_ROOT | PLACE_API, MAY_READ, FIELDS_NOTHING,  \
      FIELDS_NOTHING, "text", FAIL_NONE, "Counters for Prometheus")                                \
    X(OPENAPI, openapi, METHOD_GET, "/openapi.json", PLACE_ROOT | PLACE_API, MAY_ANYBODY,          \
      FIELDS_NOTHING, FIELDS_NOTHING, "OpenAPI", FAIL_NONE, "This description")                    \
    X(PAGE, page, METHOD_GET, "/", PLACE_ROOT, MAY_ANYBODY, FIELDS_NOTHING, FIELDS_NOTHING,        \
      "page", FAIL_NONE, "What this is")

enum operation_id {
    OP_NONE = 0,
#define X(ID, name, method, path, places, may, fields, query, answer, failures, summary) OP_##ID,
    OPERATION_TABLE(X)
#undef X
    OP_COUNT /* not an operation: one more than the last */
};

struct operation {
    enum operation_id id;
    const char *name;
    enum method method;
    const char *path;
    unsigned places;
    unsigned may; /* ROLE_BITs; 0 = anybody */
    const struct field *fields;
    size_t fields_count;
    const struct field *query;
    size_t query_count;
    const char *answer;
    unsigned failures; /* FAIL_BITs */
    const char *summary;
};

/* `id` is not OP_NONE. */
const struct operation *operation_of(enum operation_id id);
/* By name ("fact_add"); NULL when there is none. */
const struct operation *operation_named(struct str name);
const char *method_word(enum method method);
/* "an integer from 1 to 10": how a value of this field looks. */
void field_describe(const struct field *field, const struct limits *limits, struct buf *out);
