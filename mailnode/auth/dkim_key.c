#include "mailnode/auth/dkim_key.h"
#include "mailnode/auth/tags.h"

static const char *
public_key(struct dkim_record *r, const struct tag *p)
{
	bool over;

	if (p == NULL)
		return "key record has no p=";
	if (p->vlen == 0)
		return "key was revoked";
	if (tag_base64(p, r->pub, sizeof r->pub, &r->len, &over) == -1)
		return over ? "key is too long" : "p= is no base64";
	return NULL;
}

/* g= (RFC 4871) is ignored like every unknown tag: RFC 6376, C.3. */
const char *
dkim_record_parse(struct dkim_record *r, const void *p, size_t n)
{
	const struct tag *t;
	struct tags tags;

	r->alg = SIGN_RSA;
	r->testing = r->strict = false;
	r->len = 0;
	if (tags_parse(&tags, p, n) == -1)
		return "key record is malformed";
	t = tags_find(&tags, "t");
	r->testing = t != NULL && tag_has(t, "y");
	r->strict = t != NULL && tag_has(t, "s");
	t = tags_find(&tags, "v");
	if (t != NULL && (t != &tags.tag[0] || !tag_is(t, "DKIM1", false)))
		return "key record is not of DKIM1";
	t = tags_find(&tags, "h");
	if (t != NULL && !tag_has(t, "sha256"))
		return "key does not allow sha256";
	t = tags_find(&tags, "s");
	if (t != NULL && !tag_has(t, "*") && !tag_has(t, "email"))
		return "key is not for mail";
	t = tags_find(&tags, "k");
	if (t != NULL && tag_is(t, "ed25519", true))
		r->alg = SIGN_ED25519;
	else if (t != NULL && !tag_is(t, "rsa", true))
		return "unknown type of key";
	return public_key(r, tags_find(&tags, "p"));
}
