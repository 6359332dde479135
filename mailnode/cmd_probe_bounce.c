/* probe bounce: what a notification says of each recipient. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/queue/report.h"
#include "store/mime_report.h"
#include "store/mtext.h"

enum { OUT_MAX = 4 * 1024 * 1024 };	/* octets */

static void
put_json(struct buf *out, const struct bounce *b, const char *id)
{
	const struct bounce_rcpt *r;
	size_t i;

	buf_addf(out, "{\"recipients\":%zu", b->total);
	json_field(out, "reporting-mta", b->reporting_mta);
	json_field(out, "envid", b->envid);
	json_field(out, "message-id", id);
	buf_adds(out, "}\n");
	for (i = 0; i < b->n; i++) {
		r = &b->rcpt[i];
		buf_addf(out, "{\"action\":\"%s\"",
		    bounce_action_text(r->action));
		json_field(out, "status", r->status);
		json_field(out, "recipient", r->final);
		json_field(out, "original", r->original);
		json_field(out, "remote-mta", r->mta);
		json_field(out, "diagnostic", r->diagnostic);
		buf_adds(out, "}\n");
	}
}

static void
put_clean(struct buf *out, const char *s)
{
	(void)mtext_line(out, s, strlen(s), BOUNCE_TEXT_MAX);
}

static void
put_plain(struct buf *out, const struct bounce *b)
{
	const struct bounce_rcpt *r;
	size_t i;

	for (i = 0; i < b->n; i++) {
		r = &b->rcpt[i];
		buf_addf(out, "%s %s ", bounce_action_text(r->action),
		    r->status[0] != '\0' ? r->status : "-");
		put_clean(out, r->final[0] != '\0' ? r->final : "-");
		if (r->diagnostic[0] != '\0') {
			buf_adds(out, " (");
			put_clean(out, r->diagnostic);
			buf_addc(out, ')');
		}
		buf_addc(out, '\n');
	}
	if (b->total == 0)
		buf_adds(out, "no delivery status\n");
}

static int
print_bounce(const struct mime *m, bool json)
{
	static struct bounce b;
	struct buf out;
	char id[MIME_REPORT_ID_MAX];
	int rc = 0;

	buf_init(&out, OUT_MAX);
	report_delivery(m, &b);
	mime_report_id(m, id);
	if (json)
		put_json(&out, &b, id);
	else
		put_plain(&out, &b);
	fwrite(out.data, 1, out.len, stdout);
	if (fflush(stdout) != 0)
		rc = cmd_fail("stdout", strerror(errno));
	buf_clear(&out);
	return rc;
}

int
cmd_probe_bounce(int argc, char **argv)
{
	return cmd_probe_message(argc, argv, print_bounce);
}
