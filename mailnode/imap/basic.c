/* Commands about the connection itself. */
#include <stdio.h>
#include <strings.h>

#include "mailnode/imap/talk.h"
#include "store/op_device.h"

void
put_capabilities(struct session *s)
{
	const char *mechs = sasl_mechs(s->sasl);
	struct buf *b = &s->out;
	char mech[32];

	(void)buf_adds(b, "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR "
	    "ID ENABLE IDLE");
	if (s->state == ST_GREETED) {
		while (tag_next(&mechs, mech, sizeof mech))
			(void)buf_addf(b, " AUTH=%s", mech);
		return;
	}
	(void)buf_adds(b, " NAMESPACE UIDPLUS UNSELECT CHILDREN "
	    "SPECIAL-USE CREATE-SPECIAL-USE LIST-EXTENDED LIST-STATUS "
	    "STATUS=SIZE MOVE BINARY PREVIEW ESEARCH SEARCHRES WITHIN "
	    "SORT SORT=DISPLAY ESORT THREAD=ORDEREDSUBJECT THREAD=REFERENCES "
	    "MULTIAPPEND INPROGRESS PARTIAL OBJECTID SAVEDATE QUOTA "
	    "QUOTA=RES-STORAGE CONDSTORE QRESYNC NOTIFY UTF8=ACCEPT");
	if (s->deflate == NULL)
		(void)buf_adds(b, " COMPRESS=DEFLATE");
	(void)buf_addf(b, " APPENDLIMIT=%llu",
	    (unsigned long long)s->start->message_max);
}

bool
on_capability(struct session *s)
{
	(void)buf_adds(&s->out, "* ");
	put_capabilities(s);
	send_line(s);
	return true;
}

bool
on_logout(struct session *s)
{
	untagged(s, "BYE see you");
	reply_ok(s, "", "done");
	answer_out(s);
	imap_end(s, "logout");
	return true;
}

/* What the client calls itself goes to the owner's list of devices. */
static void
note_client(struct session *s, const char *name, const char *version)
{
	struct device_note n = { .client = s->client };
	char *p;

	(void)snprintf(s->client, sizeof s->client, "%.80s%s%.40s", name,
	    version[0] != '\0' ? " " : "", version);
	for (p = s->client; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			*p = '?';
	if (s->state != ST_GREETED && s->client[0] != '\0')
		(void)device_note(*s->start->keeper, &n);
}

bool
on_id(struct session *s)
{
	enum { FIELDS_MAX = 30 };		/* RFC 2971 section 3.3 */
	struct lex_str key, value;
	const char *name = "", *version = "";
	bool nil = lex_word(&s->lex, "NIL");
	size_t n;

	if (!nil && !lex_open(&s->lex))
		return false;
	for (n = 0; !nil && n <= FIELDS_MAX && lex_string(&s->lex, &key);
	    n++) {
		if (lex_word(&s->lex, "NIL"))
			continue;
		if (!lex_string(&s->lex, &value))
			return false;
		if (lex_is(&key, "name"))
			name = value.p;
		else if (lex_is(&key, "version"))
			version = value.p;
	}
	if ((!nil && !lex_close(&s->lex)) || !lex_end(&s->lex))
		return false;
	note_client(s, name, version);
	untagged(s, "ID (\"name\" \"mailnode\")");
	return true;
}

/* Words that are nothing to us are passed over. */
bool
on_enable(struct session *s)
{
	static const struct lex_name names[] = {
		{ "CONDSTORE", EN_CONDSTORE },
		{ "QRESYNC", EN_QRESYNC },
		{ "UTF8=ACCEPT", EN_UTF8 }, { "IMAP4rev2", EN_REV2 },
		{ NULL, 0 } };
	unsigned int wanted = 0, fresh, bit;
	const struct lex_name *n;
	struct lex_str word;

	if (lex_end(&s->lex))
		return false;
	while (lex_one_of(&s->lex, names, &bit) || lex_atom(&s->lex, &word))
		wanted |= bit;
	if (!lex_end(&s->lex))
		return false;
	if (wanted & EN_QRESYNC)
		wanted |= EN_CONDSTORE;
	fresh = wanted & ~s->enabled;
	(void)buf_adds(&s->out, "* ENABLED");
	for (n = names; n->name != NULL; n++)
		if (fresh & n->v)
			put_word(&s->out, n->name);
	send_line(s);
	if (wanted & EN_CONDSTORE)
		condstore_on(s);
	s->enabled |= wanted;
	if (wanted & EN_REV2)
		s->view.recent.n = s->view.nrecent = 0;
	return true;
}

bool
on_idle(struct session *s)
{
	char *text;
	size_t n;
	bool got;

	reply_go_on(s, "idling");
	tell_news(s, SYNC_NEW | SYNC_GONE | SYNC_FORCE);
	s->hears = HEARS_IDLE;
	got = next_line(s, LEX_LINE_MAX, &text, &n);
	s->hears = HEARS_NOTHING;
	return got && (strcasecmp(text, "DONE") == 0 ||
	    reply_bad(s, "DONE ends it"));
}

/* RFC 4978. */
bool
on_compress(struct session *s)
{
	if (!lex_word(&s->lex, "DEFLATE") || !lex_end(&s->lex))
		return false;
	if (s->deflate != NULL)
		return reply_no(s, "COMPRESSIONACTIVE", "so it is already");
	s->deflate = deflate_new();
	if (s->deflate == NULL)
		return reply_no(s, "UNAVAILABLE", "out of memory");
	reply_ok(s, "", "from here on");
	answer_out(s);
	if (line_code(s->line, deflate_codec(s->deflate)) != LINE_OK)
		imap_end(s, "compress");
	return true;
}

bool
on_namespace(struct session *s)
{
	untagged(s, "NAMESPACE ((\"\" \"/\")) NIL NIL");
	return true;
}
