/* The owner's rules as config.h has them, checked. */
#ifndef FILTER_RULES_H
#define FILTER_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "store/rule.h"

enum { RULES_WHY_MAX = 256 };

/*
 * The table as the store has it, up to the line without a query; a wrong
 * line is off, and keeps its number.  Valid for the whole run.
 */
const struct rule *rules_table(size_t *n);

/* Line i, from 0.  False: it is wrong, and `why` says how.  Whether the
 * index understands its query is not looked at. */
bool		 rules_check(size_t i, char *why, size_t size);

/* "+a -b", as a rule or a program may say it. */
bool		 rules_tags_ok(const char *tags);

#endif
