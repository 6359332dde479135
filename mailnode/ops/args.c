#include <string.h>

#include "crypto/vault.h"
#include "mailnode/base/num.h"
#include "mailnode/ops/args.h"

int
args_parse(struct args *a, int argc, char **argv)
{
	const char *s;
	int i;

	memset(a, 0, sizeof *a);
	a->mib = VAULT_ARGON_MIB;
	for (i = 1; i < argc; i++) {
		s = argv[i];
		if (strcmp(s, "-h") == 0)
			a->help = true;
		else if (strcmp(s, "-j") == 0)
			a->json = true;
		else if (strcmp(s, "--passphrase-stdin") == 0)
			a->from_stdin = true;
		else if (strcmp(s, "--secret-stdin") == 0)
			a->secret_stdin = true;
		else if (strcmp(s, "--argon2") == 0 && i + 1 < argc) {
			s = argv[++i];
			if (num_u32(s, s + strlen(s), 1, VAULT_ARGON_MIB_MAX,
			    &a->mib) == -1)
				return -1;
		} else if ((s[0] == '-' && s[1] != '\0') ||
		    a->n == ARGS_MAX)
			return -1;
		else
			a->v[a->n++] = s;
	}
	return 0;
}
