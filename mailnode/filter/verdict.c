#include "mailnode/filter/verdict.h"

bool
verdict_bayes_junk(const struct bayes_score *r)
{
	return r->enough && r->junk > VERDICT_JUNK;
}

const char *
verdict_bayes_text(const struct bayes_score *r)
{
	if (!r->enough)
		return "unknown";
	return verdict_bayes_junk(r) ? "junk" : "good";
}
