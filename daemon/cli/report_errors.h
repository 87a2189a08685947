/*
 * What settings_load found, said to people.
 */
#ifndef ROIWATCH_DAEMON_CLI_REPORT_ERRORS_H
#define ROIWATCH_DAEMON_CLI_REPORT_ERRORS_H

#include "lib/base/must.h"
#include "lib/config/errors.h"

/* Prints all errors and warnings to stderr, one a line. result is settings_load's; returns the exit code. */
MUST_CHECK int cli_report_load(int result, const struct config_errors *errors);

#endif
