#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/health.h"
#include "lib/shard/layout.h"

/* A process that has nothing to complain about. */
static struct health_facts well(void)
{
    return (struct health_facts){
        .redis_connected = true,
        .redis_refusal = "",
        .silent_partition = "",
        .topics_known = true,
        .n_topic_partitions = 24,
        .has_assignment = true,
        .n_partitions = 8,
        .reading = true,
        .status = PIPELINE_LIVE,
        .as_of_ms = 1000,
        .behind_ms = 30000,
    };
}

static void assert_reasons(const struct health_facts *facts, const char *reasons)
{
    char told[256] = "";
    struct health health;
    bool ready = health_judge(facts, &health);
    for (enum unready_reason reason = 0; reason < N_UNREADY_REASONS; reason++) {
        if (!health.unready[reason])
            continue;
        strcat(told, told[0] ? " " : "");
        strcat(told, unready_reason_name(reason));
    }
    assert_string_equal(told, reasons);
    assert_int_equal(ready, reasons[0] == '\0');
}

static void each_fault_has_its_reason(void **state)
{
    (void)state;
    struct health_facts facts = well();
    assert_reasons(&facts, "");
    facts.stopping = true;
    assert_reasons(&facts, "stopping");
    facts = well();
    facts.redis_connected = false;
    assert_reasons(&facts, "redis_away");
    facts = well();
    facts.redis_silent_ms = 5001;
    assert_reasons(&facts, "redis_away");
    facts.redis_silent_ms = 5000;
    assert_reasons(&facts, "");
    facts.redis_refusal = "READONLY You can't write";
    assert_reasons(&facts, "redis_refuses");
    facts = well();
    facts.kafka_silent_ms = INT64_MAX;
    assert_reasons(&facts, "kafka_away");
    facts = well();
    facts.loss = true;
    assert_reasons(&facts, "loss");
    facts = well();
    facts.n_topic_partitions = 0;
    assert_reasons(&facts, "no_topics");
    facts.topics_known = false;
    assert_reasons(&facts, "");
    facts = well();
    facts.has_assignment = false;
    facts.n_partitions = 0;
    facts.reading = false;
    assert_reasons(&facts, "no_partitions");
    facts = well();
    facts.reading = false;
    assert_reasons(&facts, "placing");
    facts = well();
    facts.status = PIPELINE_REBUILDING;
    assert_reasons(&facts, "rebuilding");
    facts.status = PIPELINE_CATCHING_UP;
    assert_reasons(&facts, "behind");
}

static void a_silent_leader_counts_only_while_its_partition_is_read(void **state)
{
    (void)state;
    struct health_facts facts = well();
    facts.partition_silent_ms = 7001;
    facts.silent_partition = "ad.clicks";
    assert_reasons(&facts, "kafka_away");
    facts.partition_silent_ms = 7000;
    assert_reasons(&facts, "");
    facts.partition_silent_ms = INT64_MAX;
    facts.reading = false;
    assert_reasons(&facts, "placing");
}

static void letters_count_when_none_has_been_taken_for_a_while(void **state)
{
    (void)state;
    struct health_facts facts = well();
    facts.n_letters = 3;
    facts.letters_silent_ms = 5000;
    assert_reasons(&facts, "");
    facts.letters_silent_ms = 5001;
    assert_reasons(&facts, "dead_letters");
    facts.n_letters = 0;
    assert_reasons(&facts, "");
}

static void a_spare_process_is_ready(void **state)
{
    (void)state;
    struct health_facts facts = well();
    facts.n_partitions = 0;
    facts.reading = false;
    assert_reasons(&facts, "");
}

static void assert_json(const struct health_facts *facts, const char *json)
{
    CLEANUP(buffer_deinit) struct buffer buffer = BUFFER_INIT;
    struct health health;
    (void)health_judge(facts, &health);
    health_json(facts, &health, &buffer);
    buffer_append_u8(&buffer, '\0');
    assert_string_equal(buffer.data, json);
}

static void the_body_names_the_reasons_and_what_is_known_of_them(void **state)
{
    (void)state;
    struct health_facts facts = well();
    assert_json(&facts,
                "{\"ready\":true,\"status\":\"live\",\"as_of_ms\":1000,\"behind_ms\":30000,\"partitions\":8,"
                "\"reasons\":[]}\n");
    facts.redis_refusal = "OOM \"x\"";
    facts.status = PIPELINE_CATCHING_UP;
    facts.behind_ms = 700000;
    assert_json(&facts,
                "{\"ready\":false,\"status\":\"catching_up\",\"as_of_ms\":1000,\"behind_ms\":700000,"
                "\"partitions\":8,\"reasons\":[{\"reason\":\"redis_refuses\",\"detail\":\"Redis answers with "
                "errors: read only, no memory, loading …; it said: OOM \\\"x\\\"\"},{\"reason\":\"behind\","
                "\"detail\":\"the numbers are further behind than alerts.stale_after, or not all is read; by "
                "700 s\"}]}\n");
    facts = well();
    facts.stopping = true;
    facts.as_of_ms = NEVER;
    assert_json(&facts,
                "{\"ready\":false,\"status\":\"stopped\",\"as_of_ms\":null,\"behind_ms\":null,"
                "\"partitions\":8,\"reasons\":[{\"reason\":\"stopping\",\"detail\":\"the process was told to "
                "end\"}]}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_its_reason),
        cmocka_unit_test(a_silent_leader_counts_only_while_its_partition_is_read),
        cmocka_unit_test(letters_count_when_none_has_been_taken_for_a_while),
        cmocka_unit_test(a_spare_process_is_ready),
        cmocka_unit_test(the_body_names_the_reasons_and_what_is_known_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
