/* The command line behind ":", and help: both made from the key table. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <string.h>

#include "tui/global.h"
#include "tui/page.h"

enum { KEYS_SHOWN = 4 /* of one action, by help */ };

/* Names by which commands are known elsewhere. */
static const struct { const char *name; enum conf_action act; } other[] = {
	{ "quit!", DO_QUIT }, { "q", DO_BACK }, { "cf", DO_GO },
	{ "mv", DO_MOVE }, { "cp", DO_COPY }, { "filter", DO_NARROW },
	{ "modify-labels", DO_TAG_ADD }, { "reply", DO_REPLY },
	{ "search", DO_GO },
};

static enum conf_action
find(const char *name)
{
	enum conf_action act = act_named(name);
	size_t i;

	for (i = 0; act == DO_MAX && i < sizeof other / sizeof other[0]; i++)
		if (strcmp(other[i].name, name) == 0)
			act = other[i].act;
	return act;
}

/* "move Archive": an action by its name, and what it would ask for. */
void
command_run(struct tui *t, const char *line)
{
	char name[64];
	const char *arg;
	enum conf_action act;
	size_t n;

	line += strspn(line, " :");
	n = strcspn(line, " ");
	if (n == 0)
		return;
	if (n >= sizeof name)
		n = sizeof name - 1;
	(void)snprintf(name, sizeof name, "%.*s", (int)n, line);
	arg = line + strcspn(line, " ");
	arg += strspn(arg, " ");
	act = find(name);
	if (act == DO_MAX)
		app_error(t, "%s: no such command; Tab lists them", name);
	else if (!app_act(t, act, *arg != '\0' ? arg : NULL))
		app_error(t, "%s: not here", name);
}

size_t
command_complete(void *tui, const char *text, size_t n, struct buf *out)
{
	const char *blank = memchr(text, ' ', n);
	struct tui *t = tui;
	char name[64];
	int i;

	if (blank != NULL) {
		blank++;
		(void)app_complete_folder(t, blank,
		    n - (size_t)(blank - text), out);
		return (size_t)(blank - text);
	}
	for (i = 0; i < DO_MAX; i++) {
		if (!app_has(t->top->ops, (enum conf_action)i))
			continue;
		act_name((enum conf_action)i, name, sizeof name);
		prompt_offer(out, name, text, n);
	}
	return 0;
}

/* ---- help ---- */

/* The keys of an action in that view, "j, Down"; of many the first and the
 * last: "1 ... 9". */
static void
keys_of(struct buf *b, enum conf_action act, unsigned int view)
{
	const char *first = "", *last = "";
	size_t i, n = 0;

	buf_reset(b);
	for (i = 0; i < conf.nkeys; i++) {
		if (conf.keys[i].act != act || key_shadowed(conf.keys, i, view) ||
		    (conf.keys[i].views & view) == 0)
			continue;
		last = conf.keys[i].key;
		if (n++ == 0)
			first = last;
		buf_addf(b, "%s%s", n > 1 ? ", " : "", last);
	}
	if (n <= KEYS_SHOWN)
		return;
	buf_reset(b);
	buf_addf(b, "%s ... %s", first, last);
}

void
help_open(struct tui *t, const struct view_ops *ops)
{
	struct page_view *p;
	char name[64], title[80];
	struct buf keys;
	int i;

	(void)snprintf(title, sizeof title, "keys: %s", ops->name);
	p = page_open(t, title);
	buf_init(&keys, 1000);
	for (i = 0; i < DO_MAX; i++) {
		if (!app_has(ops, (enum conf_action)i))
			continue;
		keys_of(&keys, (enum conf_action)i, ops->kind);
		if (keys.len == 0)
			continue;
		act_name((enum conf_action)i, name, sizeof name);
		doc_addf(&p->doc, PAINT_TEXT, "%-18s %-16s %s",
		    buf_str(&keys), name, act_text((enum conf_action)i));
	}
	doc_adds(&p->doc, PAINT_TEXT, "");
	doc_adds(&p->doc, PAINT_TEXT, "Without a key, by \":\" and the name:");
	for (i = 0; i < DO_MAX; i++) {
		if (!app_has(ops, (enum conf_action)i))
			continue;
		keys_of(&keys, (enum conf_action)i, ops->kind);
		if (keys.len > 0)
			continue;
		act_name((enum conf_action)i, name, sizeof name);
		doc_addf(&p->doc, PAINT_TEXT, "%-18s %-16s %s", "", name,
		    act_text((enum conf_action)i));
	}
	buf_clear(&keys);
}
