/*
 * The scripts' texts, made by the build from lib/shard/lua/.
 */
#ifndef ROIWATCH_SHARD_SCRIPTS_TEXT_H
#define ROIWATCH_SHARD_SCRIPTS_TEXT_H

#include "lib/shard/scripts.h"

#define SCRIPT_DECLARE(name, file) extern const struct span script_text_##file;
SCRIPTS(SCRIPT_DECLARE)
#undef SCRIPT_DECLARE

#endif
