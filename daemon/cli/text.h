/*
 * Text for people and JSON for programs, made from what stands in Redis.
 */
#ifndef ROIWATCH_DAEMON_CLI_TEXT_H
#define ROIWATCH_DAEMON_CLI_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buffer.h"
#include "lib/base/json.h"
#include "lib/base/must.h"

/* An id as it may go to a terminal: control bytes become \xNN, so that no id can send commands to it. */
void text_safe(struct buffer *buffer, struct span text);
/* How many columns the same takes (code points; wide ones count as one). */
size_t text_columns(struct span text);
/* The text, cut or filled up with spaces to so many columns. */
void text_padded(struct buffer *buffer, struct span text, size_t columns, bool right);

/* Micro-units as an amount with two digits: 412.00, thousands apart by a space; rounded half to even. */
void text_money(struct buffer *buffer, int64_t micros);
/* A ratio's decimal text as percent with a sign: 0.254000 is +25.4 %. "-" for an empty text. */
void text_percent(struct buffer *buffer, struct span ratio);
/* YYYY-MM-DD HH:MM:SS in UTC. */
void text_time(struct buffer *buffer, int64_t at_ms);
/* One block character for a value between low and high. */
void text_spark(struct buffer *buffer, int64_t value, int64_t low, int64_t high);

/* Writes the buffer to stdout and clears it. CLI_FAILED where memory or stdout failed (said on stderr), else
 * CLI_OK. */
MUST_CHECK int text_flush(struct buffer *buffer);
/* The same, but leaves it to a later call whether the last of it was written. */
MUST_CHECK int text_write(struct buffer *buffer);
/* The same for what was printed. */
MUST_CHECK int text_finish(void);
/* Whether nobody can read stdout any more, although nothing was written since: CLI_FAILED (said on stderr), else
 * CLI_OK. */
MUST_CHECK int text_watch(void);

#endif
