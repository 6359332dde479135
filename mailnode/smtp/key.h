/*
 * By what a message is known again when its sender tries once more: its
 * Message-ID, or Date, From and Subject where it has none.
 */
#ifndef SMTP_KEY_H
#define SMTP_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "store/letin.h"

enum { KEY_HEADER_MAX = 16 * 1024 };	/* octets of header looked at */

/* From the start of a message.  Printable ASCII, "" for what has none of
 * these fields. */
void	key_of(const uint8_t *p, size_t n, char out[LETIN_KEY_MAX]);

#endif
