/* search, show, tag: the owner's mail from the command line. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

enum { PAGE = 200, SET = 1000 };

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

/* A channel, or -1 with the error said. */
int
search_link_to(const char *cmd, struct node **n, enum role role)
{
	int ch;

	if (*n == NULL)
		*n = node_connect(false);
	ch = *n != NULL ? node_link(*n, role) : -1;
	if (ch == -1)
		cmd_fail(cmd, strerror(errno));
	return ch;
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
json_words(struct buf *b, const char *name, const char *list)
{
	size_t n;

	buf_addf(b, ",\"%s\":[", name);
	for (; *list != '\0'; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		if (n == 0)
			continue;
		if (b->data[b->len - 1] != '[')
			buf_addc(b, ',');
		json_bytes(b, list, n);
	}
	buf_addc(b, ']');
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

	while ((c = getopt(argc, argv, "+hjn:")) != -1) {
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
	ch = search_link_to("search", &n, ROLE_READER);
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

/* ---- show ---- */

/* The Message-ID that a trace id's message was filed under. */
static uint16_t
trace_msgid(struct node *n, const char *trace, char *dst, size_t size)
{
	struct event_list l;
	struct op_reply r;
	uint16_t rc = STORE_NOTFOUND;
	size_t i, len;
	int ch;

	dst[0] = '\0';
	ch = search_link_to("show", &n, ROLE_KEEPER);
	if (ch == -1)
		return OP_GONE;
	op_reply_init(&r);
	rc = event_query(ch, &r, trace, 0, &l);
	for (i = 0; rc == OP_OK && i < l.n; i++) {
		len = strlen(l.event[i].addr);
		if (strcmp(l.event[i].kind, "filed") == 0 && len > 2 &&
		    len < size && l.event[i].addr[0] == '<') {
			memcpy(dst, l.event[i].addr + 1, len - 2);
			dst[len - 2] = '\0';
		}
	}
	if (rc == OP_OK) {
		event_list_clear(&l);
		rc = dst[0] != '\0' ? OP_OK : STORE_NOTFOUND;
	}
	op_reply_clear(&r);
	close(ch);
	return rc;
}

/* Row ids are digits, Message-IDs have an at sign, the rest are traces. */
static uint16_t
find_id(struct node *n, int ch, const char *key, uint64_t *id)
{
	struct list_msgs_ask ask = { .which = LIST_OF_MSGID, .n = 1 };
	char msgid[EVENT_ADDR_MAX];
	struct list_msgs m;
	size_t len = strlen(key);
	uint16_t rc;

	if (num_u64(key, key + len, 1, INT64_MAX, id) == 0)
		return OP_OK;
	if (key[0] == '<' && len > 2 && len < sizeof msgid) {
		memcpy(msgid, key + 1, len - 2);
		msgid[len - 2] = '\0';
	} else if (strchr(key, '@') != NULL && len < sizeof msgid)
		memcpy(msgid, key, len + 1);
	else {
		rc = trace_msgid(n, key, msgid, sizeof msgid);
		if (rc != OP_OK)
			return rc;
	}
	ask.text = msgid;
	rc = list_msgs(ch, &ask, &m);
	if (rc != OP_OK)
		return rc;
	*id = m.n > 0 ? m.row[0].id : 0;
	list_msgs_clear(&m);
	return *id != 0 ? OP_OK : STORE_NOTFOUND;
}

static int
show_raw(int fd)
{
	char b[65536];
	ssize_t k;

	if (isatty(STDOUT_FILENO))
		return cmd_fail("show", "-r is for a pipe or a file, what a "
		    "message holds could command the terminal");
	while ((k = read(fd, b, sizeof b)) > 0)
		if (fwrite(b, 1, (size_t)k, stdout) != (size_t)k)
			return cmd_fail("show", strerror(errno));
	return k == 0 ? 0 : cmd_fail("show", strerror(errno));
}

static bool
usual(const char *name)
{
	static const char *const shown[] = { "From", "To", "Cc", "Subject",
	    "Date", "Reply-To" };
	size_t i;

	for (i = 0; i < sizeof shown / sizeof shown[0]; i++)
		if (strcasecmp(name, shown[i]) == 0)
			return true;
	return false;
}

static void
show_text(const struct msg_info *info, const struct parse_show *s, bool all)
{
	size_t i;

	printf("Folder: %s%s%s%s\n", info->folder,
	    info->tags[0] != '\0' ? " (" : "", info->tags,
	    info->tags[0] != '\0' ? ")" : "");
	for (i = 0; i < s->nheader; i++)
		if (all || usual(s->header[i].name))
			printf("%s: %s\n", s->header[i].name,
			    s->header[i].value);
	putchar('\n');
	fwrite(s->text, 1, s->ntext, stdout);
	for (i = 0; i < s->npart; i++)
		if (s->part[i].flags & PARSE_P_ATTACH)
			printf("[%s  %s  %s  %llu]\n", s->part[i].path,
			    s->part[i].type, s->part[i].filename,
			    (unsigned long long)s->part[i].size);
}

static void
show_json(const struct msg_info *info, const struct parse_show *s)
{
	const struct parse_part *p;
	struct buf b;
	size_t i;

	buf_init(&b, PARSE_ANSWER_MAX);
	buf_addf(&b, "{\"id\":%llu,\"thread\":%llu,\"date\":%lld",
	    (unsigned long long)info->id, (unsigned long long)info->thread,
	    (long long)info->date);
	json_field(&b, "folder", info->folder);
	json_field(&b, "message_id", info->msgid);
	json_words(&b, "tags", info->tags);
	buf_adds(&b, ",\"headers\":[");
	for (i = 0; i < s->nheader; i++) {
		buf_adds(&b, i > 0 ? ",[" : "[");
		json_string(&b, s->header[i].name);
		buf_addc(&b, ',');
		json_string(&b, s->header[i].value);
		buf_addc(&b, ']');
	}
	buf_adds(&b, "],\"parts\":[");
	for (i = 0; i < s->npart; i++) {
		p = &s->part[i];
		buf_adds(&b, i > 0 ? ",{" : "{");
		json_field(&b, "path", p->path);
		json_field(&b, "type", p->type);
		json_field(&b, "charset", p->charset);
		json_field(&b, "filename", p->filename);
		json_field(&b, "disposition", p->disposition);
		buf_addf(&b, ",\"size\":%llu,\"attachment\":%s}",
		    (unsigned long long)p->size,
		    p->flags & PARSE_P_ATTACH ? "true" : "false");
	}
	buf_adds(&b, "],\"text\":");
	json_bytes(&b, s->text, s->ntext);
	buf_adds(&b, "}\n");
	if (!b.err)
		fwrite(b.data, 1, b.len, stdout);
	buf_clear(&b);
}

struct show_how {
	bool	raw, json, all;
};

static int
show_one(struct node *n, int ch, const char *key, const struct show_how *how)
{
	struct msg_info info;
	struct parse_show s;
	uint64_t id;
	uint16_t rc;
	int fd = -1, parser, status = 0;

	rc = find_id(n, ch, key, &id);
	if (rc == OP_OK)
		rc = msg_open(ch, id, &info, &fd);
	if (rc != OP_OK)
		return cmd_fail(key, store_status_text(rc));
	if (how->raw)
		status = show_raw(fd);
	else if ((parser = search_link_to("show", &n, ROLE_PARSER)) == -1)
		status = 1;
	else {
		rc = parse_show(parser, fd, PARSE_PLAIN, &s);
		if (rc != OP_OK)
			status = cmd_fail(key, store_status_text(rc));
		else if (how->json)
			show_json(&info, &s);
		else
			show_text(&info, &s, how->all);
		parse_show_clear(&s);
		close(parser);
	}
	msg_info_clear(&info);
	close(fd);
	return status;
}

int
cmd_show(int argc, char **argv)
{
	struct show_how how = { false, false, false };
	struct node *n = NULL;
	int c, ch, status = 0;

	while ((c = getopt(argc, argv, "+hjrH")) != -1) {
		if (c == 'j')
			how.json = true;
		else if (c == 'r')
			how.raw = true;
		else if (c == 'H')
			how.all = true;
		else
			return cmd_usage("show", c == 'h');
	}
	if (optind == argc)
		return cmd_usage("show", 0);
	ch = search_link_to("show", &n, ROLE_READER);
	if (ch == -1)
		return 1;
	for (; optind < argc; optind++)
		status |= show_one(n, ch, argv[optind], &how);
	close(ch);
	node_close(n);
	return status;
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

static int
tag_query(struct tagging *t, const char *query)
{
	struct node *n = NULL;
	uint16_t rc;
	int ch, keeper = -1, status = 0;

	ch = search_link_to("tag", &n, ROLE_READER);
	if (ch != -1)
		keeper = search_link_to("tag", &n, ROLE_KEEPER);
	if (keeper == -1)
		return 1;
	rc = search_each_match(ch, query, note_id, t);
	if (rc == OP_OK && t->n == 0)
		status = cmd_fail("tag", "no message matches");
	else if (rc == OP_OK)
		rc = apply(keeper, t);
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
			return cmd_fail(argv[i], "not a tag");
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
