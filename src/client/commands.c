/* commands.c - the list of all commands, in the order of the overview. */
#include "client/command.h"

/* clang-format off: a list in rows. */
#define COMMAND_TABLE(X)                                                                           \
    X(start) X(stop) X(restart) X(pause) X(resume) X(status) X(health) X(logs) X(doctor)           \
    X(explore)                                                                                     \
    X(fact_add) X(fact_get) X(fact_list)                                                           \
    X(intent_add) X(intent_get) X(intent_list) X(intent_claim) X(intent_heartbeat)                 \
    X(intent_checkpoint) X(intent_release) X(intent_fail) X(intent_conclude) X(intent_cancel)      \
    X(claim)                                                                                       \
    X(hint_add) X(hint_get) X(hint_list)                                                           \
    X(records_list) X(provenance) X(events) X(batch)                                               \
    X(agent_add) X(agent_list) X(agent_show) X(agent_remove) X(board_add) X(board_list)            \
    X(contract_check) X(contract_show) X(contract_diff) X(contract_activate) X(contract_explain)   \
    X(verify) X(backup) X(restore) X(export) X(import)                                             \
    X(trust) X(completion) X(version) X(explore_worker)
/* clang-format on */

#define X(name) extern const struct command command_##name;
COMMAND_TABLE(X)
#undef X

const struct command *const all_commands[] = {
#define X(name) &command_##name,
    COMMAND_TABLE(X)
#undef X
    NULL,
};
