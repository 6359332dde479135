#include <idn2.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/node/idna.h"

/* A U-label name is at most so long: a label of 63 octets holds less. */
enum { U_NAME_MAX = 1024 };

static bool
ascii(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] >= 0x80)
			return false;
	return true;
}

static int
keep(const char *p, size_t n, char out[DNS_NAME_MAX])
{
	size_t i;

	if (n > 0 && p[n - 1] == '.')
		n--;
	if (n == 0 || n >= DNS_NAME_MAX || p[n - 1] == '.' ||
	    memchr(p, '\0', n) != NULL)
		return -1;
	for (i = 0; i < n; i++)
		out[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] | 0x20) :
		    p[i];
	out[n] = '\0';
	if (dns_name_ok(out))
		return 0;
	out[0] = '\0';
	return -1;
}

static int
convert(const char *p, size_t n, char out[DNS_NAME_MAX])
{
	char name[U_NAME_MAX + 1];
	uint8_t *a = NULL;
	int rc;

	if (n > U_NAME_MAX || memchr(p, '\0', n) != NULL ||
	    !codec_utf8_ok(p, n))
		return -1;
	memcpy(name, p, n);
	name[n] = '\0';
	if (idn2_lookup_u8((const uint8_t *)name, &a, IDN2_NFC_INPUT |
	    IDN2_NONTRANSITIONAL) != IDN2_OK)
		return -1;
	rc = ascii((const char *)a, strlen((const char *)a)) ?
	    keep((const char *)a, strlen((const char *)a), out) : -1;
	idn2_free(a);
	return rc;
}

int
idna_ascii(const char *name, size_t n, char out[DNS_NAME_MAX])
{
	out[0] = '\0';
	return ascii(name, n) ? keep(name, n, out) : convert(name, n, out);
}

void
idna_shown(const char *name, char *out, size_t size)
{
	char *u = NULL;
	const char *from = name;
	size_t n;

	if (strstr(name, "xn--") != NULL &&
	    idn2_to_unicode_8z8z(name, &u, 0) == IDN2_OK && u != NULL)
		from = u;
	n = strlen(from);
	if (n >= size)
		n = size - 1;
	memcpy(out, from, n);
	out[n] = '\0';
	idn2_free(u);
}

bool
idna_same(const char *a, const char *b)
{
	char x[DNS_NAME_MAX], y[DNS_NAME_MAX];

	return idna_ascii(a, strlen(a), x) == 0 &&
	    idna_ascii(b, strlen(b), y) == 0 && strcmp(x, y) == 0;
}
