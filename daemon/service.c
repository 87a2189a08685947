#include "daemon/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon/log.h"

void service_init(struct service *service, int64_t steady_ms)
{
    *service = (struct service){.started_ms = steady_ms, .pinged_ms = steady_ms};
    uint64_t allowed_us = 0;
    if (sd_watchdog_enabled(0, &allowed_us) > 0)
        service->ping_every_ms = (int64_t)(allowed_us / 2000);
}

void service_ready(struct service *service)
{
    service->ready = true;
    (void)sd_notify(0, "READY=1");
}

/* The manager tells an earlier reload from this one by the time. */
void service_reloading(struct service *service)
{
    struct timespec now;
    (void)service;
    clock_gettime(CLOCK_MONOTONIC, &now);
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                     (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void service_stopping(struct service *service)
{
    (void)service;
    (void)sd_notify(0, "STOPPING=1");
}

void service_status(struct service *service, const char *text)
{
    if (strncmp(service->status, text, sizeof(service->status) - 1) == 0)
        return;
    snprintf(service->status, sizeof(service->status), "%s", text);
    (void)sd_notifyf(0, "STATUS=%s", service->status);
}

void service_turned(struct service *service, int64_t steady_ms, int64_t silent_ms)
{
    if (!service->ready && steady_ms - service->started_ms >= SERVICE_READY_LATEST_MS)
        service_ready(service);
    bool deaf = silent_ms > SERVICE_DEAF_MS;
    if (service->ping_every_ms == 0 || deaf) {
        if (deaf && !service->deaf_said && service->ping_every_ms > 0)
            log_line(
                LOG_LEVEL_ERROR,
                "Redis is connected, but no answer came for %d s: the watchdog is told nothing more, and "
                "the service manager will restart roiwatch; nothing is lost by that",
                SERVICE_DEAF_MS / 1000);
        service->deaf_said = deaf;
        return;
    }
    service->deaf_said = false;
    if (steady_ms - service->pinged_ms < service->ping_every_ms)
        return;
    service->pinged_ms = steady_ms;
    (void)sd_notify(0, "WATCHDOG=1");
}
