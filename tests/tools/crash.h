/*
 * What crash.so and tests/tools/crash.py share: one file, mapped by every
 * process of the node before its sandbox.  The file is 0..CRASH_HEAD octets
 * of struct crash, then records, each 8-aligned:
 *
 *	u32 size	of the record, set last: 0 while it is being written
 *	u16 kind	enum crash_kind
 *	u16 role	index of the role in crash.roles
 *	u64 dev, ino	of the file, or of the directory for names
 *	u64 a, b	see the kinds
 *	u32 len1, len2	two strings or data follow, each padded to 8
 *
 * A record is written after its call came back and before the caller goes
 * on, so that what one process made another do stands in that order.  A
 * sync carries the place of the log where it began: it covers no write that
 * was recorded later.
 */
#ifndef TOOLS_CRASH_H
#define TOOLS_CRASH_H

#include <stdatomic.h>
#include <stdint.h>

enum { CRASH_MAGIC = 0x43525348, CRASH_HEAD = 4096, CRASH_ROLES = 128 };

enum crash_kind {
	CRASH_WRITE = 1,	/* a offset, len1 data */
	CRASH_TRUNCATE,		/* a size */
	CRASH_SYNC,		/* a place of the log where it began; the file
				   may be a directory */
	CRASH_CREATE,		/* dir/len1; a, b: dev, ino of the new file */
	CRASH_MKDIR,		/* likewise */
	CRASH_RENAME,		/* dir/len1 to a, b: dev, ino of dir / len2 */
	CRASH_LINK,		/* likewise */
	CRASH_UNLINK,		/* dir/len1 */
	CRASH_RMDIR,		/* likewise */
	CRASH_SAID,		/* len1: start of what went to a peer */
	CRASH_MARK,		/* len1: a word of the test's own */
	CRASH_SYNC_ALL		/* likewise; of the whole file system */
};

struct crash {
	uint32_t		magic;
	uint32_t		on;		/* 0: nothing counts yet */
	char			roles[CRASH_ROLES]; /* " keeper filer " */
	uint64_t		size;		/* of the file */
	_Atomic uint64_t	used;		/* octets, CRASH_HEAD first */
	_Atomic uint64_t	calls;		/* counted calls so far */
	_Atomic uint64_t	syncs;		/* of these, syncs */
	uint64_t		stop_at; /* this call waits to be killed */
	_Atomic uint32_t	stopped;	/* pid of who waits there */
	uint32_t		fail_errno;
	uint64_t		fail_from; /* calls from this one on fail, */
	uint64_t		fail_until;	/* up to this one, exclusive */
	uint64_t		skip_sync;	/* this sync is not done */
	_Atomic uint32_t	overflow;	/* the log was too small */
	_Atomic uint32_t	failed;	/* calls that were made to fail */
	char			unread[CRASH_ROLES]; /* files whose path holds
						   this fail with EIO when they
						   are opened to read; "" */
};

#endif
