"""A certificate, of an hour ago, that lives for so many seconds more, signed by itself.

    short_certificate.py SECONDS CERTIFICATE KEY [NAME]
"""

import datetime
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def main():
    seconds, certificate, key_file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    dialled = sys.argv[4] if len(sys.argv) > 4 else "localhost"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "short")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(seconds=seconds))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(dialled)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    with open(certificate, "wb") as file:
        file.write(made.public_bytes(serialization.Encoding.PEM))
    with open(key_file, "wb") as file:
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        file.write(key.private_bytes(encoding, form, serialization.NoEncryption()))


main()
