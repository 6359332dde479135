#include <dlfcn.h>
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


const struct dyn_notmuch *
dyn_notmuch(void)
{
	static struct dyn_notmuch t;
	static bool ok;
	void *lib;

	if (ok)
		return &t;
	lib = library("libnotmuch.so.5");
	if (lib == NULL)
		return NULL;
	ok = true;
	DYN_NOTMUCH(DYN_FIND)
	return ok ? &t : NULL;
}

const char *
dyn_error(void)
{
	return why;
}
