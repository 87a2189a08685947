/* What the service manager is told, read from a socket of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/fail_point.h"
#include "daemon/redis_store.h"
#include "daemon/service.h"

struct manager {
    int fd;
    char text[512];
};

static int listen_as_manager(void **state)
{
    struct manager *manager = calloc(1, sizeof(*manager));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* An abstract name: nothing stays behind. */
    int n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "roiwatch-test-%d", (int)getpid());
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    if (manager->fd < 0 || bind(manager->fd, (struct sockaddr *)&address, size) < 0)
        return -1;
    char name[64];
    snprintf(name, sizeof(name), "@%s", address.sun_path + 1);
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "10000000", 1);
    unsetenv("WATCHDOG_PID");
    *state = manager;
    return 0;
}

static int close_manager(void **state)
{
    struct manager *manager = *state;
    close(manager->fd);
    free(manager);
    return 0;
}

/* The next message, "" where there is none. */
static const char *told(struct manager *manager)
{
    ssize_t n = recv(manager->fd, manager->text, sizeof(manager->text) - 1, 0);
    manager->text[n > 0 ? n : 0] = '\0';
    return manager->text;
}

static void ready_is_said_late_where_servers_are_away(void **state)
{
    struct service service;
    service_init(&service, 1000);
    service_turned(&service, 1000 + SERVICE_READY_LATEST_MS - 1, 0);
    assert_string_equal(told(*state), "WATCHDOG=1");
    assert_string_equal(told(*state), "");
    assert_false(service.ready);
    service_turned(&service, 1000 + SERVICE_READY_LATEST_MS, 0);
    assert_string_equal(told(*state), "READY=1");
    assert_true(service.ready);
    service_turned(&service, 1001 + SERVICE_READY_LATEST_MS, 0);
    assert_string_equal(told(*state), "");
}

static void pings_come_twice_as_often_as_is_asked(void **state)
{
    struct service service;
    service_init(&service, 0);
    service_ready(&service);
    assert_string_equal(told(*state), "READY=1");
    int n = 0;
    for (int64_t now_ms = 50; now_ms <= 100000; now_ms += 50) {
        service_turned(&service, now_ms, 0);
        n += strcmp(told(*state), "WATCHDOG=1") == 0;
    }
    assert_int_equal(n, 20);
}

static void a_loop_that_gets_no_answers_is_not_vouched_for(void **state)
{
    struct service service;
    assert_true((int)SERVICE_DEAF_MS > (int)REDIS_SILENT_MS);
    service_init(&service, 0);
    service_ready(&service);
    (void)told(*state);
    service_turned(&service, 6000, SERVICE_DEAF_MS);
    assert_string_equal(told(*state), "WATCHDOG=1");
    service_turned(&service, 20000, SERVICE_DEAF_MS + 1);
    assert_string_equal(told(*state), "");
    service_turned(&service, 20050, 0);
    assert_string_equal(told(*state), "WATCHDOG=1");
}

static void nobody_who_watches_means_no_pings(void **state)
{
    struct service service;
    unsetenv("WATCHDOG_USEC");
    service_init(&service, 0);
    service_ready(&service);
    (void)told(*state);
    service_turned(&service, 60000, 0);
    assert_string_equal(told(*state), "");
}

static void a_reload_is_told_with_its_time_and_ends_with_ready(void **state)
{
    struct service service;
    service_init(&service, 0);
    service_reloading(&service);
    long long when = 0;
    assert_int_equal(sscanf(told(*state), "RELOADING=1\nMONOTONIC_USEC=%lld", &when), 1);
    assert_true(when > 0);
    service_ready(&service);
    assert_string_equal(told(*state), "READY=1");
    service_stopping(&service);
    assert_string_equal(told(*state), "STOPPING=1");
}

static void a_status_is_told_when_it_changes(void **state)
{
    struct service service;
    service_init(&service, 0);
    service_status(&service, "waiting for Redis");
    assert_string_equal(told(*state), "STATUS=waiting for Redis");
    service_status(&service, "waiting for Redis");
    assert_string_equal(told(*state), "");
    service_status(&service, "8 partitions");
    assert_string_equal(told(*state), "STATUS=8 partitions");
    char longer[SERVICE_STATUS_SIZE * 2];
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    service_status(&service, longer);
    assert_int_equal(strlen(told(*state)), strlen("STATUS=") + SERVICE_STATUS_SIZE - 1);
    service_status(&service, longer);
    assert_string_equal(told(*state), "");
}

static void a_fail_point_is_hit_once_at_the_pass_that_is_asked(void **state)
{
    struct fail_at at;
    (void)state;
    assert_int_equal(fail_at_parse(NULL, &at), 0);
    assert_false(fail_point_hit(&at, FAIL_LOOP_HANG));
    assert_int_equal(fail_at_parse("loop-hang", &at), 0);
    assert_true(fail_point_hit(&at, FAIL_LOOP_HANG));
    assert_false(fail_point_hit(&at, FAIL_LOOP_HANG));
    assert_int_equal(fail_at_parse("loop-hang:3", &at), 0);
    assert_false(fail_point_hit(&at, FAIL_LOOP_HANG));
    assert_false(fail_point_hit(&at, FAIL_LOOP_HANG));
    assert_true(fail_point_hit(&at, FAIL_LOOP_HANG));
    static const char *const bad[] = {"loop", "loop-hangs", "loop-hang:", "loop-hang:0", "loop-hang:x", ":1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_true(fail_at_parse(bad[i], &at) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ready_is_said_late_where_servers_are_away, listen_as_manager,
                                        close_manager),
        cmocka_unit_test_setup_teardown(pings_come_twice_as_often_as_is_asked, listen_as_manager,
                                        close_manager),
        cmocka_unit_test_setup_teardown(a_loop_that_gets_no_answers_is_not_vouched_for, listen_as_manager,
                                        close_manager),
        cmocka_unit_test_setup_teardown(nobody_who_watches_means_no_pings, listen_as_manager, close_manager),
        cmocka_unit_test_setup_teardown(a_reload_is_told_with_its_time_and_ends_with_ready, listen_as_manager,
                                        close_manager),
        cmocka_unit_test_setup_teardown(a_status_is_told_when_it_changes, listen_as_manager, close_manager),
        cmocka_unit_test(a_fail_point_is_hit_once_at_the_pass_that_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
