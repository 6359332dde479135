/* The tables of roles and of subcommands, and the way into them. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/codec.h"
#include "mailnode/cmd.h"
#include "mailnode/node/control.h"
#include "mailnode/node/net.h"
#include "mailnode/role/roles.h"
#include "tui/tui.h"

#define B(r)	ROLE_BIT(ROLE_##r)

const struct role_entry main_roles[] = {
	/* role		life		exec	daemon	may ask		run */
	{ ROLE_VAULT,	LIFE_RUN,	true,	true,	B(KEEPER),	role_vault },
	{ ROLE_RESOLVER, LIFE_RUN,	true,	true,	0,	role_resolver },
	{ ROLE_RUNNER,	LIFE_RUN,	true,	true,	0,	role_runner },
	{ ROLE_FILER,	LIFE_RUN,	true,	false,	0,	role_filer },
	{ ROLE_KEEPER,	LIFE_RUN,	true,	false,	B(FILER) | B(RUNNER),
	    role_keeper },
	{ ROLE_READER,	LIFE_DEMAND,	false,	false,	0,	role_reader },
	{ ROLE_PARSER,	LIFE_DEMAND,	true,	false,	0,	role_parser },
	{ ROLE_INDEXER,	LIFE_RUN,	true,	false,	B(KEEPER), role_indexer },
	{ ROLE_SMTP,	LIFE_CONN,	false,	true,
	    B(KEEPER) | B(VAULT) | B(RESOLVER),		role_smtp },
	{ ROLE_SUBMISSION, LIFE_CONN,	false,	true,	B(KEEPER) | B(VAULT),
	    role_submission },
	{ ROLE_IMAP,	LIFE_CONN,	false,	true,	B(KEEPER) | B(VAULT),
	    role_imap },
	{ ROLE_SENDER,	LIFE_RUN,	true,	true,	B(KEEPER), role_sender },
	{ ROLE_RELAY,	LIFE_DEMAND,	false,	true,	B(VAULT) | B(RESOLVER),
	    role_relay },
	{ 0, 0, false, false, 0, NULL }
};

const struct cmd cmds[] = {
	{ "init",	cmd_init,	"[--passphrase-stdin] [--argon2 MIB]" },
	{ "serve",	cmd_serve,	"" },
	{ "status",	cmd_status,	"[-j]" },
	{ "check",	cmd_check,	"" },
	{ "verify",	cmd_verify,
	    "[-j] [-r ADDR:PORT] [-t EPOCH] [-i IP -h HELO -f FROM] [FILE]" },
	{ "sign",	cmd_sign,	"[FILE]" },
	{ "score",	cmd_score,	"[-j] [-n N] [FILE | PATH…]" },
	{ "train",	cmd_train,	"[-q] spam|ham|forget PATH…" },
	{ "probe",	cmd_probe,	"address|dns|mime|header|bounce [-j] [-r ADDR:PORT] [FILE]\n"
	    "       mailnode probe spf [-j] [-r ADDR:PORT] [-t EPOCH] -i IP [-h HELO] [-f FROM]\n"
	    "       mailnode probe dmarc [-j] [-r ADDR:PORT] -f FROM [-d DOMAIN]… [-s DOMAIN]…" },
	{ "vault",	cmd_vault,
	    "unlock|lock|list|set NAME [USER]|rm NAME|passwd [LABEL]|"
	    "slot [list|add LABEL|recovery [LABEL]|credential [LABEL]|"
	    "rm LABEL] "
	    "[-j] [--passphrase-stdin] [--secret-stdin] [--argon2 MIB]" },
	{ "key",	cmd_key,
	    "[list [-j]|rotate|retire SELECTOR] [--passphrase-stdin]" },
	{ "cert",	cmd_cert,
	    "[show [-j]|request|install CHAIN|renew]" },
	{ "import",	cmd_import,	"[-q] [-F FOLDER] PATH…" },
	{ "export",	cmd_export,	"[-mq] DIR [FOLDER…]" },
	{ "search",	cmd_search,	"[-j] [-n N] QUERY…" },
	{ "show",	cmd_show,	"[-j] [-r | -H] ID…" },
	{ "tag",	cmd_tag,	"±TAG… [--] QUERY…" },
	{ "rule",	cmd_rule,
	    "[list [-j]|test [-j] [-n N] QUERY…|test [-j] [-n N] NUMBER]" },
	{ "send",	cmd_send,
	    "[-itv] [-f ADDR] [-F NAME] [-N never|success,failure,delay] "
	    "[-V ENVID] [--] [RCPT…]" },
	{ "queue",	cmd_queue,
	    "[-aj] [list|show ID|hold ID|release ID|retry [ID]|"
	    "route ID [RELAY]|drop ID]" },
	{ "doctor",	cmd_doctor,	"[-j] [-r ADDR:PORT]" },
	{ "why",	cmd_why,	"[-j] ID|ADDRESS" },
	{ "alias",	cmd_alias,	"[list [-j]|add [-d DEST] [-e DATE] [-f FOLDER] "
	    "[-t TAGS] [-n NOTE] [--for DOMAIN] ADDRESS|rm ADDRESS|burn ADDRESS]" },
	{ "device",	cmd_device,
	    "[list [-j]|revoke NAME|autoconfig DIR|add NAME [--read] [--send] "
	    "[--folder FOLDER] [--from NETWORKS] [--expires DATE] "
	    "[--undo SECONDS] [--profile FILE] "
	    "[--qr thunderbird|deltachat|text|none] [--dark]] "
	    "[--passphrase-stdin]" },
	{ "ban",	cmd_ban,	"[list [-j]|add NETWORK [TIME]|rm NETWORK]" },
	{ "allow",	cmd_allow,
	    "[list [-j]|[add] [-n NOTE] ADDRESS|DOMAIN|NETWORK|rm NAME|"
	    "--once ADDRESS]" },
	{ "block",	cmd_allow,
	    "[list [-j]|[add] [-n NOTE] ADDRESS|DOMAIN|NETWORK|rm NAME]" },
	{ "rejects",	cmd_rejects,	"[list [-j]|show ID|allow ID]" },
	{ "fsck",	cmd_fsck,	"[-j] [--rebuild]" },
	{ NULL, NULL, NULL }
};

enum { PLAIN_MAX = 64 * 1024 };		/* octets shown of one text */

int
cmd_fail(const char *what, const char *why)
{
	fprintf(stderr, "mailnode: %s: %s\n", what, why);
	return 1;
}

int
cmd_wrong(const char *what, const char *why)
{
	return cmd_fail(what, why) + 1;
}

bool
cmd_server(const char *at, const char **server)
{
	struct net_addr a;

	*server = at;
	if (net_parse_endpoint(at, &a) == 0)
		return true;
	(void)cmd_wrong(at, "not an address with its port, as 127.0.0.1:53");
	return false;
}

static bool linked;	/* a service was there */

/* What keeps keeper from its work stands in its alarms. */
static void
tell_missing(struct node *n)
{
	struct node_state *st = malloc(sizeof *st);
	size_t i;

	if (st != NULL && node_state(n, st) == 0 && !st->ready)
		for (i = 0; i < ALARM_MAX; i++)
			if (st->alarms.at[i].since != 0 &&
			    st->alarms.at[i].role == ROLE_KEEPER)
				(void)cmd_fail("keeper",
				    st->alarms.at[i].text);
	free(st);
}

/* It ended under the command's hands. */
static int
tell_ended(int rc)
{
	struct node *n = rc == 1 && linked ? node_connect(true) : NULL;

	if (n != NULL) {
		tell_missing(n);
		node_close(n);
	}
	return rc;
}

int
cmd_link(const char *cmd, struct node **n, enum role role)
{
	int ch;

	if (*n == NULL)
		*n = node_connect(false);
	ch = *n != NULL ? node_link(*n, role) : -1;
	linked = ch != -1;
	if (ch == -1)
		(void)cmd_fail(cmd, node_why(errno));
	/* Now: a node of the command alone ends with it. */
	if (ch == -1 && *n != NULL)
		tell_missing(*n);
	return ch;
}

void
cmd_plain(const char *s)
{
	struct buf b;

	buf_init(&b, PLAIN_MAX);
	if (codec_plain(&b, s) == 0 && b.len > 0)
		fwrite(b.data, 1, b.len, stdout);
	buf_clear(&b);
}

static bool named;	/* what is wrong, by bad_option() */

int
cmd_usage(const char *name, int asked)
{
	const struct cmd *c;

	if (!asked && !named)
		(void)cmd_fail(name, "wrong or missing arguments");
	for (c = cmds; c->fn != NULL; c++)
		if (strcmp(c->name, name) == 0)
			fprintf(asked ? stdout : stderr,
			    "usage: mailnode %s%s%s\n", c->name,
			    c->usage[0] != '\0' ? " " : "", c->usage);
	return asked ? 0 : 2;
}

/* What getopt(3) did not take. */
static int
bad_option(const char *name, int argc, const char *opts, const char *word)
{
	const char *p = strchr(opts, optopt);
	char text[] = { '-', (char)optopt, '\0' };
	bool lone = optopt > ' ' && strncmp(word, "--", 2) != 0;

	if (strcmp(word, "--help") == 0 || (optopt == 'h' && (p == NULL ||
	    argc == 2)))
		exit(cmd_usage(name, 1));
	named = true;
	fprintf(stderr, "mailnode: %s: %s: %s\n", name, lone ? text : word,
	    (!lone && optopt != 0) || (lone && p != NULL && p[1] == ':') ?
	    "it wants an argument" : "no such option");
	return '?';
}

int
cmd_option(const char *name, int argc, char **argv, const char *opts,
    const struct option *words)
{
	static const struct option none[] = { { NULL, 0, NULL, 0 } };
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, opts, words != NULL ? words : none, NULL);
	/* Behind a word it did not take, or a word without its argument. */
	return c != '?' ? c : bad_option(name, argc, opts,
	    optind > 0 && optind <= argc ? argv[optind - 1] : "");
}

static int
usage(FILE *f)
{
	const struct cmd *c;

	fputs("usage: mailnode [-hV | COMMAND [-h] …]\n", f);
	for (c = cmds; c->fn != NULL; c++)
		fprintf(f, "       mailnode %s%s%s\n", c->name,
		    c->usage[0] != '\0' ? " " : "", c->usage);
	return f == stdout ? 0 : 2;
}

/* "role NAME" is how the parent starts what has an address layout of its
 * own, and "role local" how a client starts a parent. */
static int
run_role(const char *name)
{
	const struct role_entry *e;
	struct proc pr;

	if (strcmp(name, "local") == 0)
		return cmd_serve_local();
	for (e = main_roles; e->fn != NULL; e++) {
		if (strcmp(role_name(e->role), name) != 0)
			continue;
		proc_begin(&pr, e->role);
		e->fn(&pr);
		return 0;
	}
	return cmd_wrong(name, "no such role");
}

static int
run_cmd(int argc, char **argv)
{
	const struct cmd *c;

	for (c = cmds; c->fn != NULL; c++)
		if (strcmp(c->name, argv[0]) == 0)
			return argc == 2 && strcmp(argv[1], "--help") == 0 ?
			    cmd_usage(c->name, 1) :
			    tell_ended(c->fn(argc, argv));
	return cmd_wrong(argv[0], "no such command; mailnode -h lists them");
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Other names of ours: those that programs know a mailer by.  -1: none. */
static int
run_name(const char *name, int argc, char **argv)
{
	static char send[] = "sendmail", list[] = "-bp", make[] = "-bi";
	static char *mailq[] = { send, list, NULL };
	static char *newaliases[] = { send, make, NULL };

	if (strcmp(name, "mailq") == 0)
		return cmd_send(2, mailq);
	if (strcmp(name, "newaliases") == 0)
		return cmd_send(2, newaliases);
	if (strcmp(name, send) != 0)
		return -1;
	argv[0] = send;
	return cmd_send(argc, argv);
}

int
main(int argc, char **argv)
{
	int rc = run_name(base_name(argv[0]), argc, argv);

	if (rc != -1)
		return rc;
	if (argc < 2)
		return tui_main();
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0)
		return printf("mailnode %s\n", VERSION) < 0;
	if (strcmp(argv[1], "role") == 0 && argc == 3)
		return run_role(argv[2]);
	if (strcmp(argv[1], "role") == 0 && argc > 3)
		return cmd_serve_again(argc - 3, argv + 3);
	return run_cmd(argc - 1, argv + 1);
}
