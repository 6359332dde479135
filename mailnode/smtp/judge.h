/* The verdict on a message that has come whole: private to mail.c. */
#ifndef SMTP_JUDGE_H
#define SMTP_JUDGE_H

#include "mailnode/smtp/mail.h"

/*
 * Asks the DNS, keeper and the filter; sets junk, forged, verdict, why.
 * MAIL_OK: it is to be handed in.
 */
enum mail_err	judge_mail(struct mail *m);

#endif
