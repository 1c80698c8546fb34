#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the certificate chains beside this script with OpenSSL 3, each leaf first and root last.
# Keys are thrown away. Run by hand; the tests read the files and need no openssl.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > ca.cnf <<'CNF'
[ca]
default_ca = any
[any]
database = index.txt
new_certs_dir = .
rand_serial = yes
unique_subject = no
default_md = default
policy = anything
[anything]
organizationName = optional
commonName = optional
[root]
keyUsage = critical, keyCertSign, cRLSign
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
[root0]
keyUsage = critical, keyCertSign, cRLSign
basicConstraints = critical, CA:TRUE, pathlen:0
subjectKeyIdentifier = hash
[intermediate]
keyUsage = critical, keyCertSign, cRLSign
extendedKeyUsage = codeSigning
basicConstraints = critical, CA:TRUE, pathlen:0
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[middle]
keyUsage = critical, keyCertSign, cRLSign
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = critical, email:signer@example.com
[ca_leaf]
keyUsage = critical, digitalSignature, keyCertSign
extendedKeyUsage = codeSigning
basicConstraints = critical, CA:TRUE
subjectAltName = critical, email:signer@example.com
[no_eku]
keyUsage = critical, digitalSignature
subjectAltName = critical, email:signer@example.com
[no_ku]
extendedKeyUsage = codeSigning
subjectAltName = critical, email:signer@example.com
[critical]
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectAltName = critical, email:signer@example.com
1.2.3.4 = critical, DER:0500
[constrained]
keyUsage = critical, keyCertSign, cRLSign
basicConstraints = critical, CA:TRUE
nameConstraints = critical, permitted;email:example.com
[names]
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectAltName = @all_names
[all_names]
email = signer@example.com
URI = https://example.com/workflow@refs/heads/main
DNS = example.com
IP.1 = 192.0.2.1
IP.2 = 2001:db8::1
RID = 1.2.3.4
otherName = 1.3.6.1.4.1.57264.1.7;UTF8:user!example.com
dirName = directory
[directory]
O = Example
CN = Directory
[tsa]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CNF
: > index.txt

# key NAME TYPE
key() {
  case $2 in
    P-*) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1.key" ;;
    rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" ;;
    ed25519) openssl genpkey -algorithm ED25519 -out "$1.key" ;;
  esac 2> /dev/null
}

# issue NAME TYPE ISSUER SECTION [openssl ca options]; ISSUER = NAME makes it self-signed
issue() {
  name=$1 issuer=$3 section=$4
  key "$name" "$2"
  shift 4
  openssl req -new -key "$name.key" -subj "/O=Chancery test/CN=$name" -out "$name.csr"
  if [ "$issuer" = "$name" ]; then by=-selfsign; else by="-cert $issuer.pem"; fi
  # shellcheck disable=SC2086
  openssl ca -batch -notext -config ca.cnf $by -keyfile "$issuer.key" -in "$name.csr" \
    -extensions "$section" -out "$name.pem" -startdate 20250101000000Z -enddate 20450101000000Z \
    "$@" 2> log || { cat log; exit 1; }
}

# chain FILE NAME...
chain() {
  file=$1
  shift
  : > "$here/$file.pem"
  for name in "$@"; do cat "$name.pem" >> "$here/$file.pem"; done
}

for type in P-256 P-384 P-521 rsa ed25519; do
  case $type in
    P-384) digest="-md sha384" ;;
    P-521) digest="-md sha512" ;;
    ed25519) digest="" ;;
    *) digest="-md sha256" ;;
  esac
  # shellcheck disable=SC2086
  {
    issue "root" $type root root $digest
    issue "intermediate" $type root intermediate $digest
    issue "leaf" $type intermediate leaf $digest
  }
  chain "$type" leaf intermediate root
done

pss="-md sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"
# shellcheck disable=SC2086
{
  issue root rsa root root $pss
  issue leaf P-256 root leaf $pss
}
chain rsa-pss leaf root

issue root P-256 root root
issue intermediate P-256 root intermediate
for section in ca_leaf no_eku no_ku critical names; do
  issue leaf P-256 intermediate $section
  chain "$(echo $section | tr _ -)" leaf intermediate root
done

issue intermediate P-256 root intermediate -enddate 20260101000000Z
issue leaf P-256 intermediate leaf
chain expired-intermediate leaf intermediate root

issue intermediate P-256 root constrained
issue leaf P-256 intermediate leaf
chain name-constraints leaf intermediate root

issue root P-256 root root0
issue intermediate P-256 root intermediate
issue leaf P-256 intermediate leaf
chain path-length leaf intermediate root

issue root P-256 root root
previous=root names=root
for i in 1 2 3 4 5 6 7; do
  issue "middle$i" P-256 "$previous" middle
  issue leaf P-256 "middle$i" leaf
  previous="middle$i" names="middle$i $names"
  # shellcheck disable=SC2086
  case $i in
    6) chain longest leaf $names ;;
    7) chain too-long leaf $names ;;
  esac
done

issue leaf P-256 root tsa
chain tsa leaf root
