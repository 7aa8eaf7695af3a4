/* entry.h - the bodies of records as they lie in the log.
 *
 * A body is self-contained: a stranger with this file can read the log. Layout,
 * little-endian, s16/s32 = length of 2 or 4 bytes and then the bytes:
 *
 *   u8 kind, u8 version = 1, u8 type (events) or flags, u8 flags2
 *   i64 at_ms, id[32], s16 creator
 *   fact:   s16 origin mime topic position; [i64 valid_from] [i64 valid_to]
 *           [f64 confidence] [intent[32] u64 epoch]; ids from;
 *           inline: s32 content | stored: hash[32] u64 bytes
 *   intent: s32 description; ids from_facts; [parent[32]]; s16 capability topic
 *           dedupe_key; u8 priority; [i64 deadline]; u64 max_run_ms; ids depends_on
 *   hint:   s32 content; s16 scope; u64 ttl_ms
 *   event:  u16 fields; then, as the bits say: intent[32], u64 epoch, u64 number,
 *           s32 text, hash_a[32], hash_b[32], s16 name, list of s16
 *   ids:    u16 count and then 32 bytes each
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "board/board.h"

#define ENTRY_TIME_MS_END (1ll << 47) /* at_ms lies below */

enum entry_flag {
    ENTRY_STORED = 1,    /* fact: content lies under its hash; event: so does text */
    ENTRY_VALID_FROM = 2,
    ENTRY_VALID_TO = 4,
    ENTRY_CONFIDENCE = 8,
    ENTRY_UNDER = 16,
    ENTRY_PARENT = 32,
    ENTRY_DEADLINE = 64,
};
enum entry_field {
    FIELD_INTENT = 1,
    FIELD_EPOCH = 2,
    FIELD_NUMBER = 4,
    FIELD_TEXT = 8,
    FIELD_HASH_A = 16,
    FIELD_HASH_B = 32,
    FIELD_NAME = 64,
    FIELD_LIST = 128,
    FIELD_ALL = 255,
};

struct entry_ids {
    const uint8_t *at; /* count * 32 bytes */
    uint32_t count;
};
static inline const struct hash *entry_id(struct entry_ids ids, uint32_t index)
{
    return (const struct hash *)(ids.at + (size_t)index * sizeof(struct hash));
}

struct entry {
    enum record_kind kind;
    enum event_type type;
    uint8_t flags;
    int64_t at_ms;
    struct hash id;
    struct str creator;
    union {
        struct {
            struct str origin, mime_type, topic, position;
            int64_t valid_from_ms, valid_to_ms;
            double confidence;
            struct hash under;
            uint64_t under_epoch;
            struct entry_ids from;
            struct str content; /* inline */
            struct hash content_hash; /* stored */
            uint64_t content_bytes;
        } fact;
        struct {
            struct str description;
            struct entry_ids from, depends_on;
            struct hash parent;
            struct str capability, topic, dedupe_key;
            uint8_t priority;
            int64_t deadline_ms;
            uint64_t max_run_ms;
        } intent;
        struct {
            struct str content, scope;
            uint64_t ttl_ms;
        } hint;
        struct {
            uint16_t fields;
            struct hash intent, hash_a, hash_b;
            uint64_t epoch, number;
            struct str text, name;
            struct str list_bytes; /* see entry_list_next */
            uint16_t list_count;
        } event;
    };
};

/* Appends the body to `out`. */
void entry_encode(const struct entry *entry, struct buf *out);
/* Reads a body; strings are borrowed from it. False: not a body of this version. */
MUST_USE bool entry_decode(struct str body, struct entry *out_entry);
/* Only the content of a Fact's body, for those who read nothing else. */
MUST_USE bool entry_decode_content(struct str body, struct str *out_mime, struct str *out_data,
                                   bool *out_stored);
/* Walks an event's list: *at begins at 0. */
bool entry_list_next(const struct entry *entry, size_t *at, struct str *out_item);

/* Canonical identity (see INTERFACE): SHA-256 over a domain tag and the fields, each
 * with its length before it, so that no two different records share the bytes. */
void entry_fact_identity(const struct entry *entry, const struct hash *content_hash,
                         struct hash *out_id);
/* Intents, hints and events are new at each writing: the seq is part of it. */
void entry_unique_identity(const struct entry *entry, const struct hash *log_name, uint64_t seq,
                           struct hash *out_id);
