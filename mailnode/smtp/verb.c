/* Commands: the table that says which may come when, and what they do. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/clock.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/log.h"
#include "mailnode/smtp/stranger.h"
#include "mailnode/smtp/policy.h"
#include "mailnode/smtp/talk.h"

enum {
	F_NOARG = 1,		/* arguments are a syntax error */
	F_JUNK = 2,		/* brings no mail: limited */
	F_CHUNK = 4,		/* octets follow, wanted or not */
	F_BYE = 8,		/* whoever says that does not speak SMTP */
	F_OPEN = 16		/* submission: also before a login */
};

enum { KNOWN_MS = 5000 };	/* see ask_rcpt */

typedef void	verb_fn(struct session *, const struct cmd *);

static verb_fn	on_ehlo, on_helo, on_mail, on_rcpt, on_rset, on_noop,
		on_quit, on_vrfy, on_expn, on_help, on_starttls, on_auth,
		on_foreign;

static const struct verb {
	const char	*name;
	unsigned int	 states;
	unsigned int	 flags;
	verb_fn		*fn;
} verbs[] = {
	{ "EHLO",	ST_ANY,			F_JUNK | F_OPEN,		on_ehlo },
	{ "HELO",	ST_ANY,			F_JUNK | F_OPEN,		on_helo },
	{ "MAIL",	ST_READY,		0,		on_mail },
	{ "RCPT",	ST_MAIL | ST_RCPT,	0,		on_rcpt },
	{ "DATA",	ST_RCPT,		F_NOARG,	on_data },
	{ "BDAT",	ST_RCPT | ST_BDAT,	F_CHUNK,	on_bdat },
	{ "RSET",	ST_ANY,	F_NOARG | F_JUNK | F_OPEN,	on_rset },
	{ "NOOP",	ST_ANY,			F_JUNK | F_OPEN,		on_noop },
	{ "QUIT",	ST_ANY,			F_NOARG | F_OPEN,	on_quit },
	{ "VRFY",	ST_ANY,			F_JUNK,		on_vrfy },
	{ "EXPN",	ST_ANY,			F_JUNK,		on_expn },
	{ "HELP",	ST_ANY,			F_JUNK | F_OPEN,		on_help },
	{ "STARTTLS",	ST_READY,		F_NOARG | F_OPEN,	on_starttls },
	{ "AUTH",	ST_ANY,			F_JUNK | F_OPEN,		on_auth },
	{ "GET",	ST_ANY,			F_BYE | F_OPEN,		on_foreign },
	{ "POST",	ST_ANY,			F_BYE | F_OPEN,		on_foreign },
	{ "CONNECT",	ST_ANY,			F_BYE | F_OPEN,		on_foreign },
	{ NULL,		0,			0,		NULL }
};

static const struct answer syntax = { 501, "5.5.4", "syntax error" };

static const struct verb *
find(const struct cmd *c)
{
	const struct verb *v;

	for (v = verbs; v->name != NULL; v++)
		if (strlen(v->name) == c->nverb &&
		    strncasecmp(v->name, c->verb, c->nverb) == 0)
			return v;
	return NULL;
}

static void
wrong_time(struct session *s, const struct verb *v, const struct cmd *c)
{
	static const struct answer answers[] = {
		{ 503, "5.5.1", "say EHLO first" },
		{ 503, "5.5.1", "MAIL comes first" },
		{ 503, "5.5.1", "a recipient comes first" },
		{ 503, "5.5.1", "not in the middle of a message" },
	};
	const struct answer *a = &answers[3];

	if (s->state == ST_START)
		a = &answers[0];
	else if (s->state == ST_READY)
		a = &answers[1];
	else if (s->state == ST_MAIL)
		a = &answers[2];
	if (v->flags & F_CHUNK)
		skip_bdat(s, c);
	/* RFC 2920 section 3.1: DATA goes with the recipients. */
	if (s->state == ST_MAIL)
		refuse_mildly(s, a);
	else if (s->state != ST_END)
		refuse(s, a, "", NULL);
}

void
verb_run(struct session *s, const char *text, size_t len)
{
	static const struct answer unknown = { 500, "5.5.1",
	    "unknown command" };
	const struct answer *a;
	const struct verb *v;
	struct cmd c;

	cmd_split(text, len, &c);
	v = find(&c);
	if (v == NULL) {
		refuse(s, &unknown, "", NULL);
		return;
	}
	if (v->flags & F_JUNK)
		s->junk++;
	if (s->be->submit != NULL && !(v->flags & F_OPEN) &&
	    (a = submit_not_yet(s)) != NULL) {
		if (v->flags & F_CHUNK)
			skip_bdat(s, &c);
		if (s->state != ST_END)
			refuse(s, a, "", NULL);
		return;
	}
	if (!(v->states & s->state))
		wrong_time(s, v, &c);
	else if (v->flags & F_NOARG && c.arg != c.end)
		refuse(s, &syntax, "", "no arguments");
	else
		v->fn(s, &c);
}

/* ---- greetings ---- */

/* RFC 5321 section 4.1.4: EHLO resets, HELO likewise. */
static bool
greeted(struct session *s, const struct cmd *c)
{
	static const struct answer who = { 501, "5.5.4",
	    "your name is missing or is none" };

	if (cmd_helo(c, s->helo) != CMD_OK) {
		refuse(s, &who, "", NULL);
		return false;
	}
	forget_mail(s);
	enter(s, ST_READY);
	return true;
}

static void
on_ehlo(struct session *s, const struct cmd *c)
{
	char text[80];

	if (!greeted(s, c))
		return;
	s->esmtp = true;
	answer_list(s->line, conf.hostname, false);
	answer_list(s->line, "PIPELINING", false);
	(void)snprintf(text, sizeof text, "SIZE %llu",
	    (unsigned long long)s->limits->message);
	answer_list(s->line, text, false);
	answer_list(s->line, "8BITMIME", false);
	answer_list(s->line, "SMTPUTF8", false);
	answer_list(s->line, "ENHANCEDSTATUSCODES", false);
	if (!s->tls && s->be->has_tls(s->be->arg))
		answer_list(s->line, "STARTTLS", false);
	if (s->be->submit != NULL &&
	    submit_offer(s, text, sizeof text) != NULL)
		answer_list(s->line, text, false);
	answer_list(s->line, "CHUNKING", false);
	answer_list(s->line, "DSN", false);
	/* RFC 9422 */
	(void)snprintf(text, sizeof text, "LIMITS RCPTMAX=%u",
	    s->limits->rcpt);
	answer_list(s->line, text, false);
	answer_list(s->line, "HELP", true);
}

static void
on_helo(struct session *s, const struct cmd *c)
{
	if (!greeted(s, c))
		return;
	s->esmtp = false;
	answer_list(s->line, conf.hostname, true);
}

/* ---- TLS ---- */

/* RFC 3207 section 4.2: nothing said before counts, and nothing that was
 * read ahead is looked at (CVE-2011-0411). */
static void
on_starttls(struct session *s, const struct cmd *c)
{
	static const struct answer go = { 220, "2.0.0", "go ahead" };
	static const struct answer already = { 503, "5.5.1",
	    "TLS is on already" };
	static const struct answer not_now = { 454, "4.7.0",
	    "TLS is not available" };
	struct tls *t;
	size_t injected;

	(void)c;
	if (s->tls) {
		refuse(s, &already, "", NULL);
		return;
	}
	t = s->be->has_tls(s->be->arg) ?
	    s->be->tls(s->be->arg, s->start->fd) : NULL;
	if (t == NULL) {
		refuse(s, &not_now, "", NULL);
		return;
	}
	injected = line_buffered(s->line);
	if (injected > 0)
		log_line(LOG_WARN, "starttls", "trace=%s peer=%s dropped=%zu",
		    s->id, s->start->peer, injected);
	ok(s, &go, NULL);
	line_timeout(s->line, s->limits->tls_ms);
	if (!session_tls(s, t))
		return;
	s->tls = true;
	tls_info(t, &s->tls_info);
	forget_mail(s);
	s->esmtp = false;
	s->helo[0] = '\0';
	enter(s, ST_START);
}

/* ---- a transaction ---- */

/* MAIL and RCPT, from what the lexer said. */
static void
refuse_cmd(struct session *s, enum cmd_err err, enum path_err path_err,
    bool sender)
{
	static const struct answer unknown = { 555, "5.5.4",
	    "a parameter that was not offered" };
	static const struct answer value = { 501, "5.5.4",
	    "the value of a parameter" };

	if (err == CMD_PATH)
		refuse(s, policy_path(path_err, sender), "",
		    path_err_text(path_err));
	else if (err == CMD_PARAM_UNKNOWN)
		refuse(s, &unknown, "", NULL);
	else if (err == CMD_PARAM_VALUE)
		refuse(s, &value, "", NULL);
	else
		refuse(s, &syntax, "", sender ? "MAIL FROM:<sender>" :
		    "RCPT TO:<recipient>");
}

/* Of a large message, before its recipients: none is carried here in vain.
 * Of others RCPT will tell, which asks keeper anyway. */
static bool
is_refusing(const struct session *s)
{
	return s->mail.env.size > SPOOL_INLINE &&
	    s->be->refusing(s->be->arg);
}

static void
on_mail(struct session *s, const struct cmd *c)
{
	static const struct answer sender_ok = { 250, "2.1.0", "ok" };
	static const struct answer too_big = { 552, "5.3.4",
	    "over the size that EHLO told" };
	struct mail *m = &s->mail;
	const struct answer *a;
	enum path_err path_err;
	enum cmd_err err;

	err = cmd_mail(c, s->esmtp, &m->env);
	path_err = m->env.path_err;
	if (err != CMD_OK) {
		refuse_cmd(s, err, path_err, true);
		return;
	}
	trace_part(m->trace, s->id, ++s->transactions);
	if (m->env.size > s->limits->message)
		refuse(s, &too_big, "", NULL);
	else if (s->be->submit != NULL && (a = submit_sender(s)) != NULL)
		refuse(s, a, m->env.from.address, NULL);
	else if (is_refusing(s))
		refuse(s, policy_store(STORE_NOSPACE), "", NULL);
	else {
		ok(s, &sender_ok, NULL);
		enter(s, ST_MAIL);
		return;
	}
	forget_mail(s);
}

/*
 * Keeper's answer is kept for a moment: who sends several messages, on one
 * connection or on several, sends them to one of us.  Keeper looks again at
 * the hand-in.  That it knows nobody yet is not kept: the first correspondent
 * may be imitated a moment later.
 */
static uint16_t
ask_rcpt(struct session *s, const char *addr, struct rcpt *found)
{
	struct smtp_known *k = s->be->known;
	int64_t now = clock_mono_ms();
	uint16_t status;

	memset(found, 0, sizeof *found);
	if (now - k->ms < KNOWN_MS && strcmp(k->address, addr) == 0) {
		found->class = RCPT_USER;
		found->knows = true;
		return STORE_OK;
	}
	status = s->be->rcpt(s->be->arg, addr, found);
	k->address[0] = '\0';
	if (status == STORE_OK && found->knows && !found->fans &&
	    (found->class == RCPT_USER || found->class == RCPT_ALIAS ||
	    found->class == RCPT_SYSTEM)) {
		memcpy(k->address, addr, strlen(addr) + 1);
		k->ms = now;
	}
	return status;
}

/* Mail may come: what will be asked of the DNS is asked now, once for each
 * sender's domain.  Who only tries addresses costs no question. */
static void
ask_ahead(struct session *s)
{
	const char *at = strrchr(s->mail.env.from.address, '@');
	const char *domain = at != NULL ? at + 1 : "";

	if (s->be->submit != NULL || s->be->dns == -1 || (s->asked_ahead &&
	    strcasecmp(s->ahead, domain) == 0))
		return;
	s->asked_ahead = true;
	(void)snprintf(s->ahead, sizeof s->ahead, "%.*s",
	    (int)sizeof s->ahead - 1, domain);
	stranger_ahead(s->be->dns, s->be->memo, s->start->peer, s->helo,
	    s->mail.env.from.address);
}

static const struct answer *
judge_rcpt(struct session *s, const struct cmd_rcpt *r)
{
	static const struct answer too_many = { 452, "4.5.3",
	    "too many recipients" };
	const struct answer *a;
	struct rcpt found;
	uint16_t status;

	if (s->be->submit != NULL)
		return submit_rcpt(s, r);
	a = policy_rcpt_early(&r->to);
	if (a != NULL)
		return a;
	if (s->mail.nrcpt >= s->limits->rcpt)
		return &too_many;
	status = ask_rcpt(s, r->to.address, &found);
	a = policy_rcpt(&r->to, status, &found);
	if (status == STORE_OK && found.class == RCPT_SRS)
		a = policy_srs(s->be->srs(s->be->arg, r->to.address),
		    s->mail.env.from.address[0] == '\0');
	s->mail.fans |= found.fans;
	s->mail.known |= found.knows;
	if (a->code == 250 && s->mail.nrcpt == 0)
		ask_ahead(s);
	if (a->code == 250 && !mail_add_rcpt(&s->mail, r->to.address, r))
		return &too_many;
	return a;
}

static void
on_rcpt(struct session *s, const struct cmd *c)
{
	const struct answer *a;
	struct cmd_rcpt r;
	enum cmd_err err;

	err = cmd_rcpt(c, s->esmtp, s->mail.env.utf8, &r);
	if (err != CMD_OK) {
		refuse_cmd(s, err, r.path_err, false);
		return;
	}
	a = judge_rcpt(s, &r);
	if (a->code != 250) {
		refuse_rcpt(s, a, r.to.address);
		return;
	}
	ok(s, a, NULL);
	enter(s, ST_RCPT);
}

static void
on_rset(struct session *s, const struct cmd *c)
{
	static const struct answer done = { 250, "2.0.0", "forgotten" };

	(void)c;
	forget_mail(s);
	if (s->state != ST_START)
		enter(s, ST_READY);
	ok(s, &done, NULL);
}

/* ---- the rest ---- */

static void
on_noop(struct session *s, const struct cmd *c)
{
	static const struct answer done = { 250, "2.0.0", "ok" };

	(void)c;
	ok(s, &done, NULL);
}

static void
on_quit(struct session *s, const struct cmd *c)
{
	static const struct answer bye = { 221, "2.0.0", "bye" };

	(void)c;
	ok(s, &bye, NULL);
	session_end(s, "quit");
}

/* RFC 5321 section 3.5.3: neither yes nor no. */
static void
on_vrfy(struct session *s, const struct cmd *c)
{
	static const struct answer maybe = { 252, "2.5.0",
	    "send mail and see" };

	if (c->arg == c->end)
		refuse(s, &syntax, "", "VRFY address");
	else
		ok(s, &maybe, NULL);
}

static void
on_expn(struct session *s, const struct cmd *c)
{
	static const struct answer no = { 502, "5.5.1",
	    "there are no lists here" };

	(void)c;
	refuse(s, &no, "", NULL);
}

static void
on_help(struct session *s, const struct cmd *c)
{
	static const struct answer help = { 214, "2.0.0",
	    "RFC 5321; postmaster is read by a person" };

	(void)c;
	ok(s, &help, NULL);
}

static void
on_auth(struct session *s, const struct cmd *c)
{
	static const struct answer no = { 503, "5.5.1",
	    "there is no login on this port" };

	if (s->be->submit != NULL)
		submit_auth(s, c);
	else
		refuse(s, &no, "", NULL);
}

static void
on_foreign(struct session *s, const struct cmd *c)
{
	static const struct answer no = { 502, "5.7.0", "this is SMTP" };

	(void)c;
	refuse_end(s, &no, "foreign");
}
