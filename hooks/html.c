#include <stdio.h>
#include <unistd.h>

#include "hooks/html.h"

enum { NUMBER = 24 };	/* octets of an option with a number */

static enum hook_err
browse(const char *const *argv, int in, struct buf *out)
{
	struct hook_spec spec = { .argv = argv, .seconds = HTML_SECONDS,
	    .mib = HTML_MIB, .jail = HOOK_STOCK };
	size_t start = out->len;
	enum hook_err rc;
	int status;

	if (lseek(in, 0, SEEK_SET) == -1)
		return HOOK_SYSTEM;
	rc = hook_run(&spec, in, out, &status);
	if (rc == HOOK_OK && (status != 0 || out->len == start)) {
		out->len = start;
		rc = HOOK_KILLED;
	}
	return rc;
}

/*
 * Remote pictures and styles are not fetched as there is nothing to fetch
 * with: the jail has no sockets, and neither program is told to try.
 */
enum hook_err
hook_html(const void *html, size_t n, unsigned int columns, struct buf *out)
{
	char cols[NUMBER], width[NUMBER];
	const char *const w3m[] = { "w3m", "-dump", "-T", "text/html", "-I",
	    "UTF-8", "-O", "UTF-8", "-cols", cols, "-o",
	    "display_link_number=1", "-o", "auto_image=0", "-o",
	    "use_cookie=0", NULL };
	const char *const lynx[] = { "lynx", "-dump", "-stdin",
	    "-force_html", "-assume_charset=UTF-8", "-display_charset=UTF-8",
	    "-nomargins", width, NULL };
	enum hook_err rc;
	int in;

	if (columns < HTML_COLUMNS_MIN)
		columns = HTML_COLUMNS_MIN;
	if (columns > HTML_COLUMNS_MAX)
		columns = HTML_COLUMNS_MAX;
	snprintf(cols, sizeof cols, "%u", columns);
	snprintf(width, sizeof width, "-width=%u", columns);
	in = hook_input(html, n);
	if (in == -1)
		return HOOK_SYSTEM;
	rc = browse(w3m, in, out);
	if (rc != HOOK_OK && out->err == 0)
		rc = browse(lynx, in, out);
	close(in);
	return rc;
}
