#include "mailnode/imap/talk.h"
#include "mailnode/imap/zip.h"

void
zip_free(struct session *s)
{
	(void)s;
}

void
on_compress(struct session *s, struct lex_at *at)
{
	(void)at;
	reply_bad(s, "no such command");
}
