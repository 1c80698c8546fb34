#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the key files beside this script anew: sh make.sh. Needs OpenSSL 3, ssh-keygen 9 and, for the
# cosign files, cosign 3 as $COSIGN (left as they are without).
set -eu
cd "$(dirname "$0")"
password='correct horse'
mkdir -p refused

pkcs8() { # name, genpkey options…
  name=$1; shift
  openssl genpkey -quiet "$@" -out "$name.pkcs8.key"
  openssl pkey -in "$name.pkcs8.key" -pubout -out "$name.pub"
}

encrypt() { # name, container, pkcs8 options…
  name=$1; container=$2; shift 2
  openssl pkcs8 -topk8 -in "$name.pkcs8.key" "$@" -passout "pass:$password" -out "$name.$container.key"
}

pkcs8 p256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
pkcs8 p384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
pkcs8 p521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
pkcs8 rsa2048 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
pkcs8 ed25519 -algorithm ED25519

# PKCS#8, encrypted and DER.
encrypt p256 pbkdf2-sha256-aes256 -v2 aes-256-cbc
encrypt p384 pbkdf2-sha1-aes128 -v2 aes-128-cbc -v2prf hmacWithSHA1
encrypt rsa2048 pbkdf2-sha512-des3 -v2 des3 -v2prf hmacWithSHA512
encrypt ed25519 scrypt-aes256 -scrypt
openssl pkcs8 -topk8 -nocrypt -in p521.pkcs8.key -outform DER -out p521.der.key
openssl pkcs8 -topk8 -in p521.pkcs8.key -v2 aes-192-cbc -passout "pass:$password" -outform DER \
  -out p521.encrypted-der.key

# SEC 1 and PKCS#1, plain, with parameters first, and in OpenSSL's old encryption.
openssl ec -in p384.pkcs8.key -out p384.sec1.key
{ openssl ecparam -name prime256v1; openssl ec -in p256.pkcs8.key; } > p256.sec1-parameters.key
openssl ec -in p521.pkcs8.key -aes256 -passout "pass:$password" -out p521.sec1-aes256.key
openssl rsa -in rsa2048.pkcs8.key -traditional -out rsa2048.pkcs1.key
openssl rsa -in rsa2048.pkcs8.key -traditional -des3 -passout "pass:$password" \
  -out rsa2048.pkcs1-des3.key
openssl rsa -in rsa2048.pkcs8.key -RSAPublicKey_out -out rsa2048.pkcs1.pub

# OpenSSH. Few rounds, because the tests pay for them; `default` has ssh-keygen's own.
ssh() { # name, container, password, options…
  name=$1; container=$2; secret=$3; shift 3
  rm -f "$name.$container.key" "$name.$container.key.pub"
  ssh-keygen -q -C "throw-away test key" -N "$secret" "$@" -f "$name.$container.key"
  mv "$name.$container.key.pub" "$name.pub"
}
ssh ssh-ed25519 openssh '' -t ed25519
ssh ssh-ed25519-default openssh "$password" -t ed25519
ssh ssh-rsa openssh-aes256-cbc "$password" -t rsa -b 3072 -a 2 -Z aes256-cbc
ssh ssh-p256 openssh-aes256-gcm "$password" -t ecdsa -b 256 -a 2 -Z aes256-gcm@openssh.com
ssh ssh-p384 openssh-aes256-ctr "$password" -t ecdsa -b 384 -a 2 -Z aes256-ctr
ssh ssh-p521 openssh '' -t ecdsa -b 521

# Well formed, and not read.
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out refused/secp256k1.key
openssl genpkey -quiet -algorithm ED448 -out refused/ed448.key
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out refused/rsa1024.key
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2560 -out refused/rsa2560.key
openssl genpkey -quiet -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out refused/rsa-pss.key
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
  -pkeyopt ec_param_enc:explicit -out refused/explicit-curve.key
openssl pkcs8 -topk8 -in p256.pkcs8.key -v1 PBE-SHA1-3DES -passout "pass:$password" \
  -out refused/pbes1.key
rm -f refused/chacha20.key
ssh-keygen -q -C '' -N "$password" -t ed25519 -a 2 -Z chacha20-poly1305@openssh.com \
  -f refused/chacha20.key
rm -f refused/*.pub
openssl req -x509 -new -key p256.pkcs8.key -subj /CN=test -days 1 -out refused/certificate.crt

if [ -n "${COSIGN:-}" ]; then
  export COSIGN_PASSWORD="$password"
  rm -f cosign-p256.cosign.key cosign-p256.pub
  "$COSIGN" generate-key-pair --output-key-prefix cosign-p256
  mv cosign-p256.key cosign-p256.cosign.key
  for name in rsa2048 ed25519; do
    "$COSIGN" import-key-pair --yes --key "$name.pkcs8.key" --output-key-prefix imported
    mv imported.key "$name.cosign.key"
    rm imported.pub
  done
fi
chmod 644 ./*.key ./*.pub refused/*
