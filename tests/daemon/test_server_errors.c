/* Classes of the servers' errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/kafka_errors.h"
#include "daemon/redis_errors.h"
#include "lib/base/must.h"

static void redis_errors_go_by_their_first_word(void **state)
{
    (void)state;
    static const struct {
        const char *line, *class;
        bool refuses;
    } cases[] = {
        {"OOM command not allowed when used memory > 'maxmemory'.", "oom", true},
        {"READONLY You can't write against a read only replica.", "readonly", true},
        {"LOADING Redis is loading the dataset in memory", "loading", true},
        {"BUSY Redis is busy running a script.", "busy", true},
        {"MISCONF Errors writing to the AOF file", "misconf", true},
        {"NOREPLICAS Not enough good replicas to write.", "noreplicas", true},
        {"NOPERM User default has no permissions", "noperm", true},
        {"NOAUTH Authentication required.", "noauth", true},
        {"NOSCRIPT No matching script.", "noscript", false},
        {"WRONGTYPE Operation against a key", "wrongtype", false},
        {"ERR wrong number of arguments", "other", false},
        {"OOMPH", "other", false},
        {"OOM", "oom", true},
        {"", "other", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum redis_error error = redis_error_classify(cases[i].line);
        assert_string_equal(redis_error_name(error), cases[i].class);
        assert_int_equal(redis_error_refuses(error), cases[i].refuses);
    }
    assert_string_equal(redis_error_name(REDIS_ERROR_CONNECTION), "connection");
}

static void kafka_errors_fall_into_a_few_classes(void **state)
{
    (void)state;
    static const struct {
        rd_kafka_resp_err_t error;
        const char *class;
    } cases[] = {
        {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "transport"},
        {RD_KAFKA_RESP_ERR__TIMED_OUT, "timeout"},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "auth"},
        {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "topic"},
        {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, "group"},
        {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, "offset"},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "size"},
        {RD_KAFKA_RESP_ERR_UNKNOWN, "other"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(kafka_error_name(kafka_error_classify(cases[i].error)), cases[i].class);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_errors_go_by_their_first_word),
        cmocka_unit_test(kafka_errors_fall_into_a_few_classes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
