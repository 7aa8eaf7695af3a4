/* contract_bench.c - what it costs to judge one record.
 *
 * A typical Fact (300 bytes of JSON) before contracts of 50 admission rules: rules for other
 * kinds and topics, which most rules are for any one record; rules that all apply and look at
 * the record's own columns; and rules that all look into the content. Beside them the trivial
 * baseline, one comparison of strings a rule, and the time to compile each contract.
 */
#include "base/check.h"
#include "contract/contract.h"
#include "measure.h"

#define RULES    50
#define BATCH    2000
#define BATCHES  101
#define BOUND_NS 2000

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

static uint64_t baseline(const struct contract_record *record)
{
    char topics[RULES][16];
    uint64_t times[BATCHES];
    volatile uint64_t hits = 0;
    for (int i = 0; i < RULES; i++) {
        (void)snprintf(topics[i], sizeof topics[i], "topic%d", i % 10);
    }
    for (int batch = 0; batch < BATCHES; batch++) {
        uint64_t start = now_ns();
        for (int round = 0; round < BATCH; round++) {
            for (int i = 0; i < RULES; i++) {
                hits += str_is(record->topic, topics[i]) ? 1 : 0;
            }
        }
        times[batch] = (now_ns() - start) / BATCH;
    }
    CHECK(hits > 0);
    return median(times, BATCHES);
}

static void measure(struct table *table, enum sort sort, const char *name,
                    const struct contract_record *record)
{
    struct buf text = {0};
    for (int i = 0; i < RULES; i++) {
        rule(&text, sort, i);
    }
    struct nex_problems problems;
    uint64_t start = now_ns();
    struct contract *contract = contract_compile(buf_str(&text), NULL, &problems);
    uint64_t compile_ns = now_ns() - start;
    CHECK(contract != NULL);
    struct contract_scratch *scratch = contract_scratch_new();
    struct contract_verdict verdict;
    uint64_t times[BATCHES];
    for (int batch = 0; batch < BATCHES; batch++) {
        start = now_ns();
        for (int round = 0; round < BATCH; round++) {
            contract_judge(contract, scratch, record, &verdict);
            CHECK(verdict.admitted);
        }
        times[batch] = (now_ns() - start) / BATCH;
    }
    uint64_t middle = median(times, BATCHES);
    size_t row = table_row(table, name);
    table_cell(table, row, 1, "%.2f us", (double)middle / 1e3);
    if (sort == SORT_TYPICAL) {
        table_cell(table, row, 2, "%.2f us", (double)BOUND_NS / 1e3);
        table_met(table, row, 3, middle <= BOUND_NS);
    }
    table_cell(table, row, 4, "%.2f ms", (double)compile_ns / 1e6);
    table_cell(table, row, 5, "%llu", (unsigned long long)contract_cost(contract));
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
    static const char *const heads[] = {
        "one record before 50 rules", "judged in", "bound", "met", "compiled", "steps at most"};
    struct table table;
    table_init(&table, heads, 6);
    measure(&table, SORT_TYPICAL, "typical: a few rules apply", &record);
    measure(&table, SORT_COLUMNS, "all apply, columns only", &record);
    measure(&table, SORT_CONTENT, "all apply, all read the content", &record);
    size_t row = table_row(&table, "baseline: 50 comparisons of strings");
    table_cell(&table, row, 1, "%.2f us", (double)baseline(&record) / 1e3);
    table_print(&table);
    return 0;
}
