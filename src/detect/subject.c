/* subject.c - the normal form of a topic.
 */
#include "detect/subject.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '_' || c == '-';
}

static size_t normalise(struct str topic, char *out, size_t out_max)
{
    size_t len = 0;
    for (size_t i = 0; i < topic.len && len < out_max; i++) {
        char c = topic.at[i];
        if (!is_blank(c)) {
            out[len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        } else if (len > 0 && out[len - 1] != ' ') {
            out[len++] = ' ';
        }
    }
    while (len > 0 && out[len - 1] == ' ') {
        len--;
    }
    return len;
}

static struct str predicate_of(struct str text)
{
    static const char *const marks[] = {" / ", ": ", "/", "."};
    for (size_t m = 0; m < sizeof marks / sizeof marks[0]; m++) {
        struct str mark = str_of(marks[m]);
        for (size_t at = text.len; at > mark.len; at--) {
            if (str_eq(str_sub(text, at - mark.len, mark.len), mark) && at < text.len) {
                return str_trim(str_sub(text, at, text.len));
            }
        }
    }
    return text;
}

void subject_read(const struct lexicon *lexicon, struct str topic, struct subject *out)
{
    out->len = normalise(topic, out->text, sizeof out->text);
    out->predicate = predicate_of(str_n(out->text, out->len));
    out->kind = lexicon_predicate(lexicon, out->predicate);
}
