#include <stdio.h>
#include <string.h>

#include "hooks/said.h"

/* The rest of a line behind a word and blanks; NULL: another word. */
static const char *
behind(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(end - p) < n || memcmp(p, word, n) != 0)
		return NULL;
	p += n;
	if (p < end && *p != ' ' && *p != '\t')
		return NULL;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* False: no room, dst is as it was. */
static bool
copy(char *dst, size_t size, const char *p, const char *end)
{
	size_t i, n = (size_t)(end - p);

	if (n >= size)
		return false;
	for (i = 0; i < n; i++)
		dst[i] = (unsigned char)p[i] < ' ' || p[i] == 0x7f ? '?' :
		    p[i];
	dst[n] = '\0';
	return true;
}

static void
add_tags(struct hook_said *out, const char *p, const char *end)
{
	size_t at = strlen(out->tags);

	if (p == end || at + 1 >= sizeof out->tags)
		return;
	if (copy(out->tags + at + (at > 0), sizeof out->tags - at - (at > 0),
	    p, end) && at > 0)
		out->tags[at] = ' ';
}

static void
line(struct hook_said *out, const char *p, const char *end)
{
	const char *rest;

	while (end > p && (end[-1] == '\r' || end[-1] == ' ' ||
	    end[-1] == '\t'))
		end--;
	if ((rest = behind(p, end, "tag")) != NULL)
		add_tags(out, rest, end);
	else if ((rest = behind(p, end, "folder")) != NULL && rest < end)
		(void)copy(out->folder, sizeof out->folder, rest, end);
	else if ((rest = behind(p, end, "quarantine")) != NULL) {
		out->quarantine = true;
		if ((size_t)(end - rest) >= sizeof out->reason)
			end = rest + sizeof out->reason - 1;
		(void)copy(out->reason, sizeof out->reason, rest, end);
	}
}

void
hook_said_parse(const char *p, size_t n, struct hook_said *out)
{
	const char *end = p + n, *nl;

	memset(out, 0, sizeof *out);
	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		line(out, p, nl);
		p = nl + 1;
	}
}
