/* json_keys.c - is a key given twice?
 *
 * Objects of a protocol are small, and there comparing all pairs is quickest: most
 * pairs differ in length already. Larger objects are sorted by key. A hash table
 * would be quicker still on friendly input, but who sends the text chooses the keys,
 * and with keys that collide could make one request cost seconds.
 */
#include <string.h>

#include "base/check.h"
#include "codec/json_internal.h"

#define PAIRS_MAX 12

/* Any total order will do: by length first, as that is at hand. */
static int key_compare(struct str a, struct str b)
{
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }
    return a.len == 0 ? 0 : memcmp(a.at, b.at, a.len);
}

static const struct json *duplicate_of_pairs(const struct json *object)
{
    for (const struct json *a = object->first; a != NULL; a = a->next) {
        for (const struct json *b = object->first; b != a; b = b->next) {
            if (str_eq(a->key, b->key)) {
                return a;
            }
        }
    }
    return NULL;
}

/* Merges two sorted runs into `to`; stable, so that of equal keys the earlier one in
 * the text stays first. */
static void merge(const struct json **to, const struct json **a, size_t a_count,
                  const struct json **b, size_t b_count)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a_count && j < b_count) {
        bool from_a = key_compare(a[i]->key, b[j]->key) <= 0;
        *to++ = from_a ? a[i++] : b[j++];
    }
    while (i < a_count) {
        *to++ = a[i++];
    }
    while (j < b_count) {
        *to++ = b[j++];
    }
}

/* Sorts from the bottom up between the two halves of `room`; returns the half in
 * which the result lies. */
static const struct json **sort_by_key(const struct json **room, size_t count)
{
    const struct json **from = room;
    const struct json **to = room + count;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t a_count = count - i < width ? count - i : width;
            size_t rest = count - i - a_count;
            size_t b_count = rest < width ? rest : width;
            merge(to + i, from + i, a_count, from + i + a_count, b_count);
        }
        const struct json **sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

const struct json *json_duplicate(struct arena *arena, const struct json *object)
{
    CHECK(object->kind == JSON_OBJECT);
    if (object->count <= PAIRS_MAX) {
        return duplicate_of_pairs(object);
    }
    size_t count = object->count;
    const struct json **room = arena_alloc(arena, 2 * count * sizeof *room);
    size_t filled = 0;
    for (const struct json *member = object->first; member != NULL; member = member->next) {
        room[filled++] = member;
    }
    CHECK(filled == count);
    const struct json **sorted = sort_by_key(room, count);
    for (size_t i = 1; i < count; i++) {
        if (str_eq(sorted[i - 1]->key, sorted[i]->key)) {
            return sorted[i];
        }
    }
    return NULL;
}
