/* All messages of a thread, in the order of its tree, page by page. */
#ifndef TUI_THREAD_H
#define TUI_THREAD_H

#include "store/op_list.h"
#include "tui/app.h"

/*
 * Called for each page, with all rows so far; the last time (`more` false)
 * they may be taken.  all NULL: told already, and the last call.
 */
typedef void	thread_fn(void *arg, struct list_msgs *all, bool more);

void	 thread_ask(struct tui *t, uint64_t thread, thread_fn *fn, void *arg);
/* What was asked with this arg is not answered any more. */
void	 thread_forget(const void *arg);

#endif
