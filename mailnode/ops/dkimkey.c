#include <stdio.h>
#include <string.h>
#include <time.h>

#include "mailnode/base/clock.h"
#include "mailnode/ops/dkimkey.h"

void
dkimkey_name(const struct vault *v, enum sign_alg alg,
    char name[VAULT_NAME_MAX])
{
	time_t now = (time_t)clock_wall_s();
	struct tm tm;
	char month[16], more[16] = "";
	unsigned int n;

	memset(&tm, 0, sizeof tm);
	(void)gmtime_r(&now, &tm);
	(void)strftime(month, sizeof month, "%Y%m", &tm);
	for (n = 2; ; n++) {
		snprintf(name, VAULT_NAME_MAX, "dkim/%s%c%s", month,
		    alg == SIGN_RSA ? 'r' : 'e', more);
		if (vault_find(v, name) == NULL)
			return;
		snprintf(more, sizeof more, "%u", n);
	}
}

const char *
dkimkey_state(const struct vault *v, const struct vault_entry *e)
{
	if (e->retired)
		return "retired";
	return vault_active(v, e->kind) == e ? "active" : "waiting";
}
