#include <stdio.h>

#include "mailnode/smtp/answer.h"

/* Whatever a detail brings along, a reply stays one line of ASCII. */
static void
escape(char *s)
{
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

static void
put(char *out, size_t size, const struct answer *a, const char *detail)
{
	if (detail != NULL && detail[0] != '\0')
		(void)snprintf(out, size, "%s: %s", a->text, detail);
	else
		(void)snprintf(out, size, "%s", a->text);
	escape(out);
}

void
answer_put(struct line *l, const struct answer *a, const char *detail,
    const char *trace)
{
	char text[ANSWER_TEXT_MAX];

	put(text, sizeof text, a, detail);
	line_putf(l, "%u ", a->code);
	if (a->status != NULL)
		line_putf(l, "%s ", a->status);
	line_puts(l, text);
	if (a->code >= 400)
		line_putf(l, " [%s]", trace);
	line_puts(l, "\r\n");
}

void
answer_text(char *out, size_t size, const struct answer *a,
    const char *detail)
{
	int n = snprintf(out, size, "%u %s ", a->code,
	    a->status != NULL ? a->status : "");

	if (n > 0 && (size_t)n < size)
		put(out + n, size - (size_t)n, a, detail);
}

void
answer_list(struct line *l, const char *text, bool last)
{
	line_putf(l, "250%c%s\r\n", last ? ' ' : '-', text);
}
