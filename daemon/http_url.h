/*
 * Request targets taken apart: the path, its percent-encoding, and the parameters behind `?`.
 *
 * What a client wrote is read once and strictly: an escape that is none, a NUL, an unknown or a repeated
 * parameter is refused, so that a typing mistake never gives another answer than the one that was asked for.
 */
#ifndef ROIWATCH_DAEMON_HTTP_URL_H
#define ROIWATCH_DAEMON_HTTP_URL_H

#include "lib/base/buffer.h"
#include "lib/base/must.h"
#include "lib/base/span.h"

struct url {
    struct span path;  /* as written */
    struct span query; /* as written, without the `?` */
};

struct url url_split(struct span target);

/* Appends the text with its escapes undone. False where an escape is malformed or gives a NUL. */
MUST_CHECK bool url_decode(struct span text, struct buffer *buffer);

enum { URL_PARAMETERS_MAX = 4 };

/* The parameters that a resource knows, and what was given. */
struct url_parameters {
    const char *names[URL_PARAMETERS_MAX]; /* ends with NULL, or is full */
    struct buffer values[URL_PARAMETERS_MAX];
    bool given[URL_PARAMETERS_MAX];
};

enum url_result {
    URL_UNKNOWN = 1, /* a parameter that is not among the names */
    URL_REPEATED,
    URL_MALFORMED, /* an escape */
};

/* Reads a query. For a positive result *ret_culprit is the parameter as written. Or -ENOMEM. */
MUST_CHECK int url_parameters_read(struct span query, struct url_parameters *parameters,
                                   struct span *ret_culprit);
void url_parameters_deinit(struct url_parameters *parameters);

#endif
