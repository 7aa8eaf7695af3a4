/* agents.c - who holds a credential.
 *
 * Of a token only its SHA-256 is kept. An agent is added, rotated and removed by events,
 * so the registry is replayed like everything else. A removed agent's name stays taken
 * in history (its records name it), but may be added again with a new token.
 */
#include <stdio.h>
#include <stdlib.h>

#include "board/board_internal.h"
#include "codec/bytes.h"

static uint64_t token_tag(const struct hash *token_hash)
{
    uint64_t tag;
    memcpy(&tag, token_hash->bytes, sizeof tag);
    return tag;
}

uint32_t agent_index(const struct board *b, uint32_t name)
{
    if (name == NUMBER_NONE || name >= b->agent_of_cap || b->agent_of[name] == 0) {
        return SLOT_NONE;
    }
    return b->agent_of[name] - 1;
}

/* The table is made anew at each change: changes are rare, look-ups are not. */
static void tokens_rebuild(struct board *b)
{
    size_t count = 64;
    while (count < 2 * (b->agents_count + 1)) {
        count *= 2;
    }
    mem_free(b->tokens);
    b->tokens = mem_zalloc(count * sizeof *b->tokens);
    b->tokens_count = count;
    for (size_t i = 0; i < b->agents_count; i++) {
        if (b->agents[i].removed) {
            continue;
        }
        uint64_t tag = token_tag(&b->agents[i].token_hash);
        size_t at = tag & (count - 1);
        while (b->tokens[at].ordinal != 0) {
            at = (at + 1) & (count - 1);
        }
        b->tokens[at] = (struct idem_slot){.tag = tag, .ordinal = (uint32_t)i + 1};
    }
}

void agent_put(struct board *b, uint32_t index, const struct agent *now)
{
    if (b->agents[index].capabilities != now->capabilities) {
        mem_free(b->agents[index].capabilities);
    }
    b->agents[index] = *now;
    if (!b->replaying) {
        tokens_rebuild(b);
    }
}

void agents_drop(struct board *b, size_t count)
{
    if (b->agents_count == count) {
        return;
    }
    while (b->agents_count > count) {
        struct agent *last = &b->agents[--b->agents_count];
        b->agent_of[last->name] = 0;
        mem_free(last->capabilities);
    }
    tokens_rebuild(b);
}

void agents_fold(struct board *b, const struct entry *e)
{
    uint32_t name = dict_intern(&b->names, e->event.name);
    ROOM_FOR(b->agent_of, b->agent_of_cap, name);
    uint32_t index = agent_index(b, name);
    if (index == SLOT_NONE) {
        CHECK(e->type == EVENT_AGENT_ADDED);
        if (b->agents_count == b->agents_cap) {
            mem_grow(&b->agents, &b->agents_cap, b->agents_count + 1, sizeof *b->agents);
        }
        index = (uint32_t)b->agents_count++;
        b->agents[index] = (struct agent){.name = name, .removed = true};
        b->agent_of[name] = index + 1;
    }
    struct agent now = b->agents[index];
    if (b->txn.open) {
        /* The undo note owns a copy of the list that agent_put frees below. */
        struct undo undo = {.kind = UNDO_AGENT, .index = index, .agent = now};
        undo.agent.capabilities = NULL;
        if (now.capabilities_count > 0) {
            size_t bytes = now.capabilities_count * sizeof *now.capabilities;
            undo.agent.capabilities = mem_alloc(bytes);
            memcpy(undo.agent.capabilities, now.capabilities, bytes);
        }
        undo_note(b, &undo);
    }
    if (e->type == EVENT_AGENT_REMOVED) {
        now.removed = true;
        agent_put(b, index, &now);
        return;
    }
    now.removed = false;
    now.role = (uint8_t)e->event.number;
    now.token_hash = e->event.hash_a;
    now.added_ms = e->at_ms;
    now.has_key = (e->event.fields & FIELD_HASH_B) != 0;
    memcpy(now.public_key, e->event.hash_b.bytes, sizeof now.public_key);
    now.capabilities_count = 0;
    now.capabilities = mem_alloc((e->event.list_count + 1u) * sizeof *now.capabilities);
    size_t at = 0;
    struct str item;
    while (entry_list_next(e, &at, &item)) {
        now.capabilities[now.capabilities_count++] = dict_intern(&b->capabilities, item);
    }
    agent_put(b, index, &now);
}

void agents_restore(struct board *b)
{
    tokens_rebuild(b);
}

void agents_deinit(struct board *b)
{
    for (size_t i = 0; i < b->agents_count; i++) {
        mem_free(b->agents[i].capabilities);
    }
    mem_free(b->agents);
    mem_free(b->agent_of);
    mem_free(b->tokens);
}

static bool name_ok(struct str name)
{
    if (name.len < 1 || name.len > 64) {
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

static bool agent_checks(struct board *b, const struct agent_in *in, struct result *r)
{
    uint8_t key[32];
    if (!name_ok(in->name)) {
        refuse(r, BOARD_INVALID, "Choose a name such as builder-1.",
               "field `name` must match [a-z0-9][a-z0-9._-]{0,63}");
        return false;
    }
    if (str_is(in->name, ADMIN_ACTOR) || str_is(in->name, SYSTEM_ACTOR)) {
        refuse(r, BOARD_CONFLICT, "Choose another name.", "the name %.*s belongs to the service",
               STR_ARG(in->name));
        return false;
    }
    if (in->role != ROLE_AGENT && in->role != ROLE_HUMAN && in->role != ROLE_READER) {
        refuse(r, BOARD_INVALID, "Leave it out for agent.",
               "field `role` must be agent, human or reader");
        return false;
    }
    if (in->public_key.len > 0 && !hex_decode(in->public_key, key, sizeof key)) {
        refuse(r, BOARD_INVALID, "Send an Ed25519 public key in hexadecimal.",
               "field `public_key` must have 64 hex digits");
        return false;
    }
    if (in->capabilities_count > b->limits.links_max) {
        refuse(r, BOARD_TOO_LARGE, "Name fewer.", "at most %llu capabilities may be named",
               (unsigned long long)b->limits.links_max);
        return false;
    }
    for (size_t i = 0; i < in->capabilities_count; i++) {
        if (!want_name(b, in->capabilities[i], "capabilities", true, r)) {
            return false;
        }
    }
    return true;
}

static bool agent_state_allows(struct board *b, const struct agent_in *in, struct result *r)
{
    uint32_t index = agent_index(b, dict_find(&b->names, in->name));
    bool exists = index != SLOT_NONE && !b->agents[index].removed;
    if (exists && !in->rotate) {
        refuse(r, BOARD_CONFLICT, "Choose another name, or rotate its token (--rotate).",
               "an agent named %.*s exists", STR_ARG(in->name));
        return false;
    }
    if (!exists && in->rotate) {
        refuse(r, BOARD_NOT_FOUND, "Add it without --rotate.", "no agent named %.*s",
               STR_ARG(in->name));
        return false;
    }
    uint64_t registered = 0;
    for (size_t i = 0; i < b->agents_count; i++) {
        registered += !b->agents[i].removed;
    }
    if (!exists && registered >= b->limits.agents_max) {
        refuse(r, BOARD_LIMIT, "Remove one, or raise agents_max.",
               "%llu agents are registered, the limit", (unsigned long long)registered);
        r->retry_after_ms = 3600000;
        return false;
    }
    return true;
}

void board_agent_add(struct board *b, const struct actor *actor, const struct agent_in *in,
                     struct result *r)
{
    struct entry e;
    struct buf list = {0};
    result_init(r);
    if (!may_write(b, r) || !agent_checks(b, in, r) || !agent_state_allows(b, in, r)) {
        return;
    }
    event_begin(b, &e, EVENT_AGENT_ADDED, actor->name);
    e.event.fields = FIELD_NAME | FIELD_NUMBER | FIELD_HASH_A | FIELD_LIST;
    e.event.name = in->name;
    e.event.number = (uint64_t)in->role;
    e.event.hash_a = in->token_hash;
    if (in->public_key.len > 0) {
        e.event.fields |= FIELD_HASH_B;
        (void)hex_decode(in->public_key, e.event.hash_b.bytes, sizeof e.event.hash_b.bytes);
    }
    for (size_t i = 0; i < in->capabilities_count; i++) {
        uint8_t len[2];
        put_u16(len, (uint16_t)in->capabilities[i].len);
        buf_add(&list, len, sizeof len);
        buf_add_str(&list, in->capabilities[i]);
    }
    e.event.list_bytes = buf_str(&list);
    e.event.list_count = (uint16_t)in->capabilities_count;
    bool fits = entry_emit(b, &e, &r->record);
    buf_deinit(&list);
    if (!fits) {
        refuse(r, BOARD_TOO_LARGE, "Name fewer capabilities.", "the record is too large");
        return;
    }
    r->outcome = BOARD_CREATED;
    r->hold_seq = txn_last_seq(b);
}

/* Gives back what a removed agent still holds. */
static void release_all(struct board *b, const struct actor *actor, uint32_t name)
{
    for (size_t slot = 0; slot < b->intents_count; slot++) {
        const struct intent *i = &b->intents[slot];
        struct entry e;
        if (i->status != STATUS_CLAIMED || i->holder != name) {
            continue;
        }
        event_begin(b, &e, EVENT_RELEASED, actor->name);
        e.event.fields = FIELD_INTENT | FIELD_EPOCH | FIELD_TEXT;
        e.event.intent = b->rows[i->ordinal].id;
        e.event.epoch = i->epoch;
        e.event.text = STR("its holder was removed");
        if (!entry_emit(b, &e, NULL)) {
            return; /* the leases of the rest run out by themselves */
        }
    }
}

void board_agent_remove(struct board *b, const struct actor *actor, struct str name,
                        struct result *r)
{
    struct entry e;
    result_init(r);
    uint32_t number = dict_find(&b->names, name);
    uint32_t index = agent_index(b, number);
    if (!may_write(b, r)) {
        return;
    }
    if (index == SLOT_NONE || b->agents[index].removed) {
        refuse(r, BOARD_NOT_FOUND, "List them: nexusctl agent list.", "no agent named %.*s",
               (int)(name.len > 80 ? 80 : name.len), name.len > 0 ? name.at : "");
        return;
    }
    event_begin(b, &e, EVENT_AGENT_REMOVED, actor->name);
    e.event.fields = FIELD_NAME;
    e.event.name = name;
    if (!entry_emit(b, &e, &r->record)) {
        refuse(r, BOARD_TOO_LARGE, "Send less in one request.", "the transaction is too large");
        return;
    }
    release_all(b, actor, number);
    r->hold_seq = txn_last_seq(b);
}

bool board_agent_by_token(const struct board *b, const struct hash *token_hash,
                          struct actor *out_actor)
{
    if (b->tokens_count == 0) {
        return false;
    }
    uint64_t tag = token_tag(token_hash);
    for (size_t at = tag & (b->tokens_count - 1);; at = (at + 1) & (b->tokens_count - 1)) {
        const struct idem_slot *slot = &b->tokens[at];
        if (slot->ordinal == 0) {
            return false;
        }
        const struct agent *agent = &b->agents[slot->ordinal - 1];
        if (slot->tag == tag && hash_eq_secret(&agent->token_hash, token_hash)) {
            *out_actor = (struct actor){dict_name(&b->names, agent->name),
                                        (enum role)agent->role};
            return true;
        }
    }
}

static void render_agent(struct board *b, const struct agent *agent, struct json_writer *w)
{
    char key[64];
    jw_object(w);
    jw_kv_str(w, "name", dict_name(&b->names, agent->name));
    jw_kv_text(w, "role", role_word((enum role)agent->role));
    jw_key(w, "capabilities");
    jw_array(w);
    for (uint32_t i = 0; i < agent->capabilities_count; i++) {
        jw_str(w, dict_name(&b->capabilities, agent->capabilities[i]));
    }
    jw_array_end(w);
    if (agent->has_key) {
        hex_encode(agent->public_key, sizeof agent->public_key, key);
        jw_kv_str(w, "public_key", str_n(key, sizeof key));
    }
    jw_kv_int(w, "added_ms", agent->added_ms);
    jw_kv_uint(w, "claims", agent->name < b->held_cap ? b->held[agent->name] : 0);
    jw_object_end(w);
}

bool board_agent_render(struct board *b, struct str name, struct json_writer *w)
{
    uint32_t index = agent_index(b, dict_find(&b->names, name));
    if (index == SLOT_NONE || b->agents[index].removed) {
        return false;
    }
    render_agent(b, &b->agents[index], w);
    return true;
}

struct listed {
    struct str name;
    const struct agent *agent;
};

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

void board_agents_render(struct board *b, struct json_writer *w)
{
    struct listed *all = mem_alloc((b->agents_count + 1) * sizeof *all);
    size_t count = 0;
    for (size_t i = 0; i < b->agents_count; i++) {
        if (!b->agents[i].removed) {
            all[count++] =
                (struct listed){dict_name(&b->names, b->agents[i].name), &b->agents[i]};
        }
    }
    qsort(all, count, sizeof *all, by_name);
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        render_agent(b, all[i].agent, w);
    }
    jw_array_end(w);
    mem_free(all);
}

void board_pause(struct board *b, const struct actor *actor, bool pause, struct result *r)
{
    struct entry e;
    result_init(r);
    if (b->paused == pause || !may_write(b, r)) {
        return;
    }
    event_begin(b, &e, pause ? EVENT_PAUSED : EVENT_RESUMED, actor->name);
    if (!entry_emit(b, &e, &r->record)) {
        refuse(r, BOARD_TOO_LARGE, "Send less in one request.", "the transaction is too large");
        return;
    }
    r->hold_seq = txn_last_seq(b);
}

bool board_paused(const struct board *b)
{
    return b->paused;
}
