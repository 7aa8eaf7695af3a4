/* contract_default.c - the contract of a board that was given none: it admits every record, and
 * knows which predicates of documents add up instead of contradicting each other.
 */
#include "contract/contract.h"

#define ADDITIVE(word) "predicate " word " {\n    additive: true\n}\n\n"
#define CALLED(word, also)                                                                         \
    "predicate " word " {\n    additive: true\n    aliases: [" also "]\n}\n\n"

struct str contract_default_text(void)
{
    static const char text[] =
        "# The contract of a board that was given none. It refuses nothing.\n"
        "contract {\n    name: \"default\"\n    version: 1\n}\n\n"
        "# What a document has many of: two values do not contradict each other.\n" CALLED(
            "tags", "\"tag\", \"labels\", \"label\", \"topics\", \"categories\", \"category\"")
            CALLED("\"see also\"", "\"see\", \"seealso\", \"related\", \"related to\"") CALLED(
                "authors",
                "\"author\", \"contributors\", \"contributor\", \"maintainers\", "
                "\"maintainer\", \"reviewers\", \"reviewer\"") CALLED("keywords", "\"keyword\"")
                CALLED("aliases", "\"alias\", \"also known as\", \"synonyms\"") CALLED(
                    "links", "\"link\", \"references\", \"reference\", \"sources\", \"urls\"")
                    CALLED("examples", "\"example\"") CALLED("notes",
                                                             "\"note\", \"comments\", \"comment\"")
                        CALLED("dependencies", "\"depends on\", \"requires\", \"dependency\"")
                            CALLED("supports", "\"supported\"") CALLED(
                                "features",
                                "\"feature\"") CALLED("members",
                                                      "\"member\", \"contains\", \"includes\"")
                                ADDITIVE(
                                    "changes") "# What a thing has one of at a time.\n"
                                               "predicate status {\n    functional: true\n    "
                                               "aliases: [\"state\"]\n}\n\n"
                                               "predicate version {\n    functional: true\n}\n\n"
                                               "predicate default {\n    functional: true\n    "
                                               "aliases: [\"default value\"]\n}\n\n"
                                               "predicate license {\n    functional: true\n    "
                                               "aliases: [\"licence\"]\n}\n";
    return (struct str){text, sizeof text - 1};
}
