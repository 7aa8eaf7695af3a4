/* auth.c - who asks, and whether a browser was tricked into asking.
 *
 * Every operation is denied unless the operation table says otherwise. The actor
 * comes from the token alone. Host and Origin are checked on TCP, because a page on
 * another site can make a browser on this machine send requests here: DNS rebinding
 * shows in Host, cross-site requests in Origin.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/gateway_internal.h"

static struct str bearer(struct str authorization)
{
    if (authorization.len < 8 ||
        !str_eq_nocase(str_sub(authorization, 0, 7), STR("Bearer "))) {
        return STR_NONE;
    }
    return str_trim(str_sub(authorization, 7, authorization.len));
}

/* Hashing is most of the cost, and a connection shows the same token again and again.
 * What the hash stands for is asked anew each time: an agent may have been removed. */
static const struct hash *token_hash(struct conn *conn, struct str token)
{
    if (token.len != conn->token_len || token.len > sizeof conn->token ||
        memcmp(token.at, conn->token, token.len) != 0) {
        sha256(token.at, token.len, &conn->token_hash);
        conn->token_len = 0;
        if (token.len <= sizeof conn->token) {
            memcpy(conn->token, token.at, token.len);
            conn->token_len = token.len;
        }
    }
    return &conn->token_hash;
}

bool auth_actor(struct call *call)
{
    struct gateway *gateway = call->gateway;
    if (call->conn->headers[HEADER_AUTHORIZATION].at == 0) {
        call_fail(call, BOARD_UNAUTHENTICATED, NULL, "the request has no Authorization header");
        return false;
    }
    struct str token = bearer(conn_header(call->conn, HEADER_AUTHORIZATION));
    if (token.len == 0) {
        call_fail(call, BOARD_UNAUTHENTICATED, NULL,
                  "the Authorization header must be `Bearer TOKEN`");
        return false;
    }
    const struct hash *hash = token_hash(call->conn, token);
    if (hash_eq_secret(hash, &gateway->options.admin_token_hash)) {
        call->actor = (struct actor){.name = STR("admin"), .role = ROLE_ADMIN};
        return true;
    }
    const struct slot *main_slot = gateway->slots[0];
    if (main_slot->board == NULL) {
        call_fail(call, BOARD_UNAVAILABLE, NULL, "the board is not there at the moment");
        return false;
    }
    if (!board_agent_by_token(main_slot->board, hash, &call->actor)) {
        call_fail(call, BOARD_UNAUTHENTICATED, NULL, "the token is not known here");
        return false;
    }
    return true;
}

/* An open stream goes on only as long as its token is good. */
bool auth_holds(const struct conn *conn)
{
    const struct gateway *gateway = conn->gateway;
    const struct slot *main_slot = gateway->slots[0];
    struct actor actor;
    return hash_eq_secret(&conn->token_hash, &gateway->options.admin_token_hash) ||
           (main_slot->board != NULL &&
            board_agent_by_token(main_slot->board, &conn->token_hash, &actor));
}

bool auth_may(struct call *call)
{
    if ((call->op->may & ROLE_BIT(call->actor.role)) != 0) {
        return true;
    }
    char roles[64] = "";
    size_t len = 0;
    for (int role = ROLE_READER; role <= ROLE_ADMIN; role++) {
        if ((call->op->may & ROLE_BIT(role)) != 0) {
            len += (size_t)snprintf(roles + len, sizeof roles - len, "%s%s",
                                    len > 0 ? " or " : "", role_word((enum role)role));
        }
    }
    call_fail(call, BOARD_NOT_PERMITTED, NULL, "the role %s may not use %s; it takes the role %s",
              role_word(call->actor.role), call->op->name, roles);
    return false;
}

/* "NAME" or "NAME:PORT" of this service as a browser on this machine would write it. */
static bool authority_fits(const struct gateway *gateway, struct str text)
{
    if (text.len > 0 && str_eq_nocase(text, str_of(gateway->options.listen))) {
        return true;
    }
    size_t colon = str_find(text, ':', str_starts(text, STR("[")) ? str_find(text, ']', 0) : 0);
    struct str name = str_sub(text, 0, colon);
    bool known = str_eq_nocase(name, STR("localhost")) || str_is(name, "127.0.0.1") ||
                 str_is(name, "[::1]");
    if (!known) {
        return false;
    }
    return colon >= text.len || str_eq(str_sub(text, colon + 1, text.len), gateway->listen_port);
}

static bool origin_fits(const struct gateway *gateway, struct str origin)
{
    if (!str_starts(origin, STR("http://"))) {
        return false;
    }
    struct str authority = str_sub(origin, 7, origin.len);
    bool has_port = str_ends(authority, gateway->listen_port) && gateway->listen_port.len > 0;
    return has_port && authority_fits(gateway, authority);
}

bool auth_host(struct conn *conn)
{
    const struct gateway *gateway = conn->gateway;
    struct str host = conn_header(conn, HEADER_HOST);
    if (conn->headers[HEADER_HOST].at == 0 || host.len == 0) {
        call_refuse_http(conn, 400, BOARD_INVALID, "the request has no Host header",
                         "send the header Host with the address of this service");
        return false;
    }
    if (conn->kind == CONN_TCP && !authority_fits(gateway, host)) {
        call_refuse_http(conn, 403, BOARD_NOT_PERMITTED,
                         "the Host header names another host than this service",
                         "use the address the service listens on, such as 127.0.0.1");
        return false;
    }
    if (conn->headers[HEADER_ORIGIN].at != 0 &&
        !origin_fits(gateway, conn_header(conn, HEADER_ORIGIN))) {
        call_refuse_http(conn, 403, BOARD_NOT_PERMITTED,
                         "requests from pages of other sites are refused",
                         "open the page that this service itself serves");
        return false;
    }
    return true;
}
