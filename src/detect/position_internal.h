/* position_internal.h - what the reader and the comparison of positions share. */
#pragma once
#include "detect/position.h"

enum { TOKENS_MAX = 64 };

struct token {
    struct str text; /* lower case */
    struct str raw;  /* as written */
    struct lexeme lexeme;
    bool is_number;
    bool is_spent;   /* has found its use */
    bool after_paren;
    double number;
    double slack;
};

struct tokens {
    struct token at[TOKENS_MAX];
    uint32_t count;
    bool is_cut;
};

/* position_token.c: words and numbers of `text`; `lower` is it in lower case. */
void tokens_read(const struct lexicon *lexicon, struct str text, struct str lower,
                 struct tokens *out);
/* position_number.c: the quantity that begins at token `at`; the index behind it, or `at`
 * when there is none. */
uint32_t quantity_read(const struct lexicon *lexicon, struct tokens *tokens, uint32_t at,
                       struct quantity *out);
bool token_is_year(const struct token *token);

/* position_number.c */
enum quantity_relation { QUANTITY_SAME, QUANTITY_COMPATIBLE, QUANTITY_APART };
enum quantity_relation quantity_compare(const struct quantity *a, const struct quantity *b);

/* position_word.c */
uint64_t word_key(struct str word);            /* of its stem */
bool words_opposed(struct str a, struct str b); /* "stable", "unstable" */
bool words_akin(struct str a, struct str b);    /* "config", "configuration" */
