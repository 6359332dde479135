/*
 * Names of mail files.  Rows, intents and filer all speak of a file by its
 * path below its folder: "new/NAME" or "cur/NAME:2,FLAGS".  Ours are
 *
 *	SECONDS.M<usec>P<pid>Q<n>.<host>,S=<octets>,D=<since>,
 *	    I=<uidvalidity>.<uid>
 *
 * (D=: Unix time when it came into its folder) and keep that base for life;
 * only the letters behind ":2," change, and mbsync puts ",U=<uid>" before
 * them.  New mail without flags goes to new/, all else to cur/.
 */
#ifndef STORE_MAILDIR_H
#define STORE_MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/err.h"
#include "store/flag.h"

enum {
	MAILDIR_REL_MAX = 256,		/* octets of a path, NUL included */
	MAILDIR_EXTRA_MAX = 32,		/* letters that are not ours */
	MAILDIR_HOST_MAX = 64		/* octets of the host in a name */
};

struct maildir_name {
	bool		 is_new;	/* in new/ */
	const char	*base;		/* borrows; ends before ":2," */
	size_t		 nbase;
	uint32_t	 flags;		/* STORE_* */
	char		 extra[MAILDIR_EXTRA_MAX]; /* keywords, a-z */
	bool		 paired;	/* has I=; then: */
	uint32_t	 uidvalidity, uid;
	int64_t		 seconds;	/* it starts with; 0: it does not */
	int64_t		 saved;		/* D=; 0: it has none */
};

/* False: not a path that a mail file can have. */
bool	 maildir_parse(const char *rel, struct maildir_name *n);

/* A fresh base; each one differs.  STORE_NAME: `size` is too small. */
enum store_err	maildir_base(char *dst, size_t size, int64_t received,
	    const char *host, uint64_t octets);

/* base + ",D=now,I=v.uid" (an old pair is replaced, and ",U=", which is of
 * the folder, goes with it), flags and place.  `fresh`
 * with no flags is put into new/. */
enum store_err	maildir_make(char *dst, size_t size, const char *base,
	    size_t nbase, uint32_t uidvalidity, uint32_t uid, uint32_t flags,
	    const char *extra, bool fresh);

/* The path of the same file with other flags. */
enum store_err	maildir_reflag(char *dst, size_t size, const char *rel,
	    uint32_t flags);

/*
 * The same file, whatever its flags and its place: the same pair, or, where
 * there is none, the same base but for mbsync's ",U=".
 */
bool	 maildir_same(const struct maildir_name *a,
	    const struct maildir_name *b);

/*
 * A file that was called `was` and shall be called `want` is called `is`
 * meanwhile: dst is what it shall be called now.  The change of flags is
 * made to those it has, and ",U=" stays where the pair does.
 */
enum store_err	maildir_follow(char dst[MAILDIR_REL_MAX], const char *was,
	    const char *want, const char *is);

/*
 * Opens folder/rel below the directory `root`, read-only; when it is not
 * there, the same file under another name: `found` (MAILDIR_REL_MAX, may be
 * NULL) is then its path.  The descriptor, or -1 with errno.
 */
int	 maildir_open(int root, const char *folder, const char *rel,
	    char *found);
/* The search alone.  0, or -1 with errno (ENOENT: it is not there). */
int	 maildir_find(int root, const char *folder, const char *rel,
	    char *found);

#endif
