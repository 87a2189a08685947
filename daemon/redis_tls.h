/*
 * TLS on a connection to Redis, through hiredis and OpenSSL.
 *
 * DESIGN
 *   Hiredis' own TLS context checks the chain of a certificate but not whose it is: whoever holds any certificate of
 * the same CA could stand in the middle. So the OpenSSL objects are made here, with the name (or address) of redis.url
 * as what the certificate must be for, and hiredis gets the finished one. They are made anew for each connection, so
 * that renewed files count from then on without a restart.
 *   Why a handshake failed hiredis does not tell; OpenSSL is asked while its object still lives.
 *   Where hiredis has no TLS (before 1.0), redis_tls_absent.c stands for redis_tls.c.
 */
#ifndef ROIWATCH_DAEMON_REDIS_TLS_H
#define ROIWATCH_DAEMON_REDIS_TLS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/redis_settings.h"
#include "lib/base/must.h"

struct ssl_st;

/* TLS of one connection. Zeroed: none. */
struct redis_tls {
    struct ssl_st *ssl; /* owned by hiredis' context, and gone with it */
    const char *host;   /* the settings' */
};

enum redis_tls_result {
    REDIS_TLS_OK,
    REDIS_TLS_FILES,  /* ca_file, cert_file or key_file cannot be used */
    REDIS_TLS_FAILED, /* the handshake */
};

bool redis_tls_available(void);

/*
 * Begins TLS on a context that is connected or being connected; nothing where the URL asks for none. A blocking context
 * is done with the handshake when this returns. Otherwise why says what is wrong and what to do; the context is to be
 * freed then.
 */
MUST_CHECK enum redis_tls_result redis_tls_begin(struct redis_tls *tls, const struct redis_settings *settings,
                                                 redisContext *context, char *why, size_t why_size);

/*
 * Is it TLS that a connected context failed by? Then why says what and what to do. To be asked before hiredis frees the
 * context.
 */
bool redis_tls_explain(const struct redis_tls *tls, char *why, size_t why_size);

#endif
