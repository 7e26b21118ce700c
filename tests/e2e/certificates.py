"""Certificates for tests, made by the program openssl: NAME.pem with NAME.key, in a folder."""

import subprocess


def _openssl(folder, command):
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)


def make_authority(folder, name):
    _openssl(folder, f"req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.pem -days 2 "
                     f"-subj /CN=authority-{name}")


def make_certificate(folder, name, authority, alternative="DNS:localhost"):
    """For the common name `name`, and as a server for `alternative`."""
    (folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
    _openssl(folder, f"req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}")
    _openssl(folder, f"x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial "
                     f"-out {name}.pem -days 2 -extfile {name}.ext")
    (folder / f"{name}.key").chmod(0o600)
