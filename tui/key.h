/*
 * Keys: their names, and which action a sequence of them stands for in a
 * view.  A key is a code point, one of enum tkey, or either with TK_ALT.
 */
#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/node/conf_tui.h"

#define TK_ALT	UINT32_C(0x2000000)

enum tkey {
	TK_FN = 0x1000000,
	TK_UP, TK_DOWN, TK_LEFT, TK_RIGHT, TK_HOME, TK_END, TK_PGUP, TK_PGDN,
	TK_INS, TK_DEL, TK_ENTER, TK_BACKTAB, TK_BACKSPACE,
	TK_F1, TK_F12 = TK_F1 + 11,
	TK_PASTE, TK_PASTE_END	/* brackets of the terminal's paste */
};

/* C-a and so on, as the terminal sends them. */
#define TK_CTRL(c)	((uint32_t)(c) & 0x1f)
enum { TK_TAB = 9, TK_ESC = 27 };

enum {
	KEY_SEQ_MAX = 4,	/* keys pressed one after the other */
	KEY_NAME_MAX = 16	/* octets of a key's name, NUL included */
};

/*
 * Reads one key name from *spec, advancing behind it and the blanks that
 * follow; 0 for a name that is none, or at the end.
 */
uint32_t key_read(const char **spec);

/* The name of a key, as key_read takes it. */
void	 key_text(uint32_t key, char name[KEY_NAME_MAX]);

struct keymap;

/*
 * Compiles the table, which must outlive it.  Returns owned; NULL with *bad
 * the key that is no key, or *bad NULL and no memory.
 */
struct keymap	*keymap_new(const struct conf_key *keys, size_t n,
		    const char **bad);
void		 keymap_free(struct keymap *m);

/*
 * One more key in a view (one bit of enum conf_view).  Returns the entry it
 * completes; else NULL, and keymap_pending tells whether more is awaited.
 * The first entry of the table that fits wins.
 */
const struct conf_key *keymap_press(struct keymap *m, unsigned int view,
			    uint32_t key);
bool		 keymap_pending(const struct keymap *m);
void		 keymap_reset(struct keymap *m);

/* Does an entry before it have its key in that view? */
bool		 key_shadowed(const struct conf_key *keys, size_t entry,
		    unsigned int view);

/* The first key of an action in a view; NULL when it has none. */
const char	*keymap_of(const struct keymap *m, unsigned int view,
		    enum conf_action act);

/* What help says of an action, and its name: "next", "page-down". */
const char	*act_text(enum conf_action act);
void		 act_name(enum conf_action act, char *name, size_t size);
/* DO_MAX for a name that is none. */
enum conf_action act_named(const char *name);

#endif
