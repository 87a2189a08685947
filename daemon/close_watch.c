#include "daemon/close_watch.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "daemon/log.h"

/* In a thread of the timer's: the main one is waiting. */
static void on_time_is_over(union sigval value)
{
    log_line(LOG_LEVEL_WARNING, "kafka: librdkafka does not end, as it does where a topic was deleted while "
                                "it was read; roiwatch ends "
                                "without it. All that was counted is stored, nothing is lost");
    log_flush();
    _exit(value.sival_int);
}

int close_watch_start(int after_s, int exit_code, timer_t *ret_watch)
{
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD,
        .sigev_notify_function = on_time_is_over,
        .sigev_value.sival_int = exit_code,
    };
    const struct itimerspec after = {.it_value.tv_sec = after_s};
    timer_t watch;
    if (timer_create(CLOCK_MONOTONIC, &event, &watch) < 0)
        return -errno;
    if (timer_settime(watch, 0, &after, NULL) < 0) {
        int error = errno;
        (void)timer_delete(watch);
        return -error;
    }
    *ret_watch = watch;
    return 0;
}

void close_watch_stop(timer_t watch)
{
    (void)timer_delete(watch);
}
