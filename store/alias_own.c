#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/alias_own.h"

enum { COUNTRY = 2, SHORT = 3 };	/* octets of labels, as of co.uk */

const char alias_own_schema[] =
    "CREATE TABLE IF NOT EXISTS alias_own("
    " address TEXT PRIMARY KEY, own TEXT NOT NULL, fixed INTEGER NOT NULL,"
    " since INTEGER NOT NULL, leaks INTEGER NOT NULL,"
    " leakers TEXT NOT NULL) WITHOUT ROWID;";

/* ---- names ---- */

/* The start of the last n labels. */
static const char *
last_labels(const char *name, unsigned int n)
{
	const char *p = name + strlen(name);

	while (p > name)
		if (*--p == '.' && --n == 0)
			return p + 1;
	return name;
}

static const char *
owner_of(const char *name)
{
	const char *two = last_labels(name, 2), *top = last_labels(name, 1);

	return strlen(top) == COUNTRY && top - two <= SHORT + 1 ?
	    last_labels(name, 3) : two;
}

bool
alias_own_same(const char *a, const char *b)
{
	return strcasecmp(owner_of(a), owner_of(b)) == 0;
}

/* One of a list with blanks between; *n counts them. */
static bool
among(const char *list, const char *domain, size_t *n)
{
	char one[ALIAS_ADDR_MAX];
	size_t k;

	for (*n = 0; *list != '\0'; list += k) {
		list += strspn(list, " ");
		k = strcspn(list, " ");
		snprintf(one, sizeof one, "%.*s", (int)k, list);
		if (k > 0 && alias_own_same(one, domain))
			return true;
		*n += k > 0;
	}
	return false;
}

static void
join(char *list, size_t size, const char *domain)
{
	size_t n = strlen(list);

	if (n + strlen(domain) + 2 <= size)
		snprintf(list + n, size - n, "%s%s", n > 0 ? " " : "",
		    domain);
}

/* ---- rows ---- */

static enum store_err
save(struct store *st, const struct alias *a, int64_t since)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "INSERT OR REPLACE INTO"
	    " alias_own VALUES(?1, ?2, ?3, ?4, ?5, ?6)", "ssiiis", a->address,
	    a->own, (int64_t)a->fixed, since, (int64_t)a->leaks, a->leakers);
}

enum store_err
alias_own_set(struct store *st, const char *address, const char *domains)
{
	struct alias a = { .fixed = true };

	snprintf(a.address, sizeof a.address, "%s", address);
	snprintf(a.own, sizeof a.own, "%s", domains);
	return save(st, &a, 0);
}

enum store_err
alias_own_remove(struct store *st, const char *address)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot,
	    "DELETE FROM alias_own WHERE address = ?1", "s", address);
}

static bool
learns(const struct alias *a, size_t n, int64_t now)
{
	return !a->fixed && n < ALIAS_OWN_DOMAINS && (n == 0 ||
	    now - a->since <= ALIAS_LEARN_S);
}

bool
alias_own_check(struct store *st, const char *address, const char *domain,
    bool learn, int64_t now)
{
	struct alias a;
	size_t n, k;

	if (domain[0] == '\0' || alias_get(st, address, &a) != STORE_OK ||
	    among(a.own, domain, &n))
		return false;
	if (learns(&a, n, now)) {
		if (!learn)
			return false;	/* nothing is known of it yet */
		join(a.own, sizeof a.own, domain);
		(void)save(st, &a, n == 0 ? now : a.since);
		return false;
	}
	a.leaks++;
	if (!among(a.leakers, domain, &k) && k < ALIAS_LEAKERS)
		join(a.leakers, sizeof a.leakers, domain);
	(void)save(st, &a, a.since);
	return true;
}
