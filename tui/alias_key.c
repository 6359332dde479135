#define _DEFAULT_SOURCE	/* strcasecmp */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "store/op_alias.h"
#include "tui/addr.h"
#include "tui/alias_key.h"
#include "tui/compose_view.h"
#include "tui/term.h"
#include "tui/undo.h"

enum { RANDOM_CHARS = 4, LABELS_MAX = 10 };

struct giving {
	struct tui	*t;
	char		 address[ALIAS_ADDR_MAX];
	char		 note[ALIAS_NOTE_MAX];	/* whom it is given to */
	struct view	*letter;	/* that is to come from it; or NULL */
};

/* ---- a name for it ---- */

/* Letters and digits, lower case; the rest goes. */
static void
plain_name(const char *s, size_t n, char part[ALIAS_PART_MAX])
{
	size_t i, k = 0;

	for (i = 0; i < n && k < ALIAS_PART_MAX - 1; i++) {
		if (s[i] >= 'A' && s[i] <= 'Z')
			part[k++] = (char)(s[i] + 32);
		else if ((s[i] >= 'a' && s[i] <= 'z') ||
		    (s[i] >= '0' && s[i] <= '9'))
			part[k++] = s[i];
	}
	part[k] = '\0';
}

static bool
everybodys(const char *label)
{
	static const char *const domains[] = { "gmail", "googlemail", "gmx",
	    "yahoo", "outlook", "hotmail", "live", "icloud", "proton",
	    "protonmail", "web", "aol", "mailbox", "posteo", "fastmail" };
	size_t i;

	for (i = 0; i < sizeof domains / sizeof domains[0]; i++)
		if (strcmp(domains[i], label) == 0)
			return true;
	return false;
}

/* What stands before a country and names nobody: co.uk, com.au. */
static bool
registry(const char *label, size_t n)
{
	static const char *const words[] = { "co", "com", "org", "net", "ac",
	    "gov", "gv", "edu", "or", "ne", "go" };
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strlen(words[i]) == n &&
		    strncasecmp(words[i], label, n) == 0)
			return true;
	return false;
}

/* The label that names the owner of a domain: "shop" of mail.shop.co.uk. */
static void
domain_name(const char *domain, char part[ALIAS_PART_MAX])
{
	const char *label[LABELS_MAX];
	size_t len[LABELS_MAX], n = 0, k;

	for (; n < LABELS_MAX; domain += k + 1) {
		k = strcspn(domain, ".");
		label[n] = domain;
		len[n++] = k;
		if (domain[k] == '\0')
			break;
	}
	k = n > 1 ? n - 2 : 0;
	if (k > 0 && len[n - 1] == 2 && registry(label[k], len[k]))
		k--;
	plain_name(label[k], len[k], part);
}

void
alias_part(const char *who, char part[ALIAS_PART_MAX])
{
	struct addrs a = { NULL, 0 };
	const char *at;

	if (strchr(who, '@') == NULL ||
	    (addrs_read(&a, who, NULL) > 0 && a.n == 0) || a.n == 0) {
		if (strchr(who, '.') != NULL && strchr(who, ' ') == NULL)
			domain_name(who, part);
		else
			plain_name(who, strlen(who), part);
	} else {
		at = strrchr(a.a[0].addr, '@');
		domain_name(at + 1, part);
		if (everybodys(part) || part[0] == '\0')
			plain_name(a.a[0].addr,
			    (size_t)(at - a.a[0].addr), part);
	}
	addrs_clear(&a);
}

/* No two that look alike, so that it can be read out. */
static void
make_address(const char *who, char address[ALIAS_ADDR_MAX])
{
	static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789+";
	char part[ALIAS_PART_MAX], tail[RANDOM_CHARS + 1];
	uint8_t r[RANDOM_CHARS];
	size_t i;

	alias_part(who, part);
	for (i = 0; i < RANDOM_CHARS; i++) {
		do {
			if (getrandom(&r[i], 1, 0) != 1)
				abort();	/* not once the system is up */
			tail[i] = letters[r[i] % 32];
		} while (tail[i] == '+');	/* may separate subaddresses */
	}
	tail[i] = '\0';
	(void)snprintf(address, ALIAS_ADDR_MAX, "%s%s%s@%s", part,
	    part[0] != '\0' ? "." : "", tail, conf.domains[0]);
}

/* What keeper takes as a note: one line, whole characters. */
static void
set_note(char note[ALIAS_NOTE_MAX], const char *who)
{
	size_t n = strlen(who), i;

	if (n > ALIAS_NOTE_MAX - 1) {
		n = ALIAS_NOTE_MAX - 1;
		while (n > 0 && ((unsigned char)who[n] & 0xc0) == 0x80)
			n--;
	}
	for (i = 0; i < n; i++)
		note[i] = (char)((unsigned char)who[i] < ' ' ||
		    who[i] == 0x7f ? ' ' : who[i]);
	note[n] = '\0';
}

/* ---- making it ---- */

/* The letter may have gone meanwhile. */
static void
speak_from(const struct giving *g)
{
	struct view *v;
	struct addr own;
	struct buf b;

	for (v = g->t->top; v != NULL && v != g->letter; v = v->below)
		;
	if (v == NULL || v->ops->kind != IN_COMPOSE)
		return;
	own.name = (char *)(uintptr_t)conf.realname;
	own.addr = (char *)(uintptr_t)g->address;
	buf_init(&b, 2000);
	addr_put(&b, &own);
	compose_set_from(v, buf_str(&b));
	buf_clear(&b);
}

static void
remember(const struct giving *g, const struct buf *args)
{
	struct change *c;
	char text[ALIAS_ADDR_MAX + 20];
	struct buf b;

	(void)snprintf(text, sizeof text, "alias %s", g->address);
	c = change_new(text);
	change_forth(c, ALIAS_ADD, args);
	buf_init(&b, CHAN_DATA_MAX);
	chan_put_str(&b, g->address);
	change_back(c, ALIAS_REMOVE, &b);
	buf_clear(&b);
	undo_done(g->t->undo, c);
}

static void
put_alias(struct buf *b, const struct giving *g)
{
	struct alias a = { .folder = "" };

	memcpy(a.address, g->address, sizeof a.address);
	memcpy(a.note, g->note, sizeof a.note);
	alias_add_put(b, &a);
}

static void
made(void *arg, uint16_t status, struct chan_in *in, int *fd)
{
	struct giving *g = arg;
	struct buf b;

	(void)in;
	(void)fd;
	if (status != OP_OK) {
		app_status_error(g->t, g->address, status);
		free(g);
		return;
	}
	buf_init(&b, CHAN_DATA_MAX);
	put_alias(&b, g);
	remember(g, &b);
	buf_clear(&b);
	term_clip(g->address, strlen(g->address));
	if (g->letter != NULL)
		speak_from(g);
	app_note(g->t, "%s is yours now%s%s; copied (u takes it back)",
	    g->address, g->note[0] != '\0' ? ", given to " : "", g->note);
	free(g);
}

static void
typed(void *arg, const char *text)
{
	struct giving *g = arg;
	struct buf b;

	if (text == NULL || *text == '\0') {
		free(g);
		return;
	}
	if (strchr(text, ' ') == NULL && addr_is_own(text) &&
	    strlen(text) < sizeof g->address) {
		memcpy(g->address, text, strlen(text) + 1);
	} else {
		make_address(text, g->address);
		set_note(g->note, text);
	}
	buf_init(&b, CHAN_DATA_MAX);
	put_alias(&b, g);
	talk_send(g->t->keeper, ALIAS_ADD, &b, -1, made, g);
	buf_clear(&b);
}

static void
propose(struct tui *t, struct view *letter, const char *who, const char *arg)
{
	struct giving *g = calloc(1, sizeof *g);
	struct prompt_ask ask = { .label = who[0] != '\0' ? "New alias: " :
	    "New alias for: ", .done = typed, .hist = HIST_NONE };
	char address[ALIAS_ADDR_MAX];

	if (g == NULL)
		return;
	g->t = t;
	g->letter = letter;
	set_note(g->note, who);
	ask.arg = g;
	if (who[0] != '\0') {
		make_address(who, address);
		ask.text = address;
	}
	if (arg != NULL)
		typed(g, arg);
	else
		app_prompt(t, &ask);
}

void
alias_propose(struct tui *t, const char *who, const char *arg)
{
	propose(t, NULL, who, arg);
}

void
alias_for_letter(struct view *v, const char *arg)
{
	const struct compose_view *c = (const struct compose_view *)v;
	struct addrs to = { NULL, 0 };
	struct buf b;

	buf_init(&b, 2000);
	(void)addrs_read(&to, c->l.field[LETTER_TO], NULL);
	if (to.n > 0)
		addr_put(&b, &to.a[0]);
	if (!c->busy)
		propose(v->t, v, buf_str(&b), arg);
	buf_clear(&b);
	addrs_clear(&to);
}

void
alias_for_nobody(struct view *v, const char *arg)
{
	propose(v->t, NULL, "", arg);
}
