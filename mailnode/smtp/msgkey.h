/*
 * By what a message is known again when its sender tries once more: its
 * Message-ID, or Date, From and Subject where it has none.
 */
#ifndef SMTP_MSGKEY_H
#define SMTP_MSGKEY_H

#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/phrase.h"
#include "store/letin.h"

enum { MSGKEY_HEADER_MAX = 16 * 1024 };	/* octets of header looked at */

/* From the start of a message: a field as a reader sees it; "" for none. */
void	msgkey_text(const uint8_t *p, size_t n, const char *name,
	    char out[PHRASE_MAX]);

/* From the start of a message.  Printable ASCII, "" for what has none of
 * these fields. */
void	msgkey_of(const uint8_t *p, size_t n, char out[LETIN_KEY_MAX]);

#endif
