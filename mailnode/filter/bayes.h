/*
 * Junk or not, by what was learnt: for each token the odds of its counts
 * (naive Bayes), each with a weight that corrects what counting overrates
 * (logistic regression on those odds, over the messages that are kept).
 * Counts alone, combined by Robinson and Fisher, caught little more than
 * half as much of the training mail at the same rate of good mail called
 * junk: word pairs and headers are far from independent.
 *
 * By five-fold runs over the training mail, each of these caught more junk
 * at the same good mail lost: shrinking the odds of rare tokens and judging
 * each message in training without its own counts; header and body each by
 * its own length; errors on good mail counting more; how a header is
 * written.  Then, at 2 of 2,099 good messages lost, of all fields and of
 * those that do not betray the collection, from 97.1 and 95.8 %: words of
 * Received 98.3 and 95.8; no token's share above 0.6, errors on good mail
 * six times, 98.4 and 97.1; samples of 1,020 tokens instead of 678, 98.5 and
 * 97.2.  What misled before was one address of a house that much junk was
 * sent to, and long offers of shops which somebody wanted.  Without tags and
 * attributes of layout (ten such runs) from 97.9 to 98.1, and from 96.9 to
 * 97.1: news that somebody wants is made with the same programs as junk.
 * Without pairs of Subject and addresses (ten such runs) 98.4 % as before and
 * 97.4 instead of 97.2; at 1 lost 97.9 instead of 97.7, and 96.9 of 96.7.
 *
 * Tried, and no better: sparse bigrams and triples, words in capitals, shapes
 * of other fields and of the paths of links, where links lead as against
 * From and how many, words of list fields, numbers of lines, tags, digits and
 * capitals (better on all fields, worse on the rest), the first words again,
 * more rounds, mean weights, steps that grow smaller, decay, weights with a
 * limit instead of shares, margins for either kind, other smoothing, a third
 * place for Received.  Runs of four characters of Subject and From halve the
 * area above the curve (0.014 and 0.020 %) and change nothing where good mail
 * is rarely lost, for a fifth more tokens.  Logistic regression alone, on
 * words or on runs of 3 to 6 characters, lost three times as much junk at one
 * good message in 1,000; its mean with this sum gained too little to be a
 * second thing to explain.  So did machines with wide margins (in the mean
 * with this sum the area above the curve is two thirds less and, without what
 * betrays the collection, more junk is lost at 2 good messages), the mean of
 * eight courses in other orders, a limit on what all tokens of one field
 * may say, weights that never turn a token round (much worse: what offers have
 * in common tells wanted ones by what else is there), lengths of known tokens
 * alone, an error of header and of body each, smaller steps for frequent
 * tokens, and passing over junk that is far off.  Counting only what is not
 * clearly right already is worst of all: at 2 good messages lost 98.3 and
 * 96.4 % in three passes that leave out what is 5 beyond, 95.2 and 90.8 by
 * what all others say of each.
 *
 * A second opinion by other evidence, added to this sum with three tenths of
 * its spread, takes a fifth to a half off the area above the curve, but at 2
 * good messages lost it changes little, from 98.4 % (all fields) and 97.3 to
 * 97.8 (the rest): runs of 4 to 7 letters of what is shown, learnt as here,
 * 98.4 to 98.6 and 97.2 to 97.5; runs of 6 of the raw message 98.8 and 97.9;
 * pairs of words up to four apart by OSBF's measure 98.1 and 97.1; the most
 * alike of the samples 98.3 and 97.9; trees over 80 measures of form (lengths,
 * shares of capitals and signs, tags, links, parts, quotes) 98.6 and 96.3;
 * prediction of each letter by up to four before it 98.7 and 97.9; by just
 * four, of the first 1,000 letters, 98.8 and 98.0.  This last, at four tenths,
 * misses a fifth less junk however much is learnt, but on the judged part
 * caught 96.2 instead of 96.8 % at 2 lost (95.4 instead of 94.6 of the rest),
 * and it takes 2,000 counts a message.  As tokens, words of images, values of
 * fields and buttons, the width of lines, quotes and signatures, boundaries
 * and headers of parts say nothing more; lessons with half of the tokens left
 * out at random are worse.
 *
 * What a course comes to depends on what it began with, and the mean of two is
 * better than either: twenty five-fold runs, at 0 to 8 good messages lost,
 * 98.4 to 98.6 % of all fields and 97.6 to 97.9 of the rest; with folds that
 * keep a thread, a sender of junk or a campaign together, at 0 to 8 threads
 * lost, 96.4 to 96.8 and 94.6 to 94.7.  Three to five courses add 0.1.  The
 * mean of the weights along one course, small steps first, two courses of one
 * round each, a second one that leaves out what the first one knows or begins
 * at half of its weights are no better than one; nor is the course's own end,
 * logistic regression or wide margins to the last step: 1.2 to 3 less.  Nor,
 * in either kind of folds: samples judged without two or five messages of
 * their kind, other powers of the number of tokens, parts of words with dots
 * and dashes, words of Subject or of names in From as those of the body, the
 * form of Date, labels of hosts as words, any one of forty kinds of tokens
 * left out.  Three were worth 0.1 to 0.3 in such runs and are not here: a bare
 * address that is no word besides (0.1 to 0.6 less of the judged part), RARE
 * of 2 (0.9 less of the rest of it at none lost, else the same), and the zone
 * of Date, which says where somebody lives.
 *
 * The sum in proportion to the root of all that is in it, for and against,
 * takes 27 to 38 % off the area above the curve in either kind of folds, with
 * all fields and without; at no good message lost it catches 0.2 to 4.4 more,
 * at 2 as much or 0.2 more.  In proportion to all of it, not the root: 0.2
 * less without the fields that betray.  To the root of the squares, or with
 * lessons judged in this measure, too: no better.  Nor, beside it: votes of
 * half powers, header and body each in proportion, what counts alone say
 * (naive Bayes or Fisher), how many tokens are not known; as tokens, words
 * that come again, spaced letters, words of Subject in the text, how far Date
 * is from Received, shares of markup and of octets above ASCII, hosts of
 * links, sizes.
 */
#ifndef FILTER_BAYES_H
#define FILTER_BAYES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/filter/table.h"
#include "mailnode/filter/token.h"

enum {
	BAYES_GOOD_MIN = 50,	/* messages learnt before there is a verdict */
	BAYES_JUNK_MIN = 20
};

/* What one token can add to the sum, or take from it: no word decides alone. */
#define BAYES_SHARE_MAX	0.6

struct bayes_score {
	bool		 enough;	/* learnt enough for a verdict */
	double		 junk;		/* probability, 0 to 1 */
	double		 sum;		/* what that is made of */
	uint32_t	 good, bad;	/* messages learnt */
};

/* Is there a verdict at all?  Else a message need not be read for one. */
bool	bayes_enough(const struct table *t);
/* Neither fails: of an unusable table nothing is said (enough: false). */
void	bayes_score(const struct table *t, const struct tokens *k,
	    struct bayes_score *out);
/* What each token has in that sum, before it is brought into proportion; by
 * has room for k->n. */
void	bayes_shares(const struct table *t, const struct tokens *k, double *by);

enum bayes_learn {
	BAYES_LEARNT,
	BAYES_HAD,		/* learnt as such before */
	BAYES_CHANGED		/* was learnt as the other; now as this */
};

/* Writer.  id: of the message's content, so that it counts once. */
enum bayes_learn bayes_learn(struct table *t, uint64_t id, bool junk,
	    const uint64_t *hash, size_t n);
/* As if it had not been learnt; false: it had not, or long ago. */
bool	bayes_forget(struct table *t, uint64_t id, const uint64_t *hash,
	    size_t n);

#endif
