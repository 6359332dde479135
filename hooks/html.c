#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "hooks/html.h"
#include "mailnode/base/clock.h"

enum { NUMBER = 24 };	/* octets of an option with a number */

enum browser { W3M, LYNX };

static unsigned int
within(unsigned int columns)
{
	if (columns < HTML_COLUMNS_MIN)
		return HTML_COLUMNS_MIN;
	return columns > HTML_COLUMNS_MAX ? HTML_COLUMNS_MAX : columns;
}

/*
 * Remote pictures and styles are not fetched as there is nothing to fetch
 * with: the jail has no sockets, and neither program is told to try.
 */
static enum hook_err
start(struct hook **h, enum browser which, int in, unsigned int columns)
{
	char cols[NUMBER], width[NUMBER];
	const char *const w3m[] = { "w3m", "-dump", "-T", "text/html", "-I",
	    "UTF-8", "-O", "UTF-8", "-cols", cols, "-o",
	    "display_link_number=1", "-o", "auto_image=0", "-o",
	    "use_cookie=0", "-o", "pseudo_inlines=0", NULL };
	const char *const lynx[] = { "lynx", "-dump", "-stdin",
	    "-force_html", "-assume_charset=UTF-8", "-display_charset=UTF-8",
	    "-nomargins", width, NULL };
	struct hook_spec spec = { .argv = which == W3M ? w3m : lynx,
	    .seconds = HTML_SECONDS, .mib = HTML_MIB, .jail = HOOK_STOCK };

	*h = NULL;
	snprintf(cols, sizeof cols, "%u", within(columns));
	snprintf(width, sizeof width, "-width=%u", within(columns));
	if (lseek(in, 0, SEEK_SET) == -1)
		return HOOK_SYSTEM;
	return hook_start(h, &spec, in);
}

enum hook_err
hook_html_start(struct hook **h, int in, unsigned int columns)
{
	enum hook_err rc = start(h, W3M, in, columns);

	return rc == HOOK_ABSENT ? start(h, LYNX, in, columns) : rc;
}

static void
await(struct hook *h)
{
	struct pollfd p[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int64_t left;

	while (!hook_step(h)) {
		p[0].fd = hook_out_fd(h);
		p[1].fd = hook_end_fd(h);
		left = hook_due_ms(h) - clock_mono_ms();
		(void)poll(p, 2, left > 0 ? (int)left : 0);
	}
}

static enum hook_err
browse(enum browser which, int in, unsigned int columns, struct buf *out)
{
	size_t before = out->len;
	enum hook_err rc;
	struct hook *h;
	int status;

	rc = start(&h, which, in, columns);
	if (rc != HOOK_OK)
		return rc;
	await(h);
	rc = hook_result(h, &status);
	if (rc == HOOK_OK && (status != 0 || hook_output(h)->len == 0))
		rc = HOOK_CRASHED;
	if (rc == HOOK_OK && buf_add(out, hook_output(h)->data,
	    hook_output(h)->len) == -1) {
		out->len = before;
		rc = HOOK_NOMEM;
	}
	hook_free(h);
	return rc;
}

enum hook_err
hook_html(const void *html, size_t n, unsigned int columns, struct buf *out)
{
	enum hook_err rc;
	int in;

	in = hook_input(html, n);
	if (in == -1)
		return HOOK_SYSTEM;
	rc = browse(W3M, in, columns, out);
	if (rc != HOOK_OK && out->err == 0)
		rc = browse(LYNX, in, columns, out);
	close(in);
	return rc;
}
