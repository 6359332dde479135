/*
 * sendmail -bs: SMTP on standard input and output, as mailers of PHP and
 * others call it.  A program of this machine is at the other end, which ends
 * its lines as it likes; the strangers' port is another (smtp/session.c).
 *
 *	ST_IDLE --MAIL--> ST_MAIL --RCPT--> ST_RCPT --DATA, RSET--> ST_IDLE
 *	        on_mail           on_rcpt           over
 */
#define _DEFAULT_SOURCE	/* getchar_unlocked, strncasecmp */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "mailnode/cmd_send.h"
#include "mailnode/node/conf.h"
#include "mailnode/smtp/cmd.h"

enum state { ST_IDLE = 1, ST_MAIL = 2, ST_RCPT = 4, ST_ANY = 7 };

struct talk {
	const struct send *like;	/* what the command line says */
	struct send	 s;
	enum state	 st;
	struct cmd	 cmd;
	char		 from[PATH_SIZE];
	bool		 utf8;		/* SMTPUTF8 of MAIL */
	bool		 quit;
};

static void
say(const char *reply)
{
	printf("%s\r\n", reply);
	(void)fflush(stdout);
}

/* With its reason behind, in which a name may be that it gave us. */
static void
say_why(const char *reply, const char *why)
{
	printf("%s ", reply);
	for (; *why != '\0'; why++)
		(void)putchar((unsigned char)*why < ' ' || *why == 0x7f ?
		    '?' : *why);
	printf("\r\n");
	(void)fflush(stdout);
}

/* Of a status of <sysexits.h>. */
static void
say_status(const struct talk *t, int status)
{
	static const struct { int status; const char *reply; } replies[] = {
		{ EX_NOUSER, "550 5.1.3" }, { EX_NOPERM, "550 5.7.1" },
		{ EX_DATAERR, "554 5.6.0" }, { EX_TEMPFAIL, "451 4.3.0" }
	};
	size_t i, n = sizeof replies / sizeof replies[0];

	for (i = 0; i < n && replies[i].status != status; i++)
		;
	say_why(i < n ? replies[i].reply : "451 4.3.5", t->s.why);
}

static void
over(struct talk *t)
{
	if (t->st != ST_IDLE)
		send_end(&t->s);
	t->st = ST_IDLE;
}

/* ---- input ---- */

/* As much as fits, its end included; how many octets, 0: there are none. */
static size_t
read_line(char *p, size_t size)
{
	size_t n = 0;
	int c = 0;

	while (n < size && c != '\n' && (c = getchar_unlocked()) != EOF)
		p[n++] = (char)c;
	return n;
}

static size_t
without_end(const char *p, size_t n)
{
	if (n > 0 && p[n - 1] == '\n')
		n--;
	return n > 0 && p[n - 1] == '\r' ? n - 1 : n;
}

/* Up to the line of one dot, dots taken off; -1: it ended before.  What is
 * too much for in is passed over. */
static int
read_data(struct buf *in)
{
	bool start = true;
	char p[4096];
	size_t n, dot;

	while ((n = read_line(p, sizeof p)) > 0) {
		dot = start && p[0] == '.';
		if (dot && without_end(p, n) == 1 && p[n - 1] == '\n')
			return 0;
		start = p[n - 1] == '\n';
		if (in->err == 0)
			(void)buf_add(in, p + dot, n - dot);
	}
	return -1;
}

/* ---- verbs ---- */

static void
on_hello(struct talk *t)
{
	over(t);
	if (t->cmd.nverb == 4 && strncasecmp(t->cmd.verb, "HELO", 4) == 0)
		printf("250 %s\r\n", conf.hostname);
	else
		printf("250-%s\r\n250-PIPELINING\r\n250-SIZE %llu\r\n"
		    "250-8BITMIME\r\n250-SMTPUTF8\r\n"
		    "250 ENHANCEDSTATUSCODES\r\n", conf.hostname,
		    (unsigned long long)conf.message_max);
	(void)fflush(stdout);
}

static void
on_mail(struct talk *t)
{
	struct cmd_mail m;
	int rc;

	if (cmd_mail(&t->cmd, true, &m) != CMD_OK) {
		say("501 5.5.4 syntax error: MAIL FROM:<address>");
		return;
	}
	(void)snprintf(t->from, sizeof t->from, "%s", m.from.address);
	t->utf8 = m.utf8;
	t->s = *t->like;
	t->s.from = t->from;
	t->s.from_header = false;
	rc = send_begin(&t->s);
	if (rc == 0) {
		t->st = ST_MAIL;
		say("250 2.1.0 ok");
	} else {
		send_end(&t->s);
		say_status(t, rc);
	}
}

static void
on_rcpt(struct talk *t)
{
	struct cmd_rcpt r;
	const char *who;
	int rc;

	if (cmd_rcpt(&t->cmd, true, t->utf8, &r) != CMD_OK) {
		say("501 5.5.4 syntax error: RCPT TO:<address>");
		return;
	}
	who = r.to.bare ? r.to.local : r.to.address;
	rc = send_rcpt(&t->s, who, strlen(who));
	if (rc == 0) {
		t->st = ST_RCPT;
		say("250 2.1.5 ok");
	} else
		say_status(t, rc);
}

static void
on_data(struct talk *t)
{
	struct buf in;
	int rc;

	say("354 end with a dot");
	buf_init(&in, conf.message_max);
	t->quit = read_data(&in) == -1;
	if (t->quit)
		;		/* half a message is none */
	else if (in.err != 0)
		say("552 5.3.4 the message is too large");
	else if ((rc = send_message(&t->s, in.data, in.len)) != 0)
		say_status(t, rc);
	else
		say_why("250 2.0.0 queued as", t->s.id);
	buf_clear(&in);
	over(t);
}

static void
on_rset(struct talk *t)
{
	over(t);
	say("250 2.0.0 ok");
}

static void
on_noop(struct talk *t)
{
	(void)t;
	say("250 2.0.0 ok");
}

static void
on_quit(struct talk *t)
{
	t->quit = true;
	say("221 2.0.0 bye");
}

static const struct verb {
	const char	*name;
	unsigned int	 when;		/* enum state */
	void		(*fn)(struct talk *t);
} verbs[] = {
	{ "EHLO",	ST_ANY,			on_hello },
	{ "HELO",	ST_ANY,			on_hello },
	{ "MAIL",	ST_IDLE,		on_mail },
	{ "RCPT",	ST_MAIL | ST_RCPT,	on_rcpt },
	{ "DATA",	ST_RCPT,		on_data },
	{ "RSET",	ST_ANY,			on_rset },
	{ "NOOP",	ST_ANY,			on_noop },
	{ "QUIT",	ST_ANY,			on_quit },
	{ NULL,		0,			NULL }
};

static void
one_command(struct talk *t, const char *line, size_t n)
{
	const struct verb *v;

	cmd_split(line, n, &t->cmd);
	for (v = verbs; v->name != NULL; v++)
		if (strlen(v->name) == t->cmd.nverb &&
		    strncasecmp(v->name, t->cmd.verb, t->cmd.nverb) == 0)
			break;
	if (v->name == NULL)
		say("500 5.5.1 unknown command");
	else if ((v->when & t->st) == 0)
		say("503 5.5.1 not now: MAIL, then RCPT, then DATA");
	else
		v->fn(t);
}

int
send_talk(const struct send *like)
{
	static struct talk t;
	char line[CMD_LINE_MAX + 3];
	size_t n;

	t.like = like;
	t.st = ST_IDLE;
	say_why("220", conf.hostname);
	while (!t.quit && (n = read_line(line, sizeof line - 1)) > 0) {
		n = without_end(line, n);
		line[n] = '\0';
		one_command(&t, line, n);
	}
	over(&t);
	return EX_OK;
}
