#include "daemon/kafka_refusal.h"

#include <stdio.h>
#include <string.h>

/* 2.0.2 sends a nonce that brokers have checked since they were corrected (CVE-2024-56128); 2.8.0 is known to be sound. */
enum { SCRAM_SOUND = 0x020800ff };

bool kafka_right_refused(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

static const char *property(const struct kafka_settings *settings, const char *name, const char *fallback)
{
    for (size_t i = 0; i < settings->properties.n; i++)
        if (strcmp(settings->properties.items[i].name, name) == 0)
            return settings->properties.items[i].value;
    return fallback;
}

const char *kafka_login_hint(const struct kafka_settings *settings)
{
    const char *mechanism = property(settings, "sasl.mechanism", property(settings, "sasl.mechanisms", ""));
    return strncmp(mechanism, "SCRAM", 5) == 0 && rd_kafka_version() < SCRAM_SOUND
               ? "; SCRAM of this librdkafka is refused by newer brokers whatever the password is: use PLAIN "
                 "over TLS, or "
                 "Debian 13"
               : "";
}

static void append_grant(const struct kafka_settings *settings, const char *operation, const char *kind,
                         const char *name, struct buffer *why)
{
    buffer_printf(why,
                  "; its user needs the right %s on the %s %s: kafka-acls.sh --add --allow-principal User:%s "
                  "--operation %s --%s %s",
                  operation, kind, name, property(settings, "sasl.username", "USER"), operation, kind, name);
}

void kafka_refusal_explain(const struct kafka_settings *settings, rd_kafka_resp_err_t error,
                           const char *topic, bool letters, struct buffer *why)
{
    if (error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        append_grant(settings, "Read", "group", settings->group, why);
    else if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED && topic)
        append_grant(settings, letters ? "Write" : "Read", "topic", topic, why);
    else if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        buffer_printf(why, "; its user needs the right %s on each of kafka.topics",
                      letters ? "Write" : "Read");
    else if (error == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED && topic)
        append_grant(settings, "Write", "transactional-id", topic, why);
    else if (error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED && letters && topic)
        append_grant(settings, "Write", "topic", topic, why);
}

bool kafka_login_note(struct kafka_login *login, rd_kafka_resp_err_t error, const char *reason,
                      int64_t now_ms)
{
    bool refused =
        error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
    bool first = refused && login->refused_since_ms == 0;
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) /* follows each of the others */
        return false;
    if (!refused)
        login->refused_since_ms = 0;
    if (!first)
        return false;
    login->refused_since_ms = now_ms;
    snprintf(login->reason, sizeof(login->reason), "%s", reason);
    return true;
}

bool kafka_login_refused(struct kafka_login *login, bool up, int64_t now_ms)
{
    if (up)
        login->refused_since_ms = 0;
    return login->refused_since_ms && now_ms - login->refused_since_ms >= KAFKA_LOGIN_MS;
}
