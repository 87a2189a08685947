/*
 * Markers that every layer uses: must-check results and cleanup of owning locals.
 *
 * Result convention of the whole house: 0 is success; a negative errno is unexpected and forwarded unchanged;
 * positive codes are outcomes that the module lists in its header and that its caller handles.
 */
#ifndef ROIWATCH_BASE_MUST_H
#define ROIWATCH_BASE_MUST_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first) __attribute__((format(printf, format_at, first)))

/* CLEANUP(fn): call fn(&local) when the local goes out of scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Gives an owned pointer away: the local is NULL afterwards, so its cleanup does nothing. */
#define STEAL(pointer)                                                                                       \
    ({                                                                                                       \
        __typeof__(pointer) stolen_ = (pointer);                                                             \
        (pointer) = NULL;                                                                                    \
        stolen_;                                                                                             \
    })

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
