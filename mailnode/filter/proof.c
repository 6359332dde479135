#include <stdio.h>
#include <string.h>

#include "mailnode/filter/proof.h"
#include "mailnode/node/idna.h"

/* Is the name that domain, or below it?  Both in A-labels. */
static bool
within(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return d > 0 && n >= d && strcmp(name + n - d, domain) == 0 &&
	    (n == d || name[n - d - 1] == '.');
}

static void
add(struct proof *p, const char *domain)
{
	size_t i;

	for (i = 0; i < p->nids; i++)
		if (strcmp(p->id[i], domain) == 0)
			return;
	if (domain[0] != '\0' && p->nids < HISTORY_IDS_MAX)
		p->id[p->nids++] = domain;
}

bool
proof_aligned(enum dmarc_result dmarc, const char *domain,
    const char *const *id, size_t nids)
{
	size_t i;

	if (dmarc != DMARC_NONE)
		return dmarc == DMARC_PASS;
	for (i = 0; i < nids; i++)
		if (strchr(id[i], '.') != NULL && within(domain, id[i]))
			return true;
	return false;
}

void
proof_of(const struct auth_verdict *v, struct proof *p)
{
	const struct from *f = &v->from;
	size_t i;

	memset(p, 0, sizeof *p);
	p->author = p->written = "";
	p->name = f->shown;
	for (i = 0; i < v->ndkim; i++)
		if (v->dkim[i]->result == DKIM_PASS && !v->dkim[i]->partial)
			add(p, v->dkim[i]->domain);
	if (v->has_spf && v->spf.result == SPF_PASS)
		add(p, v->spf.domain);
	if (v->from_fields != 1 || f->addresses != 1 || f->bad || f->more ||
	    f->ndomains != 1 || f->address[0] == '\0')
		return;
	p->author = f->address;
	p->written = f->written;
	p->name = f->name;
	p->aligned = proof_aligned(v->dmarc.result, f->domain[0], p->id,
	    p->nids);
}

void
proof_address(const char *address, char out[HISTORY_NAME_MAX])
{
	const char *at = strrchr(address, '@');
	char domain[DNS_NAME_MAX];
	char *p;

	out[0] = '\0';
	if (at == NULL || idna_ascii(at + 1, strlen(at + 1), domain) == -1)
		return;
	if (snprintf(out, HISTORY_NAME_MAX, "%.*s@%s", (int)(at - address),
	    address, domain) >= HISTORY_NAME_MAX)
		out[0] = '\0';
	for (p = out; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
}

void
proof_listed(const char *text, char out[HISTORY_NAME_MAX])
{
	char domain[DNS_NAME_MAX];

	proof_address(text, out);
	if (out[0] == '\0' && strpbrk(text, "@:/") == NULL &&
	    idna_ascii(text, strlen(text), domain) == 0)
		(void)snprintf(out, HISTORY_NAME_MAX, "%s", domain);
	if (out[0] == '\0')
		(void)snprintf(out, HISTORY_NAME_MAX, "%s", text);
}
