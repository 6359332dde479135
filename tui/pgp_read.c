/* What gpg says of a message that is read. */
#define _DEFAULT_SOURCE	/* strdup */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/addr.h"
#include "tui/pgp.h"
#include "tui/pgp_run.h"

struct pgp_read {
	struct tui	*t;
	struct pgp_run	*run;
	struct pgp_seen	 seen;
	bool		 block;		/* may be signed and not encrypted */
	char		*from;
	pgp_read_fn	*fn;
	void		*arg;
};

void
pgp_seen_add(struct pgp_seen *seen, const char *text)
{
	size_t n = strlen(seen->text);

	(void)snprintf(seen->text + n, sizeof seen->text - n, "%s%s",
	    n > 0 ? "; " : "", text);
}

/* "KEYID Ada <ada@x>" */
static void
say_signature(struct pgp_seen *seen, enum pgp_verdict verdict,
    const char *what, const char *line)
{
	size_t id = strcspn(line, " \n"), n = strlen(seen->text);

	seen->verdict = verdict;
	(void)snprintf(seen->text + n, sizeof seen->text - n, "%s%s, key %.*s"
	    " %.*s", n > 0 ? "; " : "", what, (int)(id < 40 ? id : 40), line,
	    (int)strcspn(line + id, "\n") - (line[id] == ' '),
	    line + id + (line[id] == ' '));
}

/* Is the address in From one of the user id in the line? */
static bool
from_key(const char *line, const char *from)
{
	struct addrs a = { NULL, 0 };
	char id[1000];
	const char *lt, *gt;
	bool same = false;

	(void)snprintf(id, sizeof id, "%.*s", (int)strcspn(line, "\n"), line);
	lt = strrchr(id, '<');
	gt = lt != NULL ? strchr(lt, '>') : NULL;
	(void)addrs_read(&a, from, NULL);
	if (gt != NULL && a.n == 1) {
		id[gt - id] = '\0';
		same = addr_equal(lt + 1, a.a[0].addr);
	}
	addrs_clear(&a);
	return same;
}

/* Is that signature's key certified?  What stands behind the next one is of
 * another, which whoever wants to be taken for somebody may add. */
static bool
certified(const char *line)
{
	static const char *const levels[] = { "TRUST_FULLY",
	    "TRUST_ULTIMATE" };
	const char *next = strstr(line, "\n[GNUPG:] NEWSIG");
	const char *good = pgp_status_line(line, "GOODSIG"), *p;
	size_t i;

	if (next == NULL || (good != NULL && good < next))
		next = good;
	for (i = 0; i < sizeof levels / sizeof levels[0]; i++) {
		p = pgp_status_line(line, levels[i]);
		if (p != NULL && (next == NULL || p < next))
			return true;
	}
	return false;
}

void
pgp_status(const char *lines, const char *from, struct pgp_seen *seen)
{
	const char *p;

	if ((p = pgp_status_line(lines, "BADSIG")) != NULL) {
		say_signature(seen, PGP_BAD, "BAD signature", p);
	} else if ((p = pgp_status_line(lines, "REVKEYSIG")) != NULL) {
		say_signature(seen, PGP_BAD, "signed by a revoked key", p);
	} else if ((p = pgp_status_line(lines, "EXPKEYSIG")) != NULL) {
		say_signature(seen, PGP_DOUBT, "signed by an expired key", p);
	} else if ((p = pgp_status_line(lines, "EXPSIG")) != NULL) {
		say_signature(seen, PGP_DOUBT, "expired signature", p);
	} else if ((p = pgp_status_line(lines, "GOODSIG")) != NULL) {
		if (!from_key(p, from))
			say_signature(seen, PGP_DOUBT, "signed, but NOT by "
			    "who is in From", p);
		else if (certified(p))
			say_signature(seen, PGP_GOOD, "good signature", p);
		else
			say_signature(seen, PGP_DOUBT, "good signature of a "
			    "key that is not certified", p);
	} else if ((p = pgp_status_line(lines, "NO_PUBKEY")) != NULL) {
		say_signature(seen, PGP_DOUBT, "signed by an unknown key", p);
	} else if (seen->encrypted && !seen->has_signature) {
		pgp_seen_add(seen, "not signed");
	} else {
		seen->verdict = PGP_BAD;
		pgp_seen_add(seen, "no signature that can be checked");
	}
}

/* ---- asking ---- */

void
pgp_read_stop(struct pgp_read *p)
{
	if (p == NULL)
		return;
	pgp_run_stop(p->run);
	free(p->from);
	free(p);
}

static void
done(struct pgp_read *p, int plain)
{
	p->run = NULL;
	p->fn(p->arg, plain, &p->seen);
	pgp_read_stop(p);
}

static struct pgp_read *
read_new(struct tui *t, const char *from, const struct pgp_seen *seen,
    pgp_read_fn *fn, void *arg)
{
	struct pgp_read *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->t = t;
	p->seen = *seen;
	p->fn = fn;
	p->arg = arg;
	p->from = strdup(from);
	if (p->from == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

/* What it did not do, and why. */
static void
say_failure(struct pgp_seen *seen, const char *what, const char *lines)
{
	char text[300];
	struct buf why;

	buf_init(&why, 4096);
	pgp_complaint(&why, lines);
	(void)snprintf(text, sizeof text, "%s: %.200s", what, buf_str(&why));
	seen->verdict = PGP_BAD;
	pgp_seen_add(seen, text);
	buf_clear(&why);
}

static void
verified(void *arg, int rc, const struct buf *out, const struct buf *said)
{
	struct pgp_read *p = arg;
	const char *lines = said->len > 0 ? (char *)said->data : "";

	(void)out;
	p->seen.has_signature = true;
	if (rc == -1 || rc == 127)
		say_failure(&p->seen, "signature not checked", lines);
	else
		pgp_status(lines, p->from, &p->seen);
	done(p, -1);
}

struct pgp_read *
pgp_verify(struct tui *t, int fd, int sig, const char *from,
    const struct pgp_seen *seen, pgp_read_fn *fn, void *arg)
{
	static const char *const args[] = { "--enable-special-filenames",
	    "--verify", "--", "-&3", "-", NULL };
	struct pgp_read *p = read_new(t, from, seen, fn, arg);
	int in[2] = { -1, sig };
	struct buf raw, text;

	buf_init(&raw, PGP_MESSAGE_MAX);
	buf_init(&text, PGP_MESSAGE_MAX);
	/* As on the wire, whatever the file has. */
	if (p != NULL && pgp_slurp(fd, &raw))
		pgp_put_crlf(&text, &raw);
	in[0] = text.err == 0 ? pgp_memory(&text) : -1;
	if (p != NULL && in[0] != -1)
		p->run = pgp_run_start(t, args, in, PGP_LIMIT_MS, verified,
		    p);
	if (in[0] != -1)
		close(in[0]);
	buf_clear(&raw);
	buf_clear(&text);
	if (p != NULL && p->run == NULL) {
		pgp_read_stop(p);
		p = NULL;
	}
	return p;
}

/* What was changed on its way is not shown, nor what is no more than signed
 * where something was to be encrypted. */
static bool
is_open(struct pgp_read *p, const char *lines)
{
	if (strstr(lines, "\n[GNUPG:] DECRYPTION_OKAY\n") != NULL)
		return true;
	if (!p->block ||
	    strstr(lines, "[GNUPG:] BEGIN_DECRYPTION\n") != NULL ||
	    pgp_status_line(lines, "PLAINTEXT") == NULL)
		return false;
	p->seen.encrypted = false;
	p->seen.has_signature = true;
	return true;
}

static void
decrypted(void *arg, int rc, const struct buf *plain, const struct buf *said)
{
	struct pgp_read *p = arg;
	const char *lines = said->len > 0 ? (char *)said->data : "";
	int out = -1;

	(void)rc;		/* of a signature too, which may be unknown */
	if (plain->len > 0 && is_open(p, lines))
		out = pgp_memory(plain);
	if (out == -1) {
		say_failure(&p->seen, p->seen.encrypted ? "not decrypted" :
		    "signature not checked", lines);
	} else {
		if (p->seen.encrypted)
			pgp_seen_add(&p->seen, "decrypted");
		pgp_status(lines, p->from, &p->seen);
	}
	done(p, out);
}

static struct pgp_read *
start(struct pgp_read *p, int fd)
{
	static const char *const args[] = { "--decrypt", NULL };
	const int in[2] = { fd, -1 };

	if (p == NULL)
		return NULL;
	p->run = pgp_run_start(p->t, args, in, PGP_LIMIT_MS, decrypted, p);
	if (p->run == NULL) {
		pgp_read_stop(p);
		return NULL;
	}
	return p;
}

struct pgp_read *
pgp_decrypt(struct tui *t, int fd, const char *from,
    const struct pgp_seen *seen, pgp_read_fn *fn, void *arg)
{
	struct pgp_read *p = read_new(t, from, seen, fn, arg);

	if (p != NULL)
		p->seen.encrypted = true;
	return start(p, fd);
}

struct pgp_read *
pgp_read_block(struct tui *t, int fd, bool clear, const char *from,
    pgp_read_fn *fn, void *arg)
{
	const struct pgp_seen none = { .encrypted = !clear };
	struct pgp_read *p = read_new(t, from, &none, fn, arg);

	if (p != NULL)
		p->block = true;
	return start(p, fd);
}
