/*
 * The service: what the process tells the service manager (sd_notify), and what the watchdog is told.
 *
 * DESIGN
 *   READY     is said when counting goes on, or after SERVICE_READY_LATEST_MS: a server that is away at boot is
 * waited for, and STATUS= says for what; a start that hangs for ever, or is killed and tried until the limit,
 * would help nobody.
 *   WATCHDOG  is a question about this process, not about its servers. A ping comes from a turn of the loop
 * that polled Kafka and did a step of everything, never from a timer of its own, and only if no call has waited
 * for an answer of Redis for longer than a connection is kept without: a loop that turns but hears nothing is
 * a hang too. Redis or Kafka being away is none.
 *
 * Without a service manager everything here does nothing. One thread.
 */
#ifndef ROIWATCH_DAEMON_SERVICE_H
#define ROIWATCH_DAEMON_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SERVICE_READY_LATEST_MS = 15000,
    SERVICE_DEAF_MS = 20000, /* calls wait for so long: no ping; above REDIS_SILENT_MS */
    SERVICE_STATUS_SIZE = 256,
};

struct service {
    bool ready;                       /* READY=1 was said */
    int64_t started_ms;               /* steady clock, as all times here */
    int64_t ping_every_ms;            /* half of what the manager allows; 0: it does not watch */
    int64_t pinged_ms;                /* last WATCHDOG=1 */
    bool deaf_said;                   /* it was logged that pings have stopped */
    char status[SERVICE_STATUS_SIZE]; /* as last said: the manager is told of changes only */
};

void service_init(struct service *service, int64_t steady_ms);
/* Counting goes on; also the end of a reload. */
void service_ready(struct service *service);
/* A reload begins; service_ready ends it. */
void service_reloading(struct service *service);
void service_stopping(struct service *service);
void service_status(struct service *service, const char *text);
/* A turn is done; silent_ms: for how long calls have waited for an answer, see redis_store_tick. */
void service_turned(struct service *service, int64_t steady_ms, int64_t silent_ms);

#endif
