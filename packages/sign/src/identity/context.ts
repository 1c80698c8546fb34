// SPDX-License-Identifier: Apache-2.0
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HttpOptions } from "../http/index.ts";

/** Somebody who can be asked to sign in. What is told to them holds no secrets. */
export interface Person {
  /** Shows a line; standard error is the place, as standard output is for results. */
  readonly tell: (line: string) => void;
  /** Opens an address in a browser. Absent, or false: there is none, and the person does it. */
  readonly openBrowser?: (url: string) => Promise<boolean>;
  /** Asks for a line of text. Absent where nobody can type. */
  readonly ask?: (question: string) => Promise<string>;
}

/** What obtaining an identity may use: nothing is taken from the process itself. */
export interface IdentityContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly http?: HttpOptions;
  /** Absent where nobody is there: no flow that needs a person is then begun. */
  readonly person?: Person;
  /** Told, in one line without secrets, what was tried and did not serve. */
  readonly note?: (line: string) => void;
  /** Milliseconds since the epoch. Default: the clock. */
  readonly now?: () => number;
  /** Default: where they are. */
  readonly places?: Partial<AmbientPlaces>;
}

/** Where ambient tokens are found that no environment variable leads to. */
export interface AmbientPlaces {
  /** Written by a cluster into its pods. */
  readonly tokenFile: string;
  readonly spiffeSocket: string;
  /** Tells whether the machine is one of Google's. */
  readonly productNameFile: string;
  readonly googleMetadataUrl: string;
  readonly googleCredentialsUrl: string;
}

export function placesOf({ places }: IdentityContext): AmbientPlaces {
  return {
    tokenFile: "/var/run/sigstore/cosign/oidc-token",
    spiffeSocket: join(tmpdir(), "spire-agent/public/api.sock"),
    productNameFile: "/sys/class/dmi/id/product_name",
    googleMetadataUrl: "http://169.254.169.254",
    googleCredentialsUrl: "https://iamcredentials.googleapis.com",
    ...places,
  };
}

/** An environment variable's value; undefined where it is not set or empty. */
export function variable({ environment }: IdentityContext, name: string): string | undefined {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  return value === "" ? undefined : value;
}
