/* probe: one component alone, for people and for suites. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/base/codec.h"
#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/node/ask_dns.h"
#include "mailnode/role/role_resolver.h"
#include "mailnode/smtp/mailbox.h"

enum {
	OUT_MAX = 1024 * 1024,	/* octets of one verdict */
	DNS_MS = 10000
};

struct probe {
	const char	*server;	/* -r */
	bool		 json;		/* -j */
	int		 dns;		/* channel, or -1 */
};

typedef void probe_line(struct probe *p, const char *line, size_t n,
    struct buf *out);

/* ---- address ---- */

static void
address_line(struct probe *pr, const char *line, size_t n, struct buf *b)
{
	enum path_err e;
	struct path p;

	e = memchr(line, '\0', n) != NULL ? PATH_SYNTAX :
	    mailbox_lex(line, line + n, PATH_UTF8, &p);
	if (!pr->json) {
		if (e == PATH_OK)
			buf_addf(b, "valid %s\n", p.address);
		else
			buf_addf(b, "invalid %s\n", path_err_text(e));
		return;
	}
	buf_adds(b, "{\"input\":");
	json_bytes(b, line, n);
	json_field(b, "verdict", e == PATH_OK ? "valid" : "invalid");
	if (e == PATH_OK) {
		json_field(b, "local", p.local);
		json_field(b, "domain", p.domain);
	} else {
		json_field(b, "reason", path_err_text(e));
	}
	buf_adds(b, "}\n");
}

/* ---- dns: "TYPE NAME" in, class and records out ---- */

static enum dns_type
type_of(const char *s, size_t n)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX,
	    DNS_TXT, DNS_PTR, DNS_TLSA, DNS_CNAME, DNS_NS };
	size_t i;

	for (i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strlen(dns_type_text(types[i])) == n &&
		    strncasecmp(dns_type_text(types[i]), s, n) == 0)
			return types[i];
	return 0;
}

static void
put_record(struct buf *b, enum dns_type type, const struct dns_rr *rr)
{
	char ip[INET6_ADDRSTRLEN];

	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		buf_adds(b, inet_ntop(type == DNS_A ? AF_INET : AF_INET6,
		    rr->data, ip, sizeof ip));
		break;
	case DNS_MX:
		buf_addf(b, "%u %s", rr->preference, (const char *)rr->data);
		break;
	case DNS_TLSA:
		buf_addf(b, "%u %u %u ", rr->usage, rr->selector,
		    rr->matching);
		codec_hex_put(b, rr->data, rr->len);
		break;
	default:
		buf_add(b, rr->data, rr->len);
		break;
	}
}

static void
put_answer(struct probe *pr, enum dns_type type, const char *name,
    const struct dns_answer *a, struct buf *b)
{
	struct buf rr;
	size_t i;

	buf_init(&rr, OUT_MAX);
	buf_addf(b, pr->json ? "{\"type\":\"%s\",\"name\":" : "%s ",
	    dns_type_text(type));
	if (pr->json)
		json_string(b, name);
	else
		buf_adds(b, name);
	buf_addf(b, pr->json ? ",\"class\":\"%s\",\"ttl\":%u,\"ad\":%s,"
	    "\"open\":%s" : " %s ttl=%u ad=%s open=%s",
	    dns_class_text(a->class), a->ttl_s, a->ad ? "true" : "false",
	    a->open ? "true" : "false");
	if (pr->json)
		json_field(b, "reason", a->why);
	else if (a->why[0] != '\0')
		buf_addf(b, " (%s)", a->why);
	buf_adds(b, pr->json ? ",\"records\":[" : "");
	for (i = 0; i < a->nrr; i++) {
		buf_reset(&rr);
		put_record(&rr, type, &a->rr[i]);
		buf_adds(b, !pr->json ? " | " : i > 0 ? "," : "");
		if (pr->json)
			json_bytes(b, rr.data, rr.len);
		else
			buf_add(b, rr.data, rr.len);
	}
	buf_adds(b, pr->json ? "]}\n" : "\n");
	buf_clear(&rr);
}

static void
dns_line(struct probe *pr, const char *line, size_t n, struct buf *b)
{
	const char *blank = memchr(line, ' ', n);
	enum dns_type type = blank != NULL ?
	    type_of(line, (size_t)(blank - line)) : 0;
	struct dns_answer a;
	char *name;

	name = type != 0 ? strndup(blank + 1, (size_t)(line + n - blank - 1))
	    : NULL;
	if (name == NULL) {
		buf_adds(b, pr->json ? "{\"reason\":\"TYPE NAME wanted\"}\n" :
		    "TYPE NAME wanted\n");
		return;
	}
	dns_answer_init(&a);
	(void)ask_dns(pr->dns, type, name, DNS_MS, &a);
	put_answer(pr, type, name, &a, b);
	dns_answer_clear(&a);
	free(name);
}

/* ---- */

static const struct {
	const char	*name;
	probe_line	*fn;
	bool		 dns;
} probes[] = {
	{ "address", address_line, false },
	{ "dns", dns_line, true },
};

static int
each_line(struct probe *p, const char *path, probe_line *fn)
{
	bool std = path == NULL || strcmp(path, "-") == 0;
	FILE *f = std ? stdin : fopen(path, "r");
	char *line = NULL;
	struct buf b;
	size_t size = 0;
	ssize_t n;
	int rc = 0;

	if (f == NULL)
		return cmd_fail(path, strerror(errno));
	buf_init(&b, OUT_MAX);
	while (rc == 0 && (n = getline(&line, &size, f)) != -1) {
		if (n > 0 && line[n - 1] == '\n')
			n--;
		if (n > 0 && line[n - 1] == '\r')
			n--;
		buf_reset(&b);
		fn(p, line, (size_t)n, &b);
		fwrite(b.data, 1, b.len, stdout);
		if (b.err != 0 || fflush(stdout) != 0)
			rc = cmd_fail("stdout", strerror(b.err != 0 ? b.err :
			    errno));
	}
	free(line);
	buf_clear(&b);
	if (!std)
		fclose(f);
	return rc;
}

int
cmd_probe(int argc, char **argv)
{
	struct probe p = { .dns = -1 };
	size_t i;
	int c, rc;

	if (argc == 2 && strcmp(argv[1], "-h") == 0)
		return cmd_usage(argv[0], 1);
	if (argc > 1 && strcmp(argv[1], "mime") == 0)
		return cmd_probe_mime(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "spf") == 0)
		return cmd_probe_spf(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "header") == 0)
		return cmd_probe_header(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "bounce") == 0)
		return cmd_probe_bounce(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "dmarc") == 0)
		return cmd_probe_dmarc(argc - 1, argv + 1);
	for (i = 0; i < sizeof probes / sizeof probes[0]; i++)
		if (argc > 1 && strcmp(argv[1], probes[i].name) == 0)
			break;
	if (i == sizeof probes / sizeof probes[0])
		return cmd_usage(argv[0], 0);
	optind = 2;
	while ((c = cmd_option("probe", argc, argv, "hjr:", NULL)) != -1) {
		if (c == 'h' || c == '?')
			return cmd_usage(argv[0], c == 'h');
		if (c == 'r' && !cmd_server(optarg, &p.server))
			return 2;
		p.json = p.json || c == 'j';
	}
	if (argc - optind > 1)
		return cmd_usage(argv[0], 0);
	if (probes[i].dns && (p.dns = resolver_child(p.server)) == -1)
		return cmd_fail("resolver", strerror(errno));
	rc = each_line(&p, argv[optind], probes[i].fn);
	if (p.dns != -1)
		close(p.dns);
	return rc;
}
