#define _DEFAULT_SOURCE	/* gethostname, getaddrinfo */
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/node/here.h"

enum { NAME_MAX_OCTETS = 256 };	/* RFC 1035 section 2.3.4, and a NUL */

static bool
completed(const char *name, const char *domain)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME }, *ai = NULL;
	bool is = false;

	if (getaddrinfo(name, NULL, &hints, &ai) == 0 &&
	    ai->ai_canonname != NULL)
		is = strcasecmp(ai->ai_canonname, domain) == 0;
	if (ai != NULL)
		freeaddrinfo(ai);
	return is;
}

bool
here_is(const char *domain)
{
	char name[NAME_MAX_OCTETS];
	size_t n;

	if (strcasecmp(domain, "localhost") == 0 ||
	    strcasecmp(domain, "localhost.localdomain") == 0)
		return true;
	if (gethostname(name, sizeof name) == -1)
		return false;
	name[sizeof name - 1] = '\0';
	n = strlen(name);
	if (n == 0 || strncasecmp(name, domain, n) != 0)
		return false;
	return domain[n] == '\0' ||
	    (domain[n] == '.' && completed(name, domain));
}
