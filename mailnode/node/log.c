#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/base/buf.h"
#include "mailnode/base/bug.h"
#include "mailnode/node/log.h"

enum {
	LOG_LINE_MAX = 4000,	/* octets: below PIPE_BUF, so lines never mix */
	LOG_VALUE_MAX = 1000	/* octets of one value, before escaping */
};

static const char *log_role = "mailnode";
static enum log_level log_most = LOG_INFO;
static const char *const level_names[] = { "error", "warn", "info", "debug" };

void
log_init(const char *role, enum log_level most)
{
	log_role = role;
	log_most = most;
}

static void
put_value(struct buf *b, const char *s)
{
	size_t n, i;
	uint8_t c;

	if (s == NULL)
		s = "-";
	n = strnlen(s, LOG_VALUE_MAX);
	if (n > 0 && strcspn(s, " \"=\\\t\r\n\x1b\x7f") >= n &&
	    strspn(s, "!#$%&'()*+,-./0123456789:;<>?@[]^_`{|}~"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") >= n) {
		buf_add(b, s, n);
		return;
	}
	buf_addc(b, '"');
	for (i = 0; i < n; i++) {
		c = (uint8_t)s[i];
		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c < ' ' || c >= 127)
			buf_addf(b, "\\x%02x", c);
		else
			buf_addc(b, c);
	}
	buf_addc(b, '"');
}

/* One conversion; `f` stands on its '%'.  Returns where the format goes on. */
static const char *
put_arg(struct buf *b, const char *f, va_list *ap)
{
	if (strncmp(f, "%s", 2) == 0)
		put_value(b, va_arg(*ap, const char *));
	else if (strncmp(f, "%d", 2) == 0)
		buf_addf(b, "%d", va_arg(*ap, int));
	else if (strncmp(f, "%u", 2) == 0)
		buf_addf(b, "%u", va_arg(*ap, unsigned int));
	else if (strncmp(f, "%lld", 4) == 0)
		buf_addf(b, "%lld", va_arg(*ap, long long));
	else if (strncmp(f, "%llu", 4) == 0)
		buf_addf(b, "%llu", va_arg(*ap, unsigned long long));
	else if (strncmp(f, "%zu", 3) == 0)
		buf_addf(b, "%zu", va_arg(*ap, size_t));
	else
		bug("log format");
	return f + (f[1] == 'l' ? 4 : f[1] == 'z' ? 3 : 2);
}

void
log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	struct buf b;
	va_list ap;
	int saved = errno;
	ssize_t n;

	if (level > log_most)
		return;
	buf_init(&b, LOG_LINE_MAX);
	buf_addf(&b, "level=%s role=%s pid=%d event=%s ", level_names[level],
	    log_role, (int)getpid(), event);
	va_start(ap, fmt);
	while (*fmt != '\0') {
		if (*fmt == '%')
			fmt = put_arg(&b, fmt, &ap);
		else
			buf_addc(&b, *fmt++);
	}
	va_end(ap);
	b.err = 0;	/* a line that is too long is cut, not lost */
	if (b.len >= b.max)
		b.len = b.max - 1;
	buf_addc(&b, '\n');
	do {
		n = write(STDERR_FILENO, b.data, b.len);
	} while (n == -1 && errno == EINTR);
	buf_clear(&b);
	errno = saved;
}
