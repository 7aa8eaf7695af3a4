/* subject.h - what a position is said of: topic and, where it can be told, predicate.
 *
 * Two topics are the same subject when their normal forms are equal: lower case, '_' and
 * '-' as spaces, white space folded. The predicate is what stands behind the last " / ",
 * ": ", '.' or '/'; without one the topic is its own predicate.
 */
#pragma once
#include "detect/lexicon.h"

enum { SUBJECT_BYTES_MAX = 320 };

struct subject {
    char text[SUBJECT_BYTES_MAX]; /* the normal form, cut */
    size_t len;
    struct str predicate; /* lies in text */
    enum predicate_kind kind;
};

/* Reads any bytes. The subject points into itself and must not be copied. */
void subject_read(const struct lexicon *lexicon, struct str topic, struct subject *out);
