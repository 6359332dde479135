/* probe spf: check_host() of RFC 7208, alone. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/auth/spf.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/node/conf.h"
#include "mailnode/role/role_resolver.h"

enum { DNS_MS = 10000, OUT_MAX = 16 * 1024 };

static void
put_json(struct buf *b, const struct spf_verdict *v)
{
	buf_addf(b, "{\"result\":\"%s\",\"domain\":",
	    spf_result_text(v->result));
	json_string(b, v->domain);
	buf_adds(b, ",\"reason\":");
	json_string(b, v->reason);
	buf_adds(b, ",\"explanation\":");
	json_string(b, v->explanation);
	buf_addf(b, ",\"lookups\":%u,\"voids\":%u}\n", v->lookups, v->voids);
}

static int
run(const struct spf_ask *q, const char *server, bool json)
{
	struct lookup_channel c;
	struct spf_verdict v;
	struct lookup l;
	struct buf b;
	int dns, rc = 0;

	dns = resolver_child(server);
	if (dns == -1)
		return cmd_fail("resolver", strerror(errno));
	lookup_over(&l, &c, dns, DNS_MS, NULL);
	spf_check(q, &l, &v);
	close(dns);
	buf_init(&b, OUT_MAX);
	if (json)
		put_json(&b, &v);
	else
		buf_addf(&b, "%s %s (%s)%s%s\n", spf_result_text(v.result),
		    v.domain, v.reason, v.explanation[0] != '\0' ? " " : "",
		    v.explanation);
	fwrite(b.data, 1, b.len, stdout);
	if (b.err != 0 || fflush(stdout) != 0)
		rc = cmd_fail("stdout", strerror(b.err != 0 ? b.err : errno));
	buf_clear(&b);
	return rc;
}

int
cmd_probe_spf(int argc, char **argv)
{
	struct spf_ask q = { .helo = "", .receiver = conf.hostname,
	    .now_s = clock_wall_s() };
	const char *server = NULL;
	bool json = false;
	uint64_t t;
	int c;

	optind = 1;
	while ((c = cmd_option("probe", argc, argv, "f:h:i:jr:t:",
	    NULL)) != -1) {
		if (c == 'f')
			q.mail_from = optarg;
		else if (c == 'h')
			q.helo = optarg;
		else if (c == 'i')
			q.ip = optarg;
		else if (c == 'j')
			json = true;
		else if (c == 'r') {
			if (!cmd_server(optarg, &server))
				return 2;
		} else if (c == 't' && num_u64(optarg, optarg + strlen(optarg),
		    0, INT64_MAX, &t) == 0)
			q.now_s = (int64_t)t;
		else
			return cmd_usage("probe", 0);
	}
	if (q.ip == NULL || argc != optind)
		return cmd_usage("probe", 0);
	return run(&q, server, json);
}
