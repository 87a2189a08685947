/*
 * What replay says of the letters: a table by topic, reason and state, and those that cannot be sent one by one.
 */
#ifndef ROIWATCH_DAEMON_CLI_LETTER_REPORT_H
#define ROIWATCH_DAEMON_CLI_LETTER_REPORT_H

#include "daemon/cli/letters.h"

/* To stdout. Exit code. */
MUST_CHECK int letters_print(const struct letter_book *book, const char *dead_letter, bool json);

#endif
