/* gather.c - groups in a ring: they open in time order, so the oldest closes first.
 */
#include "detect/gather.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

void gather_deinit(struct gather *g)
{
    mem_free(g->groups);
    keymap_deinit(&g->open);
    *g = (struct gather){.window_ms = g->window_ms};
}

size_t gather_bytes(const struct gather *g)
{
    return g->cap * sizeof *g->groups + keymap_bytes(&g->open);
}

static struct gather_group *at(const struct gather *g, size_t index)
{
    return &g->groups[(g->head + index) % g->cap];
}

static void drop_closed(struct gather *g)
{
    while (g->count > 0 && at(g, 0)->count == 0) {
        g->head = (g->head + 1) % g->cap;
        g->count--;
    }
}

static struct gather_group *open_group(struct gather *g, uint32_t group, int64_t now_ms)
{
    if (g->count == g->cap) {
        size_t cap = g->cap == 0 ? 16 : g->cap * 2;
        struct gather_group *groups = mem_alloc(cap * sizeof *groups);
        for (size_t i = 0; i < g->count; i++) {
            groups[i] = *at(g, i);
        }
        mem_free(g->groups);
        g->groups = groups;
        g->cap = cap;
        g->head = 0;
    }
    keymap_put(&g->open, group, g->opened++);
    struct gather_group *fresh = at(g, g->count++);
    fresh->group = group;
    fresh->count = 0;
    fresh->closes_ms = now_ms + g->window_ms;
    return fresh;
}

static void close_group(struct gather *g, struct gather_group *group, struct gather_group *out)
{
    *out = *group;
    group->count = 0;
    CHECK(keymap_remove(&g->open, group->group));
    drop_closed(g);
}

bool gather_add(struct gather *g, uint32_t group, uint32_t member, int64_t now_ms,
                struct gather_group *out_full)
{
    uint32_t number = keymap_get(&g->open, group);
    struct gather_group *into =
        number == KEYMAP_NONE ? open_group(g, group, now_ms)
                              : at(g, g->count - (size_t)(uint32_t)(g->opened - number));
    CHECK(into->group == group && into->count < GATHER_MAX);
    into->members[into->count++] = member;
    if (into->count < GATHER_MAX) {
        return false;
    }
    close_group(g, into, out_full);
    return true;
}

bool gather_next(struct gather *g, int64_t now_ms, struct gather_group *out_group)
{
    if (g->count == 0 || at(g, 0)->closes_ms >= now_ms) {
        return false;
    }
    close_group(g, at(g, 0), out_group);
    return true;
}

int64_t gather_due_ms(const struct gather *g)
{
    return g->count == 0 ? INT64_MAX : at(g, 0)->closes_ms;
}
