/* doctor: every check with its remedy. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <unistd.h>

#include "hooks/run.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_safe.h"
#include "mailnode/node/ask_dns.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/control.h"
#include "mailnode/ops/doctor.h"
#include "mailnode/ops/tlscert.h"
#include "mailnode/queue/route.h"
#include "mailnode/role/role_resolver.h"
#include "store/rule.h"

enum {
	SOON_DAYS = 14, DAY_S = 86400, DM_DEPTH = 4,
	LINE_COLS = 80, TEXT_AT = 18	/* columns */
};

struct visit {
	struct doctor	 d;
	bool		 json;
	unsigned int	 bad;
};

/* The rest of a line of which x columns stand; what has no room goes below
 * it, from column `at` on. */
static void
put_words(int x, int at, const char *text)
{
	bool first = true;
	int n;

	for (; *text != '\0'; text += n, text += *text == ' ') {
		n = (int)strcspn(text, " ");
		if (!first && x + 1 + n > LINE_COLS)
			x = printf("\n%*s", at, "") - 1;
		else if (!first)
			x += printf(" ");
		x += printf("%.*s", n, text);
		first = false;
	}
	printf("\n");
}

static void
put(void *arg, enum doctor_verdict v, const char *what, const char *text,
    const char *remedy)
{
	static const char *const words[] = { "ok", "note", "BAD" };
	struct visit *t = arg;
	struct buf b;

	t->bad += v == DOCTOR_BAD;
	if (!t->json) {
		put_words(printf("%-4s  %-10s  ", words[v], what), TEXT_AT,
		    text);
		if (remedy[0] != '\0')
			put_words(printf("%*s  -> ", TEXT_AT, ""),
			    TEXT_AT + 5, remedy);
		return;
	}
	buf_init(&b, 4096);
	buf_addf(&b, "{\"verdict\":\"%s\"", v == DOCTOR_BAD ? "bad" :
	    words[v]);
	json_field(&b, "check", what);
	json_field(&b, "text", text);
	json_field(&b, "remedy", remedy);
	buf_adds(&b, "}\n");
	if (!b.err)
		fwrite(b.data, 1, b.len, stdout);
	buf_clear(&b);
}

/* ---- files ---- */

static void
check_mode(struct visit *t, const char *path, const char *remedy)
{
	struct stat sb;

	if (lstat(path, &sb) == -1) {
		if (errno != ENOENT)
			doctor_found(&t->d, DOCTOR_BAD, "files", "", "%s: %s",
			    path, strerror(errno));
	} else if (sb.st_uid != geteuid())
		doctor_found(&t->d, DOCTOR_BAD, "files", "chown it, or run "
		    "this as its owner", "%s is not yours", path);
	else if ((sb.st_mode & 077) != 0)
		doctor_found(&t->d, DOCTOR_BAD, "files", remedy,
		    "others may use %s", path);
	else
		doctor_found(&t->d, DOCTOR_OK, "files", "", "%s is yours "
		    "alone", path);
}

static void
check_files(struct visit *t, const char *home)
{
	static const char *const names[] = { "vault", "boot.key", "node.db",
	    "spool.db" };
	char path[4096];
	char *mail = conf_maildir();
	size_t i;

	check_mode(t, home, "chmod 700");
	if (mail != NULL)
		check_mode(t, mail, "chmod 700");
	free(mail);
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (snprintf(path, sizeof path, "%s/%s", home, names[i]) <
		    (int)sizeof path)
			check_mode(t, path, "chmod 600");
}

/* LUKS, also below LVM, by what device mapper calls it. */
static bool
encrypted(const char *dev, int depth)
{
	char path[512], uuid[8] = "";
	struct dirent *e;
	bool yes = false;
	FILE *f;
	DIR *d;

	if (snprintf(path, sizeof path, "%s/dm/uuid", dev) >=
	    (int)sizeof path)
		return false;
	f = fopen(path, "re");
	if (f != NULL) {
		yes = fgets(uuid, sizeof uuid, f) != NULL &&
		    strncmp(uuid, "CRYPT-", 6) == 0;
		fclose(f);
	}
	if (yes || depth == 0)
		return yes;
	(void)snprintf(path, sizeof path, "%.400s/slaves", dev);
	d = opendir(path);
	while (d != NULL && !yes && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || snprintf(path, sizeof path,
		    "/sys/class/block/%s", e->d_name) >= (int)sizeof path)
			continue;
		yes = encrypted(path, depth - 1);
	}
	if (d != NULL)
		closedir(d);
	return yes;
}

static void
check_disk(struct visit *t, const char *home)
{
	uint64_t left;
	struct statvfs v;
	struct stat sb;
	char dev[64];

	if (statvfs(home, &v) == -1 || stat(home, &sb) == -1)
		return;
	left = (uint64_t)v.f_bavail * v.f_frsize;
	doctor_found(&t->d, left < conf.reserve ? DOCTOR_BAD :
	    left / 4 < conf.reserve ? DOCTOR_NOTE : DOCTOR_OK, "disk",
	    "make room, or lower reserve_mib", "%llu MiB free; with less "
	    "than %llu mail is put off", (unsigned long long)(left >> 20),
	    (unsigned long long)conf.reserve >> 20);
	(void)snprintf(dev, sizeof dev, "/sys/dev/block/%u:%u",
	    major(sb.st_dev), minor(sb.st_dev));
	if (encrypted(dev, DM_DEPTH))
		doctor_found(&t->d, DOCTOR_OK, "disk", "", "is encrypted");
	else
		doctor_found(&t->d, DOCTOR_NOTE, "disk", "encrypt the disk, "
		    "unless it is in a way this cannot see", "no encryption "
		    "is seen: the vault protects keys, not mail");
}

/* ---- keys ---- */

static void
check_vault(struct visit *t, const struct safe *s)
{
	size_t i, k;

	if (s->trouble != CRYPTO_OK) {
		doctor_found(&t->d, DOCTOR_BAD, "vault", s->trouble ==
		    CRYPTO_NOVAULT ? "mailnode init" : "put a backup of it "
		    "in its place", "%s", safe_why(s->trouble));
		return;
	}
	doctor_found(&t->d, DOCTOR_OK, "vault", "", "can be read");
	for (i = 0; i < conf.nrelays; i++) {
		const char *entry = conf.relays[i].entry;

		for (k = 0; k < i && entry != NULL; k++)
			if (conf.relays[k].entry != NULL &&
			    strcmp(conf.relays[k].entry, entry) == 0)
				entry = NULL;
		if (entry != NULL && vault_find(s->v, entry) == NULL)
			doctor_found(&t->d, DOCTOR_BAD, "vault", "mailnode "
			    "vault set, with that name", "has no %s: relay "
			    "%s takes no letters", entry,
			    conf.relays[i].name);
	}
}

static void
check_relays(struct visit *t)
{
	char host[DNS_NAME_MAX], port[8];
	size_t i;

	for (i = 0; i < conf.nrelays; i++)
		if (route_host(conf.relays[i].host, host, sizeof host, port,
		    sizeof port) == -1)
			doctor_found(&t->d, DOCTOR_BAD, "relay", "mend "
			    "relays[] in config.h: host:port", "%s has no host "
			    "and port that can be read: %s",
			    conf.relays[i].name, conf.relays[i].host);
}

static void
check_cert(struct visit *t, const struct safe *s)
{
	static const char renew[] = "mailnode cert renew, or cert request";
	int64_t now = clock_wall_s();
	struct cert_subject subject;
	struct cert_info in;
	struct buf pem;
	enum crypto_err e;
	const char *but = "", *remedy = renew;
	long long days;

	buf_init(&pem, TLS_PEM_MAX);
	e = tlscert_read(s, &pem);
	if (e == CRYPTO_OK)
		e = cert_info(pem.data, pem.len, &in);
	if (e == CRYPTO_OK)
		e = tlscert_subject(s, &subject);
	if (e == CRYPTO_OK)
		e = cert_check(pem.data, pem.len, &subject, now);
	if (e == CRYPTO_OK && in.self_signed)
		but = "; self-signed, which phones do not take";
	else if (e == CRYPTO_OK && !tlscert_believed(&pem)) {
		but = "; no authority that this machine knows stands behind "
		    "it, and phones may not take it";
		remedy = "mailnode cert install, with the certificates of its "
		    "issuer behind it";
	}
	buf_clear(&pem);
	if (e != CRYPTO_OK) {
		doctor_found(&t->d, DOCTOR_BAD, "cert", renew, "%s",
		    safe_why(e));
		return;
	}
	days = (long long)(in.not_after - now) / DAY_S;
	if (days < SOON_DAYS)
		remedy = renew;
	doctor_found(&t->d, days < SOON_DAYS || remedy != renew ?
	    DOCTOR_NOTE : DOCTOR_OK, "cert", remedy, "%lld days left%s", days,
	    but);
}

/* ---- what runs ---- */

static void
check_daemon(struct visit *t)
{
	static struct node_state st;
	struct node *n = node_connect(true);
	size_t i;

	if (n == NULL || node_state(n, &st) == -1) {
		doctor_found(&t->d, DOCTOR_BAD, "daemon", "systemctl --user "
		    "restart mailnode", "%s", errno == ENOENT ?
		    "none runs" : node_why(errno));
		node_close(n);
		return;
	}
	node_close(n);
	doctor_found(&t->d, st.ready ? DOCTOR_OK : DOCTOR_BAD, "daemon",
	    "see its log", st.ready ? "runs" : "is not ready");
	if (strcmp(st.program, program_id()) != 0)
		doctor_found(&t->d, DOCTOR_BAD, "daemon", "systemctl --user "
		    "restart mailnode", "is another program than this, or "
		    "of another config.h");
	if (st.missing[0] != '\0')
		doctor_found(&t->d, DOCTOR_NOTE, "sandbox", "a later kernel "
		    "has it", "this kernel lacks %s", st.missing);
	for (i = 0; i < ALARM_MAX; i++)
		if (st.alarms.at[i].since != 0)
			doctor_found(&t->d, DOCTOR_BAD, "alarm",
			    "see mailnode status", "%s: %s",
			    role_name(st.alarms.at[i].role),
			    st.alarms.at[i].text);
}

static void
check_system(struct visit *t)
{
	struct timex tx = { .modes = 0 };

	if (adjtimex(&tx) == TIME_ERROR)
		doctor_found(&t->d, DOCTOR_NOTE, "clock", "timedatectl "
		    "set-ntp true", "nothing keeps it right");
	else
		doctor_found(&t->d, DOCTOR_OK, "clock", "", "is kept right");
	if (access("/run/systemd/system", F_OK) == -1)
		return;
	if (doctor_lingers())
		doctor_found(&t->d, DOCTOR_OK, "linger", "",
		    "the daemon may run while you are logged out");
	else
		doctor_found(&t->d, DOCTOR_NOTE, "linger",
		    "loginctl enable-linger, unless the system starts it",
		    "a daemon of yours ends when you log out");
}

/* ---- programs ---- */

/* Its event happens by itself, or by a rule. */
static bool
is_raised(const char *event)
{
	size_t i;

	if (strcmp(event, DELIVER_EVENT) == 0 ||
	    strcmp(event, "delivered") == 0 || strcmp(event, RULE_EVENT) == 0)
		return true;
	for (i = 0; i < conf.nrules && conf.rules[i].query != NULL; i++)
		if (conf.rules[i].hook != NULL &&
		    strcmp(conf.rules[i].hook, event) == 0)
			return true;
	return false;
}

static void
check_hooks(struct visit *t)
{
	const struct conf_hook *h;
	size_t i;

	for (i = 0; i < conf.nhooks && conf.hooks[i].event != NULL; i++) {
		h = &conf.hooks[i];
		if (!hook_there(h->program))
			doctor_found(&t->d, DOCTOR_BAD, "hook", "install it, "
			    "or mend hooks[]", "%s of %s is no program",
			    h->program, h->event);
		else if (!is_raised(h->event))
			doctor_found(&t->d, DOCTOR_NOTE, "hook", "mend hooks[],"
			    " or add a rule", "%s never runs: no rule names %s",
			    h->program, h->event);
		else
			doctor_found(&t->d, DOCTOR_OK, "hook", "", "%s of %s",
			    h->program, h->event);
	}
}

/* ---- the command ---- */

static int
visit(struct visit *t, const char *home)
{
	struct safe s;
	enum crypto_err e = CRYPTO_NOMEM;

	if (crypto_init() == 0 && tls_init() == 0)
		e = safe_open(&s, home, false);
	if (e != CRYPTO_OK)
		return cmd_fail(home, safe_why(e));
	check_files(t, home);
	check_disk(t, home);
	check_system(t);
	check_hooks(t);
	check_relays(t);
	check_vault(t, &s);
	if (s.v != NULL)
		check_cert(t, &s);
	check_daemon(t);
	(void)fflush(stdout);
	doctor_dns(&t->d, s.v);
	safe_close(&s);
	return t->bad > 0;
}

int
cmd_doctor(int argc, char **argv)
{
	struct visit t = { .json = false };
	const char *server = NULL;
	char *home;
	int c, rc = 1;

	while ((c = cmd_option("doctor", argc, argv, "hjr:", NULL)) != -1) {
		if (c == 'h' || c == '?')
			return cmd_usage(argv[0], c == 'h');
		if (c == 'r' && !cmd_server(optarg, &server))
			return 2;
		t.json = t.json || c == 'j';
	}
	if (optind < argc)
		return cmd_usage(argv[0], 0);
	t.d = (struct doctor){ .found = put, .arg = &t,
	    .dns = resolver_child(server) };
	if (t.d.dns == -1)
		return cmd_fail("resolver", strerror(errno));
	home = conf_home();
	if (home != NULL)
		rc = visit(&t, home);
	free(home);
	close(t.d.dns);
	return rc;
}
