/*
 * One line that is typed: editing, history, completion, and questions that
 * a single key answers.  Text is UTF-8.
 */
#ifndef TUI_PROMPT_H
#define TUI_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/buf.h"

/* What is remembered together. */
enum prompt_hist {
	HIST_NONE, HIST_FOLDER, HIST_QUERY, HIST_TAGS, HIST_ADDRESS,
	HIST_SUBJECT, HIST_FILE, HIST_SHELL, HIST_COMMAND, HIST_FIND, HIST_MAX
};

enum {
	PROMPT_MAX = 8192,	/* octets typed */
	PROMPT_LABEL_MAX = 80,	/* octets, NUL included */
	HIST_KEEP = 50		/* lines of each history */
};

/*
 * Candidates for what stands before the cursor: appends each with a NUL
 * behind it and returns where in text the part to be replaced starts.
 */
typedef size_t	prompt_complete_fn(void *arg, const char *text, size_t n,
		    struct buf *out);

struct prompt_ask {
	const char	*label;
	const char	*text;		/* to start with; NULL: nothing */
	const char	*keys;		/* question: the keys that answer it */
	enum prompt_hist hist;
	/* The text or key; NULL when given up.  The prompt is closed by then
	 * and may be opened again from inside. */
	void		(*done)(void *arg, const char *text);
	void		(*changed)(void *arg, const char *text); /* or NULL */
	void		*arg;			/* of both */
	prompt_complete_fn *complete;		/* or NULL */
	void		*complete_arg;
};

struct prompt {
	bool		  open;
	struct prompt_ask ask;			/* label points to: */
	char		  label[PROMPT_LABEL_MAX];
	char		  keys[16];
	struct buf	  text;
	size_t		  at;			/* cursor, octets */
	bool		  pasting;
	/* private: */
	struct buf	  choices;		/* of the completion under way */
	size_t		  choice, nchoices, from;
	bool		  cycling;
	char		 *hist[HIST_MAX][HIST_KEEP];	/* newest first */
	size_t		  hist_at;		/* 0: the line being typed */
	char		 *typed;
};

void	 prompt_init(struct prompt *p);
void	 prompt_clear(struct prompt *p);

/* Strings of a are copied. */
void	 prompt_open(struct prompt *p, const struct prompt_ask *a);
/* Given up: done(NULL) is not called when `quietly`. */
void	 prompt_cancel(struct prompt *p, bool quietly);
/* One key; the prompt must be open. */
void	 prompt_key(struct prompt *p, uint32_t key);
/* Candidates that are worth showing, NUL behind each; n 0: none. */
const char *prompt_choices(const struct prompt *p, size_t *n, size_t *at);

/* For completion: adds what starts with the given octets. */
void	 prompt_offer(struct buf *out, const char *word, const char *start,
	    size_t n);

#endif
