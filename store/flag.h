/* What a Maildir name says of a message: the letters behind ":2,". */
#ifndef STORE_FLAG_H
#define STORE_FLAG_H

enum store_flag {
	STORE_DRAFT = 1,	/* D  \Draft */
	STORE_FLAGGED = 2,	/* F  \Flagged */
	STORE_PASSED = 4,	/* P  $Forwarded */
	STORE_ANSWERED = 8,	/* R  \Answered */
	STORE_SEEN = 16,	/* S  \Seen */
	STORE_DELETED = 32,	/* T  \Deleted */
	STORE_FLAGS_ALL = 63
};

#endif
