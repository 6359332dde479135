#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_safe.h"
#include "mailnode/node/conf.h"
#include "mailnode/ops/replace.h"
#include "mailnode/ops/tlscert.h"

enum { DAY_S = 24 * 3600 };

/* ---- show ---- */

static void
put_date(struct buf *b, const char *what, int64_t when_s)
{
	time_t t = (time_t)when_s;
	struct tm tm;
	char text[32];

	memset(&tm, 0, sizeof tm);
	(void)gmtime_r(&t, &tm);
	(void)strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &tm);
	buf_addf(b, "%-10s %s\n", what, text);
}

static void
put_text(struct buf *b, const struct cert_info *in, enum crypto_err fit)
{
	int64_t left = (in->not_after - clock_wall_s()) / DAY_S;

	buf_addf(b, "%-10s %s\n%-10s %s%s\n%-10s %s\n", "subject",
	    in->subject, "issuer", in->issuer, in->self_signed ?
	    " (self-signed)" : "", "names", in->names);
	put_date(b, "from", in->not_before);
	put_date(b, "until", in->not_after);
	buf_addf(b, "%-10s %lld\n%-10s ", "days left", (long long)left,
	    "TLSA 3 1 1");
	codec_hex_put(b, in->spki, sizeof in->spki);
	buf_addf(b, "\n%-10s %s\n", "serves", fit == CRYPTO_OK ? "yes" :
	    crypto_err_text(fit));
}

static void
put_json(struct buf *b, const struct cert_info *in, enum crypto_err fit)
{
	buf_adds(b, "{\"subject\":");
	json_string(b, in->subject);
	buf_adds(b, ",\"issuer\":");
	json_string(b, in->issuer);
	buf_adds(b, ",\"names\":");
	json_string(b, in->names);
	buf_addf(b, ",\"not_before\":%lld,\"not_after\":%lld,\"spki\":\"",
	    (long long)in->not_before, (long long)in->not_after);
	codec_hex_put(b, in->spki, sizeof in->spki);
	buf_addf(b, "\",\"self_signed\":%s,\"serves\":%s,\"why\":",
	    in->self_signed ? "true" : "false",
	    fit == CRYPTO_OK ? "true" : "false");
	json_string(b, fit == CRYPTO_OK ? "" : crypto_err_text(fit));
	buf_adds(b, "}\n");
}

static int
cert_cmd_show(struct cmd_safe *c)
{
	struct cert_subject subject;
	struct cert_info in;
	struct buf pem, b;
	enum crypto_err e = cmd_safe_begin(c, false), fit;

	if (!c->began || e == CRYPTO_NOVAULT)
		return cmd_safe_why("vault", e);
	buf_init(&pem, TLS_PEM_MAX);
	buf_init(&b, 8192);
	e = tlscert_read(&c->safe, &pem);
	if (e == CRYPTO_OK)
		e = cert_info(pem.data, pem.len, &in);
	if (e == CRYPTO_OK) {
		fit = tlscert_subject(&c->safe, &subject);
		if (fit == CRYPTO_OK)
			fit = cert_check(pem.data, pem.len, &subject,
			    clock_wall_s());
		(c->args.json ? put_json : put_text)(&b, &in, fit);
	}
	buf_clear(&pem);
	if (e == CRYPTO_ABSENT) {
		buf_clear(&b);
		return cmd_fail("cert", "there is none; run mailnode init");
	}
	return e == CRYPTO_OK ? cmd_safe_flush(&b) :
	    cmd_safe_why("tls/chain.pem", e);
}

/* ---- request, install, renew ---- */

static int
cert_cmd_request(struct cmd_safe *c)
{
	struct cert_subject subject;
	struct buf pem;
	enum crypto_err e = cmd_safe_begin(c, false);

	buf_init(&pem, TLS_PEM_MAX);
	if (e == CRYPTO_OK)
		e = tlscert_subject(&c->safe, &subject);
	if (e == CRYPTO_OK)
		e = cert_request(&subject, safe_tls_sign, &c->safe, &pem);
	if (e == CRYPTO_OK)
		return cmd_safe_flush(&pem);
	buf_clear(&pem);
	return cmd_safe_why("cert request", e);
}

static int
read_chain(const char *path, struct buf *pem)
{
	if (strcmp(path, "-") == 0)
		path = "/dev/stdin";
	return file_read(AT_FDCWD, path, pem);
}

static int
cert_cmd_install(struct cmd_safe *c)
{
	struct buf pem;
	enum crypto_err e;

	if (c->args.n != 1)
		return 2;
	buf_init(&pem, TLS_PEM_MAX);
	if (read_chain(c->args.v[0], &pem) == -1) {
		buf_clear(&pem);
		return cmd_fail(c->args.v[0], strerror(errno));
	}
	e = cmd_safe_begin(c, true);
	if (e == CRYPTO_OK)
		e = tlscert_install(&c->safe, &pem);
	if (e == CRYPTO_OK && !tlscert_believed(&pem))
		fprintf(stderr, "mailnode: %s: installed; no authority that "
		    "this machine knows stands behind it: if it should, its "
		    "issuer's certificates are missing\n", c->args.v[0]);
	buf_clear(&pem);
	return cmd_safe_why(c->args.v[0], e);
}

/* Only what we made ourselves: the rest is its issuer's to renew. */
static int
cert_cmd_renew(struct cmd_safe *c)
{
	struct cert_info in;
	struct buf pem;
	enum crypto_err e = cmd_safe_begin(c, true);

	if (e != CRYPTO_OK)
		return cmd_safe_why("vault", e);
	buf_init(&pem, TLS_PEM_MAX);
	e = tlscert_read(&c->safe, &pem);
	if (e == CRYPTO_OK)
		e = cert_info(pem.data, pem.len, &in);
	buf_clear(&pem);
	if (e == CRYPTO_OK && !in.self_signed)
		return cmd_fail(in.issuer, "issued it: give them a new "
		    "mailnode cert request, and their answer to mailnode "
		    "cert install");
	return cmd_safe_why("cert renew", tlscert_self_sign(&c->safe));
}

static const struct cmd_sub subs[] = {
	{ "show", cert_cmd_show, 0 }, { "request", cert_cmd_request, 0 },
	{ "install", cert_cmd_install, 1 }, { "renew", cert_cmd_renew, 0 },
	{ NULL, NULL, 0 }
};

int
cmd_cert(int argc, char **argv)
{
	return cmd_safe_run(argc, argv, subs, "show");
}
