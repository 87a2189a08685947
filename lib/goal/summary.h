/*
 * Summary: a goal's numbers as people read them.
 */
#ifndef ROIWATCH_GOAL_SUMMARY_H
#define ROIWATCH_GOAL_SUMMARY_H

#include "lib/base/buffer.h"
#include "lib/goal/alert.h"

/* The metric in millionths of its unit (money: micro-units), half to even. False where it is undefined or
 * beyond int64. */
MUST_CHECK bool metric_micro(const struct snapshot *snapshot, enum metric metric, int64_t *ret_micro);

/* "-12.0 %", "412.00 EUR", "2.50", "17": millionths of the metric's unit for people, with more digits where that
 * is needed to tell them from those beside them. */
void metric_append(const struct measures *measures, enum metric metric, int64_t micro, int64_t beside_micro,
                   const char *currency, struct buffer *buffer);

/* One sentence with the numbers, without a full stop. */
void alert_append_summary(const struct alert *alert, struct buffer *buffer);

#endif
