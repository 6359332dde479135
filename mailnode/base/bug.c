#include <stdio.h>
#include <stdlib.h>

#include "mailnode/base/bug.h"

_Noreturn void
bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "bug: %s:%d: %s\n", file, line, what);
	abort();
}
