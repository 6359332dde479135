/* sign: one message signed as the relay would, with the vault's keys. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "crypto/op_vault.h"
#include "mailnode/auth/dkim_sign.h"
#include "mailnode/base/clock.h"
#include "mailnode/cmd.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "mailnode/queue/sign.h"

enum {
	CHUNK = 64 * 1024,	/* octets read at once */
	HEAD_MAX = DKIM_SIGN_KEYS * DKIM_SIGN_FIELD_MAX
};

/* All of a file (NULL or "-": stdin).  0, or 1 after an error was printed. */
static int
read_all(const char *path, struct buf *b)
{
	bool std = path == NULL || strcmp(path, "-") == 0;
	const char *name = std ? "stdin" : path;
	FILE *f = std ? stdin : fopen(path, "r");
	size_t n = 1;
	int rc = 0;

	if (f == NULL)
		return cmd_fail(name, strerror(errno));
	while (rc == 0 && n > 0) {
		if (buf_reserve(b, CHUNK) == -1) {
			rc = cmd_fail(name, strerror(b->err));
			break;
		}
		n = fread(b->data + b->len, 1, CHUNK, f);
		b->len += n;
	}
	if (rc == 0 && ferror(f))
		rc = cmd_fail(name, strerror(errno));
	if (!std)
		fclose(f);
	return rc;
}

/* "…@DOMAIN" in a line, not followed by more of a name. */
static bool
names_domain(const char *p, const char *end, const char *domain)
{
	size_t n = strlen(domain);

	for (; end - p > (ptrdiff_t)n; p++)
		if (*p == '@' && strncasecmp(p + 1, domain, n) == 0 &&
		    (p + 1 + n == end || strchr("> \t\r,", p[1 + n])))
			return true;
	return false;
}

/* The domain in From if it is one of ours, else the first. */
static const char *
domain_of(const struct buf *msg)
{
	const char *p = (const char *)msg->data, *end = p + msg->len, *lf;
	size_t i;

	for (; p < end && *p != '\n' && *p != '\r'; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			break;
		if (lf - p < 5 || strncasecmp(p, "From:", 5) != 0)
			continue;
		for (i = 0; i < conf.ndomains; i++)
			if (names_domain(p, lf, conf.domains[i]))
				return conf.domains[i];
	}
	return conf.domains[0];
}

/* The new fields get the line ends that the message has. */
static int
print_all(const struct buf *head, const struct buf *msg)
{
	const char *lf = memchr(msg->data, '\n', msg->len);
	bool crlf = lf != NULL && lf > (const char *)msg->data &&
	    lf[-1] == '\r';
	size_t i;

	if (head->err != 0)
		return cmd_fail("sign", strerror(head->err));
	for (i = 0; i < head->len; i++)
		if (crlf || head->data[i] != '\r')
			putchar(head->data[i]);
	fwrite(msg->data, 1, msg->len, stdout);
	return fflush(stdout) == 0 ? 0 : cmd_fail("stdout", strerror(errno));
}

static int
print_signed(int vault, struct dkim_sign *s, const struct vault_dkim *keys,
    size_t nkeys, const struct buf *msg)
{
	enum crypto_err e;
	struct buf out, sig;
	size_t i;
	int rc = 1;

	buf_init(&out, HEAD_MAX);
	buf_init(&sig, SIGN_SIG_MAX);
	for (i = 0; i < nkeys; i++) {
		buf_reset(&sig);
		e = vault_dkim_sign(vault, &keys[i], dkim_sign_digest(s, i),
		    &sig);
		if (e != CRYPTO_OK) {
			cmd_fail(keys[i].selector, crypto_err_text(e));
			goto out;
		}
		(void)dkim_sign_put(s, i, sig.data, sig.len, &out);
	}
	rc = print_all(&out, msg);
out:
	buf_clear(&out);
	buf_clear(&sig);
	return rc;
}

static int
sign_with(int vault, const struct buf *msg)
{
	struct vault_dkim all[DKIM_SIGN_KEYS], keys[DKIM_SIGN_KEYS];
	struct dkim_sign_key names[DKIM_SIGN_KEYS];
	enum dkim_sign_err de;
	enum crypto_err e;
	struct dkim_sign *s;
	size_t i, n, nall = 0;
	int rc;

	e = vault_dkim_keys(vault, all, DKIM_SIGN_KEYS, &nall);
	if (e != CRYPTO_OK)
		return cmd_fail("vault", crypto_err_text(e));
	n = sign_choose(all, nall, keys);
	if (n == 0)
		return cmd_fail("vault", "no DKIM key");
	for (i = 0; i < n; i++)
		names[i] = (struct dkim_sign_key){ keys[i].selector,
		    keys[i].alg };
	s = dkim_sign_new(domain_of(msg), names, n, clock_wall_s());
	if (s == NULL)
		return cmd_fail("sign", strerror(errno));
	de = dkim_sign_feed(s, msg->data, msg->len);
	if (de == DKIM_SIGN_OK)
		de = dkim_sign_end(s);
	if (de == DKIM_SIGN_OK)
		rc = print_signed(vault, s, keys, n, msg);
	else
		rc = cmd_fail("sign", dkim_sign_err_text(de));
	dkim_sign_free(s);
	return rc;
}

int
cmd_sign(int argc, char **argv)
{
	struct node *node = NULL;
	struct buf msg;
	int vault = -1, rc = 1;
	int c;

	while ((c = cmd_option("sign", argc, argv, "h", NULL)) != -1)
		return cmd_usage(argv[0], c == 'h');
	if (argc - optind > 1)
		return cmd_usage(argv[0], 0);
	buf_init(&msg, conf.message_max + CHUNK);
	if (read_all(argv[optind], &msg) != 0)
		goto out;
	node = node_connect(true);
	if (node != NULL)
		vault = node_link(node, ROLE_VAULT);
	if (vault == -1) {
		cmd_fail("vault", errno == ENOENT ?
		    "the daemon does not run" : strerror(errno));
		goto out;
	}
	rc = sign_with(vault, &msg);
	close(vault);
out:
	node_close(node);
	buf_clear(&msg);
	return rc;
}

