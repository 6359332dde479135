#include <dlfcn.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/dyn.h"

static char why[256];

/* Object and function pointers are of one size here, says POSIX of dlsym. */
union symbol {
	void	 *object;
	void	(*function)(void);
};

static bool
find(void *lib, const char *name, void *slot)
{
	union symbol s = { .object = dlsym(lib, name) };

	*(void (**)(void))slot = s.function;
	if (s.object == NULL)
		snprintf(why, sizeof why, "%s", dlerror());
	return s.object != NULL;
}

static void *
library(const char *name)
{
	void *lib = dlopen(name, RTLD_NOW | RTLD_LOCAL);

	if (lib == NULL)
		snprintf(why, sizeof why, "%s", dlerror());
	return lib;
}

#define DYN_FIND(result, name, args) \
	ok = ok && find(lib, #name, &t.name);

/* GLib comes with GMime: its symbols are found through that handle. */
const struct dyn_gmime *
dyn_gmime(void)
{
	static struct dyn_gmime t;
	static bool ok;
	void *lib;

	if (ok)
		return &t;
	lib = library("libgmime-3.0.so.0");
	if (lib == NULL)
		return NULL;
	ok = true;
	DYN_GLIB(DYN_FIND)
	DYN_GMIME(DYN_FIND)
	if (!ok)
		return NULL;
	t.g_mime_init();
	return &t;
}

/* ---- notmuch ---- */

static struct dyn_notmuch notmuch;
static jmp_buf landing;
static bool may_land;

/* No handler was found, nothing is unwound, and the exception is caught as
 * far as its runtime is concerned: the last place to leave by. */
static void
not_caught(void)
{
	if (!may_land)
		abort();
	may_land = false;
	notmuch.__cxa_end_catch();
	longjmp(landing, 1);
}

const struct dyn_notmuch *
dyn_notmuch(void)
{
	struct dyn_notmuch t;
	static bool ok;
	void *lib;

	if (ok)
		return &notmuch;
	lib = library("libnotmuch.so.5");
	if (lib == NULL)
		return NULL;
	ok = true;
	DYN_NOTMUCH(DYN_FIND)
	DYN_CXX(DYN_FIND)
	if (!ok)
		return NULL;
	notmuch = t;
	notmuch._ZSt13set_terminatePFvvE(not_caught);
	return &notmuch;
}

/*
 * The jump is over frames of libnotmuch and Xapian alone, on the way to a
 * document.  Their destructors do not run: that leaks a cursor, up to
 * 150 KiB.  They hold no lock, libnotmuch has made nothing yet, and what
 * Xapian had half done is what each of its exceptions leaves for reopen.
 */
notmuch_message_t *
dyn_messages_get(notmuch_messages_t *ms)
{
	notmuch_message_t *m;

	if (setjmp(landing) != 0)
		return NULL;
	may_land = true;
	m = notmuch.notmuch_messages_get(ms);
	may_land = false;
	return m;
}

/* Each opening makes a string of it anew, and leaves the one before. */
const char *
dyn_notmuch_view(notmuch_database_t *db)
{
	const char *uuid = NULL;

	(void)notmuch.notmuch_database_get_revision(db, &uuid);
	return uuid;
}

const char *
dyn_error(void)
{
	return why;
}
