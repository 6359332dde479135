#include "crypto/err.h"
#include "mailnode/base/op.h"

static const char *const texts[] = {
	[CRYPTO_NOMEM] = "out of memory, or of memory that can be locked",
	[CRYPTO_SYSTEM] = "the system refused",
	[CRYPTO_LOCKED] = "the vault is locked",
	[CRYPTO_ABSENT] = "no such entry",
	[CRYPTO_EXISTS] = "the name is taken",
	[CRYPTO_NAME] = "not a name for an entry",
	[CRYPTO_FULL] = "the vault is full",
	[CRYPTO_LAST] = "it is the last way to open the vault",
	[CRYPTO_NOVAULT] = "there is no vault; run mailnode init",
	[CRYPTO_NOTVAULT] = "not a vault file",
	[CRYPTO_TRUNCATED] = "the vault file is truncated",
	[CRYPTO_DAMAGED] = "the vault file is damaged (wrong checksum)",
	[CRYPTO_NEWER] =
	    "the vault file was written by a newer version of mailnode",
	[CRYPTO_ALTERED] =
	    "the vault file was altered: its parts do not belong together",
	[CRYPTO_PASSPHRASE] = "wrong passphrase",
	[CRYPTO_MACHINE] = "boot.key is not the machine key of this vault",
	[CRYPTO_CREDENTIAL] =
	    "the credential \"mailnode\" of systemd opens no slot",
	[CRYPTO_WORDS] = "a recovery word is mistyped",
	[CRYPTO_SHORT] = "a passphrase needs 8 octets at least",
	[CRYPTO_TYPED] = "the two are not the same",
	[CRYPTO_COST] = "the cost of the passphrase is out of range",
	[CRYPTO_KEY] = "not a key of that kind",
	[CRYPTO_KEYSIZE] = "a key of a size that is not accepted",
	[CRYPTO_MISMATCH] = "the certificate is for another key",
	[CRYPTO_SIGNATURE] = "the signature does not verify",
	[CRYPTO_STATE] = "asked out of order",
	[CRYPTO_PEER] = "the other side answered falsely",
	[CRYPTO_CERT] = "not a usable certificate",
	[CRYPTO_CERTNAME] = "the certificate is for another name",
	[CRYPTO_CERTDATE] = "the certificate is not valid at this time",
	[CRYPTO_CHAIN] = "a certificate is not signed by the next one",
	[CRYPTO_INTERNAL] = "the cryptographic library failed",
	[CRYPTO_GONE] = "the vault does not answer",
	[CRYPTO_EXPIRED] = "the credential of this device has expired",
	[CRYPTO_NETWORK] = "this device may not log in from there",
	[CRYPTO_TRIES] = "too many tries",
	[CRYPTO_DENIED] = "the vault does not allow that"
};

const char *
crypto_err_text(enum crypto_err e)
{
	if (e == CRYPTO_OK)
		return "ok";
	if ((unsigned int)e >= CRYPTO_ERR_END || texts[e] == NULL)
		return "unknown error";
	return texts[e];
}

enum crypto_err
crypto_err_status(uint16_t status)
{
	if (status == OP_OK)
		return CRYPTO_OK;
	if (status == OP_GONE)
		return CRYPTO_GONE;
	if (status == OP_DENIED || status == OP_UNKNOWN)
		return CRYPTO_DENIED;
	if (status < OP_ROOM_FIRST || status >= CRYPTO_ERR_END)
		return CRYPTO_INTERNAL;
	return (enum crypto_err)status;
}
