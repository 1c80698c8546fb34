#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the timestamps of this folder with `openssl ts`, an authority that is not ours. Keys and
# times are new on every run and the keys are not kept. Usage: cd here && sh make.sh
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$PWD
cd "$work"
printf 'the bytes of a signature' >"$out/stamped.bin"
echo 01 >serial

cat >tsa.cnf <<'CNF'
[tsa]
serial = ./serial
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.5
digests = sha1, sha256, sha384, sha512
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
[leaf]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
CNF

# leaf <name> <options of `openssl req` that choose the key>
leaf() {
  name=$1
  shift
  openssl req -x509 -new -nodes -sha256 "$@" -keyout "$name.pem" -out "$name.crt" \
    -days 7300 -subj "/O=chancery test/CN=$name" -config /dev/null \
    -config tsa.cnf -extensions leaf 2>/dev/null
  openssl x509 -in "$name.crt" -outform DER -out "$out/$name.der"
}

# query <file> <options>
query() {
  name=$1
  shift
  openssl ts -query -data "$out/stamped.bin" "$@" -out "$out/$name.tsq" 2>/dev/null
}

# reply <file> <request> <leaf> <digest> <essCertId hash> [more lines of configuration]
reply() {
  {
    sed '/^\[leaf\]/,$d' tsa.cnf
    printf 'ess_cert_id_alg = %s\nsigner_digest = %s\n%s\n' "$5" "$4" "${6:-}"
  } >reply.cnf
  openssl ts -reply -config reply.cnf -section tsa -queryfile "$out/$2.tsq" \
    -signer "$3.crt" -inkey "$3.pem" -out "$out/$1.tsr" 2>/dev/null
}

leaf rsa -newkey rsa:2048
leaf ec -newkey ec -pkeyopt ec_paramgen_curve:P-256

query sha256-plain -sha256 -no_nonce
query sha256 -sha256 -cert
query sha384 -sha384 -tspolicy 1.2.3.4.5
query sha512 -sha512 -cert
query sha1 -sha1 -cert
query policy -sha256 -tspolicy 1.2.3.4.9

reply rsa-sha256-plain sha256-plain rsa sha256 sha256
reply rsa-sha384 sha384 rsa sha512 sha384 'clock_precision_digits = 3'
reply rsa-sha512-certificate sha512 rsa sha384 sha512
reply ec-sha256-certificate sha256 ec sha256 sha256
reply ec-sha384 sha384 ec sha384 sha256
reply ec-sha512-certificate sha512 ec sha512 sha512
reply ec-sha256-certificate-id-sha1 sha256 ec sha256 sha1
reply ec-imprint-sha1 sha1 ec sha256 sha256
reply rejected-policy policy ec sha256 sha256 || true
