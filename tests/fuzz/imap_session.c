/*
 * A whole session, fed with whatever, on a store to which others do things,
 * too: each answer is a line that IMAP knows, and the client's count of
 * messages is never led astray.
 */
#define _GNU_SOURCE
#include <ctype.h>

#include "tests/unit/imap_fake.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum {
	INPUT_MAX = 60000,	/* octets: what a socket holds */
	OUTPUT_MAX = 8 * 1024 * 1024
};

/* ---- what it says ---- */

/* Behind the literals of a line that starts at p; NULL: it was cut. */
static char *
end_of_line(char *p, char *end)
{
	char *lf, *open;

	for (;;) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			return NULL;
		if (lf == p || lf[-1] != '\r' ||
		    memchr(p, '\r', (size_t)(lf - 1 - p)) != NULL)
			abort();
		lf[-1] = '\0';
		open = lf > p + 3 && lf[-2] == '}' ? strrchr(p, '{') : NULL;
		if (open == NULL || !isdigit((unsigned char)open[1]))
			return lf + 1;
		if (strtoul(open + 1, NULL, 10) >= (unsigned long)(end - lf))
			return NULL;
		p = lf + 1 + strtoul(open + 1, NULL, 10);
	}
}

static unsigned long
vanished(const char *p)
{
	unsigned long n = 0, lo, hi;
	char *q;

	for (; isdigit((unsigned char)*p); p = q + (*q == ',')) {
		lo = hi = strtoul(p, &q, 10);
		if (*q == ':')
			hi = strtoul(q + 1, &q, 10);
		n += hi - lo + 1;
	}
	return n;
}

/* The numbers that a client has. */
static void
check(char *p, size_t n)
{
	unsigned long exists = 0, v;
	bool flags = false;
	char *end = p + n, *next, *word;

	for (; p < end && (next = end_of_line(p, end)) != NULL; p = next) {
		if (*p == '+' || *p == '\0' || strncmp(p, "* ", 2) != 0) {
			if (*p == '\0')
				abort();
			continue;
		}
		v = strtoul(p + 2, &word, 10);
		if (strncmp(p, "* FLAGS", 7) == 0)
			flags = true;
		else if (strcmp(word, " EXISTS") == 0) {
			if (v < exists && !flags)
				abort();
			exists = v;
			flags = false;
		} else if (strcmp(word, " EXPUNGE") == 0) {
			if (v == 0 || v > exists--)
				abort();
		} else if (strcmp(word, " RECENT") == 0) {
			if (v > exists)
				abort();
		} else if (strncmp(word, " FETCH", 6) == 0) {
			if (v == 0 || v > exists)
				abort();
		} else if (strncmp(p, "* VANISHED ", 11) == 0) {
			v = vanished(p + 11);
			if (v > exists)
				abort();
			exists -= v;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char login[] = "x LOGIN a b\r\n";
	static char in[INPUT_MAX + sizeof login], out[OUTPUT_MAX];
	static bool made;
	size_t at = 0, got;

	if (n > INPUT_MAX)
		return 0;
	if (!made)
		fake_start();
	made = true;
	fake_begin();
	/* "!" in front: nobody has logged in. */
	if (n == 0 || data[0] != '!') {
		memcpy(in, login, sizeof login - 1);
		at = sizeof login - 1;
	}
	if (n > 0)
		memcpy(in + at, data, n);
	in[at + n] = '\0';
	got = fake_session(in, at + n, out, sizeof out);
	if (memmem(data, n, "DEFLATE", 7) == NULL &&
	    memmem(data, n, "deflate", 7) == NULL)
		check(out, got);
	fake_end();
	return 0;
}
