/** The servers that take and give files: EchoRoom, bare Deno, and nginx where it is on PATH. */
import { join } from "node:path";
import { freePort, onPath } from "../../tests/servers/service.ts";
import { type Launch, startServer } from "../server.ts";

const SOURCE = join(import.meta.dirname!, "../..");
/** Permissions of `deno task start`. */
const PERMISSIONS = ["net", "read", "write", "env", "sys", "ffi"].map((name) => `--allow-${name}`);

/** Where one upload goes, and where its bytes are afterwards. */
export interface Place {
  method: "POST" | "PUT";
  url: string;
  headers: Record<string, string>;
  /** Null: the answer to the upload names it. */
  download: string | null;
}

export interface FileServer extends AsyncDisposable {
  name: string;
  pid: number;
  url: string;
  /** As many places, each of a user of its own where there are users. */
  places(count: number): Promise<Place[]>;
}

type Start = (signal: AbortSignal) => Promise<FileServer>;

/** How each is started; the first is what the others are compared with. */
export async function fileServers(): Promise<Record<string, Start>> {
  const nginx = await onPath("nginx", "/usr/sbin/nginx");
  return {
    "bare Deno": (signal) => startBare(signal),
    "bare Deno, on the disk": (signal) => startBare(signal, "--sync"),
    EchoRoom: startEchoRoom,
    ...(nginx && { nginx: (signal: AbortSignal) => startNginx(nginx, signal) }),
  };
}

async function startBare(signal: AbortSignal, ...flags: string[]): Promise<FileServer> {
  return await start("bare Deno", signal, (port, folder) => {
    const script = join(import.meta.dirname!, "bare.ts");
    const options = ["--port", String(port), "--folder", folder, ...flags];
    return { command: [Deno.execPath(), "run", "--allow-all", script, ...options], env: {} };
  }, putPlaces);
}

export async function startEchoRoom(signal: AbortSignal): Promise<FileServer> {
  return await start("EchoRoom", signal, (port, folder) => ({
    command: [Deno.execPath(), "run", ...PERMISSIONS, join(SOURCE, "main.ts")],
    env: {
      PORT: String(port),
      DATA_DIR: folder,
      RATE_LIMIT: "off",
      BCRYPT_COST: "4",
      LOG_LEVEL: "error",
      MAX_FILES_PER_USER: "1000TB",
    },
  }), async (url, count) => {
    const users = await Promise.all(Array.from({ length: count }, (_, i) => register(url, i)));
    return users.map(({ token }, i) => ({
      method: "POST",
      url: `${url}/files?name=${i}.pdf`,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/pdf" },
      download: null,
    }));
  });
}

/** nginx's module for WebDAV takes files by PUT. */
async function startNginx(program: string, signal: AbortSignal): Promise<FileServer> {
  return await start("nginx", signal, (port, folder) => {
    const config = join(folder, "nginx.conf");
    Deno.writeTextFileSync(
      config,
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
       events {}
       http {
         access_log off; client_body_temp_path ${folder}/body;
         server { listen 127.0.0.1:${port}; location / {
           root ${folder}; dav_methods PUT; client_max_body_size 100m; sendfile on;
         } }
       }`,
    );
    return { command: [program, "-c", config, "-p", folder], env: {} };
  }, putPlaces);
}

async function start(
  name: string,
  signal: AbortSignal,
  launch: (port: number, folder: string) => Pick<Launch, "command" | "env">,
  places: (url: string, count: number) => Promise<Place[]>,
): Promise<FileServer> {
  const folder = await Deno.makeTempDir({ prefix: "echoroom_bench_files_" });
  const port = freePort();
  const server = await startServer({ ...launch(port, folder), folder, port }, signal);
  const url = `http://127.0.0.1:${port}`;
  return {
    name,
    pid: server.pid,
    url,
    places: (count) => places(url, count),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function putPlaces(url: string, count: number): Promise<Place[]> {
  return await Promise.resolve(Array.from({ length: count }, (_, i) => ({
    method: "PUT",
    url: `${url}/${i}.pdf`,
    headers: { "content-type": "application/pdf" },
    download: `${url}/${i}.pdf`,
  })));
}

export async function register(url: string, i: number): Promise<{ token: string }> {
  const response = await fetch(`${url}/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      email: `bench${i}@example.com`,
      password: "correct horse",
      displayName: `Bench ${i}`,
    }),
  });
  const { accessToken } = await response.json();
  return { token: accessToken };
}
