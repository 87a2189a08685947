/*
 * Documents from the rows themselves: the sample file and the reference.
 */
#ifndef ROIWATCH_CONFIG_DOCUMENT_H
#define ROIWATCH_CONFIG_DOCUMENT_H

#include "lib/config/schema.h"

/* A file with every key, its meaning above it; commented out where it has a default, which is what it then
 * says. */
void config_document_sample(const struct config_shape *shape, struct buffer *buffer);
/* Markdown: a table for each part of the configuration, and for each kind of item in its lists and maps. */
void config_document_reference(const struct config_shape *shape, struct buffer *buffer);
/* The same as the sections of a man page. */
void config_document_manual(const struct config_shape *shape, struct buffer *buffer);
/* The paths with dots of all values that are no lists, maps or records, one a line. */
void config_document_keys(const struct config_shape *shape, struct buffer *buffer);

#endif
