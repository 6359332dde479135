/*
 * GETQUOTA, GETQUOTAROOT: RFC 9208.  No limit is set by anybody: the mail may
 * grow as far as the disk goes, of which keeper leaves a reserve alone.
 */
#include <string.h>

#include "mailnode/imap/quota.h"
#include "mailnode/imap/talk.h"

uint64_t
quota_units(uint64_t octets)
{
	return octets / 1024 + (octets % 1024 != 0);
}

static void
tell_quota(struct session *s)
{
	uint64_t used, left;
	uint16_t rc;

	rc = view_room(reader_of(s), &s->reader, &used, &left);
	if (rc != OP_OK) {
		reply_failed(s, rc);
		return;
	}
	untagged(s, "QUOTA \"\" (STORAGE %llu %llu)",
	    (unsigned long long)quota_units(used),
	    (unsigned long long)(quota_units(used) + left / 1024));
	reply_ok(s, "", "done");
}

void
on_getquota(struct session *s, struct lex_at *at)
{
	struct lex_str root;

	if (!lex_astring(at, &root) || !lex_end(at))
		return;
	if (root.n == 0)
		tell_quota(s);
	else
		reply_no(s, "NONEXISTENT", "there is no such quota root");
}

void
on_getquotaroot(struct session *s, struct lex_at *at)
{
	char name[BOX_NAME_MAX];
	struct view_box b = { 0 };
	uint16_t rc;

	if (!get_mailbox(s, at, name) || !lex_end(at))
		return;
	rc = view_box(reader_of(s), &s->reader, name, 0, &b);
	if (rc != OP_OK) {
		reply_failed(s, rc);
		return;
	}
	(void)buf_adds(&s->out, "* QUOTAROOT ");
	put_mailbox(s, &s->out, name);
	(void)buf_adds(&s->out, " \"\"\r\n");
	send_out(s);
	tell_quota(s);
}
