#include <string.h>
#include <strings.h>

#include "mailnode/base/num.h"
#include "mailnode/smtp/cmd.h"

/* One "KEY" or "KEY=value" after an address. */
struct param {
	const char	*key;
	size_t		 nkey;
	const char	*value;		/* NULL: no "=" */
	size_t		 nvalue;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static const char *
find_blank(const char *p, const char *end)
{
	while (p < end && !is_blank(*p))
		p++;
	return p;
}

static bool
same(const char *p, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(p, word, n) == 0;
}

void
cmd_split(const char *line, size_t len, struct cmd *c)
{
	const char *p = line, *end = line + len;

	while (end > p && is_blank(end[-1]))
		end--;
	c->verb = p;
	p = find_blank(p, end);
	c->nverb = (size_t)(p - line);
	c->arg = skip_blanks(p, end);
	c->end = end;
}

/* ---- parameters ---- */

/* RFC 5321 section 4.1.2, esmtp-keyword. */
static bool
is_key(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!(p[i] >= 'a' && p[i] <= 'z') &&
		    !(p[i] >= 'A' && p[i] <= 'Z') &&
		    !(p[i] >= '0' && p[i] <= '9') &&
		    (p[i] != '-' || i == 0))
			return false;
	return n > 0;
}

/* esmtp-value: any visible ASCII but "=". */
static bool
is_value(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] > '~' || p[i] == '=')
			return false;
	return n > 0;
}

/* The next parameter at *p; 1, 0 at the end, -1 for what is none. */
static int
next_param(const char **p, const char *end, struct param *out)
{
	const char *at, *stop, *eq;

	if (*p == end)
		return 0;
	at = skip_blanks(*p, end);
	if (at == *p)
		return -1;
	stop = find_blank(at, end);
	eq = memchr(at, '=', (size_t)(stop - at));
	out->key = at;
	out->nkey = (size_t)((eq != NULL ? eq : stop) - at);
	out->value = eq != NULL ? eq + 1 : NULL;
	out->nvalue = eq != NULL ? (size_t)(stop - eq) - 1 : 0;
	if (!is_key(out->key, out->nkey) ||
	    (eq != NULL && !is_value(out->value, out->nvalue)))
		return -1;
	*p = stop;
	return 1;
}

typedef enum cmd_err param_fn(const struct param *, void *);

struct param_entry {
	const char	*key;
	bool		 value;		/* must have one; else must not */
	param_fn	*fn;
};

static enum cmd_err
one_param(const struct param *p, const struct param_entry *table,
    unsigned int *seen, void *out)
{
	unsigned int bit;
	size_t i;

	for (i = 0; table[i].key != NULL; i++) {
		if (!same(p->key, p->nkey, table[i].key))
			continue;
		bit = 1U << i;
		if (*seen & bit || table[i].value != (p->value != NULL))
			return CMD_PARAM_VALUE;
		*seen |= bit;
		return table[i].fn(p, out);
	}
	return CMD_PARAM_UNKNOWN;
}

static enum cmd_err
params(const char *p, const char *end, bool esmtp,
    const struct param_entry *table, void *out)
{
	struct param one;
	unsigned int seen = 0;
	enum cmd_err err;
	int n;

	while ((n = next_param(&p, end, &one)) == 1) {
		if (!esmtp)
			return CMD_PARAM_UNKNOWN;
		err = one_param(&one, table, &seen, out);
		if (err != CMD_OK)
			return err;
	}
	return n == 0 ? CMD_OK : CMD_SYNTAX;
}

/* RFC 3461 section 4: visible ASCII, "+" only before two upper-case hex. */
static bool
is_xtext(const char *p, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] <= ' ' || p[i] > '~' || p[i] == '=')
			return false;
		if (p[i] != '+')
			continue;
		if (n - i < 3 || strchr(hex, p[i + 1]) == NULL ||
		    strchr(hex, p[i + 2]) == NULL)
			return false;
		i += 2;
	}
	return true;
}

static enum cmd_err
keep(char *to, size_t max, const char *p, size_t n)
{
	if (n > max)
		return CMD_PARAM_VALUE;
	memcpy(to, p, n);
	to[n] = '\0';
	return CMD_OK;
}

/* ---- MAIL ---- */

static enum cmd_err
mail_size(const struct param *p, void *arg)
{
	struct cmd_mail *m = arg;

	/* RFC 1870 section 4: up to 20 digits. */
	if (num_u64(p->value, p->value + p->nvalue, 0, UINT64_MAX,
	    &m->size) == -1)
		return CMD_PARAM_VALUE;
	return CMD_OK;
}

static enum cmd_err
mail_body(const struct param *p, void *arg)
{
	struct cmd_mail *m = arg;

	if (same(p->value, p->nvalue, "7BIT"))
		m->body = CMD_BODY_7BIT;
	else if (same(p->value, p->nvalue, "8BITMIME"))
		m->body = CMD_BODY_8BITMIME;
	else
		return CMD_PARAM_VALUE;
	return CMD_OK;
}

static enum cmd_err
mail_utf8(const struct param *p, void *arg)
{
	struct cmd_mail *m = arg;

	(void)p;
	m->utf8 = true;
	return CMD_OK;
}

static enum cmd_err
mail_ret(const struct param *p, void *arg)
{
	struct cmd_mail *m = arg;

	if (same(p->value, p->nvalue, "FULL"))
		m->ret = CMD_RET_FULL;
	else if (same(p->value, p->nvalue, "HDRS"))
		m->ret = CMD_RET_HDRS;
	else
		return CMD_PARAM_VALUE;
	return CMD_OK;
}

static enum cmd_err
mail_envid(const struct param *p, void *arg)
{
	struct cmd_mail *m = arg;

	if (!is_xtext(p->value, p->nvalue))
		return CMD_PARAM_VALUE;
	return keep(m->envid, CMD_ENVID_MAX, p->value, p->nvalue);
}

static const struct param_entry mail_params[] = {
	{ "SIZE",	true,	mail_size },
	{ "BODY",	true,	mail_body },
	{ "SMTPUTF8",	false,	mail_utf8 },
	{ "RET",	true,	mail_ret },
	{ "ENVID",	true,	mail_envid },
	{ NULL,		false,	NULL }
};

/* "FROM:" or "TO:", then blanks that many send, then the path. */
static enum cmd_err
lex_path(const struct cmd *c, const char *word, unsigned int flags,
    const char **rest, struct path *out, enum path_err *err)
{
	size_t n = strlen(word);
	const char *p = c->arg;

	*err = PATH_OK;
	if ((size_t)(c->end - p) < n || strncasecmp(p, word, n) != 0)
		return CMD_SYNTAX;
	p = skip_blanks(p + n, c->end);
	*err = path_lex(&p, c->end, flags, out);
	if (*err != PATH_OK)
		return CMD_PATH;
	*rest = p;
	return CMD_OK;
}

/* SMTPUTF8 comes behind the address that needs it. */
enum cmd_err
cmd_mail(const struct cmd *c, bool esmtp, struct cmd_mail *out)
{
	enum path_err path_err;
	enum cmd_err err;
	const char *rest;

	memset(out, 0, sizeof *out);
	err = lex_path(c, "FROM:", PATH_NULL | PATH_LENIENT | PATH_UTF8,
	    &rest, &out->from, &path_err);
	if (err == CMD_OK)
		err = params(rest, c->end, esmtp, mail_params, out);
	if (err == CMD_OK && out->from.utf8 && !out->utf8) {
		err = CMD_PATH;
		path_err = PATH_NOT_ASCII;
	}
	if (err != CMD_OK)
		memset(out, 0, sizeof *out);
	out->path_err = path_err;
	return err;
}

/* ---- RCPT ---- */

static const struct {
	const char	*word;
	unsigned int	 bit;
} notify_words[] = {
	{ "NEVER",	CMD_NOTIFY_NEVER },
	{ "SUCCESS",	CMD_NOTIFY_SUCCESS },
	{ "FAILURE",	CMD_NOTIFY_FAILURE },
	{ "DELAY",	CMD_NOTIFY_DELAY },
	{ NULL,		0 }
};

static unsigned int
notify_bit(const char *p, size_t n)
{
	size_t i;

	for (i = 0; notify_words[i].word != NULL; i++)
		if (same(p, n, notify_words[i].word))
			return notify_words[i].bit;
	return 0;
}

/* RFC 3461 section 4.1: NEVER alone, or a list of the others. */
static enum cmd_err
rcpt_notify(const struct param *p, void *arg)
{
	struct cmd_rcpt *r = arg;
	const char *at = p->value, *end = at + p->nvalue, *comma;
	unsigned int bit;

	for (;;) {
		comma = memchr(at, ',', (size_t)(end - at));
		bit = notify_bit(at, (size_t)((comma ? comma : end) - at));
		if (bit == 0)
			return CMD_PARAM_VALUE;
		r->notify |= bit;
		if (comma == NULL)
			break;
		at = comma + 1;
	}
	if (r->notify & CMD_NOTIFY_NEVER && r->notify != CMD_NOTIFY_NEVER)
		return CMD_PARAM_VALUE;
	return CMD_OK;
}

/* RFC 3461 section 4.2: "rfc822;" and xtext; the type is an atom. */
static enum cmd_err
rcpt_orcpt(const struct param *p, void *arg)
{
	struct cmd_rcpt *r = arg;
	const char *semi = memchr(p->value, ';', p->nvalue);
	size_t ntype;

	if (semi == NULL)
		return CMD_PARAM_VALUE;
	ntype = (size_t)(semi - p->value);
	if (!is_key(p->value, ntype) ||
	    !is_xtext(semi + 1, p->nvalue - ntype - 1))
		return CMD_PARAM_VALUE;
	return keep(r->orcpt, CMD_ORCPT_MAX, p->value, p->nvalue);
}

static const struct param_entry rcpt_params[] = {
	{ "NOTIFY",	true,	rcpt_notify },
	{ "ORCPT",	true,	rcpt_orcpt },
	{ NULL,		false,	NULL }
};

enum cmd_err
cmd_rcpt(const struct cmd *c, bool esmtp, bool utf8, struct cmd_rcpt *out)
{
	enum path_err path_err;
	enum cmd_err err;
	const char *rest;

	memset(out, 0, sizeof *out);
	err = lex_path(c, "TO:", PATH_BARE | (utf8 ? PATH_UTF8 : 0), &rest,
	    &out->to, &path_err);
	if (err == CMD_OK)
		err = params(rest, c->end, esmtp, rcpt_params, out);
	if (err != CMD_OK)
		memset(out, 0, sizeof *out);
	out->path_err = path_err;
	return err;
}

/* ---- the rest ---- */

enum cmd_err
cmd_bdat(const struct cmd *c, struct cmd_bdat *out)
{
	const char *stop = find_blank(c->arg, c->end);
	const char *word = skip_blanks(stop, c->end);

	memset(out, 0, sizeof *out);
	if (num_u64(c->arg, stop, 0, INT64_MAX, &out->size) == -1)
		return CMD_SYNTAX;
	if (word == c->end)
		return CMD_OK;
	out->last = same(word, (size_t)(c->end - word), "LAST");
	if (!out->last)
		out->size = 0;
	return out->last ? CMD_OK : CMD_SYNTAX;
}

static bool
is_greeting(const char *p, const char *end)
{
	for (; p < end; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
		    !(*p >= '0' && *p <= '9') && !strchr(".-_:[]", *p))
			return false;
	return true;
}

enum cmd_err
cmd_helo(const struct cmd *c, char out[CMD_HELO_MAX + 1])
{
	size_t n = (size_t)(c->end - c->arg);

	out[0] = '\0';
	if (n == 0 || n > CMD_HELO_MAX || memchr(c->arg, '\0', n) != NULL ||
	    (!is_greeting(c->arg, c->end) &&
	    !path_domain_ok(c->arg, c->end, true)))
		return CMD_HELO_NAME;
	memcpy(out, c->arg, n);
	out[n] = '\0';
	return CMD_OK;
}
