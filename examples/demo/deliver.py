"""deliver.py PORT TO FILE...: each file as one letter over STARTTLS, the way
a stranger's server would."""
import smtplib
import ssl
import sys
from email import message_from_binary_file, policy, utils

context = ssl.create_default_context()
context.check_hostname = False      # opportunistic, as between servers
context.verify_mode = ssl.CERT_NONE
for path in sys.argv[3:]:
    with open(path, "rb") as f:
        letter = message_from_binary_file(f, policy=policy.SMTPUTF8)
    sender = utils.parseaddr(str(letter["From"]))[1]
    with smtplib.SMTP("127.0.0.1", int(sys.argv[1]),
                      local_hostname="mx." + sender.split("@")[1],
                      timeout=30) as server:
        server.starttls(context=context)
        server.sendmail(sender, [sys.argv[2]], letter.as_bytes(),
                        mail_options=["BODY=8BITMIME"])
