#include "lib/config/nearest.h"

#include <ctype.h>
#include <limits.h>

enum { WORD_MAX = 64 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

unsigned edit_distance(struct span a, struct span b)
{
    if (a.size > WORD_MAX || b.size > WORD_MAX)
        return UINT_MAX;
    unsigned rows[3][WORD_MAX + 1]; /* the rows i - 2, i - 1 and i of the usual table, by i % 3 */
    for (unsigned j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.size; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.size; j++) {
            bool same = same_letter(a.data[i - 1], b.data[j - 1]);
            row[j] = least(above[j - 1] + !same, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a.data[i - 1], b.data[j - 2]) &&
                same_letter(a.data[i - 2], b.data[j - 1]))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}

void nearest_start(struct nearest *nearest, struct span word)
{
    *nearest = (struct nearest){.word = word, .distance = UINT_MAX};
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    unsigned distance = edit_distance(nearest->word, span_of(candidate));
    unsigned allowed = nearest->word.size < 3 ? 1 : (unsigned)(nearest->word.size + 2) / 3;
    if (distance <= allowed && distance < strlen(candidate) && distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}
