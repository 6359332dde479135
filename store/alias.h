/* Addresses given out, in node.db; asked by rcpt_resolve(). */
#ifndef STORE_ALIAS_H
#define STORE_ALIAS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/op_alias.h"
#include "store/store.h"

/* STORE_NOTFOUND: none such.  address: canonical. */
enum store_err	alias_get(struct store *st, const char *address,
		    struct alias *a);
/* The first behind `after`, by address. */
enum store_err	alias_next(struct store *st, const char *after,
		    struct alias *a);
/* These join the turn.  STORE_EXISTS, STORE_NOTFOUND. */
enum store_err	alias_add(struct store *st, const struct alias *a);
enum store_err	alias_remove(struct store *st, const char *address);
enum store_err	alias_burn(struct store *st, const char *address,
		    int64_t now);
/* Mail for it came, or was refused because it is burned. */
enum store_err	alias_count(struct store *st, const char *address,
		    bool refused, int64_t now);

/*
 * "shop" or "shop@example.org" into its canonical form: lower case, first
 * domain of ours.  STORE_NAME: not an address of ours; STORE_KEPT: the
 * owner's own, or one that is always accepted.
 */
enum store_err	alias_name(const struct store *st, const char *text,
		    char dst[ALIAS_ADDR_MAX]);

#endif
