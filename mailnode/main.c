#include <stdio.h>

int
main(void)
{
	fputs("mailnode: not yet\n", stderr);
	return 1;
}
