/* mailnode device: credentials of phones and programs. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/codec.h"
#include "mailnode/base/expiry.h"
#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_device.h"
#include "mailnode/node/conf.h"
#include "mailnode/node/net.h"
#include "mailnode/ops/qr.h"
#include "mailnode/ops/replace.h"
#include "mailnode/ops/setup.h"
#include "store/op_box.h"
#include "store/op_device.h"

enum { UNDO_MAX = 86400 };	/* seconds */

const char device_prefix[] = "device/";

/* ---- arguments ---- */

/* An address is in its own network, if it is one. */
static bool
networks_ok(const char *text)
{
	char one[64], addr[64];
	size_t n;

	for (; *text != '\0'; text += n) {
		while (*text == ' ' || *text == ',')
			text++;
		n = strcspn(text, " ,");
		if (n == 0)
			break;
		if (n >= sizeof one)
			return false;
		snprintf(one, sizeof one, "%.*s", (int)n, text);
		snprintf(addr, sizeof addr, "%.*s", (int)strcspn(one, "/"),
		    one);
		if (!net_match(addr, one))
			return false;
	}
	return true;
}

static bool
keep(char *dst, size_t size, const char *text)
{
	char *comma;

	if (strlen(text) >= size)
		return false;
	memcpy(dst, text, strlen(text) + 1);
	while ((comma = strchr(dst, ',')) != NULL)
		*comma = ' ';
	return true;
}

enum { O_READ = 256, O_SEND, O_FOLDER, O_FROM, O_EXPIRES, O_UNDO, O_PROFILE,
    O_QR, O_DARK, O_STDIN, O_ARGON2 };

static const struct option options[] = {
	{ "read",	no_argument,		NULL,	O_READ },
	{ "send",	no_argument,		NULL,	O_SEND },
	{ "folder",	required_argument,	NULL,	O_FOLDER },
	{ "from",	required_argument,	NULL,	O_FROM },
	{ "expires",	required_argument,	NULL,	O_EXPIRES },
	{ "undo",	required_argument,	NULL,	O_UNDO },
	{ "profile",	required_argument,	NULL,	O_PROFILE },
	{ "qr",		required_argument,	NULL,	O_QR },
	{ "dark",	no_argument,		NULL,	O_DARK },
	{ "passphrase-stdin", no_argument,	NULL,	O_STDIN },
	{ "argon2",	required_argument,	NULL,	O_ARGON2 },
	{ NULL,		0,			NULL,	0 }
};

static bool
qr_known(const char *s)
{
	static const char *const names[] = { "thunderbird", "deltachat",
	    "text", "none" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(s, names[i]) == 0)
			return true;
	return false;
}

/* NULL, or what is wrong with the option's value. */
static const char *
one_option(struct ask_device *q, int c)
{
	const char *end = optarg != NULL ? optarg + strlen(optarg) : NULL;

	switch (c) {
	case O_READ:
		q->d.scope |= DEVICE_READ;
		return NULL;
	case O_SEND:
		q->d.scope |= DEVICE_SEND;
		return NULL;
	case O_FOLDER:
		return box_name_ok(optarg) && keep(q->d.folder,
		    sizeof q->d.folder, optarg) ? NULL : "not a folder";
	case O_FROM:
		return networks_ok(optarg) && keep(q->d.from,
		    sizeof q->d.from, optarg) ? NULL :
		    "not a network: 192.0.2.0/24 2001:db8::/32";
	case O_EXPIRES:
		return expiry_read(optarg, &q->d.expires) == 0 ? NULL :
		    "not a day to come: 2027-01-31, or 30d";
	case O_UNDO:
		return num_u32(optarg, end, 0, UNDO_MAX, &q->d.undo_s) == 0 ?
		    NULL : "not a number of seconds, at most a day";
	case O_PROFILE:
		q->profile = optarg;
		return NULL;
	case O_QR:
		q->qr = optarg;
		return qr_known(optarg) ? NULL :
		    "one of thunderbird, deltachat, text, none";
	case O_DARK:
		q->dark = true;
		return NULL;
	case O_STDIN:
		q->c.args.from_stdin = true;
		return NULL;
	case O_ARGON2:
		return NULL;	/* for all commands that take a passphrase */
	case 'j':
		q->c.args.json = true;
		return NULL;
	default:
		return "";
	}
}

/* 0, or the exit status. */
static int
arguments(struct ask_device *q, int argc, char **argv)
{
	const char *why;
	int c;

	q->verb = "list";
	if (argc > 1 && argv[1][0] != '-') {
		q->verb = argv[1];
		argc--;
		argv++;
	}
	optind = 1;
	while ((c = cmd_option("device", argc, argv, "j", options)) != -1) {
		why = one_option(q, c);
		if (why != NULL && *why != '\0') {
			(void)cmd_fail(optarg, why);
			return 2;
		}
		if (why != NULL)
			return cmd_usage("device", 0);
	}
	/* A folder alone is to be read and changed; nothing is everything. */
	if (q->d.folder[0] != '\0' && !(q->d.scope & DEVICE_READ))
		q->d.scope |= DEVICE_READ | DEVICE_CHANGE;
	if (q->d.scope == 0)
		q->d.scope = DEVICE_ALL;
	q->name = argv[optind];
	c = strcmp(q->verb, "list") == 0 ? 0 : 1;
	return argc - optind == c ? 0 : cmd_usage("device", 0);
}

/* ---- add ---- */

/* All devices share a salt: see crypto/device.h. */
static void
find_salt(const struct vault *v, uint8_t salt[DEVICE_SALT])
{
	const struct vault_entry *e;
	struct device d;
	size_t i;

	random_bytes(salt, DEVICE_SALT);
	for (i = 0; (e = vault_at(v, i)) != NULL; i++)
		if (e->kind == VAULT_DEVICE_ENTRY &&
		    device_get(e->pub, e->pub_len, &d) == CRYPTO_OK) {
			memcpy(salt, d.salt, DEVICE_SALT);
			return;
		}
}

static enum crypto_err
seal_device(struct ask_device *q, struct secret **text)
{
	struct secret *verifier = NULL;
	char entry[VAULT_NAME_MAX];
	struct buf pub;
	enum crypto_err e;

	snprintf(entry, sizeof entry, "%s%s", device_prefix, q->name);
	buf_init(&pub, VAULT_PUB_MAX);
	find_salt(q->c.safe.v, q->d.salt);
	device_put(&pub, &q->d);
	e = device_secret_new(text);
	if (e == CRYPTO_OK)
		e = device_verifier(*text, q->d.salt, &verifier);
	if (e == CRYPTO_OK)
		e = vault_put(q->c.safe.v, entry, VAULT_DEVICE_ENTRY,
		    verifier, pub.data, pub.len);
	if (e == CRYPTO_OK)
		e = safe_store(&q->c.safe);
	secret_free(verifier);
	buf_clear(&pub);
	return e;
}

static const struct {
	const char	*name, *title;
	void		(*put)(struct buf *, const struct setup *);
	bool		 both;		/* only for who reads and sends */
} codes[] = {
	{ "thunderbird", "Thunderbird for Android: Settings, Import, QR code",
	    setup_thunderbird, true },
	{ "deltachat", "Delta Chat: Scan QR code", setup_deltachat, true },
	{ "text", "Any program, to copy from", setup_plain, false },
};

static void
put_codes(struct buf *out, const struct ask_device *q,
    const struct setup *s)
{
	struct buf text;
	size_t i;

	buf_init(&text, SETUP_TEXT_MAX);
	(void)buf_reserve(&text, SETUP_TEXT_MAX);
	for (i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (q->qr != NULL ? strcmp(q->qr, codes[i].name) != 0 :
		    codes[i].both && !(s->reads && s->sends))
			continue;
		codes[i].put(&text, s);
		buf_addf(out, "\n%s:\n", codes[i].title);
		if (buf_str(&text) == NULL || qr_put(out, buf_str(&text),
		    !q->dark) == -1)
			buf_adds(out, "(too long for a code)\n");
		buf_wipe(&text);
	}
	buf_clear(&text);
}

/* New, and for the owner's eyes: there is a password in it. */
static int
write_profile(const char *path, const struct setup *s)
{
	struct buf b;
	int fd, rc = 0;

	buf_init(&b, SETUP_FILE_MAX);
	(void)buf_reserve(&b, SETUP_FILE_MAX);
	setup_profile(&b, s);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || b.err != 0 ||
	    write(fd, b.data, b.len) != (ssize_t)b.len)
		rc = cmd_fail(path, strerror(b.err != 0 ? b.err : errno));
	if (fd != -1 && close(fd) == -1 && rc == 0)
		rc = cmd_fail(path, strerror(errno));
	buf_wipe(&b);
	buf_clear(&b);
	return rc;
}

/* A name that was mistyped shows as a device without mail. */
static void
warn_folder(const char *folder)
{
	char *mail = folder[0] != '\0' ? conf_maildir() : NULL;
	char path[4096];

	if (mail != NULL && snprintf(path, sizeof path, "%s/%s", mail,
	    folder) < (int)sizeof path && access(path, F_OK) == -1)
		fprintf(stderr, "mailnode: %s: there is no such mailbox yet\n",
		    folder);
	free(mail);
}

static int
show(struct ask_device *q, const struct secret *text)
{
	char *home = conf_home();
	struct setup s;
	struct buf out;
	int rc = 0;

	setup_init(&s, home);
	free(home);
	s.device = q->name;
	s.secret = text;
	s.reads = q->d.scope & DEVICE_READ;
	s.sends = q->d.scope & DEVICE_SEND;
	device_warn_doors(&s);
	buf_init(&out, DEVICE_OUT_MAX);
	(void)buf_reserve(&out, DEVICE_OUT_MAX);
	setup_plain(&out, &s);
	put_codes(&out, q, &s);
	/* stdio would keep a copy */
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	if (out.err != 0 || fwrite(out.data, 1, out.len, stdout) != out.len)
		rc = cmd_fail("stdout", strerror(out.err != 0 ? out.err :
		    errno));
	buf_wipe(&out);
	buf_clear(&out);
	if (q->profile != NULL && write_profile(q->profile, &s) != 0)
		rc = 1;
	if (rc == 0)
		fputs("This password is shown once and kept nowhere.\n",
		    stderr);
	warn_folder(q->d.folder);
	return rc;
}

static int
device_add(struct ask_device *q)
{
	char entry[VAULT_NAME_MAX];
	struct secret *text = NULL;
	enum crypto_err e;
	int rc;

	if (!device_name_ok(q->name))
		return cmd_fail(q->name, "a device is named in lower case, "
		    "digits and .-_, at most 32");
	snprintf(entry, sizeof entry, "%s%s", device_prefix, q->name);
	e = cmd_safe_begin(&q->c, true);
	if (e == CRYPTO_OK && vault_find(q->c.safe.v, entry) != NULL)
		e = CRYPTO_EXISTS;
	if (e == CRYPTO_OK)
		e = cmd_safe_phrase(&q->c);
	if (e == CRYPTO_OK)
		e = seal_device(q, &text);
	rc = e == CRYPTO_OK ? show(q, text) : cmd_safe_why(q->name, e);
	secret_free(text);
	return rc;
}

/* ---- revoke ---- */

static int
device_revoke(struct ask_device *q)
{
	char entry[VAULT_NAME_MAX];
	struct device_keeper k;
	enum crypto_err e;

	if (!device_name_ok(q->name))
		return cmd_fail(q->name, "no such device");
	snprintf(entry, sizeof entry, "%s%s", device_prefix, q->name);
	e = cmd_safe_begin(&q->c, true);
	if (e == CRYPTO_OK && vault_find(q->c.safe.v, entry) == NULL)
		return cmd_fail(q->name, "no such device");
	if (e == CRYPTO_OK)
		e = cmd_safe_phrase(&q->c);
	if (e == CRYPTO_OK)
		e = vault_rm(q->c.safe.v, entry);
	if (e == CRYPTO_OK)
		e = safe_store(&q->c.safe);
	if (e != CRYPTO_OK)
		return cmd_safe_why(q->name, e);
	device_keeper(&k);
	if (k.ch != -1)
		(void)device_forget(k.ch, &k.r, q->name);
	if (k.n != NULL)
		(void)node_ban_forget(k.n, q->name);
	device_keeper_end(&k);
	return 0;
}

static const struct {
	const char	*verb;
	int		(*fn)(struct ask_device *);
} verbs[] = {
	{ "list", device_list }, { "add", device_add },
	{ "revoke", device_revoke }, { "autoconfig", device_autoconfig },
};

int
cmd_device(int argc, char **argv)
{
	struct ask_device q = { .d = { .undo_s = DEVICE_UNDO_CONF } };
	size_t i;
	int rc;

	if (argc == 2 && strcmp(argv[1], "-h") == 0)
		return cmd_usage("device", 1);
	rc = arguments(&q, argc, argv);
	if (rc != 0)
		return rc;
	rc = 2;
	for (i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verbs[i].verb, q.verb) == 0)
			rc = verbs[i].fn(&q);
	if (q.c.began)
		safe_close(&q.c.safe);
	return rc == 2 ? cmd_usage("device", 0) : rc;
}
