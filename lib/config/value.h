/*
 * Values: the texts of numbers with units and of times, read and written.
 *
 * Each reader takes the whole text and returns false where it is none, or does not fit.
 */
#ifndef ROIWATCH_CONFIG_VALUE_H
#define ROIWATCH_CONFIG_VALUE_H

#include <stdbool.h>

#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/base/span.h"

/* A decimal integer, perhaps with `-`. */
MUST_CHECK bool value_int(const char *text, int64_t *ret_value);
/* A whole number with ms, s, m, h or d; 0 alone is allowed. */
MUST_CHECK bool value_duration(const char *text, int64_t *ret_ms);
/* A whole number with B, KiB, MiB or GiB; 0 alone is allowed. */
MUST_CHECK bool value_size(const char *text, int64_t *ret_bytes);
/* A decimal with at most 6 digits after the point that count: nothing is rounded away. */
MUST_CHECK bool value_decimal(const char *text, int64_t *ret_micros);
/* YYYY-MM-DD, to days since 1970-01-01. */
MUST_CHECK bool value_date(const char *text, int64_t *ret_date);
/* RFC 3339 with a zone, to ms since the epoch. */
MUST_CHECK bool value_time(const char *text, int64_t *ret_ms);

/* The canonical texts that the readers take: the largest unit that divides; decimals without trailing zeros.
 */
void value_write_duration(int64_t ms, struct buffer *buffer);
void value_write_size(int64_t bytes, struct buffer *buffer);
void value_write_decimal(int64_t micros, struct buffer *buffer);
void value_write_date(int64_t date, struct buffer *buffer);
void value_write_time(int64_t ms, struct buffer *buffer);
/* A text for JSON, or (json false) for YAML's block style: plain where that reads back as the same text. */
void value_write_text(const char *text, bool json, struct buffer *buffer);

#endif
