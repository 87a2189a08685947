/*
 * Samples of messages: the JSON values of one text, one after the other, however they are laid out.
 */
#ifndef ROIWATCH_DAEMON_CLI_MAP_INPUT_H
#define ROIWATCH_DAEMON_CLI_MAP_INPUT_H

#include "lib/base/must.h"
#include "lib/base/span.h"

/*
 * Takes the next value off the front of *rest; false where there is only white space. An object or array ends with
 * its last bracket, anything else with its line; what is broken goes on to the end. A NUL in front, with which
 * Confluent's header begins, belongs to the value, with the 4 bytes behind it.
 */
MUST_CHECK bool map_input_next(struct span *rest, struct span *ret_value);

#endif
