/* resolve.c - what requests name: ids, claims, contents.
 *
 * Order of refusals, the same everywhere: malformed (invalid), leads nowhere
 * (not_found for the thing acted upon, invalid_reference for things referred to),
 * then the state of the thing.
 */
#include <stdio.h>

#include "board/board_internal.h"
#include "codec/utf8.h"

#define NEXT_LIST "List what exists: GET /api/v1/records."

bool resolve_ids(struct board *b, struct id_list ids, enum record_kind kind, const char *field,
                 struct hash **out_hashes, struct result *r)
{
    if (ids.count > b->limits.links_max) {
        refuse(r, BOARD_TOO_LARGE, "Name fewer.",
               "field `%s` has %zu ids; at most %llu are allowed", field, ids.count,
               (unsigned long long)b->limits.links_max);
        return false;
    }
    struct hash *hashes = arena_alloc(&b->arena, (ids.count + 1) * sizeof *hashes);
    for (size_t i = 0; i < ids.count; i++) {
        enum record_kind got = RECORD_NONE;
        if (!id_parse(ids.ids[i], kind, &got, &hashes[i])) {
            refuse(r, BOARD_INVALID, NEXT_LIST, "field `%s`[%zu]: %s", field, i,
                   got == RECORD_NONE ? "not an id (a letter, _ and 64 hex digits)"
                                      : "an id of another kind of record");
            return false;
        }
        uint32_t ordinal = row_find(b, &hashes[i]);
        if (ordinal == ORDINAL_NONE || row_kind(&b->rows[ordinal]) != kind) {
            refuse(r, BOARD_INVALID_REFERENCE, NEXT_LIST, "field `%s`[%zu]: no %s %.*s", field, i,
                   record_kind_word(kind), STR_ARG(ids.ids[i]));
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (hash_eq(&hashes[k], &hashes[i])) {
                refuse(r, BOARD_INVALID, "Name each once.", "field `%s`: %.*s stands there twice",
                       field, STR_ARG(ids.ids[i]));
                return false;
            }
        }
    }
    *out_hashes = hashes;
    return true;
}

bool resolve_intent(struct board *b, struct str id, uint32_t *out_slot, struct result *r)
{
    enum record_kind kind = RECORD_NONE;
    struct hash hash;
    if (!id_parse(id, RECORD_INTENT, &kind, &hash)) {
        refuse(r, BOARD_INVALID, "Use an id that begins with i_.", "not the id of an intent: %.*s",
               (int)(id.len > 80 ? 80 : id.len), id.len > 0 ? id.at : "");
        return false;
    }
    uint32_t ordinal = row_find(b, &hash);
    if (ordinal == ORDINAL_NONE || row_kind(&b->rows[ordinal]) != RECORD_INTENT) {
        refuse(r, BOARD_NOT_FOUND, NEXT_LIST, "no intent %.*s", STR_ARG(id));
        return false;
    }
    *out_slot = b->rows[ordinal].aux;
    r->intent = ordinal;
    return true;
}

bool resolve_claim(struct board *b, const struct actor *actor, struct str id, uint64_t epoch,
                   uint32_t *out_slot, struct result *r)
{
    if (epoch < 1 || epoch > EPOCH_MAX) {
        refuse(r, BOARD_INVALID, "Send the epoch that the claim returned.",
               "field `epoch` must be an integer from 1 to 2^53 - 1");
        return false;
    }
    if (!resolve_intent(b, id, out_slot, r)) {
        return false;
    }
    const struct intent *i = &b->intents[*out_slot];
    const bool lapsed = claim_lapsed(b, i);
    if (i->status != STATUS_CLAIMED || i->epoch != epoch || lapsed) {
        const bool later = i->status == STATUS_CLAIMED && i->epoch != epoch;
        b->counts.stale_refused++;
        r->hold_seq = i->last_seq;
        refuse(r, BOARD_STALE_EPOCH,
               "Stop this work: write nothing more under this claim; claim again to go on.",
               "epoch %llu is not that of a live claim; the intent is %s%s",
               (unsigned long long)epoch,
               lapsed ? "free again: the lease has ended" : status_word((enum status)i->status),
               later && !lapsed ? " under another epoch" : "");
        return false;
    }
    if (!str_eq(dict_name(&b->names, i->holder), actor->name)) {
        refuse(r, BOARD_NOT_HOLDER, "Claim an intent of your own.", "the claim belongs to %.*s",
               STR_ARG(dict_name(&b->names, i->holder)));
        return false;
    }
    return true;
}

/* type "/" subtype, then anything visible: enough to keep nonsense out of headers. */
static bool mime_ok(struct str mime)
{
    size_t slash = str_find(mime, '/', 0);
    if (mime.len > 200 || slash == 0 || slash + 1 >= mime.len) {
        return false;
    }
    for (size_t i = 0; i < mime.len; i++) {
        if (mime.at[i] < ' ' || mime.at[i] > '~') {
            return false;
        }
    }
    return true;
}

bool content_prepare(struct board *b, const struct content *content, struct entry *e,
                     struct hash *out_hash, struct result *r)
{
    if (!mime_ok(content->mime_type)) {
        refuse(r, BOARD_INVALID, "Use a media type such as text/plain.",
               "field `content.mime_type` is not a media type");
        return false;
    }
    if (content->data.len > b->limits.content_bytes_max) {
        refuse(r, BOARD_TOO_LARGE, "Split the content into several Facts.",
               "the content has %zu bytes; at most %llu are allowed", content->data.len,
               (unsigned long long)b->limits.content_bytes_max);
        return false;
    }
    sha256(content->data.at, content->data.len, out_hash);
    e->fact.mime_type = content->mime_type;
    e->fact.content_bytes = content->data.len;
    if (content->data.len >= LOG_BLOB_BYTES_MIN) {
        e->flags |= ENTRY_STORED;
        e->fact.content_hash = *out_hash;
    } else {
        e->fact.content = content->data;
    }
    return true;
}
