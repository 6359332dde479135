#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mailnode/cmd.h"
#include "mailnode/node/control.h"

int
cmd_status(int argc, char **argv)
{
	struct node *n;
	struct buf b;
	bool json = argc == 2 && strcmp(argv[1], "-j") == 0;
	int rc = 1;

	if (argc > 2 || (argc == 2 && !json))
		return cmd_usage(argv[0], strcmp(argv[1], "-h") == 0);
	n = node_connect(true);
	if (n == NULL)
		return cmd_fail("status", errno == ENOENT ?
		    "no daemon runs" : strerror(errno));
	buf_init(&b, CHAN_DATA_MAX);
	if (node_status(n, &b) == 0) {
		fwrite(b.data, 1, b.len, stdout);
		rc = 0;
	} else
		cmd_fail("status", strerror(errno));
	buf_clear(&b);
	node_close(n);
	return rc;
}
