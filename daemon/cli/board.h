/*
 * The board of `top`: rows of campaigns with their history, and how they are drawn.
 *
 * Pure but for memory: bytes of keys go in, text comes out. What is drawn is plain text with, where colours
 * are asked for, ANSI colours.
 */
#ifndef ROIWATCH_DAEMON_CLI_BOARD_H
#define ROIWATCH_DAEMON_CLI_BOARD_H

#include "daemon/cli/redis.h"
#include "lib/base/table.h"

enum { HISTORY_MAX = 30, BOARD_CAMPAIGNS_MAX = 2000 };

/* One campaign; lives as long as the board. */
struct board_row {
    struct buffer id;
    bool present; /* read in this refresh */
    bool known;   /* its key exists */
    int64_t cost_micros;
    int64_t revenue_micros;
    char roi[32]; /* as in the key; "" undefined */
    char state[16];
    char goal[96]; /* the worst goal: name, metric and bound */
    size_t n_goals;
    int64_t history[HISTORY_MAX]; /* ROI in millionths where `defined`, oldest first */
    size_t n_history;
    int64_t sampled_ms; /* as_of of the newest sample */
};

struct board {
    struct board_row **rows; /* owned, each on the heap; in the order of drawing after board_sort */
    size_t n;
    struct table by_id;
    int64_t n_in_all; /* campaigns of the prefix */
    int64_t as_of_ms; /* NEVER: unknown */
    char status[24];
    bool colour;
};

void board_deinit(struct board *board);
/* The row of a campaign, made where it is new; NULL without memory. */
struct board_row *board_row(struct board *board, struct span id);
/* Takes the campaign's two hashes; also adds to its history when as_of has moved. */
void board_row_set(struct board *board, struct board_row *row, const redisReply *campaign,
                   const redisReply *window);
/* Worst state first, then the most cost, then by name. */
void board_sort(struct board *board);
/* Heading and at most `lines` rows. */
void board_draw(const struct board *board, const char *window, size_t lines, struct buffer *out);
void board_json(const struct board *board, const char *window, struct buffer *out);

#endif
