/* A letter is signed and encrypted before it goes out. */
#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/base/num.h"
#include "tui/pgp.h"
#include "tui/pgp_run.h"

struct pgp_wrap {
	struct tui	*t;
	int		 fd;		/* the letter as it was */
	unsigned int	 how;
	char		 boundary[64];
	struct pgp_find	*find;
	struct pgp_run	*run;
	struct pgp_keys	 k;
	struct buf	 outer;		/* fields that stay outside */
	struct buf	 entity;
	pgp_wrap_fn	*fn;
	void		*arg;
};

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

void
pgp_wrap_stop(struct pgp_wrap *p)
{
	if (p == NULL)
		return;
	pgp_find_stop(p->find);
	pgp_run_stop(p->run);
	pgp_keys_clear(&p->k);
	buf_clear(&p->outer);
	buf_clear(&p->entity);
	if (p->fd != -1)
		close(p->fd);
	free(p);
}

static void
done(struct pgp_wrap *p, int fd, const char *text)
{
	p->fn(p->arg, fd, text);
	pgp_wrap_stop(p);
}

static void
sealed(void *arg, int rc, const struct buf *armor, const struct buf *said)
{
	struct pgp_wrap *p = arg;
	const char *lines = said->len > 0 ? (char *)said->data : "";
	const char *alg = micalg(lines);
	bool made = rc == 0 && armor->len > 0;
	struct buf why;
	int fd = -1;

	p->run = NULL;
	buf_init(&why, 4096);
	if (!made)
		pgp_complaint(&why, lines);
	else if ((p->how & PGP_ENCRYPT) != 0)
		put_encrypted(&p->outer, p->boundary, armor);
	else if (alg != NULL)
		put_signed(&p->outer, p->boundary, alg, &p->entity, armor);
	else
		buf_adds(&why, "gpg signed with a hash that has no name");
	if (made && why.len == 0 && (p->outer.err != 0 ||
	    (fd = pgp_memory(&p->outer)) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1))
		buf_adds(&why, "out of memory");
	done(p, fd, buf_str(&why));
	buf_clear(&why);
}

/* By fingerprints that were shown: gpg is not asked whether it likes them. */
static bool
seal(struct pgp_wrap *p)
{
	const char *args[PGP_ARGS_MAX];
	int in[2] = { pgp_memory(&p->entity), -1 };
	size_t n = 0, i;

	args[n++] = "--armor";
	args[n++] = "--trust-model";
	args[n++] = "always";
	if ((p->how & PGP_SIGN) != 0) {
		args[n++] = "--local-user";
		args[n++] = p->k.sign.key;
		args[n++] = (p->how & PGP_ENCRYPT) != 0 ? "--sign" :
		    "--detach-sign";
	}
	for (i = 0; (p->how & PGP_ENCRYPT) != 0 && i < p->k.n; i++) {
		args[n++] = p->k.to[i].hidden ? "--hidden-recipient" :
		    "--recipient";
		args[n++] = p->k.to[i].key;
	}
	if ((p->how & PGP_ENCRYPT) != 0)
		args[n++] = "--encrypt";
	args[n] = NULL;
	if (in[0] == -1)
		return false;
	p->run = pgp_run_start(p->t, args, in, PGP_LIMIT_MS, sealed, p);
	close(in[0]);
	return p->run != NULL;
}

static void
found(void *arg, struct pgp_keys *k, const char *text)
{
	struct pgp_wrap *p = arg;
	struct buf msg;

	p->find = NULL;
	if (k == NULL) {
		done(p, -1, text);
		return;
	}
	p->k = *k;
	memset(k, 0, sizeof *k);
	buf_init(&msg, PGP_MESSAGE_MAX);
	if (!pgp_slurp(p->fd, &msg) ||
	    !pgp_split(&msg, &p->outer, &p->entity) || !seal(p))
		done(p, -1, "out of memory");
	buf_clear(&msg);
}

struct pgp_wrap *
pgp_wrap(struct tui *t, int fd, const char *msgid, const struct letter *l,
    pgp_wrap_fn *fn, void *arg)
{
	struct pgp_wrap *p = calloc(1, sizeof *p);

	if (p == NULL) {
		close(fd);
		return NULL;
	}
	p->t = t;
	p->fd = fd;
	p->how = pgp_wanted(l);
	p->fn = fn;
	p->arg = arg;
	(void)snprintf(p->boundary, sizeof p->boundary, "=_pgp_%.30s", msgid);
	buf_init(&p->outer, PGP_MESSAGE_MAX);
	buf_init(&p->entity, PGP_MESSAGE_MAX);
	p->find = pgp_keys_find(t, l, p->how, found, p);
	if (p->find == NULL) {
		pgp_wrap_stop(p);
		return NULL;
	}
	return p;
}
