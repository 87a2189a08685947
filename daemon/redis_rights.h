/*
 * What roiwatch's user must be allowed to do in Redis: one table for the question whether it is, for the message that
 * says what is missing, and for the documents.
 *
 * A right that is missing would else come to light in the middle of a script, as an error that does not say which.
 */
#ifndef ROIWATCH_DAEMON_REDIS_RIGHTS_H
#define ROIWATCH_DAEMON_REDIS_RIGHTS_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "daemon/redis_settings.h"
#include "lib/base/buffer.h"
#include "lib/shard/call.h"

/* A call of SCRIPT_RIGHTS. */
void redis_rights_ask(const struct redis_settings *settings, struct call *call);

/* The script's answer: false where a right is missing, with what to do in why. */
bool redis_rights_judge(const struct redis_settings *settings, const redisReply *reply, char *why,
                        size_t why_size);

/* The section of the reference, with the line for ACL SETUSER. */
void redis_rights_reference(struct buffer *buffer);

#endif
