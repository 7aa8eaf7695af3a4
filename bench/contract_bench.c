/* contract_bench.c - what it costs to judge one record.
 *
 * A typical Fact (300 bytes of JSON) before contracts of 50 admission rules: rules for other
 * kinds and topics, which most rules are for any one record; rules that all apply and look at
 * the record's own columns; and rules that all look into the content. Beside them the trivial
 * baseline, one comparison of strings a rule, and the time to compile each contract.
 */
#include <stdio.h>
#include <time.h>

#include "base/check.h"
#include "contract/contract.h"

#define RULES  50
#define ROUNDS 200000

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

enum sort { SORT_TYPICAL = 0, SORT_COLUMNS, SORT_CONTENT };

static void rule(struct buf *text, enum sort sort, int i)
{
    static const char *const kinds[] = {"fact", "fact", "intent", "hint", "fact"};
    switch (sort) {
    case SORT_TYPICAL:
        buf_printf(text, "admit r%d {\n  when: \"kind == '%s' && topic == 'topic%d'\"\n", i,
                   kinds[i % 5], i % 10);
        buf_add_text(text,
                     "  require: `content.unit in [\"ms\", \"s\"] && content.value >= 0`\n}\n");
        break;
    case SORT_COLUMNS:
        buf_printf(text, "admit r%d {\n  when: \"kind == 'fact'\"\n", i);
        buf_printf(text, "  require: \"priority < %d && size(origin) > 0\"\n}\n", 100 + i);
        break;
    case SORT_CONTENT:
        buf_printf(text, "admit r%d {\n  when: \"kind == 'fact'\"\n", i);
        buf_add_text(text,
                     "  require: `content.value >= 0 && content.unit in [\"ms\", \"s\"]`\n}\n");
        break;
    }
}

static double baseline(const struct contract_record *record)
{
    char topics[RULES][16];
    volatile uint64_t hits = 0;
    for (int i = 0; i < RULES; i++) {
        (void)snprintf(topics[i], sizeof topics[i], "topic%d", i % 10);
    }
    double start = now_s();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < RULES; i++) {
            hits += str_is(record->topic, topics[i]) ? 1 : 0;
        }
    }
    CHECK(hits > 0);
    return (now_s() - start) / ROUNDS * 1e6;
}

static void measure(enum sort sort, const char *name, const struct contract_record *record)
{
    struct buf text = {0};
    for (int i = 0; i < RULES; i++) {
        rule(&text, sort, i);
    }
    struct nex_problems problems;
    double start = now_s();
    struct contract *contract = contract_compile(buf_str(&text), NULL, &problems);
    double compile_ms = (now_s() - start) * 1e3;
    CHECK(contract != NULL);
    struct contract_scratch *scratch = contract_scratch_new();
    struct contract_verdict verdict;
    double best = 1e9;
    for (int repeat = 0; repeat < 5; repeat++) {
        start = now_s();
        for (int round = 0; round < ROUNDS / 5; round++) {
            contract_judge(contract, scratch, record, &verdict);
            CHECK(verdict.admitted);
        }
        double us = (now_s() - start) / (ROUNDS / 5.0) * 1e6;
        best = us < best ? us : best;
    }
    (void)printf("%-34s %8.3f us   (compiled in %.2f ms, at most %llu steps)\n", name, best,
                 compile_ms, (unsigned long long)contract_cost(contract));
    contract_scratch_free(scratch);
    contract_free(contract);
    buf_deinit(&text);
}

int main(void)
{
    struct contract_record record = {
        .kind = STR("fact"),
        .origin = STR("docs/performance.md"),
        .creator = STR("scout"),
        .role = STR("agent"),
        .topic = STR("topic3"),
        .position = STR("3 ms"),
        .mime = STR("application/json"),
        .content = STR("{\"subject\":\"the disk of the second machine\",\"predicate\":\"latency\","
                       "\"value\":3.5,\"unit\":\"ms\",\"quote\":\"The disk of the second machine "
                       "answers after 3.5 ms, measured over a day with a load of one hundred "
                       "requests in a second.\",\"line\":17,\"file\":\"docs/performance.md\"}"),
        .priority = 5,
        .at_ms = 1700000000000,
    };
    (void)printf("one record before %d rules\n", RULES);
    measure(SORT_TYPICAL, "typical: a few rules apply", &record);
    measure(SORT_COLUMNS, "all apply, columns only", &record);
    measure(SORT_CONTENT, "all apply, all read the content", &record);
    (void)printf("%-34s %8.3f us\n", "baseline: 50 string comparisons", baseline(&record));
    return 0;
}
