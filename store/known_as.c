#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mailnode/base/alike.h"
#include "mailnode/base/clock.h"
#include "mailnode/base/phrase.h"
#include "store/known_as.h"
#include "store/op_rcpt.h"

enum {
	NAME_MIN = 3,	/* octets of a reduced name that means somebody */
	NAME_WORDS = 64,	/* of a name that are looked at */
	MAILBOXES = 8,	/* of a field, that are looked at */
	PART_STARTS = 16,	/* where a domain within another may begin */
	PART_LABELS = 5, /* of a domain that is looked for within another */
	COUNTRY = 2		/* octets of a country's label */
};

const char known_as_schema[] =
    "CREATE TABLE IF NOT EXISTS known_as("
    " kind INTEGER NOT NULL, look TEXT NOT NULL, whom TEXT NOT NULL,"
    " at INTEGER NOT NULL, PRIMARY KEY(kind, look, whom)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS known_as_at ON known_as(kind, at);";

/* Names of offices, which everybody has. */
static bool
says_nothing(const char *name)
{
	static const char *const common[] = { "admin", "billing", "contact",
	    "customer service", "hello", "help", "helpdesk", "info",
	    "mail delivery subsystem", "mailer-daemon", "news", "newsletter",
	    "no reply", "no-reply", "noreply", "notification",
	    "notifications", "office", "order", "orders", "postmaster",
	    "sales", "security", "service", "shop", "support", "team",
	    "webmaster" };
	size_t i;

	for (i = 0; i < sizeof common / sizeof common[0]; i++)
		if (strcasecmp(name, common[i]) == 0)
			return true;
	return false;
}

static enum store_err
put(struct store *st, enum known_as kind, const char *look, const char *whom)
{
	static struct store_slot add, trim;
	enum store_err rc;

	rc = store_do(st, STORE_NODE, &add, "REPLACE INTO known_as"
	    " VALUES(?1, ?2, ?3, ?4)", "issi", (int64_t)kind, look, whom,
	    clock_wall_us());
	if (rc != STORE_OK)
		return rc;
	return store_do(st, STORE_NODE, &trim, "DELETE FROM known_as"
	    " WHERE kind = ?1 AND at < (SELECT at FROM known_as"
	    " WHERE kind = ?1 ORDER BY at DESC LIMIT 1 OFFSET ?2)", "ii",
	    (int64_t)kind, (int64_t)(KNOWN_AS_MAX - 1));
}

enum store_err
known_as_name(struct store *st, const char *name, const char *address)
{
	char look[ALIKE_MAX];
	struct rcpt who;

	alike_name(name, look);
	if (strlen(look) < NAME_MIN || says_nothing(name) ||
	    strlen(address) >= HISTORY_NAME_MAX)
		return STORE_OK;
	/* The owner's own name stands on mail from everywhere. */
	rcpt_resolve(st, address, &who);
	if (who.class != RCPT_FOREIGN)
		return STORE_OK;
	return put(st, KNOWN_AS_NAME, look, address);
}

enum store_err
known_as_domain(struct store *st, const char *domain)
{
	char look[ALIKE_MAX];

	alike_domain(domain, look);
	if (strchr(look, '.') == NULL || strlen(domain) >= HISTORY_NAME_MAX)
		return STORE_OK;
	return put(st, KNOWN_AS_DOMAIN, look, domain);
}

/* ---- questions ---- */

/* Is there somebody who looks so, and is not himself `self`, or that with
 * U-labels? */
static bool
other(struct store *st, enum known_as kind, const char *look,
    const char *self, const char *shown, char whom[HISTORY_NAME_MAX])
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT whom FROM"
	    " known_as WHERE kind = ?1 AND look = ?2 AND NOT EXISTS(SELECT 1"
	    " FROM known_as WHERE kind = ?1 AND look = ?2 AND whom IN (?3, ?4))"
	    " ORDER BY at DESC LIMIT 1", "isss", (int64_t)kind, look, self,
	    shown);
	bool is;

	if (s == NULL)
		return false;
	is = sqlite3_step(s) == SQLITE_ROW;
	if (is)
		snprintf(whom, HISTORY_NAME_MAX, "%s",
		    (const char *)sqlite3_column_text(s, 0));
	(void)sqlite3_reset(s);
	return is;
}

/* Of ours, too: nobody else is called nearly so. */
static bool
like_ours(struct store *st, const char *domain, const char *look,
    char whom[HISTORY_NAME_MAX])
{
	char ours[ALIKE_MAX];
	size_t i;

	for (i = 0; i < st->conf->ndomains; i++) {
		alike_domain(st->conf->domains[i], ours);
		if (strcmp(ours, look) != 0 ||
		    strcasecmp(st->conf->domains[i], domain) == 0)
			continue;
		snprintf(whom, HISTORY_NAME_MAX, "%s", st->conf->domains[i]);
		return true;
	}
	return false;
}

/* The domain, or one above it, by A-labels and as it is shown. */
static bool
like_domain(struct store *st, const char *domain, const char *shown,
    char whom[HISTORY_NAME_MAX])
{
	char look[ALIKE_MAX];

	while (domain != NULL && shown != NULL && strchr(shown, '.') != NULL) {
		alike_domain(shown, look);
		if (other(st, KNOWN_AS_DOMAIN, look, domain, shown, whom) ||
		    like_ours(st, domain, look, whom))
			return true;
		domain = strchr(domain, '.');
		domain = domain != NULL ? domain + 1 : NULL;
		shown = strchr(shown, '.') + 1;
	}
	return false;
}

/* ---- a domain within another ---- */

static bool
ours(struct store *st, const char *domain)
{
	size_t i;

	for (i = 0; i < st->conf->ndomains; i++)
		if (strcasecmp(st->conf->domains[i], domain) == 0)
			return true;
	return false;
}

/* Whose mail is wanted may be called what it likes: the domain, or one above
 * it, is known itself. */
static bool
known_itself(struct store *st, const char *domain)
{
	static struct store_slot slot;
	char look[ALIKE_MAX];
	bool is = false;

	for (; !is && domain != NULL && strchr(domain, '.') != NULL;
	    domain = strchr(domain, '.') + 1) {
		alike_domain(domain, look);
		is = ours(st, domain) || store_int(st, STORE_NODE, &slot,
		    "SELECT 1 FROM known_as WHERE kind = ?1 AND look = ?2"
		    " AND whom = ?3", "iss", (int64_t)KNOWN_AS_DOMAIN, look,
		    domain) != 0;
	}
	return is;
}

/* amazon.com.br is no more amazon.com's than a country's other names, and a
 * shop there has nothing to hide. */
static bool
of_country(const char *rest)
{
	return rest[0] == '.' && strlen(rest + 1) == COUNTRY &&
	    strpbrk(rest + 1, ".-") == NULL;
}

/* Is part, of which `rest` stands behind, a domain of somebody's?  Its
 * hyphens, from the last on, may stand for dots. */
static bool
is_known(struct store *st, char *part, const char *rest,
    char whom[HISTORY_NAME_MAX])
{
	char look[ALIKE_MAX];
	bool dots = true;
	char *hyphen;

	for (;;) {
		alike_domain(part, look);
		if (strchr(part, '.') != NULL && !(dots && of_country(rest)) &&
		    (other(st, KNOWN_AS_DOMAIN, look, "", "", whom) ||
		    like_ours(st, "", look, whom)))
			return true;
		hyphen = strrchr(part, '-');
		if (hyphen == NULL)
			return false;
		*hyphen = '.';
		dots = false;
	}
}

/* "paypal.com.evil.test", "login-paypal-com.test": a known domain stands
 * within this one, and is not what it ends with. */
static bool
has_domain(struct store *st, const char *shown, char whom[HISTORY_NAME_MAX])
{
	char part[HISTORY_NAME_MAX];
	const char *from = shown, *end;
	size_t starts, labels;

	for (starts = 0; starts < PART_STARTS; starts++) {
		end = from;
		for (labels = 0; labels < PART_LABELS; labels++) {
			end += strcspn(end, ".-");
			if (*end == '\0')
				break;
			if (end > from && snprintf(part, sizeof part, "%.*s",
			    (int)(end - from), from) < (int)sizeof part &&
			    is_known(st, part, end, whom))
				return true;
			end++;
		}
		from += strcspn(from, ".-");
		if (*from++ == '\0')
			break;
	}
	return false;
}

/* ---- names ---- */

/* "Ada Friend (ada@friend.test)": an address among other words. */
static bool
has_address(struct store *st, const char *name, const char *self,
    char whom[HISTORY_NAME_MAX])
{
	static const char between[] = " \t\"'()<>[]{},;:|/";
	char word[HISTORY_NAME_MAX], look[ALIKE_MAX];
	size_t i, n;

	for (i = 0; i < NAME_WORDS && *name != '\0'; i++, name += n) {
		name += strspn(name, between);
		n = strcspn(name, between);
		if (n >= sizeof word)
			continue;
		memcpy(word, name, n);
		word[n] = '\0';
		alike_name(word, look);
		if (strchr(look, '@') != NULL &&
		    other(st, KNOWN_AS_NAME, look, self, "", whom))
			return true;
	}
	return false;
}

/* "Friend, Ada" is what a directory writes. */
static void
in_order(const char *name, char out[HISTORY_NAME_MAX])
{
	const char *comma = strchr(name, ',');

	if (comma == NULL || strchr(comma + 1, ',') != NULL ||
	    snprintf(out, HISTORY_NAME_MAX, "%s %.*s", comma + 1,
	    (int)(comma - name), name) >= HISTORY_NAME_MAX)
		out[0] = '\0';
}

static bool
like_name(struct store *st, const char *name, const char *self,
    char whom[HISTORY_NAME_MAX])
{
	char turned[HISTORY_NAME_MAX], look[ALIKE_MAX];

	if (says_nothing(name))
		return false;
	alike_name(name, look);
	if (strlen(look) >= NAME_MIN &&
	    other(st, KNOWN_AS_NAME, look, self, "", whom))
		return true;
	in_order(name, turned);
	alike_name(turned, look);
	if (strlen(look) >= NAME_MIN &&
	    other(st, KNOWN_AS_NAME, look, self, "", whom))
		return true;
	return has_address(st, name, self, whom);
}

static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s + 32);
}

/* "Ada Friend <ada>", "Ada Friend": what has no address is all name. */
static bool
like_any(struct store *st, const char *field, char whom[HISTORY_NAME_MAX])
{
	const char *end = field + strlen(field), *at;
	struct phrase_box box;
	char name[PHRASE_MAX];
	bool is = false;
	size_t i;

	for (i = 0; !is && i < MAILBOXES && phrase_next(&field, end, &box);
	    i++) {
		at = strrchr(box.address, '@');
		if (at != NULL && strpbrk(box.address, " \"") == NULL) {
			lower(box.address);
			is = known_as_other(st, box.address, box.name, at + 1,
			    whom);
			continue;
		}
		phrase_decode(box.address, strlen(box.address), name);
		is = like_name(st, box.name, "", whom) ||
		    like_name(st, name, "", whom);
	}
	return is;
}

bool
known_as_other(struct store *st, const char *address, const char *name,
    const char *domain, char whom[HISTORY_NAME_MAX])
{
	const char *at = strrchr(address, '@');

	whom[0] = '\0';
	if (at == NULL)
		return like_any(st, name, whom);
	if (like_name(st, name, address, whom))
		return true;
	if (like_domain(st, at + 1, domain, whom))
		return true;
	return !known_itself(st, at + 1) && !known_itself(st, domain) &&
	    has_domain(st, domain, whom);
}
