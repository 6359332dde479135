/* mailnode alias [list [-j] | add … | rm ADDRESS | burn ADDRESS]. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/expiry.h"
#include "mailnode/base/json.h"
#include "mailnode/cmd.h"
#include "mailnode/node/control.h"
#include "mailnode/node/idna.h"
#include "store/alias.h"
#include "store/err.h"
#include "store/op_mail.h"

struct ask_alias {
	const char	*verb, *address;
	struct alias	 a;		/* to add */
	bool		 json;
	bool		 bad, late;	/* too long; no day to come */
	bool		 no_tag;
};

static void
day(int64_t at, char text[16])
{
	time_t t = (time_t)at;
	struct tm tm;

	snprintf(text, 16, "never");
	if (at > 0 && localtime_r(&t, &tm) != NULL)
		(void)strftime(text, 16, "%Y-%m-%d", &tm);
}

static void
print_dests(const char *dests)
{
	size_t n;

	for (; *dests != '\0'; dests += n + (dests[n] == '\n')) {
		n = strcspn(dests, "\n");
		printf(" to %.*s", (int)n, dests);
	}
}

static void
json_dests(struct buf *b, const char *dests)
{
	char one[ALIAS_DEST_MAX];
	const char *sep = "";
	size_t n;

	buf_adds(b, ",\"to\":[");
	for (; *dests != '\0'; dests += n + (dests[n] == '\n')) {
		n = strcspn(dests, "\n");
		snprintf(one, sizeof one, "%.*s", (int)n, dests);
		buf_adds(b, sep);
		json_string(b, one);
		sep = ",";
	}
	buf_adds(b, "]");
}

static void
print_json(const struct alias *a)
{
	struct buf b;

	buf_init(&b, 16 * 1024);
	buf_adds(&b, "{\"address\":");
	json_string(&b, a->address);
	buf_adds(&b, ",\"folder\":");
	json_string(&b, a->folder);
	buf_adds(&b, ",\"tags\":");
	json_string(&b, a->tags);
	buf_adds(&b, ",\"note\":");
	json_string(&b, a->note);
	json_dests(&b, a->dest);
	buf_adds(&b, ",\"for\":");
	json_string(&b, a->own);
	buf_addf(&b, ",\"given\":%s,\"leaks\":%llu,\"leaked\":",
	    a->fixed ? "true" : "false", (unsigned long long)a->leaks);
	json_string(&b, a->leakers);
	buf_addf(&b, ",\"created\":%lld,\"burned\":%lld,"
	    "\"expires\":%lld,\"last\":%lld,\"used\":%llu,"
	    "\"refused\":%llu}\n", (long long)a->created,
	    (long long)a->burned,
	    (long long)a->expires, (long long)a->last,
	    (unsigned long long)a->used, (unsigned long long)a->refused);
	if (b.err == 0)
		fwrite(b.data, 1, b.len, stdout);
	buf_clear(&b);
}

static void
print_plain(const struct alias *a)
{
	char last[16], until[16];

	day(a->last, last);
	day(a->expires - 1, until);	/* the day whose end it is */
	printf("%-32s %-7s used %llu refused %llu last %s%s%s%s%s%s%s",
	    a->address, a->burned != 0 ? "burned" :
	    alias_over(a, clock_wall_s()) ? "expired" : "active",
	    (unsigned long long)a->used, (unsigned long long)a->refused, last,
	    a->expires != 0 ? " until " : "", a->expires != 0 ? until : "",
	    a->folder[0] != '\0' ? " folder " : "", a->folder,
	    a->tags[0] != '\0' ? " tags " : "", a->tags);
	print_dests(a->dest);
	if (a->own[0] != '\0')
		printf(" %s %s", a->fixed ? "for" : "known to", a->own);
	if (a->leaks != 0)
		printf(" leaked %llu by %s", (unsigned long long)a->leaks,
		    a->leakers);
	printf("%s%s\n",
	    a->note[0] != '\0' ? " # " : "", a->note);
}

static uint16_t
list(int ch, struct op_reply *r, bool json)
{
	struct alias a;
	char after[ALIAS_ADDR_MAX] = "";
	uint16_t status;

	while ((status = alias_ask_next(ch, r, after, &a)) == OP_OK) {
		if (json)
			print_json(&a);
		else
			print_plain(&a);
		memcpy(after, a.address, sizeof after);
	}
	return status == STORE_NOTFOUND ? OP_OK : status;
}

static uint16_t
act(int ch, struct op_reply *r, const struct ask_alias *q)
{
	if (strcmp(q->verb, "add") == 0)
		return alias_ask_add(ch, r, &q->a);
	if (strcmp(q->verb, "rm") == 0)
		return alias_ask_remove(ch, r, q->address);
	if (strcmp(q->verb, "burn") == 0)
		return alias_ask_burn(ch, r, q->address);
	return list(ch, r, q->json);
}

/* The option's value; true: too long. */
static bool
keep(char *dst, size_t size)
{
	return snprintf(dst, size, "%s", optarg) >= (int)size;
}

/* The first mailbox is where it is filed. */
static bool
keep_dest(struct alias *a)
{
	size_t n = strlen(a->dest);

	if (strchr(optarg, '@') == NULL && a->folder[0] == '\0')
		return keep(a->folder, sizeof a->folder);
	return snprintf(a->dest + n, sizeof a->dest - n, "%s%s",
	    n > 0 ? "\n" : "", optarg) >= (int)(sizeof a->dest - n);
}

static bool
add_word(char *dst, size_t size, const char *word)
{
	size_t n = strlen(dst);

	return snprintf(dst + n, size - n, "%s%s", n > 0 ? " " : "",
	    word) >= (int)(size - n);
}

/* Domains, with commas or blanks between; or a note, in words. */
static bool
keep_for(struct alias *a)
{
	char own[sizeof a->own] = "", domain[DNS_NAME_MAX];
	const char *p = optarg;
	size_t n;

	for (p += strspn(p, ", "); *p != '\0'; p += strspn(p, ", ")) {
		n = strcspn(p, ", ");
		if (memchr(p, '.', n) == NULL || memchr(p, '@', n) != NULL ||
		    idna_ascii(p, n, domain) == -1)
			return keep(a->note, sizeof a->note);
		if (add_word(own, sizeof own, domain))
			return true;
		p += n;
	}
	return own[0] != '\0' && add_word(a->own, sizeof a->own, own);
}

/* "shop bill", also with a "+" before each, as rules have them. */
static bool
keep_tags(struct ask_alias *q)
{
	char tag[ALIAS_TAGS_MAX];
	const char *p = optarg;
	size_t n;

	for (p += strspn(p, ", "); *p != '\0'; p += strspn(p, ", ")) {
		p += *p == '+';
		n = strcspn(p, ", ");
		if (snprintf(tag, sizeof tag, "%.*s", (int)n, p) >=
		    (int)sizeof tag ||
		    add_word(q->a.tags, sizeof q->a.tags, tag))
			return true;
		q->no_tag |= !mail_tag_ok(tag);
		p += n;
	}
	return false;
}

/* False: not as the usage line has it. */
static bool
arguments(int argc, char **argv, struct ask_alias *q)
{
	static const struct option options[] = {
		{ "for", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	*q = (struct ask_alias){ .verb = "list" };
	if (argc > 1 && argv[1][0] != '-') {
		q->verb = argv[1];
		argc--;
		argv++;
	}
	optind = 1;
	while ((c = cmd_option("alias", argc, argv, "jd:e:f:t:n:",
	    options)) != -1) {
		if (c == 'j')
			q->json = true;
		else if (c == 'f')
			q->bad |= keep(q->a.folder, ALIAS_FOLDER_MAX);
		else if (c == 't')
			q->bad |= keep_tags(q);
		else if (c == 'n')
			q->bad |= keep(q->a.note, ALIAS_NOTE_MAX);
		else if (c == 'o')
			q->bad |= keep_for(&q->a);
		else if (c == 'd')
			q->bad |= keep_dest(&q->a);
		else if (c == 'e')
			q->late = expiry_read(optarg, &q->a.expires) != 0;
		else
			return false;
	}
	if (strcmp(q->verb, "list") == 0)
		return optind == argc;
	if (strcmp(q->verb, "add") != 0 && strcmp(q->verb, "rm") != 0 &&
	    strcmp(q->verb, "burn") != 0)
		return false;
	if (optind + 1 != argc)
		return false;
	q->address = optarg = argv[optind];
	q->bad |= keep(q->a.address, ALIAS_ADDR_MAX);
	return true;
}

/* What of the call is wrong. */
static const char *
what(const struct ask_alias *q, uint16_t status)
{
	if (q->address == NULL)
		return "alias";
	return status == STORE_NOTFOUND && strcmp(q->verb, "add") == 0 ?
	    q->a.folder : q->address;
}

static const char *
text(uint16_t status, const char *verb)
{
	switch (status) {
	case STORE_NAME:
		return "not an address of this node";
	case ALIAS_E_DEST:
		return "a destination is neither a mailbox nor an address "
		    "elsewhere";
	case STORE_TOOBIG:
		return "too many destinations";
	case STORE_KEPT:
		return "this address is always accepted";
	case STORE_EXISTS:
		return "there is such an alias already, in use or burnt: "
		    "rm it first";
	case STORE_NOTFOUND:
		return strcmp(verb, "add") == 0 ? "no such mailbox" :
		    "no such alias";
	default:
		return store_status_text(status);
	}
}

int
cmd_alias(int argc, char **argv)
{
	struct ask_alias q;
	struct op_reply r;
	struct node *n = NULL;
	uint16_t status;
	int ch, rc = 0;

	if (argc == 2 && strcmp(argv[1], "-h") == 0)
		return cmd_usage(argv[0], 1);
	if (!arguments(argc, argv, &q))
		return cmd_usage("alias", 0);
	if (q.late)
		return cmd_wrong("-e", "not a day to come: 2027-01-31, or 30d");
	if (q.no_tag)
		return cmd_wrong("-t", "not tags: \"shop bill\"");
	if (q.bad)
		return cmd_fail("alias", "too long");
	ch = cmd_link("alias", &n, ROLE_KEEPER);
	if (ch == -1) {
		node_close(n);
		return 1;
	}
	op_reply_init(&r);
	status = act(ch, &r, &q);
	if (status != OP_OK)
		rc = cmd_fail(what(&q, status), text(status, q.verb));
	op_reply_clear(&r);
	close(ch);
	node_close(n);
	return rc;
}
