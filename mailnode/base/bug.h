/* Our own bugs: abort with the place, never for anything a peer did. */
#ifndef BASE_BUG_H
#define BASE_BUG_H

/* Writes "bug: FILE:LINE: WHAT" to stderr and aborts. */
_Noreturn void	bug_at(const char *file, int line, const char *what);

#define bug(what)	bug_at(__FILE__, __LINE__, (what))
#define BUG_ON(cond)	do { if (cond) bug(#cond); } while (0)

#endif
