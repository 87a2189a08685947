/*
 * Times: milliseconds since the epoch, as int64.
 */
#ifndef ROIWATCH_BASE_TIME_H
#define ROIWATCH_BASE_TIME_H

#include <stdint.h>

#define NEVER INT64_MIN /* no event yet, no time yet: before all times */

#endif
