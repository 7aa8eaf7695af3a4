/* problem.c - errors as problem details (RFC 9457).
 *
 * Agents obey error texts. So each one names its cause and a next step that cannot
 * make things worse; when an operation gave none, the outcome has one.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "gateway/gateway_internal.h"

static const char *default_next(enum outcome outcome)
{
    switch (outcome) {
    case BOARD_OK:
    case BOARD_CREATED:
    case BOARD_NONE:
        return "go on";
    case BOARD_INVALID:
        return "correct the request as the detail says; GET /openapi.json describes all requests";
    case BOARD_UNAUTHENTICATED:
        return "send the header Authorization: Bearer TOKEN with the token you were given";
    case BOARD_NOT_PERMITTED:
        return "ask whoever gave you the token, or use one with the role that is needed";
    case BOARD_NOT_HOLDER:
        return "leave this intent to its holder and claim another one with POST /claims";
    case BOARD_NOT_FOUND:
        return "check the id; GET /records lists what there is";
    case BOARD_ALREADY_CLAIMED:
        return "claim another intent with POST /claims, or wait until this claim ends";
    case BOARD_STALE_EPOCH:
        return "stop working on this claim and claim anew; what you write with this epoch is "
               "refused";
    case BOARD_ALREADY_CONCLUDED:
        return "read the intent to see its result, and claim another one";
    case BOARD_CONFLICT:
        return "read the present state, then decide";
    case BOARD_TOO_LARGE:
        return "split the content, or record a link to it";
    case BOARD_REFUSED:
        return "read the contract's reason in the detail";
    case BOARD_INVALID_REFERENCE:
        return "check the ids that the request refers to; GET /records lists what there is";
    case BOARD_LIMIT:
    case BOARD_UNAVAILABLE:
        return "wait for retry_after_ms milliseconds and send the same request again";
    }
    return "read the detail";
}

static uint64_t retry_after_ms(const struct result *result)
{
    if (result->outcome != BOARD_LIMIT && result->outcome != BOARD_UNAVAILABLE) {
        return 0;
    }
    return result->retry_after_ms > 0 ? result->retry_after_ms : 1000;
}

static void write_problem(struct json_writer *w, const struct problem *problem, int status)
{
    const struct result *result = problem->result;
    char type[64];
    snprintf(type, sizeof type, "urn:nexus:error:%s", outcome_code(result->outcome));
    jw_object(w);
    jw_kv_text(w, "type", type);
    jw_kv_text(w, "title", outcome_title(result->outcome));
    jw_kv_int(w, "status", status);
    jw_kv_text(w, "code", outcome_code(result->outcome));
    jw_kv_text(w, "detail",
               result->detail[0] != 0 ? result->detail : outcome_title(result->outcome));
    jw_kv_text(w, "next", result->next[0] != 0 ? result->next : default_next(result->outcome));
    if (result->outcome == BOARD_ALREADY_CLAIMED) {
        jw_kv_text(w, "holder", result->holder);
        jw_kv_uint(w, "expires_in_ms", result->expires_in_ms);
    }
    if (retry_after_ms(result) > 0) {
        jw_kv_uint(w, "retry_after_ms", retry_after_ms(result));
    }
    if (problem->op_index >= 0) {
        jw_kv_int(w, "op_index", problem->op_index);
    }
    jw_object_end(w);
}

void problem_reply(struct call *call, const struct problem *problem)
{
    const struct result *result = problem->result;
    int status = problem->status != 0 ? problem->status : outcome_http(result->outcome);
    call->gateway->refusals[result->outcome]++;
    reply_begin(call, status, REPLY_PROBLEM);
    if (status == 401) {
        reply_header(call, STR("WWW-Authenticate"), STR("Bearer"));
    }
    if (problem->header_name.len > 0) {
        reply_header(call, problem->header_name, problem->header_value);
    }
    if (retry_after_ms(result) > 0) {
        char seconds[24];
        int len = snprintf(seconds, sizeof seconds, "%llu",
                           (unsigned long long)(retry_after_ms(result) + 999) / 1000);
        reply_header(call, STR("Retry-After"), str_n(seconds, (size_t)len));
    }
    struct json_writer w;
    jw_init(&w, reply_body(call), false);
    write_problem(&w, problem, status);
    reply_end(call, result->hold_seq);
}

void problem_result(struct call *call, const struct result *result)
{
    problem_reply(call, &(struct problem){.result = result, .op_index = -1});
}

static void fill(struct result *result, enum outcome outcome, const char *next, const char *format,
                 va_list args)
{
    *result = (struct result){
        .outcome = outcome, .record = ORDINAL_NONE, .intent = ORDINAL_NONE};
    vsnprintf(result->detail, sizeof result->detail, format, args);
    if (next != NULL) {
        snprintf(result->next, sizeof result->next, "%s", next);
    }
}

void result_fail(struct result *result, enum outcome outcome, const char *next,
                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(result, outcome, next, format, args);
    va_end(args);
}

void call_fail(struct call *call, enum outcome outcome, const char *next, const char *format, ...)
{
    struct result result;
    va_list args;
    va_start(args, format);
    fill(&result, outcome, next, format, args);
    va_end(args);
    problem_result(call, &result);
}

void call_damaged(struct call *call)
{
    call_fail(call, BOARD_UNAVAILABLE,
              "tell whoever runs the service to run `nexusctl verify`; other records can be read",
              "the record is damaged on the disk");
}
