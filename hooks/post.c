#define _DEFAULT_SOURCE	/* strncasecmp */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "hooks/post.h"

enum { NUMBER = 24 };	/* octets of an option with a number */

/* What ends a URL, or could be more than one to curl. */
static bool
url_ok(const char *url)
{
	const char *p;

	if (strncasecmp(url, "https://", 8) != 0 || url[8] == '\0' ||
	    strlen(url) >= POST_URL_MAX)
		return false;
	for (p = url; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return false;
	return true;
}

/* -q comes first: no file of the user's says otherwise. */
enum hook_err
hook_post_start(struct hook **h, const char *url, const char *ca)
{
	char seconds[NUMBER], size[NUMBER];
	const char *argv[] = { "curl", "-q", "-s", "-S", "-g",
	    "--proto", "=https", "--tlsv1.2", "--noproxy", "*",
	    "-m", seconds, "--max-filesize", size,
	    "-A", "", "-o", "/dev/null", "-w", "%{http_code}",
	    "-d", "List-Unsubscribe=One-Click", "--url", url,
	    ca != NULL ? "--cacert" : NULL, ca, NULL };
	struct hook_spec spec = { .argv = argv, .seconds = POST_SECONDS + 2,
	    .jail = HOOK_STOCK, .net = true, .keep_stderr = true,
	    .readable = ca };

	*h = NULL;
	if (!url_ok(url))
		return HOOK_ABSENT;
	(void)snprintf(seconds, sizeof seconds, "%d", POST_SECONDS);
	(void)snprintf(size, sizeof size, "%d", POST_ANSWER_MAX);
	return hook_start(h, &spec, -1);
}
