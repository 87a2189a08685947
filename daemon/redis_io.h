/*
 * The adapter between hiredis and sd-event: one source whose mask follows what hiredis wants.
 */
#ifndef ROIWATCH_DAEMON_REDIS_IO_H
#define ROIWATCH_DAEMON_REDIS_IO_H

#include <hiredis/async.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "lib/base/must.h"

struct redis_io {
    redisAsyncContext *redis; /* NULL: not attached */
    sd_event_source *source;
    uint32_t wanted; /* EPOLLIN | EPOLLOUT as hiredis asks */
    bool heard;      /* something came; whoever looks resets it */
};

/* From here on hiredis is called when its socket is ready; it detaches itself when its context is freed. The
 * io must not move. */
MUST_CHECK int redis_io_attach(struct redis_io *io, sd_event *event, redisAsyncContext *redis);

#endif
