/* openapi.c - the OpenAPI 3.1 description, made from the operation table.
 *
 * What requests take comes from the same fields that check them. What is answered is
 * told by the tables of members below.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "codec/bytes.h"
#include "gateway/gateway_internal.h"

/* A member of an answer. `type`: string, integer, number, boolean, any, id, null; #Name
 * is another schema; [] behind it makes an array. */
struct member {
    const char *schema;
    const char *name;
    const char *type;
    bool required;
    const char *help;
};

#define RECORD_MEMBERS(schema, word)                                                               \
    {schema, "id", "id", true, "identity: a letter and the SHA-256"},                              \
        {schema, "kind", "string", true, word},                                                    \
        {schema, "seq", "integer", true, "position in the log, from 1"},                           \
        {schema, "at_ms", "integer", true, "when it was recorded, Unix milliseconds"},             \
        {schema, "creator", "string", true, "who recorded it, by credential"},                     \
        {schema, "contract", "any", false, "the contract that admitted it"}

static const struct member members[] = {
    RECORD_MEMBERS("Fact", "always `fact`"),
    {"Fact", "origin", "string", true, "where the statement comes from"},
    {"Fact", "content", "#Content", true, "the statement"},
    {"Fact", "content_hash", "string", true, "SHA-256 of the content"},
    {"Fact", "content_bytes", "integer", true, "size of the content"},
    {"Fact", "from", "id[]", false, "Facts that it was made from"},
    {"Fact", "topic", "string", false, "what it is about"},
    {"Fact", "position", "string", false, "what it says on the topic"},
    {"Fact", "valid_from_ms", "integer", false, "when it begins to hold"},
    {"Fact", "valid_to_ms", "integer", false, "when it ends to hold"},
    {"Fact", "confidence", "number", false, "how sure the origin is"},
    {"Fact", "under", "#Under", false, "the claim under which it was found"},
    {"Fact", "verification", "string", true, "reported, verified or revoked"},
    RECORD_MEMBERS("Intent", "always `intent`"),
    {"Intent", "description", "string", true, "what is to be done"},
    {"Intent", "status", "string", true,
     "submitted, claimed, concluded, failed, cancelled or rejected"},
    {"Intent", "priority", "integer", true, "1 to 10, 10 first"},
    {"Intent", "from_facts", "id[]", false, "Facts that gave rise to it"},
    {"Intent", "parent", "id", false, "the intent that it is part of"},
    {"Intent", "goal", "id", false, "the root of its parents"},
    {"Intent", "capability", "string", false, "what whoever takes it must be able to do"},
    {"Intent", "dedupe_key", "string", false, "the key that keeps it single"},
    {"Intent", "topic", "string", false, "what it is about"},
    {"Intent", "deadline_ms", "integer", false, "when it fails if nobody concluded it"},
    {"Intent", "max_run_ms", "integer", false, "how long one claim may last"},
    {"Intent", "depends_on", "id[]", false, "intents that must be concluded first"},
    {"Intent", "waits_for", "integer", false, "how many of those are not yet concluded"},
    {"Intent", "attempts", "integer", false, "claims so far"},
    {"Intent", "epoch", "integer", false, "epoch of the last claim"},
    {"Intent", "holder", "string", false, "who holds it"},
    {"Intent", "expires_at_ms", "integer", false, "when the claim ends"},
    {"Intent", "expires_in_ms", "integer", false, "the same from now"},
    {"Intent", "checkpoint", "any", false, "how far the last holder was"},
    {"Intent", "reason", "string", false, "why it was given back or ended"},
    {"Intent", "last_event", "string", false, "what happened to it last"},
    {"Intent", "changed_ms", "integer", false, "when that was"},
    {"Intent", "to_fact", "id", false, "its result"},
    RECORD_MEMBERS("Hint", "always `hint`"),
    {"Hint", "content", "string", true, "the advice"},
    {"Hint", "scope", "string", false, "what it applies to"},
    {"Hint", "ttl_ms", "integer", false, "how long it governs"},
    {"Hint", "expires_at_ms", "integer", false, "until when"},
    {"Hint", "expired", "boolean", false, "whether that is past"},
    RECORD_MEMBERS("Record", "fact, intent, hint or event"),
    {"Content", "mime_type", "string", true, "media type"},
    {"Content", "data", "string", true, "text, or base64 when `encoding` says so"},
    {"Content", "encoding", "string", false, "base64"},
    {"Under", "intent", "id", true, "the intent"},
    {"Under", "epoch", "integer", true, "the epoch of the claim"},
    {"Claim", "intent", "#Intent", true, "the intent that is yours now"},
    {"Claim", "epoch", "integer", true, "send it with every write under this claim"},
    {"Claim", "expires_at_ms", "integer", true, "when the claim ends unless a heartbeat comes"},
    {"Claim", "expires_in_ms", "integer", true, "the same from now"},
    {"Lease", "expires_at_ms", "integer", true, "when the claim ends unless a heartbeat comes"},
    {"Lease", "expires_in_ms", "integer", true, "the same from now"},
    {"Conclusion", "fact", "#Fact", true, "the result"},
    {"Conclusion", "intent", "#Intent", true, "the intent, concluded"},
    {"Batch", "results", "any[]", true, "what each operation answered, in order"},
    {"Records", "records", "#Record[]", true, "one page"},
    {"Records", "next", "string?", true, "`cursor` of the next page; null at the end"},
    {"Records", "as_of", "integer", true, "the seq at which the list was made"},
    {"Provenance", "id", "id", true, "the record asked about"},
    {"Provenance", "direction", "string", true, "back or forward"},
    {"Provenance", "depth", "integer", true, "steps gone at most"},
    {"Provenance", "truncated", "boolean", true, "whether there are more than were asked for"},
    {"Provenance", "records", "#Record[]", true, "nearest first"},
    {"Proof", "id", "id", true, "the record"},
    {"Proof", "seq", "integer", true, "its position, from 1"},
    {"Proof", "leaf", "string", true, "RFC 6962 leaf hash of its body"},
    {"Proof", "size", "integer", true, "size of the tree"},
    {"Proof", "index", "integer", true, "index of the leaf, from 0"},
    {"Proof", "proof", "string[]", true, "hashes from the leaf upwards"},
    {"Proof", "root", "string", true, "root of the tree of that size"},
    {"Proof", "signed_tree_head", "#TreeHead", true, "the head of all that is durable"},
    {"TreeHead", "size", "integer", true, "records in the tree"},
    {"TreeHead", "root", "string", true, "RFC 6962 root"},
    {"TreeHead", "at_ms", "integer", true, "when it was signed"},
    {"TreeHead", "key", "string", true, "Ed25519 public key"},
    {"TreeHead", "signature", "string", true,
     "Ed25519 over the lines nexus-tree-head, log, size, root, at_ms"},
    {"TreeHead", "log", "string", true, "identity of the log"},
    {"Consistency", "from", "integer", true, "size of the older tree"},
    {"Consistency", "to", "integer", true, "size of the newer tree"},
    {"Consistency", "root_from", "string", true, "root of the older tree"},
    {"Consistency", "root_to", "string", true, "root of the newer tree"},
    {"Consistency", "proof", "string[]", true, "RFC 6962 consistency proof"},
    {"Contract", "hash", "string", true, "SHA-256 of its text"},
    {"Contract", "default", "boolean", true, "whether it is the one every board begins with"},
    {"Contract", "since_seq", "integer", true, "seq of the record that put it into force"},
    {"Contract", "text", "string", false, "the contract as it was given"},
    {"ContractCheck", "valid", "boolean", true, "whether it could be put into force"},
    {"ContractCheck", "problems", "any[]", true, "line, column, cause and cure of each"},
    {"ContractCheck", "differences", "string[]", true, "in meaning, to the one in force"},
    {"ContractCheck", "hash", "string", false, "SHA-256 of its text"},
    {"ContractCheck", "cost", "integer", false, "steps that judging one record takes at most"},
    {"Verdict", "id", "id", true, "the record"},
    {"Verdict", "contract", "string", true, "hash of the contract of its time"},
    {"Verdict", "verdict", "string", true, "admitted, or the rule that refuses and why"},
    {"Status", "version", "string", true, "version of the service"},
    {"Status", "log", "string", true, "identity of the log"},
    {"Status", "ready", "boolean", true, "whether it takes requests"},
    {"Status", "paused", "boolean", true, "whether no new claims are given"},
    {"Status", "uptime_ms", "integer", true, "time since the start"},
    {"Status", "connections", "integer", true, "open connections"},
    {"Status", "streams", "integer", true, "open event streams"},
    {"Status", "records", "integer", true, "all records"},
    {"Status", "facts", "integer", true, "Facts"},
    {"Status", "intents", "any", true, "how many intents by status"},
    {"Status", "hints", "integer", true, "hints"},
    {"Status", "events", "integer", true, "events"},
    {"Status", "agents", "integer", true, "registered agents"},
    {"Status", "parked", "integer", true, "claims that wait"},
    {"Status", "durable_seq", "integer", true, "last seq on the disk"},
    {"Status", "head_seq", "integer", true, "last seq"},
    {"Status", "claims_given", "integer", true, "claims given since the start"},
    {"Status", "claims_refused", "integer", true, "claims refused since the start"},
    {"Status", "leases_expired", "integer", true, "claims that ended without a heartbeat"},
    {"Status", "log_bytes", "integer", true, "bytes written to the log since the start"},
    {"Status", "index_bytes", "integer", true, "memory held by rows and indexes"},
    {"Me", "name", "string", true, "the name behind the token"},
    {"Me", "role", "string", true, "admin, human, agent or reader"},
    {"Agent", "name", "string", true, "its name"},
    {"Agent", "role", "string", true, "agent, human or reader"},
    {"Agent", "capabilities", "string[]", true, "what it can do"},
    {"Agent", "public_key", "string", false, "Ed25519 public key"},
    {"Agent", "added_ms", "integer", true, "when it was registered"},
    {"Agent", "claims", "integer", true, "claims it holds"},
    {"Agents", "agents", "#Agent[]", true, "by name"},
    {"NewAgent", "agent", "#Agent", true, "the agent"},
    {"NewAgent", "token", "string", true, "its token, shown this once"},
    {"Removed", "removed", "string", true, "the name that was removed"},
    {"Paused", "paused", "boolean", true, "whether no new claims are given"},
    {"Stopping", "stopping", "boolean", true, "true"},
    {"Board", "name", "string", true, "its name"},
    {"Board", "path", "string", true, "where its paths begin"},
    {"Board", "open", "boolean", true, "whether it takes requests"},
    {"Board", "records", "integer", false, "all records"},
    {"Boards", "boards", "#Board[]", true, "the main board first"},
    {"Health", "status", "string", true, "ok or ready"},
    {"OpenAPI", "openapi", "string", true, "version of the format"},
    {"Problem", "type", "string", true, "urn:nexus:error:CODE"},
    {"Problem", "title", "string", true, "what kind of error it is"},
    {"Problem", "status", "integer", true, "the HTTP status"},
    {"Problem", "code", "string", true, "for programs"},
    {"Problem", "detail", "string", true, "the cause"},
    {"Problem", "next", "string", true, "a safe next step"},
    {"Problem", "holder", "string", false, "already_claimed: who holds it"},
    {"Problem", "expires_in_ms", "integer", false, "already_claimed: how long at least"},
    {"Problem", "retry_after_ms", "integer", false, "when to try again"},
    {"Problem", "op_index", "integer", false, "batch: the operation that failed"},
};
#define MEMBERS_COUNT (sizeof members / sizeof members[0])

static void ref(struct json_writer *w, const char *place, struct str name)
{
    struct buf text = {0};
    buf_printf(&text, "#/components/%s/%.*s", place, STR_ARG(name));
    jw_kv_str(w, "$ref", buf_str(&text));
    buf_deinit(&text);
}

/* The members of the schema of a type, without description, into the open object. */
static void type_members(struct json_writer *w, struct str type)
{
    if (str_ends(type, STR("[]"))) {
        jw_kv_text(w, "type", "array");
        jw_key(w, "items");
        jw_object(w);
        type_members(w, str_sub(type, 0, type.len - 2));
        jw_object_end(w);
    } else if (str_starts(type, STR("#"))) {
        ref(w, "schemas", str_sub(type, 1, type.len));
    } else if (str_is(type, "id")) {
        jw_kv_text(w, "type", "string");
        jw_kv_text(w, "pattern", "^[fihe]_[0-9a-f]{64}$");
    } else if (str_is(type, "string?")) {
        jw_key(w, "type");
        jw_array(w);
        jw_text(w, "string");
        jw_text(w, "null");
        jw_array_end(w);
    } else if (!str_is(type, "any")) {
        jw_kv_str(w, "type", type);
    }
}

static size_t write_schema(struct json_writer *w, size_t first)
{
    const char *schema = members[first].schema;
    size_t end = first;
    jw_key(w, schema);
    jw_object(w);
    jw_kv_text(w, "type", "object");
    jw_key(w, "properties");
    jw_object(w);
    for (; end < MEMBERS_COUNT && strcmp(members[end].schema, schema) == 0; end++) {
        jw_key(w, members[end].name);
        jw_object(w);
        type_members(w, str_of(members[end].type));
        jw_kv_text(w, "description", members[end].help);
        jw_object_end(w);
    }
    jw_object_end(w);
    jw_key(w, "required");
    jw_array(w);
    for (size_t i = first; i < end; i++) {
        if (members[i].required) {
            jw_text(w, members[i].name);
        }
    }
    jw_array_end(w);
    jw_object_end(w);
    return end;
}

/* -- what requests take ---------------------------------------------------------------- */

static void words_members(struct json_writer *w, const char *words)
{
    struct str rest = str_of(words);
    struct str word;
    jw_kv_text(w, "type", "string");
    jw_key(w, "enum");
    jw_array(w);
    while (str_cut(&rest, '|', &word)) {
        jw_str(w, word);
    }
    jw_array_end(w);
}

static void text_members(struct json_writer *w, uint64_t bytes_max)
{
    jw_kv_text(w, "type", "string");
    jw_kv_int(w, "minLength", 1);
    jw_kv_uint(w, "maxLength", bytes_max);
}

static void range_members(struct json_writer *w, const struct field *field)
{
    jw_kv_text(w, "type", field->type == FIELD_INT ? "integer" : "number");
    jw_kv_int(w, "minimum", field->min);
    jw_kv_int(w, "maximum", field->max);
}

static void list_members(struct json_writer *w, struct str type, uint64_t min, uint64_t max)
{
    type_members(w, type);
    if (min > 0) {
        jw_kv_uint(w, "minItems", min);
    }
    jw_kv_uint(w, "maxItems", max);
}

static void field_members(struct json_writer *w, const struct field *field,
                          const struct limits *limits)
{
    switch (field->type) {
    case FIELD_NAME:
        text_members(w, limits->name_bytes_max);
        return;
    case FIELD_TEXT:
        text_members(w, limits->text_bytes_max);
        return;
    case FIELD_ID:
        type_members(w, STR("id"));
        return;
    case FIELD_WORD:
        words_members(w, field->words);
        return;
    case FIELD_INT:
    case FIELD_NUMBER:
        range_members(w, field);
        return;
    case FIELD_BOOL:
        jw_kv_text(w, "type", "boolean");
        return;
    case FIELD_IDS:
        list_members(w, STR("id[]"), 0, limits->links_max);
        return;
    case FIELD_NAMES:
        list_members(w, STR("string[]"), 0, limits->links_max);
        return;
    case FIELD_CONTENT:
        ref(w, "schemas", STR("Content"));
        return;
    case FIELD_UNDER:
        ref(w, "schemas", STR("Under"));
        return;
    case FIELD_JSON: /* any value at all */
        return;
    case FIELD_OPS:
        jw_kv_text(w, "type", "array");
        jw_kv_int(w, "minItems", 1);
        jw_kv_uint(w, "maxItems", limits->batch_ops_max);
        jw_key(w, "items");
        jw_object(w);
        jw_kv_text(w, "type", "object");
        jw_object_end(w);
        return;
    }
    UNREACHABLE("a field has a type");
}

static void write_body(struct json_writer *w, const struct operation *op,
                       const struct limits *limits)
{
    bool required = false;
    for (size_t i = 0; i < op->fields_count; i++) {
        required = required || op->fields[i].required;
    }
    jw_key(w, "requestBody");
    jw_object(w);
    jw_kv_bool(w, "required", required);
    jw_key(w, "content");
    jw_object(w);
    jw_key(w, "application/json");
    jw_object(w);
    jw_key(w, "schema");
    jw_object(w);
    jw_kv_text(w, "type", "object");
    jw_kv_bool(w, "additionalProperties", false);
    jw_key(w, "properties");
    jw_object(w);
    for (size_t i = 0; i < op->fields_count; i++) {
        jw_key(w, op->fields[i].name);
        jw_object(w);
        field_members(w, &op->fields[i], limits);
        jw_kv_text(w, "description", op->fields[i].help);
        jw_object_end(w);
    }
    jw_object_end(w);
    if (required) {
        jw_key(w, "required");
        jw_array(w);
        for (size_t i = 0; i < op->fields_count; i++) {
            if (op->fields[i].required) {
                jw_text(w, op->fields[i].name);
            }
        }
        jw_array_end(w);
    }
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
}

static void write_parameters(struct json_writer *w, const struct operation *op,
                             const struct limits *limits)
{
    const char *brace = strchr(op->path, '{');
    jw_key(w, "parameters");
    jw_array(w);
    if (brace != NULL) {
        size_t len = (size_t)(strchr(brace, '}') - brace) - 1;
        jw_object(w);
        ref(w, "parameters", str_n(brace + 1, len));
        jw_object_end(w);
    }
    if (op->method == METHOD_POST && op->id != OP_AGENT_ADD) {
        jw_object(w);
        ref(w, "parameters", STR("idempotency_key"));
        jw_object_end(w);
    }
    for (size_t i = 0; i < op->query_count; i++) {
        jw_object(w);
        jw_kv_text(w, "name", op->query[i].name);
        jw_kv_text(w, "in", "query");
        jw_kv_bool(w, "required", op->query[i].required);
        jw_kv_text(w, "description", op->query[i].help);
        jw_key(w, "schema");
        jw_object(w);
        field_members(w, &op->query[i], limits);
        jw_object_end(w);
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* -- what is answered ------------------------------------------------------------------- */

static void write_answer(struct json_writer *w, const char *status, const char *description,
                         const char *media_type, const char *schema)
{
    jw_key(w, status);
    jw_object(w);
    jw_kv_text(w, "description", description);
    if (media_type != NULL) {
        jw_key(w, "content");
        jw_object(w);
        jw_key(w, media_type);
        jw_object(w);
        jw_key(w, "schema");
        jw_object(w);
        if (schema == NULL) {
            jw_kv_text(w, "type", "string");
        } else {
            ref(w, "schemas", str_of(schema));
        }
        jw_object_end(w);
        jw_object_end(w);
        jw_object_end(w);
    }
    jw_object_end(w);
}

static void write_success(struct json_writer *w, const struct operation *op)
{
    const enum operation_id id = op->id;
    bool creates = id == OP_FACT_ADD || id == OP_INTENT_ADD || id == OP_HINT_ADD ||
                   id == OP_BATCH || id == OP_AGENT_ADD || id == OP_BOARD_ADD ||
                   id == OP_CONTRACT_ACTIVATE;
    bool finds = !creates || id == OP_FACT_ADD || id == OP_INTENT_ADD || id == OP_BOARD_ADD ||
                 id == OP_CONTRACT_ACTIVATE;
    if (strcmp(op->answer, "stream") == 0) {
        write_answer(w, "200", "the records, as they become durable", "text/event-stream", NULL);
        return;
    }
    if (strcmp(op->answer, "text") == 0) {
        write_answer(w, "200", "the counters", "text/plain", NULL);
        return;
    }
    if (finds) {
        write_answer(w, "200", creates ? "it was there already" : "done", "application/json",
                     op->answer);
    }
    if (creates) {
        write_answer(w, "201", "made", "application/json", op->answer);
    }
    if (id == OP_CLAIM_NEXT) {
        write_answer(w, "204", "there is no fitting intent", NULL, NULL);
    }
}

/* All outcomes that share a status, as one response. */
static void write_failure(struct json_writer *w, unsigned failures, int status)
{
    struct buf words = {0};
    for (int outcome = BOARD_INVALID; outcome <= BOARD_UNAVAILABLE; outcome++) {
        if ((failures & FAIL_BIT(outcome)) != 0 && outcome_http((enum outcome)outcome) == status) {
            buf_add_text(&words, words.len > 0 ? ", " : "");
            buf_add_text(&words, outcome_code((enum outcome)outcome));
        }
    }
    if (words.len > 0) {
        char key[16];
        snprintf(key, sizeof key, "%d", status);
        write_answer(w, key, buf_cstr(&words), "application/problem+json", "Problem");
    }
    buf_deinit(&words);
}

static void write_responses(struct json_writer *w, const struct operation *op)
{
    static const int statuses[] = {400, 401, 403, 404, 409, 413, 422, 429, 503};
    unsigned failures = op->failures | FAIL_BIT(BOARD_INVALID);
    if (op->may != MAY_ANYBODY) {
        failures |= FAIL_BIT(BOARD_UNAUTHENTICATED) | FAIL_BIT(BOARD_NOT_PERMITTED);
    }
    if (op->id != OP_HEALTHZ && op->id != OP_OPENAPI) {
        failures |= FAIL_BIT(BOARD_UNAVAILABLE);
    }
    jw_key(w, "responses");
    jw_object(w);
    write_success(w, op);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        write_failure(w, failures, statuses[i]);
    }
    jw_object_end(w);
}

static const char *tag_of(const struct operation *op)
{
    static const struct {
        const char *prefix, *tag;
    } tags[] = {{"/facts", "facts"},     {"/intents", "intents"}, {"/claims", "intents"},
                {"/hints", "hints"},     {"/agents", "agents"},   {"/me", "agents"},
                {"/proof/", "evidence"}, {"/roots", "evidence"},  {"/consistency", "evidence"},
                {"/records", "records"}, {"/events", "records"},  {"/provenance", "records"},
                {"/batch", "records"},   {"/contract", "contract"}};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (strncmp(op->path, tags[i].prefix, strlen(tags[i].prefix)) == 0) {
            return tags[i].tag;
        }
    }
    return "service";
}

static void write_operation(struct json_writer *w, const struct operation *op,
                            const struct limits *limits)
{
    jw_key(w, op->method == METHOD_GET ? "get" : op->method == METHOD_POST ? "post" : "delete");
    jw_object(w);
    jw_kv_text(w, "operationId", op->name);
    jw_kv_text(w, "summary", op->summary);
    jw_key(w, "tags");
    jw_array(w);
    jw_text(w, tag_of(op));
    jw_array_end(w);
    jw_key(w, "security");
    jw_array(w);
    if (op->may != MAY_ANYBODY) {
        jw_object(w);
        jw_key(w, "token");
        jw_array(w);
        jw_array_end(w);
        jw_object_end(w);
    }
    jw_array_end(w);
    write_parameters(w, op, limits);
    if (op->fields_count > 0) {
        write_body(w, op, limits);
    }
    write_responses(w, op);
    jw_object_end(w);
}

static void write_paths(struct json_writer *w, const struct limits *limits)
{
    jw_key(w, "paths");
    jw_object(w);
    bool done[OP_COUNT] = {false};
    for (int i = OP_NONE + 1; i < OP_COUNT; i++) {
        const struct operation *first = operation_of((enum operation_id)i);
        if (done[i] || (first->places & PLACE_API) == 0) {
            continue;
        }
        jw_key(w, first->path);
        jw_object(w);
        for (int k = i; k < OP_COUNT; k++) {
            const struct operation *op = operation_of((enum operation_id)k);
            if (strcmp(op->path, first->path) == 0) {
                write_operation(w, op, limits);
                done[k] = true;
            }
        }
        jw_object_end(w);
    }
    jw_object_end(w);
}

static void write_parameter(struct json_writer *w, const char *key, const char *name,
                            const char *in, const char *help)
{
    jw_key(w, key);
    jw_object(w);
    jw_kv_text(w, "name", name);
    jw_kv_text(w, "in", in);
    jw_kv_bool(w, "required", strcmp(in, "path") == 0);
    jw_kv_text(w, "description", help);
    jw_key(w, "schema");
    jw_object(w);
    type_members(w, strcmp(key, "id") == 0 ? STR("id") : STR("string"));
    jw_object_end(w);
    jw_object_end(w);
}

static void write_components(struct json_writer *w)
{
    jw_key(w, "components");
    jw_object(w);
    jw_key(w, "securitySchemes");
    jw_object(w);
    jw_key(w, "token");
    jw_object(w);
    jw_kv_text(w, "type", "http");
    jw_kv_text(w, "scheme", "bearer");
    jw_kv_text(w, "description", "the token that `nexusctl agent add` showed");
    jw_object_end(w);
    jw_object_end(w);
    jw_key(w, "parameters");
    jw_object(w);
    write_parameter(w, "id", "id", "path", "id of the record");
    write_parameter(w, "name", "name", "path", "name of the agent");
    write_parameter(w, "idempotency_key", "Idempotency-Key", "header",
                    "the same request under the same key is done once; kept for 24 hours");
    jw_object_end(w);
    jw_key(w, "schemas");
    jw_object(w);
    for (size_t i = 0; i < MEMBERS_COUNT;) {
        i = write_schema(w, i);
    }
    jw_object_end(w);
    jw_object_end(w);
}

static void write_info(struct json_writer *w, const char *version)
{
    jw_key(w, "info");
    jw_object(w);
    jw_kv_text(w, "title", "Nexus");
    jw_kv_text(w, "version", version);
    jw_kv_text(w, "description",
               "A durable board on which agents and people work on one goal: Facts, Intents and "
               "Hints. Every answer that tells of a change leaves after the change is on the "
               "disk.");
    jw_key(w, "license");
    jw_object(w);
    jw_kv_text(w, "name", "Apache-2.0");
    jw_kv_text(w, "identifier", "Apache-2.0");
    jw_object_end(w);
    jw_object_end(w);
}

static void write_servers(struct json_writer *w)
{
    jw_key(w, "servers");
    jw_array(w);
    jw_object(w);
    jw_kv_text(w, "url", "/api/v1");
    jw_kv_text(w, "description", "the main board");
    jw_object_end(w);
    jw_object(w);
    jw_kv_text(w, "url", "/api/v1/boards/{board}");
    jw_kv_text(w, "description", "another board");
    jw_key(w, "variables");
    jw_object(w);
    jw_key(w, "board");
    jw_object(w);
    jw_kv_text(w, "default", "main");
    jw_kv_text(w, "description", "name of the board");
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
    jw_array_end(w);
}

static void write_tags(struct json_writer *w)
{
    static const struct {
        const char *name, *help;
    } tags[] = {{"facts", "What is known"},
                {"intents", "What is to be done, and who does it"},
                {"hints", "What governs"},
                {"records", "All of them together"},
                {"agents", "Who may do what"},
                {"evidence", "Proofs from the log"},
                {"contract", "The rules of a board"},
                {"service", "The service itself"}};
    jw_key(w, "tags");
    jw_array(w);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        jw_object(w);
        jw_kv_text(w, "name", tags[i].name);
        jw_kv_text(w, "description", tags[i].help);
        jw_object_end(w);
    }
    jw_array_end(w);
}

void gateway_openapi(struct gateway *gateway, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out, true);
    jw_object(&w);
    jw_kv_text(&w, "openapi", "3.1.0");
    write_info(&w, gateway->options.version);
    write_servers(&w);
    write_tags(&w);
    write_paths(&w, &gateway->options.limits);
    write_components(&w);
    jw_object_end(&w);
    buf_add_byte(out, '\n');
}

/* Made at the first request and kept, with its hash as the tag. */
void run_openapi(struct call *call)
{
    struct gateway *gateway = call->gateway;
    if (gateway->openapi.len == 0) {
        struct hash hash;
        gateway_openapi(gateway, &gateway->openapi);
        sha256(gateway->openapi.at, gateway->openapi.len, &hash);
        gateway->openapi_etag[0] = '"';
        hex_encode(hash.bytes, 8, gateway->openapi_etag + 1);
        gateway->openapi_etag[17] = '"';
    }
    struct str etag = str_n(gateway->openapi_etag, 18);
    struct str wanted = conn_header(call->conn, HEADER_IF_NONE_MATCH);
    bool same = wanted.len > 0 && str_find_str(wanted, etag) < wanted.len;
    reply_begin(call, same ? 304 : 200, REPLY_RECORD);
    reply_header(call, STR("ETag"), etag);
    if (same) {
        reply_empty(call, 304, 0);
        return;
    }
    buf_add_str(reply_body(call), buf_str(&gateway->openapi));
    reply_end(call, 0);
}
