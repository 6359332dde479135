/* What a hook's process gives up before it becomes the program. */
#ifndef HOOKS_JAIL_H
#define HOOKS_JAIL_H

#include "hooks/run.h"

/*
 * In the child, right before exec; program is the file to be executed.  0,
 * or -1 with errno: then nothing must be executed.  A kernel without
 * Landlock or seccomp is no error (STYLE: logged once, by the roles).
 */
int	jail_enter(const struct hook_spec *spec, const char *program);

#endif
