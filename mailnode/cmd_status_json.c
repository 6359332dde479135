/* What mailnode status -j prints. */
#include <stdio.h>
#include <string.h>

#include "mailnode/base/json.h"
#include "mailnode/cmd_status.h"

static void
json_node(struct buf *b, const struct node_state *st)
{
	buf_addf(b, "{\"type\":\"node\",\"pid\":%d,\"local\":%s,\"ready\":%s,"
	    "\"since\":%lld,\"accepted\":%llu,\"refused\":%llu,"
	    "\"sessions\":%u,\"same_program\":%s,\"missing\":", st->pid,
	    st->local ? "true" : "false", st->ready ? "true" : "false",
	    (long long)st->since, (unsigned long long)st->accepted,
	    (unsigned long long)st->refused, st->sessions,
	    strcmp(st->program, program_id()) == 0 ? "true" : "false");
	json_string(b, st->missing);
	buf_adds(b, "}\n");
}

static void
json_store(struct buf *b, const struct stat_node *s)
{
	buf_addf(b, "{\"type\":\"store\",\"accepted\":%llu,\"refused\":%llu,"
	    "\"spooled\":%llu,\"spool_octets\":%llu,\"spool_oldest\":%lld,"
	    "\"spool_refusing\":%s,", (unsigned long long)s->accepted,
	    (unsigned long long)s->refused, (unsigned long long)s->spooled,
	    (unsigned long long)s->spool_octets, (long long)s->spool_oldest,
	    s->spool_refusing ? "true" : "false");
	buf_addf(b, "\"partial\":%s,", s->partial ? "true" : "false");
	buf_addf(b, "\"messages\":%llu,\"unread\":%llu,\"unindexed\":%llu,"
	    "\"by_header\":%llu,\"not_indexed\":%llu,"
	    "\"intents\":%llu,\"disk_free\":%llu,\"disk_size\":%llu}\n",
	    (unsigned long long)s->messages, (unsigned long long)s->unread,
	    (unsigned long long)s->unindexed,
	    (unsigned long long)s->by_header,
	    (unsigned long long)s->not_indexed,
	    (unsigned long long)s->intents,
	    (unsigned long long)s->disk_free,
	    (unsigned long long)s->disk_size);
}

static void
json_keys(struct buf *b, const struct health *h)
{
	if (h->has_vault)
		buf_addf(b, "{\"type\":\"vault\",\"exists\":%s,\"boot\":%s,"
		    "\"unlocked\":%s,\"entries\":%u,\"guarded\":%s,"
		    "\"trouble\":\"%s\"}\n",
		    h->vault.exists ? "true" : "false",
		    h->vault.boot ? "true" : "false",
		    h->vault.owner ? "true" : "false", h->vault.entries,
		    h->vault.guarded ? "true" : "false",
		    h->vault.trouble != CRYPTO_OK ?
		    crypto_err_text(h->vault.trouble) : "");
	if (!h->has_cert)
		return;
	buf_addf(b, "{\"type\":\"cert\",\"self_signed\":%s,\"not_after\":%lld,"
	    "\"issuer\":", h->cert.self_signed ? "true" : "false",
	    (long long)h->cert.not_after);
	json_string(b, h->cert.issuer);
	json_field(b, "names", h->cert.names);
	buf_adds(b, "}\n");
}

static void
json_alarms(struct buf *b, const struct alarms *a)
{
	size_t i;

	for (i = 0; i < ALARM_MAX; i++) {
		if (a->at[i].since == 0)
			continue;
		buf_addf(b, "{\"type\":\"alarm\",\"role\":\"%s\",\"since\":%lld,"
		    "\"times\":%u,\"text\":", role_name(a->at[i].role),
		    (long long)a->at[i].since, a->at[i].times);
		json_string(b, a->at[i].text);
		buf_adds(b, "}\n");
	}
}

static void
json_roles(struct buf *b, const struct node_state *st)
{
	unsigned int i;

	for (i = 0; i < ROLE_MAX; i++)
		if (st->running[i] > 0 || st->crashes[i] > 0)
			buf_addf(b, "{\"type\":\"role\",\"role\":\"%s\","
			    "\"running\":%u,\"crashes\":%u}\n", role_name(i),
			    st->running[i], st->crashes[i]);
	for (i = 0; i < st->sessions && i < NODE_SESSIONS_MAX; i++)
		buf_addf(b, "{\"type\":\"session\",\"role\":\"%s\","
		    "\"pid\":%d,\"peer\":\"%s\",\"seconds\":%u}\n",
		    role_name(st->session[i].role), st->session[i].pid,
		    st->session[i].peer, st->session[i].seconds);
}

void
status_json(struct health *h)
{
	const char *doors = buf_str(&h->doors);
	struct door d;
	struct buf b;

	buf_init(&b, CHAN_DATA_MAX);
	json_node(&b, &h->node);
	while (!h->node.local && status_next_door(&doors, &d)) {
		buf_adds(&b, "{\"type\":\"door\"");
		json_field(&b, "service", d.service);
		json_field(&b, "tls", d.tls);
		json_field(&b, "address", d.addr);
		buf_addf(&b, ",\"port\":%s}\n", d.port);
	}
	if (h->has_store)
		json_store(&b, &h->store);
	if (h->has_queue) {
		buf_addf(&b, "{\"type\":\"queue\",\"letters\":%u,"
		    "\"waiting\":%u,\"sending\":%u,\"held\":%u,\"damaged\":%u,"
		    "\"oldest\":%lld,\"returned\":%llu", h->letters,
		    h->waiting, h->sending, h->held, h->damaged,
		    (long long)h->oldest,
		    (unsigned long long)h->store.returned);
		json_field(&b, "why", h->why);
		buf_adds(&b, "}\n");
	}
	json_keys(&b, h);
	json_roles(&b, &h->node);
	json_alarms(&b, &h->node.alarms);
	if (!b.err)
		fwrite(b.data, 1, b.len, stdout);
	buf_clear(&b);
}
