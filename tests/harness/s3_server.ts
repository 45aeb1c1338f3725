/** An S3 server with one bucket for one test, which can be suspended and killed. */
import { S3Blobs } from "../../src/adapters/blobs/s3/store.ts";
import { type Bucket, S3Requests } from "../../src/adapters/blobs/s3/requests.ts";
import { freePort } from "../servers/service.ts";
import { HANG_MS } from "./deadline.ts";
import { ServerProcess } from "./server_process.ts";
import { until } from "./stage.ts";

/** How to start one: a JSON array of arguments with `{port}`, `{dir}`, `{key}` and `{secret}`. */
const COMMAND = Deno.env.get("TEST_S3_COMMAND");

export class S3Server extends ServerProcess {
  readonly #port = freePort();
  readonly #folder = Deno.makeTempDirSync();
  readonly bucket: Bucket = {
    endpoint: `http://127.0.0.1:${this.#port}`,
    bucket: "echoroom",
    accessKeyId: "tests",
    secretAccessKey: crypto.randomUUID(),
    region: "us-east-1",
  };
  /** What a server on it is started with. */
  readonly settings = {
    S3_ENDPOINT: this.bucket.endpoint,
    S3_BUCKET: this.bucket.bucket,
    S3_ACCESS_KEY_ID: this.bucket.accessKeyId,
    S3_SECRET_ACCESS_KEY: this.bucket.secretAccessKey,
  };

  /** Starts the server, waits until it answers, and makes its bucket. */
  async start(): Promise<void> {
    if (!COMMAND) {
      throw new Error("TEST_S3_COMMAND is not set: run `deno task test`, which sets it");
    }
    const values: Record<string, string> = {
      port: String(this.#port),
      dir: this.#folder,
      key: this.bucket.accessKeyId,
      secret: this.bucket.secretAccessKey,
    };
    const template: string[] = JSON.parse(COMMAND);
    const command = template.map((part) =>
      part.replaceAll(/{(\w+)}/g, (_, name) => values[name] ?? "")
    );
    const requests = new S3Requests(this.bucket);
    const create = { method: "PUT", key: "", limit: HANG_MS } as const;
    const answers = () => requests.send(create).then((answer) => answer.ok, () => false);
    await this.startWith(command, () => until(answers, "the S3 server answers", HANG_MS));
  }

  open(stepMs = HANG_MS): Promise<S3Blobs> {
    return S3Blobs.open(this.bucket, stepMs);
  }

  /** Ends the server and removes its data. */
  async remove(): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
