#include <errno.h>
#include <sqlite3.h>

#include "mailnode/base/op.h"
#include "store/err.h"

static const char *const texts[] = {
	[STORE_NOMEM] = "out of memory",
	[STORE_IO] = "the disk or the system refused",
	[STORE_NOSPACE] = "not enough free space",
	[STORE_READONLY] = "the file system is read-only",
	[STORE_BUSY] = "accepted mail waits too long to be filed",
	[STORE_CORRUPT] = "what is on disk is damaged",
	[STORE_NEWER] = "it was written by a newer version of mailnode",
	[STORE_NOTFOUND] = "no such thing",
	[STORE_EXISTS] = "it exists already",
	[STORE_NAME] = "not a usable name",
	[STORE_TOOBIG] = "it is over a limit",
	[STORE_NORCPT] = "no recipient is local",
	[STORE_KEPT] = "this mailbox must stay",
	[STORE_STATE] = "asked out of order",
	[STORE_GONE] = "the process that does it ended meanwhile",
	[STORE_QUERY] = "the search cannot be understood",
	[STORE_DENIED] = "not allowed"
};

const char *
store_err_text(enum store_err e)
{
	if (e == STORE_OK)
		return "ok";
	if ((unsigned int)e >= STORE_ERR_END || texts[e] == NULL)
		return "unknown error";
	return texts[e];
}

const char *
store_status_text(uint16_t status)
{
	switch (status) {
	case OP_LOGIN:
		return "no device has logged in";
	case OP_SCOPE:
		return "outside what the device may do";
	case OP_DENIED:
		return "not allowed";
	case OP_UNKNOWN:
		return "the service does not know how";
	case OP_BAD:
		return "not understood: is the daemon of another version? "
		    "start it again";
	case OP_GONE:
		return "the service does not answer";
	default:
		return store_err_text((enum store_err)status);
	}
}

bool
store_err_short(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOMEM;
}

bool
store_err_absent(int err)
{
	return err == ENOENT || err == ENOTDIR || err == ELOOP;
}

enum store_err
store_err_errno(int err)
{
	switch (err) {
	case 0:
		return STORE_OK;
	case ENOMEM:
		return STORE_NOMEM;
	case ENOSPC:
	case EDQUOT:
		return STORE_NOSPACE;
	case EROFS:
		return STORE_READONLY;
	case ENOENT:
		return STORE_NOTFOUND;
	case EEXIST:
		return STORE_EXISTS;
	case ENAMETOOLONG:
		return STORE_NAME;
	case EFBIG:
	case EMSGSIZE:
		return STORE_TOOBIG;
	default:
		return STORE_IO;
	}
}

enum store_err
store_err_sqlite(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return STORE_OK;
	case SQLITE_NOMEM:
		return STORE_NOMEM;
	case SQLITE_FULL:
		return STORE_NOSPACE;
	case SQLITE_READONLY:
		return STORE_READONLY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return STORE_CORRUPT;
	case SQLITE_CONSTRAINT:
		return STORE_EXISTS;
	case SQLITE_TOOBIG:
		return STORE_TOOBIG;
	default:
		return STORE_IO;
	}
}
