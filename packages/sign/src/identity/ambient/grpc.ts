// SPDX-License-Identifier: Apache-2.0
import {
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from "node:http2";
import { createConnection } from "node:net";
import { concatBytes } from "@chancery/formats/bytes";
import { SignError, type SignErrorCode } from "../../errors.ts";
import { inOneLine } from "../../http/index.ts";

export type GrpcAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

/** One question to a gRPC service on this machine, in the clear. */
export interface GrpcCall {
  /** For messages: `the SPIFFE Workload API`. */
  readonly service: string;
  readonly address: GrpcAddress;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: Uint8Array;
}

const timeoutMs = 10_000;
const answerBytesMax = 256 << 10;
const prefixSizeBytes = 5;
/** `UNAVAILABLE` and `DEADLINE_EXCEEDED`: may be otherwise a moment later. */
const passing = ["14", "4"];

/**
 * Makes a unary call: gRPC over HTTP/2, as much of it as one small question and answer need.
 * Nothing is compressed and nothing repeated.
 *
 * @throws SignError `oidc-unreachable` | `oidc-unavailable` | `oidc-refused` | `oidc-malformed`
 * @throws the signal's reason
 */
export async function unaryCall(call: GrpcCall, signal?: AbortSignal): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const session = connect("http://localhost", { createConnection: () => open(call.address) });
  try {
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(failure(call, "oidc-unreachable", `gave no answer within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      const fail = (cause: Error) => {
        const { code } = cause as NodeJS.ErrnoException;
        reject(
          failure(call, "oidc-unreachable", `cannot be asked: ${code ?? cause.message}`, cause),
        );
      };
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      session.on("error", fail);
      session.on("close", () => {
        clearTimeout(timer);
        reject(failure(call, "oidc-unreachable", "closed the connection"));
      });
      const stream = session.request({
        ":method": "POST",
        ":path": call.path,
        "content-type": "application/grpc",
        te: "trailers",
        "user-agent": "chancery",
        ...call.headers,
      });
      stream.on("error", fail);
      answerOf(call, stream).then(resolve, reject);
      stream.end(framed(call.message));
    });
  } finally {
    session.destroy();
  }
}

function open(address: GrpcAddress) {
  return "path" in address ? createConnection(address.path) : createConnection(address);
}

/** Length-Prefixed-Message: not compressed (1 byte), size (4 bytes), message. */
function framed(message: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(prefixSizeBytes);
  new DataView(prefix.buffer).setUint32(1, message.length);
  return concatBytes(prefix, message);
}

async function answerOf(call: GrpcCall, stream: ClientHttp2Stream): Promise<Uint8Array> {
  let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
  let trailers: IncomingHttpHeaders | undefined;
  stream.on("response", (received) => (headers = received));
  stream.on("trailers", (received) => (trailers = received));
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > prefixSizeBytes + answerBytesMax) {
      throw failure(call, "oidc-malformed", `answers more than ${answerBytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  const isGrpc = headers["content-type"]?.startsWith("application/grpc") ?? false;
  if (headers[":status"] !== 200 || !isGrpc) {
    throw failure(call, "oidc-malformed", "does not speak gRPC");
  }
  // Where there is no message, the status may come with the headers.
  const status = (trailers ?? headers)["grpc-status"];
  if (typeof status !== "string") throw failure(call, "oidc-malformed", "answers without a status");
  if (status !== "0") {
    const said = (trailers ?? headers)["grpc-message"];
    const words = typeof said === "string" ? `: ${inOneLine(said)}` : "";
    const code = passing.includes(status) ? "oidc-unavailable" : "oidc-refused";
    throw failure(call, code, `answers with status ${inOneLine(status)}${words}`);
  }
  return unframed(call, concatBytes(...chunks));
}

function unframed(call: GrpcCall, bytes: Uint8Array): Uint8Array {
  const isWhole = bytes.length >= prefixSizeBytes;
  const { buffer, byteOffset } = bytes;
  const size = isWhole ? new DataView(buffer, byteOffset).getUint32(1) : -1;
  if (bytes[0] !== 0 || size !== bytes.length - prefixSizeBytes) {
    throw failure(call, "oidc-malformed", "answers what is no single plain message");
  }
  return bytes.subarray(prefixSizeBytes);
}

function failure(call: GrpcCall, code: SignErrorCode, problem: string, cause?: Error): SignError {
  const { service, address } = call;
  const where = "path" in address ? address.path : `${address.host}:${address.port}`;
  const hint = "check that its agent runs, and that it knows this program";
  return new SignError(code, `${service} at ${where} ${problem}`, hint, cause && { cause });
}
