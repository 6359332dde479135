/*
 * What of a large message the index gets.  The index takes a hundred times as
 * much memory as the words it is given at once, of characters that are words
 * of their own (index_words.h) three hundred times: there must be an end.  notmuch reads files; here it reads a copy in which text
 * beyond INDEX_TEXT_MAX, and the contents of what is no text, which it does
 * not index, are left out.  Headers of all parts are there.
 *
 * The copy stands below MAILDIR/.notmuch/cut under the path that the message
 * has below the Maildir, for the time of a batch whose database.mail_root is
 * that directory: the index gets the path of the message.
 */
#ifndef STORE_INDEX_CUT_H
#define STORE_INDEX_CUT_H

#define INDEX_CUT_DIR		"cut"
#define INDEX_CUT_CONFIG	"config-cut"	/* beside it */

enum {
	INDEX_FILE_MAX = 512 * 1024,	/* octets; a larger file is cut */
	INDEX_TEXT_MAX = 512 * 1024,	/* octets of text, as encoded */
	INDEX_HEADS_MAX = 256 * 1024,	/* octets of header, all parts */
	INDEX_READ_MAX = 64 * 1024 * 1024	/* octets looked at */
};

#endif
