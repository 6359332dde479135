/*
 * The four databases: what they are called, how safe they are, and the
 * tables in each.  A room that keeps tables here adds its part to the list
 * in schema.c; every statement says IF NOT EXISTS and runs at each open.
 */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum {
	SCHEMA_PARTS = 16,
	SCHEMA_STEPS = 8	/* migrations */
};

struct schema {
	const char	*name;		/* of the file, in home */
	uint32_t	 app_id;	/* PRAGMA application_id */
	uint32_t	 version;	/* PRAGMA user_version */
	bool		 full;		/* synchronous FULL, else NORMAL */
	bool		 alone;		/* no other process reads it */
	bool		 cache;		/* damaged: made anew, not salvaged */
	unsigned int	 cache_kib;	/* page cache */
	unsigned int	 page;		/* octets, of a new file */
	const char	*parts[SCHEMA_PARTS];	/* ended by NULL */
	/* steps[n] leads from version n + 1 to n + 2. */
	const char	*steps[SCHEMA_STEPS];
};

extern const struct schema schemas[STORE_NDB];

#endif
