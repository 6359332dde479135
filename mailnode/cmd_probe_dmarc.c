/* probe dmarc: policy and alignment of RFC 9989, alone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/auth/dmarc.h"
#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/node/idna.h"
#include "mailnode/role/role_resolver.h"

enum {
	DNS_MS = 10000,
	OUT_MAX = 64 * 1024,
	IDS_MAX = 64		/* domains given with -d and -s */
};

struct asked {
	struct from	 from;
	size_t		 n;
	struct dmarc_id	 id[IDS_MAX];
	char		 name[IDS_MAX][DNS_NAME_MAX];
	bool		 json;
};

/* An address, a whole field, or only a domain. */
static void
add_from(struct from *f, const char *text)
{
	size_t was = f->addresses;

	from_add(f, text, strlen(text));
	if (f->addresses == was && f->ndomains < FROM_DOMAINS_MAX &&
	    idna_ascii(text, strlen(text), f->domain[f->ndomains]) == 0)
		f->ndomains++;
}

/* What is no name can be aligned with nothing. */
static int
add_id(struct asked *q, const char *domain, bool dkim)
{
	const char *at = strrchr(domain, '@');

	if (q->n == IDS_MAX)
		return -1;
	if (at != NULL)
		domain = at + 1;
	(void)idna_ascii(domain, strlen(domain), q->name[q->n]);
	q->id[q->n] = (struct dmarc_id){ q->name[q->n], dkim, false };
	q->n++;
	return 0;
}

static void
put_aligned(struct buf *b, const char *key, const char *domain, bool strict)
{
	buf_addf(b, "\"%s\":{\"result\":", key);
	if (domain[0] != '\0')
		json_string(b, domain);
	else
		buf_adds(b, "null");
	buf_addf(b, ",\"strict\":%s}", strict ? "true" : "false");
}

static void
put_policy(struct buf *b, const struct dmarc_verdict *v)
{
	const struct dmarc_record *t = &v->tags;

	if (v->record[0] == '\0')
		return;
	json_field(b, "policy", dmarc_policy_text(v->policy));
	json_field(b, "p", dmarc_policy_text(t->p));
	json_field(b, "sp", dmarc_policy_text(t->has_sp ? t->sp : t->p));
	if (t->has_np)
		json_field(b, "np", dmarc_policy_text(t->np));
	json_field(b, "psd", t->psd == DMARC_PSD_Y ? "y" :
	    t->psd == DMARC_PSD_N ? "n" : "u");
	json_field(b, "t", t->testing ? "y" : "n");
	buf_adds(b, ",\"alignment\":{");
	put_aligned(b, "spf", v->spf, t->strict_spf);
	buf_addc(b, ',');
	put_aligned(b, "dkim", v->dkim, t->strict_dkim);
	buf_addc(b, '}');
}

static void
put_json(struct buf *b, const struct dmarc_verdict *v)
{
	buf_addf(b, "{\"result\":\"%s\"", dmarc_result_text(v->result));
	json_field(b, "domain", v->domain);
	json_field(b, "record", v->record);
	json_field(b, "organization", v->org);
	put_policy(b, v);
	json_field(b, "reason", v->reason);
	buf_adds(b, "}\n");
}

static void
put_plain(struct buf *b, const struct dmarc_verdict *v)
{
	buf_adds(b, dmarc_result_text(v->result));
	if (v->domain[0] != '\0')
		buf_addf(b, " %s", v->domain);
	if (v->record[0] != '\0')
		buf_addf(b, " policy=%s record=%s organization=%s",
		    dmarc_policy_text(v->policy), v->record,
		    v->org[0] != '\0' ? v->org : "?");
	if (v->dkim[0] != '\0')
		buf_addf(b, " dkim=%s", v->dkim);
	if (v->spf[0] != '\0')
		buf_addf(b, " spf=%s", v->spf);
	if (v->reason[0] != '\0')
		buf_addf(b, " (%s)", v->reason);
	buf_addc(b, '\n');
}

static int
run(const struct asked *q, const char *server)
{
	struct dmarc_verdict v;
	struct lookup_channel c;
	struct lookup l;
	struct buf b;
	int dns, rc = 0;

	dns = resolver_child(server);
	if (dns == -1)
		return cmd_fail("resolver", strerror(errno));
	lookup_over(&l, &c, dns, DNS_MS, NULL);
	dmarc_check_from(&q->from, q->id, q->n, &l, &v);
	close(dns);
	buf_init(&b, OUT_MAX);
	if (q->json)
		put_json(&b, &v);
	else
		put_plain(&b, &v);
	fwrite(b.data, 1, b.len, stdout);
	if (b.err != 0 || fflush(stdout) != 0)
		rc = cmd_fail("stdout", strerror(b.err != 0 ? b.err : errno));
	buf_clear(&b);
	return rc;
}

/* -t is taken like everywhere, and means nothing here. */
int
cmd_probe_dmarc(int argc, char **argv)
{
	static struct asked q;
	const char *server = NULL;
	bool given = false;
	int c, rc = 0;

	from_init(&q.from);
	optind = 1;
	while (rc == 0 && (c = cmd_option("probe", argc, argv, "d:f:jr:s:t:",
	    NULL)) != -1) {
		if (c == 'd' || c == 's')
			rc = add_id(&q, optarg, c == 'd');
		else if (c == 'f')
			add_from(&q.from, optarg);
		else if (c == 'j')
			q.json = true;
		else if (c == 'r') {
			if (!cmd_server(optarg, &server))
				return 2;
		} else if (c != 't')
			rc = -1;
		given = given || c == 'f';
	}
	/* "-d A B C": what is left over are more of them. */
	while (rc == 0 && optind < argc)
		rc = add_id(&q, argv[optind++], true);
	if (rc == -1 || !given)
		return cmd_usage("probe", 0);
	return run(&q, server);
}
