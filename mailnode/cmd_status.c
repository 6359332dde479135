/* status: the health of the node on one screen. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_status.h"
#include "mailnode/node/chain.h"
#include "mailnode/node/conf.h"
#include "mailnode/ops/replace.h"
#include "store/op_queue.h"

enum {
	CHAIN_MAX = 256 * 1024,		/* octets */
	DOORS_TEXT_MAX = 8192,		/* octets */
	DAY_S = 86400,
	CERT_SOON_DAYS = CHAIN_SOON_S / DAY_S
};

/* ---- collecting ---- */

static void
ask_store(struct node *n, struct health *h)
{
	struct op_reply r;
	int ch = node_link(n, ROLE_KEEPER);

	if (ch == -1)
		return;
	op_reply_init(&r);
	h->has_store = stat_node(ch, &r, &h->store) == OP_OK;
	op_reply_clear(&r);
	close(ch);
}

static void
count_letter(struct health *h, const struct queue_row *row)
{
	h->letters++;
	h->waiting += row->nwaiting;
	h->sending += row->sending != 0;
	h->held += row->state == QUEUE_HELD;
	h->damaged += row->state == QUEUE_DAMAGED;
	if (h->oldest == 0 || row->created < h->oldest)
		h->oldest = row->created;
	/* The one that waits longest tells most of the relay. */
	if (row->why[0] != '\0' && (h->why[0] == '\0' ||
	    row->created < h->why_of)) {
		h->why_of = row->created;
		(void)snprintf(h->why, sizeof h->why, "%s", row->why);
	}
}

static void
ask_queue(struct node *n, struct health *h)
{
	char after[QUEUE_ID_MAX] = "";
	struct queue_rows rows;
	int ch = node_link(n, ROLE_KEEPER);
	bool more = true;
	size_t i;

	if (ch == -1)
		return;
	while (more && queue_list(ch, QUEUE_OPEN_ONES, after, &rows) ==
	    OP_OK) {
		h->has_queue = true;
		for (i = 0; i < rows.n; i++)
			count_letter(h, &rows.row[i]);
		more = rows.more && rows.n > 0;
		if (more)
			snprintf(after, sizeof after, "%s",
			    rows.row[rows.n - 1].id);
		queue_rows_clear(&rows);
	}
	close(ch);
}

static void
ask_vault(struct node *n, struct health *h)
{
	int ch = node_link(n, ROLE_VAULT);

	if (ch == -1)
		return;
	h->has_vault = vault_status(ch, &h->vault) == CRYPTO_OK;
	close(ch);
}

static void
read_files(struct health *h)
{
	char *home = conf_home();
	struct buf b;
	int dir;

	dir = home != NULL ? open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
	    -1;
	free(home);
	if (dir == -1)
		return;
	buf_init(&b, CHAIN_MAX);
	if (file_read(dir, "tls/chain.pem", &b) == 0)
		h->has_cert = cert_info(b.data, b.len, &h->cert) == CRYPTO_OK;
	buf_clear(&b);
	(void)file_read(dir, "run/listeners", &h->doors);
	close(dir);
}

/* The next word of a line of run/listeners, behind *p; false: none, or too
 * long. */
static bool
next_word(const char **p, char *dst, size_t size)
{
	size_t n = strcspn(*p, " \n");

	if (n == 0 || n >= size)
		return false;
	memcpy(dst, *p, n);
	dst[n] = '\0';
	*p += n + ((*p)[n] == ' ');
	return true;
}

bool
status_next_door(const char **p, struct door *d)
{
	if (*p == NULL || !next_word(p, d->service, sizeof d->service) ||
	    !next_word(p, d->tls, sizeof d->tls) ||
	    !next_word(p, d->addr, sizeof d->addr) ||
	    !next_word(p, d->port, sizeof d->port))
		return false;
	*p += strspn(*p, "\n");
	return true;
}

/* ---- printing ---- */

static void
print_age(int64_t seconds)
{
	long long s = seconds > 0 ? (long long)seconds : 0;

	if (s >= DAY_S)
		printf("%lldd %02lldh", s / DAY_S, s % DAY_S / 3600);
	else if (s >= 3600)
		printf("%lldh %02lldm", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		printf("%lldm %02llds", s / 60, s % 60);
	else
		printf("%llds", s);
}

static void
print_octets(uint64_t n)
{
	if (n < 10ULL << 30)
		printf("%llu MiB", (unsigned long long)(n >> 20));
	else
		printf("%.1f GiB", (double)n / (1 << 30));
}

static void
print_doors(const char *p)
{
	struct door d;
	const char *before = "doors    ";

	while (status_next_door(&p, &d)) {
		printf(strchr(d.addr, ':') != NULL ? "%s%s [%s]:%s" :
		    "%s%s %s:%s", before, d.service, d.addr, d.port);
		before = ", ";
	}
	puts(*before == 'd' ? "doors    NONE OPEN: nothing comes in" : "");
}

static void
print_store(const struct stat_node *s, int64_t now)
{
	uint64_t all = s->accepted + s->refused;

	printf("in       %llu accepted, %llu refused (%llu %%) in 7 days\n",
	    (unsigned long long)s->accepted, (unsigned long long)s->refused,
	    (unsigned long long)(all > 0 ? s->refused * 100 / all : 0));
	printf("spool    %llu waiting", (unsigned long long)s->spooled);
	if (s->spool_oldest != 0) {
		fputs(", oldest ", stdout);
		print_age(now - s->spool_oldest);
	}
	puts(s->spool_refusing ? "; NEW MAIL IS DEFERRED" : "");
	printf("mail     %llu messages in all, %llu unread in INBOX",
	    (unsigned long long)s->messages, (unsigned long long)s->unread);
	if (s->intents > 0)
		printf(", %llu changes under way",
		    (unsigned long long)s->intents);
	if (s->partial)
		fputs("\n         not all is listed yet: IMAP waits for it",
		    stdout);
	printf("\nindex    %llu behind", (unsigned long long)s->unindexed);
	if (s->by_header > 0)
		printf(", %llu BY ITS HEADER ALONE",
		    (unsigned long long)s->by_header);
	if (s->not_indexed > 0)
		printf(", %llu NOT INDEXED",
		    (unsigned long long)s->not_indexed);
	putchar('\n');
	fputs("disk     ", stdout);
	print_octets(s->disk_free);
	fputs(" free of ", stdout);
	print_octets(s->disk_size);
	putchar('\n');
}

static void
print_queue(const struct health *h, int64_t now)
{
	printf("queue    %u letter%s, %u recipient%s waiting", h->letters,
	    h->letters == 1 ? "" : "s", h->waiting,
	    h->waiting == 1 ? "" : "s");
	if (h->sending > 0)
		printf(", %u being sent", h->sending);
	if (h->held > 0)
		printf(", %u held", h->held);
	if (h->damaged > 0)
		printf(", %u DAMAGED", h->damaged);
	if (h->has_store && h->store.returned > 0)
		printf(", %llu RETURNED in 7 days (tag:bounced)",
		    (unsigned long long)h->store.returned);
	if (h->oldest != 0) {
		fputs(", oldest ", stdout);
		print_age(now - h->oldest);
	}
	if (h->why[0] != '\0') {
		fputs(": ", stdout);
		cmd_plain(h->why);
	}
	putchar('\n');
}

static void
print_vault(const struct health *h)
{
	if (!h->has_vault)
		return;
	printf("vault    %s, %u entries%s\n",
	    h->vault.trouble != CRYPTO_OK ?
	    crypto_err_text(h->vault.trouble) :
	    h->vault.owner ? "unlocked" : "locked: outgoing mail waits",
	    h->vault.entries, h->vault.guarded ? "" :
	    "; memory could not be locked");
}

static void
print_cert(const struct health *h, int64_t now)
{
	long long days = (long long)(h->cert.not_after - now) / DAY_S;

	if (!h->has_cert)
		puts("cert     none: no TLS");
	else if (h->cert.not_after <= now)
		puts("cert     EXPIRED: see mailnode cert");
	else
		printf("cert     %s, %lld days left%s\n", h->cert.self_signed ?
		    "self-signed" : h->cert.issuer, days,
		    days < CERT_SOON_DAYS ? ": RENEW" : "");
}

static void
print_roles(const struct node_state *st)
{
	unsigned int i;

	fputs("roles   ", stdout);
	for (i = 0; i < ROLE_MAX; i++) {
		if (st->running[i] > 0)
			printf(" %s", role_name(i));
		if (st->running[i] > 1)
			printf("×%u", st->running[i]);
	}
	for (i = 0; i < ROLE_MAX; i++)
		if (st->crashes[i] > 0)
			printf("; %s crashed %u×", role_name(i),
			    st->crashes[i]);
	putchar('\n');
	if (st->missing[0] != '\0')
		printf("sandbox  this kernel lacks %s\n", st->missing);
}

static void
print_date(int64_t s)
{
	time_t t = (time_t)s;
	struct tm tm;
	char text[32] = "";

	if (localtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof text, "%F %H:%M", &tm);
	fputs(text, stdout);
}

static void
print_alarms(const struct alarms *a)
{
	size_t i;

	for (i = 0; i < ALARM_MAX; i++) {
		if (a->at[i].since == 0)
			continue;
		fputs("alarm    ", stdout);
		print_date(a->at[i].since);
		printf("  %s: %s", role_name(a->at[i].role), a->at[i].text);
		if (a->at[i].times > 1)
			printf(" (%u×)", a->at[i].times);
		putchar('\n');
	}
}

static void
print_screen(struct health *h)
{
	int64_t now = clock_wall_s();

	printf("node     %s, %s, up ", conf.hostname, h->node.local ?
	    "NO DAEMON: nothing comes in or goes out" :
	    h->node.ready ? "ready" : "NOT READY");
	print_age(now - h->node.since);
	printf(", %llu connections, %llu turned away, %u now\n",
	    (unsigned long long)h->node.accepted,
	    (unsigned long long)h->node.refused, h->node.sessions);
	if (strcmp(h->node.program, program_id()) != 0)
		puts("program  ANOTHER ONE RUNS than is installed, or of "
		    "another config.h: start it again");
	/* They are open while a role is started again, too. */
	if (!h->node.local && (h->node.ready || h->doors.len > 0))
		print_doors(buf_str(&h->doors));
	if (h->has_store)
		print_store(&h->store, now);
	if (h->has_queue)
		print_queue(h, now);
	print_vault(h);
	print_cert(h, now);
	print_roles(&h->node);
	print_alarms(&h->node.alarms);
}

int
cmd_status(int argc, char **argv)
{
	static struct health h;
	struct node *n;
	bool json = argc == 2 && strcmp(argv[1], "-j") == 0;
	int rc = 1;

	if (argc > 2 || (argc == 2 && !json))
		return cmd_usage(argv[0], strcmp(argv[1], "-h") == 0);
	buf_init(&h.doors, DOORS_TEXT_MAX);
	n = node_connect(true);
	if (n == NULL)
		return cmd_fail("status", errno == ENOENT ?
		    "no daemon runs" : node_why(errno));
	ask_store(n, &h);
	ask_queue(n, &h);
	ask_vault(n, &h);
	read_files(&h);
	/* Last: who was asked may have found that an alarm is over. */
	if (node_state(n, &h.node) == -1)
		cmd_fail("status", strerror(errno));
	else {
		if (json)
			status_json(&h);
		else
			print_screen(&h);
		/* What a client started is no daemon. */
		rc = h.node.local;
	}
	buf_clear(&h.doors);
	node_close(n);
	return rc;
}
