/* The base subject of RFC 5256 section 2.1, by which IMAP sorts and threads.
 * (The list's own, mime_base_subject(), knows more languages.) */
#ifndef STORE_SUBJECT_H
#define STORE_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * *s and *n are a subject, decoded and on one line; out: its base, inside it.
 * True: it is a reply or was forwarded.
 */
bool	subject_base(const char **s, size_t *n);

#endif
