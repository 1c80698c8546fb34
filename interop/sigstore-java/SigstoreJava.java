// SPDX-License-Identifier: Apache-2.0
// The command line that sigstore-java, a library, does not publish: signs as its documentation
// shows, and answers many questions in one process, as a JVM takes a second to start.
//
//     IDENTITY=… IDENTITY_TOKEN=… \
//     SigstoreJava sign TRUSTED_ROOT SIGNING_CONFIG BUNDLE message|attestation FILE
//     SigstoreJava verify  < one question in JSON a line  > one answer in JSON a line

import com.google.gson.Gson;
import dev.sigstore.KeylessSigner;
import dev.sigstore.KeylessVerifier;
import dev.sigstore.SigningConfigProvider;
import dev.sigstore.TrustedRootProvider;
import dev.sigstore.VerificationOptions;
import dev.sigstore.VerificationOptions.CertificateMatcher;
import dev.sigstore.bundle.Bundle;
import dev.sigstore.oidc.client.ImmutableOidcToken;
import dev.sigstore.oidc.client.OidcClient;
import dev.sigstore.oidc.client.OidcClients;
import dev.sigstore.oidc.client.OidcToken;
import dev.sigstore.strings.StringMatcher;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

final class SigstoreJava {
  private record Question(
      String bundle, String artifact, String trustedRoot, String identity, String issuer) {}

  private record Answer(boolean accepted, String words) {}

  public static void main(String[] args) throws Exception {
    if (args[0].equals("sign")) sign(args);
    else verifyAll();
  }

  private static void sign(String[] args) throws Exception {
    // Of the defaults, which are the public instance's, only the algorithm is left.
    try (KeylessSigner signer =
        KeylessSigner.builder()
            .sigstorePublicDefaults()
            .trustedRootProvider(TrustedRootProvider.from(Path.of(args[1])))
            .signingConfigProvider(SigningConfigProvider.from(Path.of(args[2])))
            .enableRekorV2(true)
            .forceCredentialProviders(OidcClients.of(new GivenToken()))
            .build()) {
      Path file = Path.of(args[5]);
      Bundle bundle =
          args[4].equals("message")
              ? signer.signFile(file)
              : signer.attest(Files.readString(file));
      Files.writeString(Path.of(args[3]), bundle.toJson());
    }
  }

  /** Its own client for given tokens proves the key to go with the subject, not the e-mail. */
  private static final class GivenToken implements OidcClient {
    @Override
    public boolean isEnabled(Map<String, String> environment) {
      return true;
    }

    @Override
    public OidcToken getIDToken(Map<String, String> environment) {
      return ImmutableOidcToken.builder()
          .idToken(environment.get("IDENTITY_TOKEN"))
          .issuer("as the token says")
          .subjectAlternativeName(environment.get("IDENTITY"))
          .build();
    }
  }

  private static void verifyAll() throws Exception {
    Gson gson = new Gson();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(gson.toJson(verify(gson.fromJson(line, Question.class))));
    }
  }

  private static Answer verify(Question question) {
    try {
      CertificateMatcher signer =
          CertificateMatcher.fulcio()
              .subjectAlternativeName(StringMatcher.string(question.identity()))
              .issuer(StringMatcher.string(question.issuer()))
              .build();
      Path root = Path.of(question.trustedRoot());
      KeylessVerifier.builder()
          .trustedRootProvider(TrustedRootProvider.from(root))
          .build()
          .verify(
              Path.of(question.artifact()),
              Bundle.from(Path.of(question.bundle()), StandardCharsets.UTF_8),
              VerificationOptions.builder().addCertificateMatchers(signer).build());
      return new Answer(true, "");
    } catch (Exception refused) {
      return new Answer(false, String.valueOf(refused.getMessage()));
    }
  }
}
