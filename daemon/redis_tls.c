#include "daemon/redis_tls.h"

#include <fcntl.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "daemon/files.h"

enum { REASON_SIZE = 128 };

static void free_ssl_ctx(SSL_CTX **ctx)
{
    SSL_CTX_free(*ctx);
}

static void free_ssl(SSL **ssl)
{
    SSL_free(*ssl);
}

bool redis_tls_available(void)
{
    return true;
}

/* A key with a password would make OpenSSL ask on the terminal. */
static int refuse_password(char *buffer, int size, int writing, void *userdata)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)userdata;
    return -1;
}

static const char *last_reason(char reason[REASON_SIZE])
{
    unsigned long error = ERR_peek_last_error();
    const char *text =
        ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error)) : ERR_reason_error_string(error);
    snprintf(reason, REASON_SIZE, "%s", text ? text : "OpenSSL does not say why");
    return reason;
}

static enum redis_tls_result file_refused(const char *key, const char *name, char *why, size_t why_size)
{
    char path[SECRET_PATH_SIZE], reason[REASON_SIZE];
    snprintf(why, why_size, "redis.%s %.150s: %s; it must be a PEM file that roiwatch may read", key,
             secret_path(name, path), last_reason(reason));
    return REDIS_TLS_FILES;
}

static enum redis_tls_result load_files(SSL_CTX *ctx, const struct redis_settings *settings, char *why,
                                        size_t why_size)
{
    char path[SECRET_PATH_SIZE];
    SSL_CTX_set_default_passwd_cb(ctx, refuse_password);
    if (settings->ca_file && !SSL_CTX_load_verify_file(ctx, secret_path(settings->ca_file, path)))
        return file_refused("ca_file", settings->ca_file, why, why_size);
    if (!settings->ca_file && !SSL_CTX_set_default_verify_paths(ctx)) {
        snprintf(why, why_size, "the system's CAs cannot be read; set redis.ca_file");
        return REDIS_TLS_FILES;
    }
    if (!settings->cert_file)
        return REDIS_TLS_OK;
    if (!SSL_CTX_use_certificate_chain_file(ctx, secret_path(settings->cert_file, path)))
        return file_refused("cert_file", settings->cert_file, why, why_size);
    if (!SSL_CTX_use_PrivateKey_file(ctx, secret_path(settings->key_file, path), SSL_FILETYPE_PEM))
        return file_refused("key_file", settings->key_file, why, why_size);
    return REDIS_TLS_OK;
}

/* Whom the certificate must be for: an address, or a name, which is also told to the server. */
static bool expect_host(SSL *ssl, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host))
        return true;
    ERR_clear_error();
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
}

static enum redis_tls_result make_ssl(const struct redis_settings *settings, SSL **ret_ssl, char *why,
                                      size_t why_size)
{
    CLEANUP(free_ssl_ctx) SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    char reason[REASON_SIZE];
    if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION)) {
        snprintf(why, why_size, "TLS: %s", last_reason(reason));
        return REDIS_TLS_FILES;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    enum redis_tls_result result = load_files(ctx, settings, why, why_size);
    if (result)
        return result;
    CLEANUP(free_ssl) SSL *ssl = SSL_new(ctx);
    if (!ssl || !expect_host(ssl, settings->address.host)) {
        snprintf(why, why_size, "TLS: %s", last_reason(reason));
        return REDIS_TLS_FILES;
    }
    *ret_ssl = STEAL(ssl);
    return REDIS_TLS_OK;
}

enum redis_tls_result redis_tls_begin(struct redis_tls *tls, const struct redis_settings *settings,
                                      redisContext *context, char *why, size_t why_size)
{
    *tls = (struct redis_tls){.host = settings->address.host};
    if (!settings->address.tls)
        return REDIS_TLS_OK;
    CLEANUP(free_ssl) SSL *ssl = NULL;
    ERR_clear_error();
    enum redis_tls_result result = make_ssl(settings, &ssl, why, why_size);
    if (result)
        return result;
    tls->ssl = ssl;
    if (redisInitiateSSL(context, ssl) == REDIS_OK) {
        ssl = NULL; /* hiredis' from here on */
        return REDIS_TLS_OK;
    }
    if (!redis_tls_explain(tls, why, why_size))
        snprintf(why, why_size, "TLS: %s", context->errstr);
    tls->ssl = NULL;
    return REDIS_TLS_FAILED;
}

static void explain_certificate(const char *host, long verdict, char *why, size_t why_size)
{
    const char *advice;
    switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        advice = "write the name that it is for into redis.url, or give Redis a certificate for this one";
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        advice = "renew it, or set the clock of this machine";
        break;
    default:
        advice = "set redis.ca_file to the CA that has signed it, if you trust that one";
    }
    snprintf(why, why_size, "TLS: the certificate of Redis is not accepted for %.100s: %s; %s", host,
             X509_verify_cert_error_string(verdict), advice);
}

/* What the other side said, or what it is. */
static const char *advice_for(int reason)
{
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_HTTP_REQUEST:
        return "this port does not speak TLS: take the tls-port of Redis, or redis:// for this one";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return "Redis may demand a certificate of roiwatch's own: redis.cert_file and redis.key_file";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        return "Redis does not accept the certificate in redis.cert_file";
    default:
        return "look at tls-protocols and tls-ciphers of Redis";
    }
}

/* A server that refuses our certificate says so after our side of the handshake is over, and hangs up: our first write
 * fails, while its words lie unread. */
static unsigned long last_error(SSL *ssl)
{
    char byte;
    unsigned long error = ERR_peek_last_error();
    int fd = SSL_get_fd(ssl);
    if (ERR_GET_LIB(error) == ERR_LIB_SSL || !SSL_is_init_finished(ssl) || fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return error;
    (void)SSL_peek(ssl, &byte, sizeof(byte));
    return ERR_peek_last_error();
}

bool redis_tls_explain(const struct redis_tls *tls, char *why, size_t why_size)
{
    char reason[REASON_SIZE];
    if (!tls->ssl)
        return false;
    long verdict = SSL_get_verify_result(tls->ssl);
    unsigned long error = last_error(tls->ssl);
    if (verdict != X509_V_OK && verdict != X509_V_ERR_UNSPECIFIED)
        explain_certificate(tls->host, verdict, why, why_size);
    else if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
        snprintf(why, why_size, "TLS: %s; %s", last_reason(reason), advice_for(ERR_GET_REASON(error)));
    else if (SSL_get_state(tls->ssl) != TLS_ST_BEFORE && !SSL_is_init_finished(tls->ssl))
        snprintf(why, why_size,
                 "TLS: the handshake was not answered; is this the tls-port of Redis? For another one take "
                 "redis://");
    else
        return false;
    return true;
}
