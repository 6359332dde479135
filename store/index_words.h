/*
 * Chinese, Japanese and Korean are written without blanks: Xapian finds words
 * in them where an index has each character and each pair, which both sides
 * are told by the environment.  An index that was made without them answers
 * only by whole phrases, and nothing at all to who asks for pairs; so its
 * maker leaves a mark beside it.
 */
#ifndef STORE_INDEX_WORDS_H
#define STORE_INDEX_WORDS_H

/* The index at maildir is new: it gets them.  0, or -1 with errno. */
int	index_words_mark(const char *maildir);

/* Before the process reads or writes it for the first time, and for good. */
void	index_words_begin(const char *maildir);

#endif
