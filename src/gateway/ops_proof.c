/* ops_proof.c - proofs that a record is in the log and that the log only grew.
 *
 * What is signed is the tree of what is durable, never more: a signed head must hold
 * after a crash. A signature costs far more than an answer, so the last one is kept
 * until the log has grown.
 */
#include <stdio.h>

#include "codec/bytes.h"
#include "gateway/gateway_internal.h"

static struct log_place locate(void *context, uint64_t seq)
{
    return board_place(context, seq);
}

/* The text under the signature: tag, log, size, root and time, a line each. */
static bool sign_head(struct call *call, uint64_t size, const struct hash *root)
{
    struct slot *slot = call->slot;
    if (slot->signed_ms != 0 && slot->signed_size == size && hash_eq(&slot->signed_root, root)) {
        return true;
    }
    const struct io *io = call->gateway->options.io;
    char log[33];
    char root_text[65];
    log_name(board_log(call->board), log);
    int64_t now_ms = io->wall_ms(io->host);
    struct str text = arena_printf(
        &call->gateway->arena, "nexus-tree-head\n%s\n%llu\n%.*s\n%lld\n", log,
        (unsigned long long)size, STR_ARG(hash_hex(root, root_text)), (long long)now_ms);
    if (!sign_make(&call->gateway->options.tree_key, text, &slot->signature)) {
        return false;
    }
    slot->signed_size = size;
    slot->signed_root = *root;
    slot->signed_ms = now_ms;
    return true;
}

/* Members of a tree head into the object that is open. */
static void write_head(struct call *call, struct json_writer *w)
{
    const struct slot *slot = call->slot;
    char hex[128];
    char log[33];
    log_name(board_log(call->board), log);
    jw_kv_uint(w, "size", slot->signed_size);
    jw_kv_str(w, "root", hash_hex(&slot->signed_root, hex));
    jw_kv_int(w, "at_ms", slot->signed_ms);
    hex_encode(call->gateway->options.tree_key.public, 32, hex);
    jw_kv_str(w, "key", str_n(hex, 64));
    hex_encode(slot->signature.bytes, 64, hex);
    jw_kv_str(w, "signature", str_n(hex, 128));
    jw_kv_text(w, "log", log);
}

static bool sign_durable(struct call *call, uint64_t *out_size, struct hash *out_root)
{
    log_durable_root(board_log(call->board), out_size, out_root);
    if (sign_head(call, *out_size, out_root)) {
        return true;
    }
    call_fail(call, BOARD_UNAVAILABLE, NULL, "the tree head could not be signed");
    return false;
}

void run_roots(struct call *call)
{
    uint64_t size = 0;
    struct hash root;
    if (!sign_durable(call, &size, &root)) {
        return;
    }
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    write_head(call, &w);
    jw_object_end(&w);
    reply_end(call, 0);
}

static void write_hashes(struct json_writer *w, const struct hash *hashes, size_t count)
{
    jw_key(w, "proof");
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        char hex[65];
        jw_str(w, hash_hex(&hashes[i], hex));
    }
    jw_array_end(w);
}

/* A tree size from the query; false: answered. */
static bool tree_size(struct call *call, int arg, uint64_t from, uint64_t durable,
                      uint64_t *out_size)
{
    *out_size = call->args.given[arg] ? (uint64_t)call->args.number[arg] : durable;
    if (*out_size >= from && *out_size <= durable) {
        return true;
    }
    call_fail(call, BOARD_INVALID, "leave the parameter away to use the present size",
              "query parameter `%s` must be an integer from %llu to %llu",
              call->op->query[arg].name, (unsigned long long)from, (unsigned long long)durable);
    return false;
}

void run_proof(struct call *call)
{
    struct log *log = board_log(call->board);
    uint32_t ordinal = 0;
    uint64_t durable = 0;
    uint64_t size = 0;
    struct hash root;
    struct hash leaf;
    if (!call_record(call, RECORD_NONE, &ordinal) || !sign_durable(call, &durable, &root)) {
        return;
    }
    uint64_t seq = (uint64_t)ordinal + 1;
    if (seq > durable) {
        call_fail(call, BOARD_UNAVAILABLE, "ask again in a moment",
                  "the record is not yet on the disk");
        return;
    }
    if (!tree_size(call, ARG_PROOF_SIZE, seq, durable, &size)) {
        return;
    }
    struct str body;
    struct hash proof[MERKLE_DEPTH_MAX];
    if (!log_read(log, board_place(call->board, seq), &body)) {
        call_damaged(call);
        return;
    }
    merkle_leaf(body.at, body.len, &leaf);
    size_t count = log_prove_inclusion(log, locate, call->board, seq, size, proof);
    if (count == SIZE_MAX ||
        (size != durable && !log_root_at(log, locate, call->board, size, &root))) {
        call_damaged(call);
        return;
    }
    char hex[65];
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_str(&w, "id", call->param);
    jw_kv_uint(&w, "seq", seq);
    jw_kv_str(&w, "leaf", hash_hex(&leaf, hex));
    jw_kv_uint(&w, "size", size);
    jw_kv_uint(&w, "index", seq - 1);
    write_hashes(&w, proof, count);
    jw_kv_str(&w, "root", hash_hex(&root, hex));
    jw_key(&w, "signed_tree_head");
    jw_object(&w);
    write_head(call, &w);
    jw_object_end(&w);
    jw_object_end(&w);
    reply_end(call, 0);
}

void run_consistency(struct call *call)
{
    struct log *log = board_log(call->board);
    struct hash root;
    uint64_t durable = 0;
    log_durable_root(log, &durable, &root);
    uint64_t from = (uint64_t)call->args.number[ARG_CONSISTENCY_FROM];
    uint64_t to = 0;
    uint64_t checked = 0;
    if (!tree_size(call, ARG_CONSISTENCY_FROM, 1, durable, &checked) ||
        !tree_size(call, ARG_CONSISTENCY_TO, from, durable, &to)) {
        return;
    }
    struct hash proof[2 * MERKLE_DEPTH_MAX];
    struct hash root_from;
    size_t count = log_prove_consistency(log, locate, call->board, from, to, proof);
    if (count == SIZE_MAX || !log_root_at(log, locate, call->board, from, &root_from) ||
        !log_root_at(log, locate, call->board, to, &root)) {
        call_damaged(call);
        return;
    }
    char hex[65];
    struct json_writer w = reply_json(call, 200);
    jw_object(&w);
    jw_kv_uint(&w, "from", from);
    jw_kv_uint(&w, "to", to);
    jw_kv_str(&w, "root_from", hash_hex(&root_from, hex));
    jw_kv_str(&w, "root_to", hash_hex(&root, hex));
    write_hashes(&w, proof, count);
    jw_object_end(&w);
    reply_end(call, 0);
}
