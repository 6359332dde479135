#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/cmd.h"
#include "mailnode/cmd_safe.h"
#include "mailnode/node/conf.h"

int
cmd_safe_why(const char *what, enum crypto_err e)
{
	return e == CRYPTO_OK ? 0 : cmd_fail(what, safe_why(e));
}

enum crypto_err
cmd_safe_begin(struct cmd_safe *c, bool change)
{
	char *home = conf_home();
	enum crypto_err e = CRYPTO_SYSTEM;

	if (crypto_init() == -1 || tls_init() == -1)
		e = CRYPTO_NOMEM;
	else if (home != NULL)
		e = safe_open(&c->safe, home, change);
	free(home);
	c->began = e == CRYPTO_OK;
	return c->began ? c->safe.trouble : e;
}

enum crypto_err
cmd_safe_phrase(struct cmd_safe *c)
{
	struct secret *phrase;
	enum crypto_err e;

	e = safe_ask(c->args.from_stdin, "vault passphrase: ", &phrase);
	if (e == CRYPTO_OK)
		e = vault_open_phrase(c->safe.v, phrase);
	secret_free(phrase);
	return e;
}

int
cmd_safe_flush(struct buf *b)
{
	int rc = 0;

	if (b->err || fwrite(b->data, 1, b->len, stdout) != b->len ||
	    fflush(stdout) == EOF)
		rc = cmd_fail("stdout", strerror(b->err ? b->err : errno));
	buf_clear(b);
	return rc;
}

int
cmd_safe_run(int argc, char **argv, const struct cmd_sub *subs,
    const char *otherwise)
{
	struct cmd_safe c = { .began = false };
	const char *what = otherwise;
	int rc = 2, skip = 0;

	if (argc > 1 && argv[1][0] != '-') {
		what = argv[1];
		skip = 1;
	}
	if (args_parse(&c.args, argc - skip, argv + skip) == -1)
		return cmd_usage(argv[0], false);
	if (c.args.help)
		return cmd_usage(argv[0], true);
	for (; what != NULL && subs->name != NULL; subs++)
		if (strcmp(subs->name, what) == 0 && c.args.n <= subs->most)
			rc = subs->fn(&c);
	if (c.began)
		safe_close(&c.safe);
	return rc == 2 ? cmd_usage(argv[0], false) : rc;
}
