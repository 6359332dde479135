/* What becomes of a message, by the words in it. */
#ifndef FILTER_VERDICT_H
#define FILTER_VERDICT_H

#include "mailnode/filter/bayes.h"

/* Over this probability a message is called junk. */
#define VERDICT_JUNK	0.5

bool	verdict_bayes_junk(const struct bayes_score *r);
/* "junk", "good", or "unknown" while too little was learnt. */
const char *verdict_bayes_text(const struct bayes_score *r);

#endif
