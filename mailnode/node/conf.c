#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/node/conf.h"

/*
 * A setting that nobody reads is a misspelt one: told, and no error, since a
 * file that renames defaults leaves those unread.
 */
#ifndef __clang__
#pragma GCC diagnostic warning "-Wunused-const-variable=2"
#endif
#include CONFIG_H

/* Raised with each new setting, which CHANGES lists beside the number. */
#define CONFIG_NEWEST	3
#if !defined CONFIG_VERSION || CONFIG_VERSION < CONFIG_NEWEST
#error "your config.h is older than mailnode: add the settings that CHANGES \
lists under its CONFIG_VERSION (config.def.h has their defaults), then set \
CONFIG_VERSION as in config.def.h.  Those that are missing are named below."
#elif CONFIG_VERSION > CONFIG_NEWEST
#error "your config.h is newer than this mailnode: build the newer source"
#endif

#define NELEM(a)	(sizeof (a) / sizeof (a)[0])

_Static_assert(sizeof hostname > 1, "hostname is empty");
_Static_assert(sizeof hostname <= 254, "hostname over 253 octets");
_Static_assert(sizeof user > 1 && sizeof user <= 65,
    "user is empty or over 64 octets (RFC 5321 section 4.5.3.1.1)");
_Static_assert(NELEM(listeners) <= 32, "over 32 listeners");
_Static_assert(NELEM(resolvers) <= 8, "over 8 resolvers");
_Static_assert(NELEM(relays) <= 64, "over 64 relays");
_Static_assert(NELEM(rules) <= 256, "over 256 rules");
_Static_assert(NELEM(keys) <= 512, "over 512 keys");
_Static_assert(NELEM(dnsbls) <= 8, "over 8 dnsbls");
_Static_assert(NELEM(colors) <= 64, "over 64 colors");

const struct conf conf = {
	.hostname = hostname,
	.domains = domains,
	.ndomains = NELEM(domains),
	.user = user,
	.realname = realname,
	.maildir = maildir,
	.local_uids = local_uids,
	.nlocal_uids = NELEM(local_uids),
	.local_socket = local_socket,
	.listeners = listeners,
	.nlisteners = NELEM(listeners),
	.resolvers = resolvers,
	.nresolvers = NELEM(resolvers),
	.relays = relays,
	.nrelays = NELEM(relays),
	.tls_required = tls_required,
	.ntls_required = NELEM(tls_required),
	.queries = queries,
	.nqueries = NELEM(queries),
	.hooks = hooks,
	.nhooks = NELEM(hooks),
	.attachments = attachments_refused,
	.nattachments = NELEM(attachments_refused),
	.rules = rules,
	.nrules = NELEM(rules),
	.keys = keys,
	.nkeys = NELEM(keys),
	.colors = colors,
	.ncolors = NELEM(colors),
	.message_max = message_max,
	.reserve = (uint64_t)reserve_mib * 1024 * 1024,
	.sessions_max = sessions_max,
	.sessions_per_address = sessions_per_address,
	.connections_per_minute = connections_per_minute,
	.own_networks = own_networks,
	.nown_networks = NELEM(own_networks),
	.recipients_max = recipients_max,
	.subaddress = subaddress,
	.catchall = catchall,
	.catchall_refused = catchall_refused,
	.ncatchall_refused = NELEM(catchall_refused),
	.forwarders = forwarders,
	.nforwarders = NELEM(forwarders),
	.arc_trusted = arc_trusted,
	.narc_trusted = NELEM(arc_trusted),
	.dnsbls = dnsbls,
	.ndnsbls = NELEM(dnsbls),
	.greylist_s = greylist_s,
	.undo_s = undo_s,
	.sign_ed25519 = sign_ed25519 != 0,
	.unsubscribe_ca = unsubscribe_ca,
};

bool
conf_may_submit(uid_t uid)
{
	size_t i;

	for (i = 0; i < conf.nlocal_uids; i++)
		if (conf.local_uids[i] == uid)
			return true;
	return uid == 0;
}

static const char *
user_dir(void)
{
	const char *dir = getenv("HOME");
	const struct passwd *pw;

	if (dir != NULL && dir[0] == '/')
		return dir;
	pw = getpwuid(getuid());
	return pw != NULL ? pw->pw_dir : NULL;
}

static char *
join(const char *a, const char *b)
{
	size_t size = strlen(a) + strlen(b) + 1;
	char *s = malloc(size);

	if (s != NULL)
		snprintf(s, size, "%s%s", a, b);
	return s;
}

static char *
absolute(const char *path)
{
	const char *dir;

	if (path[0] == '/')
		return strdup(path);
	if (path[0] == '~' && path[1] == '/' && (dir = user_dir()) != NULL)
		return join(dir, path + 1);
	errno = ENOENT;
	return NULL;
}

char *
conf_home(void)
{
	const char *dir = getenv("MAILNODE_HOME");

	if (dir != NULL && dir[0] != '\0')
		return absolute(dir);
	return absolute("~/.local/share/mailnode");
}

char *
conf_maildir(void)
{
	return absolute(maildir);
}
