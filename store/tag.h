/*
 * Tags: what files cannot carry.  A row has them sorted, blank between;
 * node.db has them by the hash of the content, so that a rebuild finds them.
 */
#ifndef STORE_TAG_H
#define STORE_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/op_mail.h"
#include "store/store.h"

enum { TAG_MAX = 100 };		/* octets of one tag */

/* Given to what comes from outside, by the filter. */
#define TAG_LOOKALIKE	"lookalike"	/* imitates a correspondent */
#define TAG_LEAK	"leak"		/* to an alias given to others */
#define TAG_FIRST	"first"		/* a proved author's first message */
#define TAG_BACKSCATTER	"backscatter"	/* reports a letter we never sent */
/* To a letter of ours. */
#define TAG_BOUNCED	"bounced"	/* came back, and that is believed */

/* What "+a -b" asks for; flags where a tag is one in disguise. */
struct tag_change {
	char		text[MAIL_TAGS_MAX * 4];	/* checked */
	uint32_t	add, del;		/* STORE_* */
	bool		tags;			/* any real tag in it */
	bool		anycase;		/* "A" is "a", if that is there */
};

/* False: malformed. */
bool	 tag_change_parse(const char *text, struct tag_change *c);

/* Takes away all of `tags` that can be keywords, first. */
enum store_err	tag_change_replace(const struct tag_change *c,
		    const char *tags, char *dst, size_t size);

/* tags with the change applied, sorted.  STORE_TOOBIG: over `size`. */
enum store_err	tag_change_apply(const struct tag_change *c,
		    const char *tags, char *dst, size_t size);

/* "" when the content has none. */
enum store_err	tag_get(struct store *st, const uint8_t hash[32],
		    char dst[MAIL_TAGS_MAX]);
/* Joins the turn. */
enum store_err	tag_put(struct store *st, const uint8_t hash[32],
		    const char *tags);

/*
 * After a run that ended without store_close(): the cache commits without a
 * sync, so rows may be older than node.db, which then is right.  Joins the
 * turn; STORE_BUSY: some are left, ask again.
 */
enum store_err	tag_restore(struct store *st);

#endif
