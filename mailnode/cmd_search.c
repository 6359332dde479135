/* search, tag: the owner's mail from the command line. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/cmd_search.h"
#include "mailnode/node/control.h"
#include "store/err.h"
#include "store/op_event.h"
#include "store/op_list.h"
#include "store/op_mail.h"
#include "store/op_msg.h"
#include "store/op_parse.h"
#include "store/op_stat.h"

enum {
	PAGE = 200, SET = 1000,
	INDEXED_MS = 2000,	/* so long it is waited for */
	INDEXED_LAG = 1000,	/* messages behind: not at all */
	LOOK_MS = 20
};

static const struct {
	const char	*tag;
	uint32_t	 flag;
} flag_tags[] = {
	{ "unread", STORE_SEEN }, { "flagged", STORE_FLAGGED },
	{ "replied", STORE_ANSWERED }, { "passed", STORE_PASSED },
	{ "draft", STORE_DRAFT }, { "deleted", STORE_DELETED },
};
enum { NFLAG_TAGS = sizeof flag_tags / sizeof flag_tags[0] };

static int
fail_status(const char *what, uint16_t rc)
{
	if (rc == STORE_NOTFOUND && strcmp(what, "search") == 0)
		return cmd_fail(what, "there is no index yet");
	return cmd_fail(what, store_status_text(rc));
}

/* The words from argv[i] on as one query.  NULL: too long. */
char *
search_query_of(int argc, char **argv, int i, struct buf *b)
{
	buf_init(b, LIST_QUERY_MAX);
	for (; i < argc; i++) {
		if (b->len > 0)
			buf_addc(b, ' ');
		buf_adds(b, argv[i]);
	}
	return buf_str(b);
}

/* ---- search ---- */

static void
put_date(int64_t date, char *dst, size_t size)
{
	time_t t = (time_t)date;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(dst, size, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(dst, size, "-");
}

static void
put_flags(struct buf *b, uint32_t flags)
{
	size_t i;

	for (i = 0; i < NFLAG_TAGS; i++)
		if (((flags & flag_tags[i].flag) != 0) !=
		    (flag_tags[i].flag == STORE_SEEN))
			buf_addf(b, "%s%s", b->len > 0 ? " " : "",
			    flag_tags[i].tag);
}

void
search_msg_json(struct buf *b, const struct list_msg *m)
{
	struct buf flags;

	buf_init(&flags, LIST_NAME_MAX);
	put_flags(&flags, m->flags);
	buf_addc(b, '{');
	buf_addf(b, "\"id\":%llu,\"thread\":%llu,\"date\":%lld,"
	    "\"size\":%llu,\"uid\":%u", (unsigned long long)m->id,
	    (unsigned long long)m->thread, (long long)m->date,
	    (unsigned long long)m->size, (unsigned)m->uid);
	json_field(b, "folder", m->folder);
	json_field(b, "from", m->from);
	json_field(b, "to", m->to);
	json_field(b, "subject", m->subject);
	json_field(b, "message_id", m->msgid);
	json_field(b, "snippet", m->snippet);
	json_words(b, "flags", flags.len > 0 ? buf_str(&flags) : "");
	json_words(b, "tags", m->tags);
	buf_addf(b, ",\"attachment\":%s}", m->attach ? "true" : "false");
	buf_clear(&flags);
}

void
search_msg_line(struct buf *b, const struct list_msg *m)
{
	struct buf tags;
	char date[32];

	buf_init(&tags, SEARCH_LINE_MAX);
	put_date(m->date, date, sizeof date);
	put_flags(&tags, m->flags);
	if (m->tags[0] != '\0')
		buf_addf(&tags, "%s%s", tags.len > 0 ? " " : "", m->tags);
	buf_addf(b, "%llu  %s  %s  %s: %s", (unsigned long long)m->id, date,
	    m->folder, m->from, m->subject);
	if (tags.len > 0)
		buf_addf(b, " (%s)", buf_str(&tags));
	buf_clear(&tags);
}

/* Calls fn for every message; false ends it. */
uint16_t
search_each_match(int ch, const char *query, bool (*fn)(void *,
    const struct list_msg *), void *arg)
{
	struct list_msgs_ask ask = { .which = LIST_OF_QUERY, .text = query,
	    .n = PAGE };
	struct list_msgs page;
	uint16_t rc;
	bool more = true;
	size_t i;

	while (more) {
		rc = list_msgs(ch, &ask, &page);
		if (rc != OP_OK)
			return rc;
		more = page.more;
		ask.from = page.next;
		for (i = 0; i < page.n; i++)
			if (!fn(arg, &page.row[i])) {
				more = false;
				break;
			}
		list_msgs_clear(&page);
	}
	return OP_OK;
}

struct printer {
	bool		json;
	uint32_t	left;
	struct buf	line;
};

static bool
print_msg(void *arg, const struct list_msg *m)
{
	struct printer *p = arg;

	buf_reset(&p->line);
	if (p->json)
		search_msg_json(&p->line, m);
	else
		search_msg_line(&p->line, m);
	buf_addc(&p->line, '\n');
	if (!p->line.err)
		fwrite(p->line.data, 1, p->line.len, stdout);
	return --p->left > 0;
}

int
cmd_search(int argc, char **argv)
{
	struct printer p = { .left = UINT32_MAX };
	struct node *n = NULL;
	struct buf query;
	uint16_t rc;
	int c, ch;

	while ((c = cmd_option("search", argc, argv, "+hjn:", NULL)) != -1) {
		if (c == 'j')
			p.json = true;
		else if (c != 'n' || num_u32(optarg, optarg +
		    strlen(optarg), 1, UINT32_MAX, &p.left) == -1)
			return cmd_usage("search", c == 'h');
	}
	if (optind == argc)
		return cmd_usage("search", 0);
	if (search_query_of(argc, argv, optind, &query) == NULL)
		return cmd_fail("search", "the query is too long");
	ch = cmd_link("search", &n, ROLE_READER);
	if (ch == -1)
		return 1;
	buf_init(&p.line, SEARCH_LINE_MAX);
	rc = search_each_match(ch, buf_str(&query), print_msg, &p);
	buf_clear(&p.line);
	buf_clear(&query);
	close(ch);
	node_close(n);
	return rc == OP_OK ? 0 : fail_status("search", rc);
}

/* ---- tag ---- */

struct tagging {
	uint64_t	*id;
	size_t		 n, cap;
	uint32_t	 add, del;
	struct buf	 tags;
};

static bool
note_id(void *arg, const struct list_msg *m)
{
	struct tagging *t = arg;
	size_t cap = t->cap > 0 ? t->cap * 2 : SET;
	uint64_t *p;

	if (t->n == t->cap) {
		p = realloc(t->id, cap * sizeof *p);
		if (p == NULL)
			return false;
		t->id = p;
		t->cap = cap;
	}
	t->id[t->n++] = m->id;
	return true;
}

/* False: not a tag. */
static bool
take_tag(struct tagging *t, const char *arg)
{
	bool plus = arg[0] == '+';
	size_t i;

	for (i = 0; i < NFLAG_TAGS; i++) {
		if (strcmp(arg + 1, flag_tags[i].tag) != 0)
			continue;
		if (plus == (flag_tags[i].flag == STORE_SEEN))
			t->del |= flag_tags[i].flag;
		else
			t->add |= flag_tags[i].flag;
		return true;
	}
	if (!mail_tag_ok(arg + 1))
		return false;
	return buf_addf(&t->tags, "%s%s", t->tags.len > 0 ? " " : "", arg)
	    == 0;
}

static uint16_t
apply(int keeper, struct tagging *t)
{
	struct mail_set set = { .mbox = 0 };
	struct mail_done done;
	struct op_reply r;
	uint16_t rc = OP_OK;
	size_t at;

	op_reply_init(&r);
	for (at = 0; at < t->n && rc == OP_OK; at += set.n) {
		set.id = t->id + at;
		set.n = t->n - at < SET ? t->n - at : SET;
		if (t->add != 0 || t->del != 0)
			rc = mail_flags(keeper, &r, &set, t->add, t->del,
			    &done);
		if (rc == OP_OK && t->tags.len > 0)
			rc = mail_tags(keeper, &r, &set, buf_str(&t->tags),
			    &done);
	}
	op_reply_clear(&r);
	return rc;
}

static uint64_t
unindexed(int keeper)
{
	struct stat_node s = { .unindexed = 0 };
	struct op_reply r;

	op_reply_init(&r);
	if (stat_node(keeper, &r, &s) != OP_OK)
		s.unindexed = 0;
	op_reply_clear(&r);
	return s.unindexed;
}

/* So that the next search finds it. */
static void
await_index(int keeper)
{
	int64_t until = clock_mono_ms() + INDEXED_MS;
	uint64_t n = unindexed(keeper);

	while (n > 0 && n < INDEXED_LAG && clock_mono_ms() < until) {
		(void)poll(NULL, 0, LOOK_MS);
		n = unindexed(keeper);
	}
}

static int
tag_query(struct tagging *t, const char *query)
{
	struct node *n = NULL;
	uint16_t rc;
	int ch, keeper = -1, status = 0;

	ch = cmd_link("tag", &n, ROLE_READER);
	if (ch != -1)
		keeper = cmd_link("tag", &n, ROLE_KEEPER);
	if (keeper == -1)
		return 1;
	rc = search_each_match(ch, query, note_id, t);
	if (rc == OP_OK && t->n == 0)
		status = cmd_fail("tag", "no message matches");
	else if (rc == OP_OK)
		rc = apply(keeper, t);
	if (rc == OP_OK && t->n > 0 && t->n < INDEXED_LAG)
		await_index(keeper);
	close(ch);
	close(keeper);
	node_close(n);
	return rc == OP_OK ? status : fail_status("tag", rc);
}

int
cmd_tag(int argc, char **argv)
{
	struct tagging t = { .n = 0 };
	struct buf query;
	int i, status = 2;

	buf_init(&t.tags, MAIL_TAGS_MAX);
	if (argc > 1 && strcmp(argv[1], "-h") == 0)
		return cmd_usage("tag", 1);
	for (i = 1; i < argc && (argv[i][0] == '+' || argv[i][0] == '-') &&
	    strcmp(argv[i], "--") != 0; i++)
		if (!take_tag(&t, argv[i])) {
			buf_clear(&t.tags);
			return cmd_wrong(argv[i], "not a tag");
		}
	if (i == 1 || i == argc)
		return cmd_usage("tag", 0);
	i += strcmp(argv[i], "--") == 0;
	if (search_query_of(argc, argv, i, &query) == NULL)
		status = cmd_fail("tag", "the query is too long");
	else if (query.len == 0)
		status = cmd_usage("tag", 0);
	else
		status = tag_query(&t, buf_str(&query));
	buf_clear(&query);
	buf_clear(&t.tags);
	free(t.id);
	return status;
}
