#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/num.h"
#include "tui/doc.h"
#include "tui/hyper.h"

enum { VTE_FIRST = 5000 };	/* 0.50: older ones crash on odd ones */

static bool
is_set(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && *s != '\0';
}

bool
hyper_known(void)
{
	static const char *const terms[] = { "xterm-kitty", "foot",
	    "alacritty", "wezterm", "xterm-ghostty", "contour" };
	static const char *const programs[] = { "iTerm.app", "WezTerm",
	    "ghostty", "vscode", "Hyper" };
	const char *term = getenv("TERM"), *program = getenv("TERM_PROGRAM");
	const char *vte = getenv("VTE_VERSION");
	uint32_t version;
	size_t i;

	if (vte != NULL && num_u32(vte, vte + strlen(vte), VTE_FIRST,
	    UINT32_MAX, &version) == 0)
		return true;
	if (is_set("KITTY_WINDOW_ID") || is_set("KONSOLE_VERSION") ||
	    is_set("WT_SESSION"))
		return true;
	for (i = 0; term != NULL && i < sizeof terms / sizeof terms[0]; i++)
		if (strncmp(term, terms[i], strlen(terms[i])) == 0)
			return true;
	for (i = 0; program != NULL &&
	    i < sizeof programs / sizeof programs[0]; i++)
		if (strcmp(program, programs[i]) == 0)
			return true;
	return false;
}

bool
hyper_open(struct buf *b, const char *url, size_t n)
{
	size_t i, before = b->len;
	unsigned char c;

	if (n == 0 || n > HYPER_URL_MAX)
		return false;
	buf_adds(b, "\033]8;;");
	if (doc_url_bare(url, n))
		buf_adds(b, "https://");
	for (i = 0; i < n; i++) {
		c = (unsigned char)url[i];
		if (c > ' ' && c < 0x7f)
			buf_addc(b, c);
		else
			buf_addf(b, "%%%02X", c);
	}
	buf_adds(b, "\033\\");
	if (b->len - before > 3 * HYPER_URL_MAX || b->err != 0) {
		b->len = before;
		return false;
	}
	return true;
}

void
hyper_close(struct buf *b)
{
	buf_adds(b, "\033]8;;\033\\");
}
