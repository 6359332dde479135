/* smtp/cmd: lines of strangers; what comes out is within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/smtp/cmd.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			abort();
}

static void
mail(const struct cmd *c, bool esmtp)
{
	struct cmd_mail m;

	if (cmd_mail(c, esmtp, &m) != CMD_OK) {
		if (m.from.address[0] != '\0' || m.size != 0)
			abort();
		return;
	}
	printable(m.envid);
	if (m.from.utf8 && !m.utf8)
		abort();
	if (!esmtp && (m.size != 0 || m.utf8 || m.envid[0] != '\0'))
		abort();
}

static void
rcpt(const struct cmd *c, bool esmtp, bool utf8)
{
	struct cmd_rcpt r;

	if (cmd_rcpt(c, esmtp, utf8, &r) != CMD_OK)
		return;
	printable(r.orcpt);
	if (r.to.utf8 && !utf8)
		abort();
	if (r.notify & CMD_NOTIFY_NEVER && r.notify != CMD_NOTIFY_NEVER)
		abort();
	if (r.to.null)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *line = (const char *)data;
	char name[CMD_HELO_MAX + 1];
	struct cmd_bdat b;
	struct cmd c;

	cmd_split(line, n, &c);
	if (c.verb != line || c.arg < line + c.nverb || c.arg > c.end ||
	    c.end > line + n)
		abort();
	mail(&c, true);
	mail(&c, false);
	rcpt(&c, true, true);
	rcpt(&c, false, false);
	if (cmd_bdat(&c, &b) != CMD_OK && (b.size != 0 || b.last))
		abort();
	if (cmd_helo(&c, name) == CMD_OK && name[0] == '\0')
		abort();
	return 0;
}
