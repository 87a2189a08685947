/*
 * What a program says of itself: its options and exit codes as tables, from which `--help`, the man page and the
 * completions come.
 */
#ifndef ROIWATCH_DAEMON_PROGRAM_H
#define ROIWATCH_DAEMON_PROGRAM_H

#include <stddef.h>
#include <stdio.h>

struct program_option {
    char letter;          /* 0: none */
    const char *name;     /* without the dashes */
    const char *argument; /* what stands for the value; NULL: a flag */
    const char *help;     /* one clause, without a full stop */
};

struct program_exit {
    int code;
    const char *meaning;
};

struct program {
    const char *name;
    const char *summary; /* what it does, in sentences */
    const struct program_option *options;
    size_t n_options;
    const struct program_exit *exits;
    size_t n_exits;
};

enum { PROGRAM_HELP_COLUMN = 26, PROGRAM_LINE = 100 };

extern const struct program roiwatchd_program;

/* Writes the words of text in lines of at most PROGRAM_LINE columns, the first of which begins at `column`. */
void program_print_words(FILE *file, const char *text, size_t column, size_t indent);
void program_print_options(FILE *file, const struct program *program);
/* "Exit codes: 0 ok, 1 failure, ….": in lines of at most PROGRAM_LINE columns. */
void program_print_exits(FILE *file, const struct program *program);

#endif
