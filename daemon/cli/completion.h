/*
 * Completions for shells, from the tables of commands, options and settings. Each writer appends a whole script for
 * both programs; keys are what --set takes, one a line.
 */
#ifndef ROIWATCH_DAEMON_CLI_COMPLETION_H
#define ROIWATCH_DAEMON_CLI_COMPLETION_H

#include "lib/base/buffer.h"

void completion_bash(struct span keys, struct buffer *buffer);
void completion_zsh(struct span keys, struct buffer *buffer);
void completion_fish(struct span keys, struct buffer *buffer);

#endif
