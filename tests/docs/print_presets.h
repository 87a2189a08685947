/* See print_presets.c. */
#ifndef ROIWATCH_TESTS_DOCS_PRINT_PRESETS_H
#define ROIWATCH_TESTS_DOCS_PRINT_PRESETS_H

void print_presets(void);

#endif
