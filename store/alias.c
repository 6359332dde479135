#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "store/alias.h"
#include "store/alias_own.h"
#include "store/op_rcpt.h"
#include "store/sql.h"

static enum store_err
read_row(struct store *st, sqlite3_stmt *s, struct alias *a)
{
	int code = sqlite3_step(s);

	memset(a, 0, sizeof *a);
	if (code == SQLITE_ROW) {
		sql_copy(a->address, sizeof a->address, s, 0);
		sql_copy(a->folder, sizeof a->folder, s, 1);
		sql_copy(a->tags, sizeof a->tags, s, 2);
		sql_copy(a->note, sizeof a->note, s, 3);
		a->created = sqlite3_column_int64(s, 4);
		a->burned = sqlite3_column_int64(s, 5);
		a->used = (uint64_t)sqlite3_column_int64(s, 6);
		a->refused = (uint64_t)sqlite3_column_int64(s, 7);
		a->last = sqlite3_column_int64(s, 8);
		a->expires = sqlite3_column_int64(s, 9);
		sql_copy(a->dest, sizeof a->dest, s, 10);
		sql_copy(a->own, sizeof a->own, s, 11);
		a->fixed = sqlite3_column_int(s, 12) != 0;
		a->since = sqlite3_column_int64(s, 13);
		a->leaks = (uint64_t)sqlite3_column_int64(s, 14);
		sql_copy(a->leakers, sizeof a->leakers, s, 15);
	}
	(void)sqlite3_reset(s);
	if (code == SQLITE_DONE)
		return STORE_NOTFOUND;
	return code == SQLITE_ROW ? STORE_OK :
	    store_result(st, STORE_NODE, code);
}

#define ALIAS_COLUMNS "address, folder, tags, note, created, burned, used," \
	" refused, last, expires, dest"
#define ALIAS_ALL ALIAS_COLUMNS ", own, fixed, since, leaks, leakers FROM" \
	" alias LEFT JOIN alias_own USING(address)"

bool
alias_over(const struct alias *a, int64_t now_s)
{
	return a->burned != 0 || (a->expires != 0 && a->expires <= now_s);
}

enum store_err
alias_get(struct store *st, const char *address, struct alias *a)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT " ALIAS_ALL
	    " WHERE address = ?1", "s", address);

	memset(a, 0, sizeof *a);
	if (s == NULL)
		return STORE_NOMEM;
	return read_row(st, s, a);
}

enum store_err
alias_next(struct store *st, const char *after, struct alias *a)
{
	static struct store_slot slot;
	sqlite3_stmt *s = store_ask(st, STORE_NODE, &slot, "SELECT " ALIAS_ALL
	    " WHERE address > ?1 ORDER BY address LIMIT 1", "s", after);

	memset(a, 0, sizeof *a);
	if (s == NULL)
		return STORE_NOMEM;
	return read_row(st, s, a);
}

static enum store_err
found(struct store *st, enum store_err rc)
{
	return rc == STORE_OK && sqlite3_changes(st->db[STORE_NODE]) == 0 ?
	    STORE_NOTFOUND : rc;
}

/* A change by address; `at` is ?2. */
static enum store_err
change(struct store *st, struct store_slot *slot, const char *sql,
    const char *address, int64_t at)
{
	return found(st, store_do(st, STORE_NODE, slot, sql, "si", address,
	    at));
}

enum store_err
alias_add(struct store *st, const struct alias *a)
{
	static struct store_slot slot;

	return store_do(st, STORE_NODE, &slot, "INSERT INTO alias("
	    ALIAS_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, 0, 0, 0, 0, ?6, ?7)",
	    "ssssiis", a->address, a->folder, a->tags, a->note,
	    a->created, a->expires, a->dest);
}

enum store_err
alias_remove(struct store *st, const char *address)
{
	static struct store_slot slot;
	enum store_err rc;

	rc = found(st, store_do(st, STORE_NODE, &slot,
	    "DELETE FROM alias WHERE address = ?1", "s", address));
	return rc == STORE_OK ? alias_own_remove(st, address) : rc;
}

enum store_err
alias_burn(struct store *st, const char *address, int64_t now)
{
	static struct store_slot slot;

	return change(st, &slot, "UPDATE alias SET burned = ?2"
	    " WHERE address = ?1", address, now);
}

enum store_err
alias_count(struct store *st, const char *address, bool refused, int64_t now)
{
	static struct store_slot used, burned;

	if (refused)
		return change(st, &burned, "UPDATE alias SET"
		    " refused = refused + 1, last = ?2 WHERE address = ?1",
		    address, now);
	return change(st, &used, "UPDATE alias SET used = used + 1,"
	    " last = ?2 WHERE address = ?1", address, now);
}

enum store_err
alias_name(const struct store *st, const char *text,
    char dst[ALIAS_ADDR_MAX])
{
	const unsigned char *p;
	const char *at = strrchr(text, '@');
	char local[ALIAS_ADDR_MAX];
	size_t i, n = at != NULL ? (size_t)(at - text) : strlen(text);

	dst[0] = '\0';
	if (n == 0 || n > 64 || n + 2 + strlen(st->conf->domains[0]) >
	    ALIAS_ADDR_MAX)
		return STORE_NAME;
	for (p = (const unsigned char *)text; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f || strchr("<>()[]:;,\\\"", *p))
			return STORE_NAME;
	for (i = 0; i < n; i++)
		local[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ?
		    text[i] + 32 : text[i]);
	local[n] = '\0';
	for (i = 0; at != NULL && i < st->conf->ndomains; i++)
		if (strcasecmp(at + 1, st->conf->domains[i]) == 0)
			break;
	if (at == NULL)
		i = 0;
	if (i == st->conf->ndomains)
		return STORE_NAME;
	if (strcasecmp(local, st->conf->user) == 0)
		return STORE_KEPT;
	if (snprintf(dst, ALIAS_ADDR_MAX, "%s@%s", local,
	    st->conf->domains[i]) >= ALIAS_ADDR_MAX)
		return STORE_NAME;
	for (i = 0; dst[i] != '\0'; i++)
		if (dst[i] >= 'A' && dst[i] <= 'Z')
			dst[i] = (char)(dst[i] + 32);
	for (i = 0; rcpt_system[i] != NULL; i++)
		if (strcmp(local, rcpt_system[i]) == 0)
			return STORE_KEPT;
	return STORE_OK;
}
