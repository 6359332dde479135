/* show: one message as text, as JSON or as it is. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/cmd.h"
#include "mailnode/node/control.h"
#include "store/err.h"
#include "store/op_event.h"
#include "store/op_list.h"
#include "store/op_msg.h"
#include "store/op_parse.h"

/* ---- which ---- */

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
	ch = cmd_link("show", &n, ROLE_KEEPER);
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

/* ---- how ---- */

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
	else if ((parser = cmd_link("show", &n, ROLE_PARSER)) == -1)
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

	while ((c = cmd_option("show", argc, argv, "+hjrH", NULL)) != -1) {
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
	ch = cmd_link("show", &n, ROLE_READER);
	if (ch == -1)
		return 1;
	for (; optind < argc; optind++)
		status |= show_one(n, ch, argv[optind], &how);
	close(ch);
	node_close(n);
	return status;
}
