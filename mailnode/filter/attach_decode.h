/* Content-Transfer-Encoding undone line by line, for attach.c. */
#ifndef FILTER_ATTACH_DECODE_H
#define FILTER_ATTACH_DECODE_H

#include <stddef.h>

#include "mailnode/base/codec.h"

enum attach_code { ATTACH_IDENTITY, ATTACH_BASE64, ATTACH_QUOTED };

struct attach_decode {
	enum attach_code code;
	struct codec_loose loose;
};

void	attach_decode_init(struct attach_decode *d, enum attach_code code);
/* The line of n octets, without its end, in place; there is room for one
 * more.  What it becomes has its ends of lines. */
size_t	attach_decode(struct attach_decode *d, char *line, size_t n);

#endif
