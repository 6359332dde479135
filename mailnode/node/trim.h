/*
 * A role that waits for months needs little of the code that started it.
 */
#ifndef NODE_TRIM_H
#define NODE_TRIM_H

/*
 * Gives back the pages of code mapped so far; those needed again come back
 * from the page cache by themselves.  Best effort.
 */
void	trim_code(void);

#endif
