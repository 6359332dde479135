/* The one kind of result of this room; each value has a text. */
#ifndef STORE_ERR_H
#define STORE_ERR_H

#include <stdbool.h>
#include <stdint.h>

/* Also the statuses of keeper's, reader's and filer's ops. */
enum store_err {
	STORE_OK = 0,
	STORE_NOMEM = 16,
	STORE_IO,		/* the system refused: see the log */
	STORE_NOSPACE,		/* no space, quota, or below the reserve */
	STORE_READONLY,		/* the file system is read-only */
	STORE_BUSY,		/* the spool is over its age or size */
	STORE_CORRUPT,		/* bytes on disk that cannot be ours */
	STORE_NEWER,		/* written by a newer version of mailnode */
	STORE_NOTFOUND,		/* no such mailbox, message, entry */
	STORE_EXISTS,		/* a name that is taken */
	STORE_NAME,		/* a name that breaks the rules for names */
	STORE_TOOBIG,		/* over a limit of size or number */
	STORE_NORCPT,		/* no recipient of ours is left */
	STORE_KEPT,		/* a mailbox that must stay */
	STORE_STATE,		/* not at this point of the dialogue */
	STORE_GONE,		/* the other process ended meanwhile */
	STORE_QUERY,		/* a search that cannot be parsed */
	STORE_DENIED,		/* not for this kind of peer */
	STORE_ERR_END
};

/* A sentence without its full stop, lower case; never NULL. */
const char	*store_err_text(enum store_err e);

/* The same of any status an op of this room can give. */
const char	*store_status_text(uint16_t status);

/* From an errno and from an SQLite result code. */
enum store_err	 store_err_errno(int err);
/* An errno that says nothing of the file: no descriptor, no memory. */
bool		 store_err_short(int err);
/* One that says that there is no such file, or is another kind of it. */
bool		 store_err_absent(int err);
enum store_err	 store_err_sqlite(int code);

#endif
