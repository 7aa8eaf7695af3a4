/* cel_check.h - what the two halves of the check share: names, and types of operators. */
#pragma once
#include "contract/cel_internal.h"

struct checker {
    struct cel_reader *r;
    struct cel_node *loops[CEL_LOOPS_MAX]; /* whose variables are visible here */
    uint32_t loops_count;
};

/* Nothing is known of it, not even how large it is: it has no items. */
const struct cel_shape *check_anything(void);

/* Checks a node and all below it. */
void check_node(struct checker *c, struct cel_node *node);
struct cel_shape check_scalar(enum cel_kind kind, uint64_t bytes);
/* A shape that both fit. */
struct cel_shape check_join(struct checker *c, const struct cel_shape *a,
                            const struct cel_shape *b);
/* The node stands for an error from now on. */
void check_error(struct cel_node *node, const char *sentence);

/* cel_names.c */
void check_name(struct checker *c, struct cel_node *node);
/* True when the name or chain of fields is a variable or type of the environment. */
bool check_chain(struct checker *c, struct cel_node *node);
void check_become_leaf(struct cel_node *node, enum cel_node_kind kind);
