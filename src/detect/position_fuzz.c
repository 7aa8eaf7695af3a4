/* position_fuzz.c - any bytes as two positions, cut at the first line end: reading never
 * fails, each contradicts itself never, and the order of the two does not matter.
 */
#include "base/check.h"
#include "detect/position.h"
#include "detect/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_inside(const struct position *p)
{
    CHECK(p->terms_count <= POSITION_TERMS_MAX);
    for (uint32_t i = 0; i < p->terms_count; i++) {
        const struct term *term = &p->terms[i];
        CHECK(term->is_quantity || term->text.len > 0);
        CHECK(!term->is_quantity || term->quantity.low <= term->quantity.high ||
              term->quantity.low != term->quantity.low ||
              term->quantity.high != term->quantity.high);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct lexicon lexicon;
    struct position a, b, again;
    struct subject subject;
    struct str text = str_n(bytes, len);
    size_t cut = str_find(text, '\n', 0);
    lexicon_init(&lexicon);
    struct str first = str_sub(text, 0, cut), second = str_sub(text, cut + 1, len);
    position_parse(&lexicon, first, &a);
    position_parse(&lexicon, second, &b);
    position_parse(&lexicon, first, &again);
    check_inside(&a);
    check_inside(&b);
    CHECK(position_same(&a, &again));
    CHECK(position_compare(&a, &again) == REASON_NONE);
    CHECK((position_compare(&a, &b) == REASON_NONE) == (position_compare(&b, &a) == REASON_NONE));
    subject_read(&lexicon, text, &subject);
    CHECK(subject.len <= SUBJECT_BYTES_MAX && subject.predicate.len <= subject.len);
    lexicon_deinit(&lexicon);
    return 0;
}
