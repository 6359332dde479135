#define _GNU_SOURCE	/* strcasestr */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/base/num.h"
#include "tui/addr.h"
#include "tui/pgp.h"
#include "tui/pgp_run.h"

enum { KEY_MAX = 64 };	/* octets of a fingerprint */

/* ---- keys ---- */

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
 * A key of that address that can do it: 's' or 'e' among the capabilities
 * in capitals (of the whole key), neither revoked, expired nor disabled.
 */
static bool
find_key(struct tui *t, const char *addr, char can, char key[KEY_MAX])
{
	char user[600];
	const char *args[] = { "--with-colons", can == 'S' ?
	    "--list-secret-keys" : "--list-keys", user, NULL };
	const int none[2] = { -1, -1 };
	const char *p, *f;
	struct buf out, said;
	bool usable = false;
	size_t n;

	key[0] = '\0';
	(void)snprintf(user, sizeof user, "<%s>", addr);
	buf_init(&out, PGP_SAID_MAX);
	buf_init(&said, PGP_SAID_MAX);
	if (pgp_run(t, args, none, &out, &said) != 0)
		out.len = 0;
	(void)buf_addc(&out, '\0');
	for (p = (char *)out.data; p != NULL && *p != '\0' && key[0] == '\0';
	    p += strcspn(p, "\n"), p += *p == '\n') {
		if (strncmp(p, "pub:", 4) == 0 || strncmp(p, "sec:", 4) == 0) {
			f = column(p, 1, &n);
			usable = n == 0 || strchr("reidn", *f) == NULL;
			f = column(p, 11, &n);
			usable = usable && memchr(f, can, n) != NULL &&
			    memchr(f, 'D', n) == NULL;
		} else if (usable && strncmp(p, "fpr:", 4) == 0) {
			f = column(p, 9, &n);
			if (n < KEY_MAX)
				(void)snprintf(key, KEY_MAX, "%.*s", (int)n,
				    f);
		}
	}
	buf_clear(&out);
	buf_clear(&said);
	return key[0] != '\0';
}

/* The last 16 digits, as people know it. */
static const char *
short_key(const char *key)
{
	size_t n = strlen(key);

	return n > 16 ? key + n - 16 : key;
}

struct keys {
	char	sign[KEY_MAX];
	char	(*to)[KEY_MAX];
	bool	*hidden;		/* of Bcc */
	size_t	n;
};

static void
keys_clear(struct keys *k)
{
	free(k->to);
	free(k->hidden);
	memset(k, 0, sizeof *k);
}

static bool
add_keys(struct tui *t, struct keys *k, const char *field, bool hidden,
    struct buf *text)
{
	struct addrs a = { NULL, 0 };
	bool ok = true;
	size_t i;

	(void)addrs_read(&a, field, NULL);
	for (i = 0; i < a.n && ok; i++) {
		if (k->n == PGP_KEYS_MAX) {
			buf_adds(text, "too many recipients to encrypt to");
			ok = false;
		} else if (!find_key(t, a.a[i].addr, 'E', k->to[k->n])) {
			buf_reset(text);
			buf_addf(text, "no key to encrypt to %s",
			    a.a[i].addr);
			ok = false;
		} else {
			buf_addf(text, "%s%s %s", text->len > 0 ? ", " : "",
			    a.a[i].addr, short_key(k->to[k->n]));
			k->hidden[k->n++] = hidden;
		}
	}
	addrs_clear(&a);
	return ok;
}

static bool
collect(struct tui *t, struct keys *k, const struct letter *l,
    unsigned int how, struct buf *text)
{
	struct addrs from = { NULL, 0 };
	bool ok = true;

	memset(k, 0, sizeof *k);
	k->to = calloc(PGP_KEYS_MAX, sizeof *k->to);
	k->hidden = calloc(PGP_KEYS_MAX, sizeof *k->hidden);
	(void)addrs_read(&from, l->field[LETTER_FROM], NULL);
	if (k->to == NULL || k->hidden == NULL || from.n != 1) {
		buf_adds(text, "no sender");
		ok = false;
	}
	if (ok && (how & PGP_SIGN) != 0 &&
	    !find_key(t, from.a[0].addr, 'S', k->sign)) {
		buf_addf(text, "no key to sign as %s", from.a[0].addr);
		ok = false;
	}
	if (ok && (how & PGP_SIGN) != 0)
		buf_addf(text, "as %s", short_key(k->sign));
	if (ok && (how & PGP_ENCRYPT) != 0)
		ok = add_keys(t, k, l->field[LETTER_TO], false, text) &&
		    add_keys(t, k, l->field[LETTER_CC], false, text) &&
		    add_keys(t, k, l->field[LETTER_BCC], true, text) &&
		    add_keys(t, k, l->field[LETTER_FROM], false, text);
	addrs_clear(&from);
	return ok;
}

bool
pgp_keys(struct tui *t, const struct letter *l, unsigned int how,
    struct buf *text)
{
	struct keys k;
	bool ok = collect(t, &k, l, how, text);

	keys_clear(&k);
	return ok;
}

/* ---- writing ---- */

bool
pgp_split(const struct buf *msg, struct buf *outer, struct buf *entity)
{
	const char *p = (const char *)msg->data, *end = p + msg->len, *lf;
	bool inner = false;

	for (; p < end && *p != '\r' && *p != '\n'; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			return false;
		if (*p != ' ' && *p != '\t')
			inner = strncasecmp(p, "Content-", 8) == 0;
		buf_add(inner ? entity : outer, p, (size_t)(lf + 1 - p));
	}
	buf_add(entity, p, (size_t)(end - p));
	return p < end && outer->err == 0 && entity->err == 0;
}

/* "pgp-sha512" of a SIG_CREATED line (RFC 4880 section 9.4). */
static const char *
micalg(const char *said)
{
	static const char *const names[] = { [1] = "pgp-md5", [2] =
	    "pgp-sha1", [3] = "pgp-ripemd160", [8] = "pgp-sha256", [9] =
	    "pgp-sha384", [10] = "pgp-sha512", [11] = "pgp-sha224" };
	const char *p = pgp_status_line(said, "SIG_CREATED"), *end;
	uint32_t hash;
	int i;

	/* TYPE PUBKEY-ALGORITHM HASH ... */
	for (i = 0; p != NULL && i < 2; i++) {
		p = strchr(p, ' ');
		p = p != NULL ? p + 1 : NULL;
	}
	end = p != NULL ? p + strcspn(p, " \n") : NULL;
	if (p == NULL || num_u32(p, end, 0, sizeof names / sizeof names[0] -
	    1, &hash) == -1)
		return NULL;
	return names[hash];
}

static void
put_signed(struct buf *b, const char *boundary, const char *alg,
    const struct buf *entity, const struct buf *armor)
{
	buf_addf(b, "Content-Type: multipart/signed; micalg=%s;\r\n"
	    " protocol=\"application/pgp-signature\"; boundary=\"%s\"\r\n\r\n"
	    "--%s\r\n", alg, boundary, boundary);
	buf_add(b, entity->data, entity->len);
	buf_addf(b, "\r\n--%s\r\nContent-Type: application/pgp-signature; "
	    "name=\"signature.asc\"\r\n\r\n", boundary);
	pgp_put_crlf(b, armor);
	buf_addf(b, "\r\n--%s--\r\n", boundary);
}

static void
put_encrypted(struct buf *b, const char *boundary, const struct buf *armor)
{
	buf_addf(b, "Content-Type: multipart/encrypted;\r\n"
	    " protocol=\"application/pgp-encrypted\"; boundary=\"%s\"\r\n\r\n"
	    "--%s\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
	    "Version: 1\r\n\r\n--%s\r\nContent-Type: "
	    "application/octet-stream; name=\"encrypted.asc\"\r\n\r\n",
	    boundary, boundary, boundary);
	pgp_put_crlf(b, armor);
	buf_addf(b, "\r\n--%s--\r\n", boundary);
}

/* By fingerprints that were shown: gpg is not asked whether it likes them. */
static bool
seal(struct tui *t, const struct keys *k, unsigned int how,
    const struct buf *entity, struct buf *armor, struct buf *said)
{
	const char *args[PGP_ARGS_MAX];
	int in[2] = { pgp_memory(entity), -1 }, rc = -1;
	size_t n = 0, i;

	args[n++] = "--armor";
	args[n++] = "--trust-model";
	args[n++] = "always";
	if ((how & PGP_SIGN) != 0) {
		args[n++] = "--local-user";
		args[n++] = k->sign;
		args[n++] = (how & PGP_ENCRYPT) != 0 ? "--sign" :
		    "--detach-sign";
	}
	for (i = 0; (how & PGP_ENCRYPT) != 0 && i < k->n; i++) {
		args[n++] = k->hidden[i] ? "--hidden-recipient" :
		    "--recipient";
		args[n++] = k->to[i];
	}
	if ((how & PGP_ENCRYPT) != 0)
		args[n++] = "--encrypt";
	args[n] = NULL;
	if (in[0] != -1)
		rc = pgp_run(t, args, in, armor, said);
	if (in[0] != -1)
		close(in[0]);
	return rc == 0 && armor->len > 0;
}

bool
pgp_wrap(struct tui *t, struct outgoing *o, const struct letter *l,
    struct buf *text)
{
	struct buf msg, out, entity, armor, said;
	unsigned int how = pgp_wanted(l);
	const char *alg = NULL;
	char boundary[64];
	struct keys k;
	bool ok;
	int fd = -1;

	buf_init(&msg, PGP_MESSAGE_MAX);
	buf_init(&out, PGP_MESSAGE_MAX);
	buf_init(&entity, PGP_MESSAGE_MAX);
	buf_init(&armor, PGP_MESSAGE_MAX);
	buf_init(&said, PGP_SAID_MAX);
	(void)snprintf(boundary, sizeof boundary, "=_pgp_%.30s", o->msgid);
	ok = collect(t, &k, l, how, text);
	if (ok && !(pgp_slurp(o->fd, &msg) && pgp_split(&msg, &out, &entity))) {
		buf_reset(text);
		buf_adds(text, "out of memory");
		ok = false;
	}
	if (ok && !seal(t, &k, how, &entity, &armor, &said)) {
		pgp_complaint(text, said.len > 0 ? (char *)said.data : "");
		ok = false;
	}
	if (ok && (how & PGP_ENCRYPT) != 0)
		put_encrypted(&out, boundary, &armor);
	else if (ok && (alg = micalg((char *)said.data)) != NULL)
		put_signed(&out, boundary, alg, &entity, &armor);
	else if (ok) {
		buf_reset(text);
		buf_adds(text, "gpg signed with a hash that has no name");
		ok = false;
	}
	if (ok && (out.err != 0 || (fd = pgp_memory(&out)) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1)) {
		buf_reset(text);
		buf_adds(text, "out of memory");
		ok = false;
	}
	close(o->fd);
	o->fd = ok ? fd : -1;
	o->size = ok ? out.len : 0;
	keys_clear(&k);
	buf_clear(&msg);
	buf_clear(&out);
	buf_clear(&entity);
	buf_clear(&armor);
	buf_clear(&said);
	return ok;
}
