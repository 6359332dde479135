/* The options that the commands of vault, keys and certificates share. */
#ifndef OPS_ARGS_H
#define OPS_ARGS_H

#include <stdbool.h>
#include <stdint.h>

enum { ARGS_MAX = 4 };

struct args {
	bool		 help;		/* -h */
	bool		 json;		/* -j */
	bool		 from_stdin;	/* --passphrase-stdin */
	bool		 secret_stdin;	/* --secret-stdin */
	uint32_t	 mib;		/* --argon2 MiB */
	int		 n;
	const char	*v[ARGS_MAX];	/* what is no option; borrowed */
};

/* argv[0] is skipped.  0, or -1: unknown, malformed or too many. */
int	args_parse(struct args *a, int argc, char **argv);

#endif
