/* verify: what a receiving session would make of a message. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/auth/verify.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/node/conf.h"
#include "mailnode/role/role_resolver.h"
#include "mailnode/smtp/mailbox.h"

enum {
	CHUNK = 64 * 1024,	/* octets read at once */
	OUT_MAX = 1024 * 1024
};

/* -h alone asks for help; else it is -h HELO. */
static bool
asked_help(int argc, char **argv)
{
	return argc == 2 && strcmp(argv[1], "-h") == 0;
}

/* Calls fn with the octets of a file (NULL or "-": stdin).  0, or 1 after
 * an error was printed. */
static int
each_chunk(const char *path, int (*fn)(void *, const void *, size_t),
    void *arg)
{
	bool std = path == NULL || strcmp(path, "-") == 0;
	const char *name = std ? "stdin" : path;
	FILE *f = std ? stdin : fopen(path, "r");
	char *chunk = malloc(CHUNK);
	size_t n;
	int rc = 0;

	if (f == NULL || chunk == NULL) {
		rc = cmd_fail(name, strerror(errno));
		goto out;
	}
	while (rc == 0 && (n = fread(chunk, 1, CHUNK, f)) > 0)
		if (fn(arg, chunk, n) == -1)
			rc = cmd_fail(name, "out of memory");
	if (rc == 0 && ferror(f))
		rc = cmd_fail(name, strerror(errno));
out:
	free(chunk);
	if (f != NULL && !std)
		fclose(f);
	return rc;
}

/* Text with CRLF, for a terminal or a pipe. */
static int
print_lf(struct buf *b)
{
	size_t i;

	if (b->err != 0)
		return cmd_fail("output", strerror(b->err));
	for (i = 0; i < b->len; i++)
		if (b->data[i] != '\r')
			putchar(b->data[i]);
	if (fflush(stdout) != 0)
		return cmd_fail("stdout", strerror(errno));
	return 0;
}

struct verify {
	struct auth_conn	 conn;
	struct auth_verify	*auth;
	struct trace		 trace;
	const char		*server;
	bool			 json;
	bool			 begun;
	bool			 from_line; /* inside an mbox "From " line */
};

/* Of an mbox; "From :" is a field (RFC 5322 section 4.5.2). */
static bool
from_line(const char *p, size_t n)
{
	size_t i = 5;

	if (n <= i || memcmp(p, "From ", i) != 0)
		return false;
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i == n || p[i] != ':';
}

static int
feed(void *arg, const void *p, size_t n)
{
	struct verify *v = arg;
	const char *lf;

	if (!v->begun)
		v->from_line = from_line(p, n);
	v->begun = true;
	if (v->from_line) {
		lf = memchr(p, '\n', n);
		if (lf == NULL)
			return 0;
		v->from_line = false;
		n -= (size_t)(lf + 1 - (const char *)p);
		p = lf + 1;
	}
	return auth_verify_feed(v->auth, p, n);
}

static void
put_dkim(struct buf *b, const struct dkim_signature *s)
{
	buf_adds(b, "{\"method\":\"dkim\"");
	json_field(b, "result", dkim_result_text(s->result));
	json_field(b, "reason", s->reason);
	json_field(b, "domain", s->domain);
	json_field(b, "selector", s->selector);
	json_field(b, "identity", s->identity);
	json_field(b, "algorithm", s->algorithm);
	json_field(b, "b", s->b);
	buf_addf(b, ",\"bits\":%u,\"partial\":%s,\"testing\":%s",
	    s->key_bits, s->partial ? "true" : "false",
	    s->testing ? "true" : "false");
	if (s->signed_s != -1)
		buf_addf(b, ",\"signed\":%lld", (long long)s->signed_s);
	if (s->expires_s != -1)
		buf_addf(b, ",\"expires\":%lld", (long long)s->expires_s);
	buf_adds(b, "}\n");
}

static void
put_dkims(struct buf *b, const struct auth_verdict *v)
{
	size_t i;

	for (i = 0; i < v->ndkim; i++)
		put_dkim(b, v->dkim[i]);
	if (v->ndkim == 0)
		buf_adds(b, "{\"method\":\"dkim\",\"result\":\"none\","
		    "\"reason\":\"\"}\n");
}

static void
put_spf(struct buf *b, const char *identity, const struct spf_verdict *s)
{
	buf_adds(b, "{\"method\":\"spf\"");
	json_field(b, "result", spf_result_text(s->result));
	json_field(b, "reason", s->reason);
	json_field(b, "identity", identity);
	json_field(b, "domain", s->domain);
	json_field(b, "explanation", s->explanation);
	buf_addf(b, ",\"lookups\":%u,\"voids\":%u}\n", s->lookups,
	    s->voids);
}

static void
put_dmarc(struct buf *b, const struct dmarc_verdict *d)
{
	buf_adds(b, "{\"method\":\"dmarc\"");
	json_field(b, "result", dmarc_result_text(d->result));
	json_field(b, "reason", d->reason);
	json_field(b, "domain", d->domain);
	json_field(b, "record", d->record);
	json_field(b, "organization", d->org);
	json_field(b, "policy", dmarc_policy_text(d->policy));
	json_field(b, "dkim", d->dkim);
	json_field(b, "spf", d->spf);
	buf_adds(b, "}\n");
}

static void
put_arc(struct buf *b, const struct auth_verdict *v)
{
	const char *who = arc_sealer(v->chain, v->arc.sets);

	buf_adds(b, "{\"method\":\"arc\"");
	json_field(b, "result", arc_result_text(v->arc.result));
	json_field(b, "reason", v->arc.reason);
	json_field(b, "domain", who != NULL ? who : "");
	buf_addf(b, ",\"sets\":%zu}\n", v->arc.sets);
}

static void
put_rest(struct buf *b, const struct auth_verify *a)
{
	const struct auth_verdict *v = auth_verify_verdict(a);
	const char *why;

	if (v->ip != NULL) {
		buf_adds(b, "{\"method\":\"iprev\"");
		json_field(b, "result", iprev_result_text(v->iprev.result));
		json_field(b, "name", v->iprev.name);
		buf_adds(b, "}\n");
	}
	buf_addf(b, "{\"method\":\"action\",\"result\":\"%s\"",
	    auth_action_text(auth_verify_action(a, &why)));
	json_field(b, "reason", why);
	buf_adds(b, "}\n");
}

/* Results first, then the steps that led to them. */
static void
put_json(struct buf *b, const struct auth_verify *a)
{
	const struct auth_verdict *v = auth_verify_verdict(a);

	put_dkims(b, v);
	if (v->has_spf)
		put_spf(b, "mailfrom", &v->spf);
	if (v->has_helo)
		put_spf(b, "helo", &v->helo);
	put_dmarc(b, &v->dmarc);
	put_arc(b, v);
	put_rest(b, a);
}

static int
print_verdict(struct verify *v)
{
	struct buf b;
	int rc;

	buf_init(&b, OUT_MAX);
	if (v->json)
		put_json(&b, v->auth);
	else
		(void)auth_verify_put(v->auth, &b);
	rc = print_lf(&b);
	if (rc == 0 && v->json)
		rc = print_lf(&v->trace.out);
	buf_clear(&b);
	return rc;
}

static int
verify_file(struct verify *v, const char *path)
{
	int dns, rc = 1;

	dns = resolver_child(v->server);
	if (dns == -1)
		return cmd_fail("resolver", strerror(errno));
	trace_init(&v->trace);
	v->conn.trace = v->json ? &v->trace : NULL;
	v->auth = auth_verify_new(&v->conn);
	if (v->auth == NULL)
		rc = cmd_fail("verify", strerror(errno));
	else if (each_chunk(path, feed, v) != 0)
		rc = 1;
	else if (auth_verify_end(v->auth, dns) == -1)
		rc = cmd_fail("verify", "out of memory");
	else
		rc = print_verdict(v);
	auth_verify_free(v->auth);
	trace_clear(&v->trace);
	close(dns);
	return rc;
}

int
cmd_verify(int argc, char **argv)
{
	struct verify v = { .conn = { .authserv_id = conf.hostname,
	    .now_s = clock_wall_s(), .trust = {
	    .forwarders = conf.forwarders, .nforwarders = conf.nforwarders,
	    .sealers = conf.arc_trusted,
	    .nsealers = conf.narc_trusted } } };
	uint64_t t;
	int c;

	if (asked_help(argc, argv))
		return cmd_usage(argv[0], 1);
	while ((c = cmd_option("verify", argc, argv, "f:h:i:jr:t:", NULL)) != -1) {
		switch (c) {
		case 'f':
			v.conn.mail_from = optarg;
			break;
		case 'h':
			v.conn.helo = optarg;
			break;
		case 'i':
			v.conn.ip = optarg;
			break;
		case 'j':
			v.json = true;
			break;
		case 'r':
			if (!cmd_server(optarg, &v.server))
				return 2;
			break;
		case 't':
			if (num_u64(optarg, optarg + strlen(optarg), 0,
			    INT64_MAX, &t) == -1)
				return cmd_usage(argv[0], 0);
			v.conn.now_s = (int64_t)t;
			break;
		default:
			return cmd_usage(argv[0], 0);
		}
	}
	if (argc - optind > 1)
		return cmd_usage(argv[0], 0);
	return verify_file(&v, argv[optind]);
}
