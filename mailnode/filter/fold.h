/*
 * Characters as the filter reads them: case, diacritics, widths and the
 * letters of mathematics folded, what cannot be seen left out.
 */
#ifndef FILTER_FOLD_H
#define FILTER_FOLD_H

#include <stdint.h>

enum fold_kind {
	FOLD_GAP,	/* blank, or punctuation that says nothing */
	FOLD_WORD,	/* letter or digit */
	FOLD_INNER,	/* belongs to a word when it stands inside */
	FOLD_MARK,	/* says something by itself: ! $ € % … */
	FOLD_DENSE,	/* of a script without blanks: Han, kana, Thai … */
	FOLD_SIGN,	/* emoji and other pictures */
	FOLD_NONE,	/* combining mark, variation: as if it were not there */
	FOLD_UNSEEN,	/* likewise, but hides: zero width, bidi controls */
	FOLD_WIDE	/* no kind: an octet of a character of several */
};

/* Kinds of U+0000 to U+007F; of other octets FOLD_WIDE. */
extern const uint8_t fold_ascii[256];

/* The kind of c; *to is what it is folded to. */
enum fold_kind	fold_char(uint32_t c, uint32_t *to);

enum fold_script { FOLD_COMMON, FOLD_LATIN, FOLD_GREEK, FOLD_CYRILLIC };
/* Of scripts that have letters of the same look. */
enum fold_script fold_script(uint32_t c);

#endif
