#include "daemon/redis_io.h"

#include <sys/epoll.h>

static int io_ready(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
    struct redis_io *io = userdata;
    (void)source;
    (void)fd;
    io->heard = io->heard || (events & EPOLLIN);
    if (io->redis && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        redisAsyncHandleRead(io->redis);
    if (io->redis && (events & EPOLLOUT))
        redisAsyncHandleWrite(io->redis);
    return 0;
}

static void io_want(struct redis_io *io, uint32_t wanted)
{
    if (io->source && wanted != io->wanted)
        (void)sd_event_source_set_io_events(io->source, wanted);
    io->wanted = wanted;
}

static void io_add_read(void *data)
{
    struct redis_io *io = data;
    io_want(io, io->wanted | EPOLLIN);
}

static void io_del_read(void *data)
{
    struct redis_io *io = data;
    io_want(io, io->wanted & ~(uint32_t)EPOLLIN);
}

static void io_add_write(void *data)
{
    struct redis_io *io = data;
    io_want(io, io->wanted | EPOLLOUT);
}

static void io_del_write(void *data)
{
    struct redis_io *io = data;
    io_want(io, io->wanted & ~(uint32_t)EPOLLOUT);
}

static void io_cleanup(void *data)
{
    struct redis_io *io = data;
    io->redis = NULL;
    io->source = sd_event_source_disable_unref(io->source);
    io->wanted = 0;
}

int redis_io_attach(struct redis_io *io, sd_event *event, redisAsyncContext *redis)
{
    *io = (struct redis_io){.redis = redis};
    redis->ev.data = io;
    redis->ev.addRead = io_add_read;
    redis->ev.delRead = io_del_read;
    redis->ev.addWrite = io_add_write;
    redis->ev.delWrite = io_del_write;
    redis->ev.cleanup = io_cleanup;
    return sd_event_add_io(event, &io->source, redis->c.fd, 0, io_ready, io);
}
