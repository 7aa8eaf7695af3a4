/* contract_fuzz.c - whatever the bytes: a contract or problems with places inside the text. What
 * compiles is shown, read again as the same contract, differs from itself in nothing, and judges
 * records made from the same bytes without stopping the process.
 */
#include "base/check.h"
#include "contract/contract.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_problems(struct str text, const struct nex_problems *problems)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.at[i] == '\n' ? 1 : 0;
    }
    CHECK(problems->total > 0);
    for (uint32_t i = 0; i < problems->count; i++) {
        const struct nex_problem *p = &problems->items[i];
        CHECK(p->cause[0] != '\0');
        CHECK(p->place.line >= 1 && p->place.line <= lines);
        CHECK(p->place.column >= 1 && p->place.column <= text.len + 1);
    }
}

static void check_shown(const struct contract *contract)
{
    struct nex_problems problems;
    struct buf shown = {0};
    struct buf again = {0};
    contract_show(contract, &shown);
    struct contract *second = contract_compile(buf_str(&shown), NULL, &problems);
    CHECK(second != NULL);
    contract_show(second, &again);
    CHECK(str_eq(buf_str(&shown), buf_str(&again)));
    buf_clear(&again);
    CHECK(contract_diff(contract, second, &again) == 0);
    contract_free(second);
    buf_deinit(&shown);
    buf_deinit(&again);
}

static void judge(const struct contract *contract, struct str text)
{
    struct contract_scratch *scratch = contract_scratch_new();
    struct contract_verdict verdict;
    struct contract_record record = {
        .kind = STR("fact"),
        .creator = STR("scout"),
        .role = STR("agent"),
        .topic = STR("report"),
        .mime = STR("application/json"),
        .content = STR("{\"a\":[1,2,{\"b\":null}],\"unit\":\"ms\",\"value\":3}"),
        .has_confidence = true,
        .has_novelty = true,
        .at_ms = 1700000000000,
        .offer = true,
        .concludes = true,
    };
    struct buf out = {0};
    for (int i = 0; i < 2; i++) {
        contract_judge(contract, scratch, &record, &verdict);
        contract_explain(&out, "c", &verdict);
        CHECK(out.len > 0);
        record.content = text;
        record.mime = STR("text/plain");
    }
    buf_deinit(&out);
    contract_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct nex_problems problems;
    struct str text = str_n(bytes, len);
    struct contract *contract = contract_compile(text, NULL, &problems);
    if (contract == NULL) {
        check_problems(text, &problems);
        return 0;
    }
    check_shown(contract);
    judge(contract, text);
    contract_free(contract);
    return 0;
}
