/*
 * probe header: what lists, searches and IMAP are told of a message's
 * header, as its row is made of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "store/mime.h"
#include "store/mime_row.h"
#include "store/mtext.h"

enum { OUT_MAX = 16 * 1024 * 1024 };

static void
put(struct buf *out, bool json, const char *key, const void *value, size_t n)
{
	if (json) {
		buf_addf(out, ",\"%s\":", key);
		json_bytes(out, value, n);
		return;
	}
	buf_addf(out, "%s ", key);
	(void)mtext_line(out, value, n, ROW_PEOPLE_MAX);
	buf_addc(out, '\n');
}

static void
put_row(struct buf *out, bool json, const struct parse_row *r)
{
	const struct {
		const char	*key, *value;
	} texts[] = {
		{ "subject", r->subject }, { "from", r->from },
		{ "to", r->to }, { "cc", r->cc }, { "author", r->author },
		{ "message-id", r->msgid }, { "in-reply-to", r->irt },
		{ "references", r->refs }, { "list-id", r->list_id }
	};
	size_t i;

	buf_addf(out, json ? "{\"date\":%lld" : "date %lld\n",
	    (long long)r->date);
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		put(out, json, texts[i].key, texts[i].value,
		    strlen(texts[i].value));
	put(out, json, "envelope", r->env, r->nenv);
	put(out, json, "bodystructure", r->body, r->nbody);
	buf_adds(out, json ? "}\n" : "");
}

static int
print_header(const struct mime *m, bool json)
{
	struct buf row, out;
	struct parse_row r;
	struct chan_in in;
	int rc = 0;

	buf_init(&row, OUT_MAX);
	buf_init(&out, OUT_MAX);
	if (mime_row(m, &row) == -1) {
		rc = cmd_fail("message", "out of memory");
	} else {
		chan_in_init(&in, row.data, row.len);
		if (parse_row_get(&in, &r)) {
			put_row(&out, json, &r);
			parse_row_clear(&r);
		}
		fwrite(out.data, 1, out.len, stdout);
	}
	buf_clear(&out);
	buf_clear(&row);
	return rc;
}

int
cmd_probe_header(int argc, char **argv)
{
	return cmd_probe_message(argc, argv, print_header);
}
