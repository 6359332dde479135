/* Which keys a letter would be signed with, and encrypted to. */
#define _GNU_SOURCE	/* strcasestr */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mailnode/base/num.h"
#include "tui/addr.h"
#include "tui/pgp.h"
#include "tui/pgp_run.h"

enum { WHY_MAX = sizeof ((struct pgp_key *)0)->why };

struct pgp_find {
	struct tui	*t;
	struct pgp_keys	 k;
	unsigned int	 how;
	struct buf	 text;
	struct pgp_run	*run;
	struct loop_timer soon;		/* what needs no gpg is told later */
	pgp_keys_fn	*fn;
	void		*arg;
};

unsigned int
pgp_wanted(const struct letter *l)
{
	const char *w = l->field[LETTER_PGP];

	return (strcasestr(w, "sign") != NULL ? PGP_SIGN : 0) |
	    (strcasestr(w, "encrypt") != NULL ? PGP_ENCRYPT : 0);
}

void
pgp_want(struct letter *l, unsigned int how)
{
	static const char *const words[] = { "", "sign", "encrypt",
	    "sign encrypt" };

	letter_set(l, LETTER_PGP, words[how & 3]);
}

/* ---- what gpg lists ---- */

/* The n-th field of a line with colons. */
static const char *
column(const char *line, int n, size_t *len)
{
	while (n-- > 0) {
		line += strcspn(line, ":\n");
		if (*line != ':')
			break;
		line++;
	}
	*len = strcspn(line, ":\n");
	return line;
}

/*
 * How surely it is whose it says: 0 for revoked, expired, invalid, disabled
 * or of unknown kind, the highest for one of the owner's own.
 */
static int
validity(const char *line)
{
	static const char rising[] = "mfu";
	size_t n;
	const char *f = column(line, 1, &n), *at;

	if (n == 0 || strchr("reidn", *f) == NULL) {
		at = n > 0 ? strchr(rising, *f) : NULL;
		return at != NULL ? 2 + (int)(at - rising) : 1;
	}
	return 0;
}

/* "Ada <ada@x>", or the address alone. */
static bool
is_of(const char *line, const char *addr)
{
	size_t n;
	const char *f = column(line, 9, &n), *lt;
	char id[1000];

	if (n >= sizeof id)
		return false;
	memcpy(id, f, n);
	id[n] = '\0';
	lt = strrchr(id, '<');
	if (lt == NULL)
		return addr_equal(id, addr);
	id[strcspn(lt, ">") + (size_t)(lt - id)] = '\0';
	return addr_equal(lt + 1, addr);
}

/* The key that the user ids which follow belong to. */
static bool
read_primary(const char *line, char can, struct pgp_key *k)
{
	size_t len;
	const char *f = column(line, 5, &len);

	memset(k, 0, sizeof *k);
	if (num_u64(f, f + len, 0, UINT64_MAX, &k->made) == -1)
		k->made = 0;
	f = column(line, 11, &len);
	return validity(line) > 0 && memchr(f, can, len) != NULL &&
	    memchr(f, 'D', len) == NULL;
}

static void
read_fingerprint(const char *line, struct pgp_key *k)
{
	size_t len;
	const char *f = column(line, 9, &len);

	if (k->key[0] == '\0' && len < sizeof k->key) {
		memcpy(k->key, f, len);
		k->key[len] = '\0';
	}
}

/* Why gpg would not take it, in words; expiry with its day. */
static void
say_why(const char *line, char can, char dst[WHY_MAX])
{
	size_t len, n;
	const char *f = column(line, 1, &n), *end;
	uint64_t at = 0;
	time_t when;
	struct tm tm;

	dst[0] = '\0';
	if (n > 0 && *f == 'e') {
		end = column(line, 6, &len);
		if (num_u64(end, end + len, 1, INT32_MAX, &at) == -1)
			at = 0;
		when = (time_t)at;
		if (at == 0 || gmtime_r(&when, &tm) == NULL ||
		    strftime(dst, WHY_MAX, "it expired %Y-%m-%d", &tm) == 0)
			(void)snprintf(dst, WHY_MAX, "it expired");
	} else if (n > 0 && strchr("rid", *f) != NULL) {
		(void)snprintf(dst, WHY_MAX, "it is %s", *f == 'r' ?
		    "revoked" : *f == 'd' ? "disabled" : "invalid");
	} else if (validity(line) > 0) {
		f = column(line, 11, &len);
		(void)snprintf(dst, WHY_MAX, "it %s", memchr(f, 'D', len) !=
		    NULL ? "is disabled" : can == 'E' ? "cannot encrypt" :
		    "cannot sign");
	}
}

static void
offer(const struct pgp_key *from, int valid, struct pgp_key *to)
{
	if (to->key[0] != '\0' && (valid < to->valid ||
	    (valid == to->valid && from->made <= to->made)))
		return;
	memcpy(to->key, from->key, sizeof to->key);
	to->valid = valid;
	to->made = from->made;
}

static void
offer_if(int valid, const struct pgp_key *from, struct pgp_key *to)
{
	if (valid > 0)
		offer(from, valid, to);
	else if (to->why[0] == '\0')
		memcpy(to->why, from->why, sizeof to->why);
}

/* "no key to encrypt to ada@x: it expired 2020-06-01" */
static void
put_missing(struct buf *b, const char *what, const struct pgp_key *k)
{
	buf_reset(b);
	buf_addf(b, "no key to %s %s%s%s", what, k->addr, k->why[0] != '\0' ?
	    ": " : "", k->why);
}

void
pgp_listing(const char *lines, char can, struct pgp_key *k, size_t n)
{
	struct pgp_key key = { .key = "" };
	const char *p;
	bool usable = false;
	size_t i;

	for (p = lines; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		if (strncmp(p, "pub:", 4) == 0 || strncmp(p, "sec:", 4) == 0) {
			usable = read_primary(p, can, &key);
			say_why(p, can, key.why);
		}
		else if (strncmp(p, "fpr:", 4) == 0)
			read_fingerprint(p, &key);
		else if (strncmp(p, "uid:", 4) == 0) {
			if (usable && validity(p) == 0)
				say_why(p, can, key.why);
			for (i = 0; i < n; i++)
				if (is_of(p, k[i].addr))
					offer_if(usable ? validity(p) : 0,
					    &key, &k[i]);
		}
	}
}

/* ---- asking ---- */

void
pgp_keys_clear(struct pgp_keys *k)
{
	free(k->to);
	memset(k, 0, sizeof *k);
}

void
pgp_find_stop(struct pgp_find *p)
{
	if (p == NULL)
		return;
	pgp_run_stop(p->run);
	loop_disarm(p->t->loop, &p->soon);
	pgp_keys_clear(&p->k);
	buf_clear(&p->text);
	free(p);
}

static void
done(struct pgp_find *p, bool ok)
{
	p->run = NULL;
	p->fn(p->arg, ok ? &p->k : NULL, buf_str(&p->text));
	app_dirty(p->t);
	pgp_find_stop(p);
}

/* The last 16 digits, as people know it. */
static const char *
short_key(const char *key)
{
	size_t n = strlen(key);

	return n > 16 ? key + n - 16 : key;
}

/* "<addr>": that address and no other. */
static bool
list(struct pgp_find *p, const char *what, const struct pgp_key *k, size_t n,
    pgp_run_fn *fn)
{
	const char *args[PGP_KEYS_MAX + 4];
	char (*user)[sizeof k->addr + 2] = calloc(n, sizeof *user);
	const int none[2] = { -1, -1 };
	size_t i, a = 0;

	if (user == NULL)
		return false;
	args[a++] = "--with-colons";
	args[a++] = what;
	for (i = 0; i < n; i++) {
		(void)snprintf(user[i], sizeof user[i], "<%s>", k[i].addr);
		args[a++] = user[i];
	}
	args[a] = NULL;
	p->run = pgp_run_start(p->t, args, none, PGP_LIMIT_MS, fn, p);
	free(user);
	return p->run != NULL;
}

/* No key at all is no answer of gpg's, but one that was left has none. */
static bool
was_ended(struct pgp_find *p, int rc, const struct buf *said)
{
	if (rc != -1 && rc != 127)
		return false;
	pgp_complaint(&p->text, said->len > 0 ? (char *)said->data : "");
	done(p, false);
	return true;
}

static void
listed_public(void *arg, int rc, const struct buf *out, const struct buf *said)
{
	struct pgp_find *p = arg;
	size_t i;

	p->run = NULL;
	if (was_ended(p, rc, said))
		return;
	if (out->len > 0)
		pgp_listing((char *)out->data, 'E', p->k.to, p->k.n);
	for (i = 0; i < p->k.n; i++) {
		if (p->k.to[i].key[0] == '\0') {
			put_missing(&p->text, "encrypt to", &p->k.to[i]);
			done(p, false);
			return;
		}
		buf_addf(&p->text, "%s%s %s", p->text.len > 0 ? ", " : "",
		    p->k.to[i].addr, short_key(p->k.to[i].key));
	}
	done(p, true);
}

static void
find_public(struct pgp_find *p)
{
	if ((p->how & PGP_ENCRYPT) == 0)
		done(p, true);
	else if (!list(p, "--list-keys", p->k.to, p->k.n, listed_public)) {
		buf_adds(&p->text, "out of memory");
		done(p, false);
	}
}

static void
listed_secret(void *arg, int rc, const struct buf *out, const struct buf *said)
{
	struct pgp_find *p = arg;

	p->run = NULL;
	if (was_ended(p, rc, said))
		return;
	if (out->len > 0)
		pgp_listing((char *)out->data, 'S', &p->k.sign, 1);
	if (p->k.sign.key[0] == '\0') {
		put_missing(&p->text, "sign as", &p->k.sign);
		done(p, false);
		return;
	}
	buf_addf(&p->text, "as %s", short_key(p->k.sign.key));
	find_public(p);
}

static void
find_secret(struct pgp_find *p)
{
	if ((p->how & PGP_SIGN) == 0)
		find_public(p);
	else if (!list(p, "--list-secret-keys", &p->k.sign, 1,
	    listed_secret)) {
		buf_adds(&p->text, "out of memory");
		done(p, false);
	}
}

static void
on_soon(void *arg)
{
	struct pgp_find *p = arg;

	if (p->text.len > 0)
		done(p, false);
	else
		find_secret(p);
}

static void
add(struct pgp_find *p, const char *field, bool hidden)
{
	struct addrs a = { NULL, 0 };
	struct pgp_key *k;
	size_t i;

	(void)addrs_read(&a, field, NULL);
	for (i = 0; i < a.n && p->text.len == 0; i++) {
		k = &p->k.to[p->k.n];
		if (p->k.n == PGP_KEYS_MAX)
			buf_adds(&p->text, "too many recipients to encrypt to");
		else if (snprintf(k->addr, sizeof k->addr, "%s",
		    a.a[i].addr) >= (int)sizeof k->addr)
			buf_addf(&p->text, "no key to encrypt to %.200s",
			    a.a[i].addr);
		else {
			k->hidden = hidden;
			p->k.n++;
		}
	}
	addrs_clear(&a);
}

struct pgp_find *
pgp_keys_find(struct tui *t, const struct letter *l, unsigned int how,
    pgp_keys_fn *fn, void *arg)
{
	struct pgp_find *p = calloc(1, sizeof *p);
	struct addrs from = { NULL, 0 };

	if (p == NULL)
		return NULL;
	p->t = t;
	p->how = how;
	p->fn = fn;
	p->arg = arg;
	buf_init(&p->text, 64 * 1024);
	p->k.to = calloc(PGP_KEYS_MAX, sizeof *p->k.to);
	(void)addrs_read(&from, l->field[LETTER_FROM], NULL);
	if (p->k.to == NULL)
		buf_adds(&p->text, "out of memory");
	else if (from.n != 1 || snprintf(p->k.sign.addr,
	    sizeof p->k.sign.addr, "%s", from.a[0].addr) >=
	    (int)sizeof p->k.sign.addr)
		buf_adds(&p->text, "no sender");
	addrs_clear(&from);
	if (p->text.len == 0 && (how & PGP_ENCRYPT) != 0) {
		add(p, l->field[LETTER_TO], false);
		add(p, l->field[LETTER_CC], false);
		add(p, l->field[LETTER_BCC], true);
		add(p, l->field[LETTER_FROM], false);
	}
	p->soon.fn = on_soon;
	p->soon.arg = p;
	loop_arm(t->loop, &p->soon, 0);
	return p;
}
