#include <string.h>

#include "mailnode/queue/prepare.h"

struct lines {
	struct buf	*out;
	size_t		 len;		/* of this line */
	bool		 cr;
};

static void
end_line(struct lines *l)
{
	buf_add(l->out, "\r\n", 2);
	l->len = 0;
}

/* Never inside a character: what follows has to be the start of one. */
static void
put_octet(struct lines *l, uint8_t c)
{
	if (l->len >= PREPARE_LINE_MAX - 4 && (c & 0xc0) != 0x80) {
		end_line(l);
		buf_addc(l->out, ' ');
		l->len = 1;
	} else if (l->len >= PREPARE_LINE_MAX)
		end_line(l);
	buf_addc(l->out, c);
	l->len++;
}

int
prepare_lines(struct buf *out, const void *data, size_t n, bool *eightbit)
{
	const uint8_t *p = data;
	struct lines l = { .out = out };
	size_t i;

	*eightbit = false;
	for (i = 0; i < n && out->err == 0; i++) {
		if (p[i] == '\n' || (l.cr && p[i] != '\r')) {
			end_line(&l);
			if (p[i] == '\n') {
				l.cr = false;
				continue;
			}
		} else if (l.cr)
			end_line(&l);
		l.cr = p[i] == '\r';
		if (l.cr || p[i] == '\0')
			continue;
		*eightbit = *eightbit || p[i] > 127;
		put_octet(&l, p[i]);
	}
	if (l.cr || l.len > 0)
		end_line(&l);
	return out->err != 0 ? -1 : 0;
}
