/* nex_internal.h - the reader, between its values and its blocks. */
#pragma once
#include "contract/nex.h"

struct nex_reader {
    struct str source;
    struct arena *life;
    struct nex_problems *problems;
    uint32_t at;
    uint32_t line, line_at; /* of the present place: number, and byte at which it begins */
    uint32_t nodes;
    bool in_text; /* the mistake is inside a text: a } there closes nothing */
};

/* The byte `ahead` of the present place, -1 behind the end. */
static inline int nex_peek(const struct nex_reader *r, uint32_t ahead)
{
    size_t at = (size_t)r->at + ahead;
    return at < r->source.len ? (unsigned char)r->source.at[at] : -1;
}
static inline bool nex_word_start(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static inline bool nex_digit(int c)
{
    return c >= '0' && c <= '9';
}

struct nex_place nex_here(const struct nex_reader *r);
void nex_move(struct nex_reader *r); /* one byte, minding the lines */
/* White space and comments; with `same_line`, only up to the end of the line. */
void nex_skip_blank(struct nex_reader *r, bool same_line);
/* Reports a problem at the present place; false. */
bool nex_complain(struct nex_reader *r, const char *cure, const char *cause);
struct str nex_read_word(struct nex_reader *r);
/* False: a problem has been reported. */
bool nex_read_text(struct nex_reader *r, struct nex_value *value);
bool nex_read_value(struct nex_reader *r, struct nex_value *value, bool in_list);
